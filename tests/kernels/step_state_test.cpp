// SPDX-License-Identifier: MIT
// step_state: when a step may commit.
#include <strata/kernels/step_state.hpp>

#include <doctest/doctest.h>

using strata::kernels::step_state;

TEST_CASE("a step commits only while neither it nor an earlier one of the epoch was not finite") {
    step_state state{};
    CHECK(state.commits());
    state.found_non_finite = 1;
    CHECK_FALSE(state.commits());
    state = {};
    state.non_finite = 1;
    CHECK_FALSE(state.commits());
}
