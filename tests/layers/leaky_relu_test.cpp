// SPDX-License-Identifier: MIT
// leaky_relu keeps every shape and carries its slope; slopes outside [0, 1) are refused.
#include <strata/layers/leaky_relu.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

#include <limits>

using strata::refusal;
using strata::shape;
using namespace testing;

namespace {

static_assert(strata::network<shape{5, 4, 3}, strata::leaky_relu<0.3>>::program.view().output_shape() == shape{5, 4, 3});

strata::program with(float slope) {
    return made({5, 4, 3}, [&](auto& p, auto x) { strata::build::leaky_relu(p, x, slope); });
}

}  // namespace

TEST_CASE("leaky_relu as a type writes the same program as at run time; its slope is 0.01 unless given") {
    CHECK(same_program(lowered<strata::leaky_relu<0.3>>({5, 4, 3}).view(), with(0.3f).view()));
    CHECK(same_program(lowered<strata::leaky_relu<>>({5, 4, 3}).view(), with(0.01f).view()));
    CHECK(with(0.3f).view().operations[0].rate == 0.3f);
}

TEST_CASE("leaky_relu refuses slopes outside [0, 1)") {
    CHECK(with(0).refused().why == refusal::none);
    for (const float wrong : {-0.1f, 1.0f, 2.0f, std::numeric_limits<float>::quiet_NaN()})
        CHECK(with(wrong).refused().why == refusal::rate_is_not_in_0_to_1);
}
