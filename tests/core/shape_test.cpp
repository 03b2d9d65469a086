// SPDX-License-Identifier: MIT
// A shape counts in 64 bits, and is flat when only channels are left.
#include <strata/core/shape.hpp>

#include <doctest/doctest.h>

static_assert(strata::shape{32, 31, 3}.size() == 2976);
static_assert(strata::shape{}.size() == 1);
static_assert(strata::shape{1, 1, 10}.is_flat() && !strata::shape{1, 2, 10}.is_flat() && !strata::shape{2, 1, 10}.is_flat());
static_assert(strata::shape{2, 3, 4} == strata::shape{2, 3, 4} && strata::shape{2, 3, 4} != strata::shape{3, 2, 4});

TEST_CASE("a shape of more values than an int holds is counted right") {
    volatile int large = 65536;
    const strata::shape s{large, large, 3};
    CHECK(s.size() == 12884901888LL);
}
