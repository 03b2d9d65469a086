// SPDX-License-Identifier: MIT
// accumulate adds, and touches no other value.
#include <strata/kernels/accumulate.hpp>

#include <vector>

#include <doctest/doctest.h>

using namespace strata;

TEST_CASE("accumulate adds to what is there") {
    const std::vector<float> src{1.0f, 2.0f, 3.0f};
    std::vector<float> dst{10.0f, 20.0f, 30.0f};
    const kernels::accumulate body{src.data(), dst.data()};
    body(0);
    body(2);
    CHECK(dst == std::vector<float>{11.0f, 20.0f, 33.0f});
}
