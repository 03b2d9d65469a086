// SPDX-License-Identifier: MIT
// The adapter over oneDNN: descriptions are values, and failures are errors that name the call.
#include <strata/backend/cpu/onednn.hpp>

#include <doctest/doctest.h>

#include <string>
#include <utility>

using namespace strata;
using namespace strata::cpu;
using onednn::layout;
using onednn::memory_desc;

TEST_CASE("memory descriptions are equal when the bytes mean the same, also as copies") {
    const memory_desc a = memory_desc::of({2, 3, 4, 5}, layout::channels_last), b = memory_desc::of({2, 3, 5, 4}, layout::channels_last);
    const memory_desc copy = a;
    CHECK(a == copy);
    CHECK_FALSE(a == b);
    CHECK(a.bytes() == 2 * 3 * 4 * 5 * 4);
    CHECK(a.exists());
    CHECK_FALSE(memory_desc().exists());
    CHECK_FALSE(memory_desc() == a);
    memory_desc moved = a;
    memory_desc to = std::move(moved);
    CHECK(to == a);
    moved = b;
    CHECK(moved == b);
}

TEST_CASE("a status that is not success is an error that names the call") {
    onednn::check(dnnl_success, "nothing");
    try {
        onednn::check(dnnl_invalid_arguments, "dnnl_some_call");
        FAIL("it did not throw");
    } catch (const onednn_error& e) { CHECK(std::string(e.what()).find("dnnl_some_call") != std::string::npos); }
}

TEST_CASE("the version is that of the loaded library, and the instruction set has a name") {
    const std::string version = onednn::version();
    CHECK(version.substr(0, version.find('.')) == std::to_string(DNNL_VERSION_MAJOR));
    CHECK_FALSE(onednn::instruction_set().empty());
}
