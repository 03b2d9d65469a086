// SPDX-License-Identifier: MIT
// The same kernels everywhere: in the enumeration, in kernels.cu, and among the host bodies of the virtual GPU.
#include <strata/backend/cuda/kernels/list.hpp>
#include <strata/disk/read_file.hpp>

#include <regex>
#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace strata;

namespace {

// The words of the file that the pattern's group finds; each once.
std::set<std::string> names_in(const std::string& file, const char* pattern) {
    const std::string text = read_text(file);
    const std::regex expression(pattern);
    std::set<std::string> names;
    for (std::sregex_iterator hit(text.begin(), text.end(), expression), end; hit != end; ++hit) {
        INFO((*hit)[1].str());
        CHECK(names.insert((*hit)[1].str()).second);
    }
    return names;
}

std::set<std::string> names_of_enumeration() {
    std::set<std::string> names;
    for (int k = 0; k < cuda::kernel_count; ++k) names.insert(cuda::name_of(static_cast<cuda::kernel>(k)));
    return names;
}

}  // namespace

TEST_CASE("every kernel has a name of its own") {
    CHECK(names_of_enumeration().size() == static_cast<std::size_t>(cuda::kernel_count));
    for (const std::string& name : names_of_enumeration()) CHECK(name.rfind("strata_", 0) == 0);
}

TEST_CASE("kernels.cu defines the kernels of the enumeration") {
    const std::string file = std::string(STRATA_TEST_DIR) + "/../include/strata/backend/cuda/kernels/kernels.cu";
    CHECK(names_in(file, "__global__ void (\\w+)\\(") == names_of_enumeration());
}

TEST_CASE("the virtual GPU has a body for each") {
    const std::string file = std::string(STRATA_TEST_DIR) + "/virtual_gpu/host_kernels.cpp";
    CHECK(names_in(file, "\\(\"(strata_\\w+)\"\\)") == names_of_enumeration());
}

// The body behind a name is the same in kernels.cu and among the host bodies.
TEST_CASE("a name runs the same body on the device and on the host") {
    const std::string root = STRATA_TEST_DIR;
    const auto pairs = [](const std::string& file, const char* pattern, std::size_t name, std::size_t body) {
        const std::string text = read_text(file);
        const std::regex expression(pattern);
        std::set<std::string> found;
        for (std::sregex_iterator hit(text.begin(), text.end(), expression), end; hit != end; ++hit)
            found.insert((*hit)[name].str() + " " + (*hit)[body].str());
        return found;
    };
    const auto device =
        pairs(root + "/../include/strata/backend/cuda/kernels/kernels.cu", "void (strata_\\w+)\\(const arguments<(.+)> what\\)", 1, 2);
    const auto host = pairs(root + "/virtual_gpu/host_kernels.cpp", "add<(.+)>\\(\"(strata_\\w+)\"\\)", 2, 1);
    CHECK(device == host);
    CHECK(device.size() == static_cast<std::size_t>(cuda::kernel_count));
}
