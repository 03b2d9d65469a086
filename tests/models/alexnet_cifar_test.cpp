// SPDX-License-Identifier: MIT
// alexnet_cifar: the type and the function at run time describe one network; width, classes and input change what they should.
#include <strata/models/alexnet_cifar.hpp>

#include <strata/core/error.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>
#include <support/programs.hpp>

using namespace strata;

namespace {

std::string refused(double width, int classes, shape input) {
    try {
        (void)alexnet_cifar_program(width, classes, input);
    } catch (const invalid_input& e) { return e.what(); }
    return "";
}

// The first dimension of every weight: filters and units in order.
std::vector<int> sizes(const program_view& p) {
    std::vector<int> result;
    for (const variable& v : p.parameters)
        if (std::string_view(v.role) == "weight") result.push_back(v.dims[0]);
    return result;
}

}  // namespace

TEST_CASE("the type and the run-time program are the same at width 1") {
    const program p = alexnet_cifar_program();
    CHECK(testing::same_program(p.view(), view<alexnet_cifar>()));
    CHECK(p.view().parameter_count() == 6'607'946);
    CHECK(p.view().output_shape() == shape{1, 1, 10});
}

TEST_CASE("the width scales filters and units, rounds to the nearest, and keeps at least one") {
    CHECK(sizes(alexnet_cifar_program(0.25).view()) == std::vector<int>{24, 64, 96, 96, 64, 256, 128, 10});
    CHECK(sizes(alexnet_cifar_program(0.01).view()) == std::vector<int>{1, 3, 4, 4, 3, 10, 5, 10});
    CHECK(sizes(alexnet_cifar_program(1e-9).view()) == std::vector<int>{1, 1, 1, 1, 1, 1, 1, 10});
    CHECK(sizes(alexnet_cifar_program(2.0).view()).front() == 192);
    CHECK(sizes(alexnet_cifar_program(1.5 / 256).view())[1] == 2);  // 1.5 and 2.5 are both nearest to 2, as in Python
    CHECK(sizes(alexnet_cifar_program(2.5 / 256).view())[1] == 2);
}

TEST_CASE("classes and input are the caller's") {
    const program p = alexnet_cifar_program(0.1, 7, {48, 40, 1});
    CHECK(p.view().output_shape() == shape{1, 1, 7});
    CHECK(p.view().input_shape() == shape{48, 40, 1});
}

TEST_CASE("a width, class count or input that cannot be is refused with a sentence") {
    const shape usual{32, 32, 3};
    CHECK(refused(0, 10, usual).find("width: 0") == 0);
    CHECK(refused(-1, 10, usual).find("width: -1") == 0);
    CHECK(refused(std::nan(""), 10, usual).find("width: ") == 0);
    CHECK(refused(std::numeric_limits<double>::infinity(), 10, usual).find("width: ") == 0);
    CHECK(refused(1, 0, usual).find("classes: there are 0") == 0);
    CHECK(refused(1, 10, {14, 14, 3}).find("max_pool2d") != std::string::npos);
}

TEST_CASE("the memory of a training run is known at compile time") {
    constexpr auto bytes = alexnet_cifar::planned_bytes({.batch = 32});
    static_assert(bytes > 4 * 4 * 6'607'946 && bytes < 300'000'000);
    CHECK(bytes == planned_bytes(alexnet_cifar_program().view(), {.batch = 32}));
}
