// SPDX-License-Identifier: MIT
// decimal_of: the number that was written, not its nearest float.
#include <strata/kernels/decimal.hpp>

#include <doctest/doctest.h>

using namespace strata;

TEST_CASE("decimal_of gives the shortest decimal that the float stands for") {
    static_assert(kernels::decimal_of(0.999f) == 0.999);
    static_assert(kernels::decimal_of(1e-3f) == 0.001);
    CHECK(kernels::decimal_of(0.9f) == 0.9);
    CHECK(kernels::decimal_of(0.0f) == 0.0);
    CHECK(kernels::decimal_of(1.0f) == 1.0);
    CHECK(kernels::decimal_of(0.0005f) == 0.0005);
    CHECK(kernels::decimal_of(1e-7f) == 1e-7);
}

TEST_CASE("decimal_of changes no float: every result rounds back to it") {
    for (int i = 1; i < 2000; ++i) {
        const float value = static_cast<float>(i) * 0.000517f / 1.034f;
        CHECK(static_cast<float>(kernels::decimal_of(value)) == value);
    }
    CHECK(kernels::decimal_of(-0.1f) == static_cast<double>(-0.1f));
    CHECK(kernels::decimal_of(12.3f) == static_cast<double>(12.3f));
}
