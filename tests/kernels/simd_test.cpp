// SPDX-License-Identifier: MIT
// STRATA_SIMD stands in front of a loop and changes nothing of what it computes.
#include <strata/kernels/simd.hpp>

#include <vector>

#include <doctest/doctest.h>

TEST_CASE("a loop marked STRATA_SIMD visits every index once") {
    std::vector<int> visits(37, 0);
    int* at = visits.data();
    STRATA_SIMD
    for (int i = 0; i < 37; ++i) at[i] += i + 1;
    for (int i = 0; i < 37; ++i) CHECK(at[i] == i + 1);
}
