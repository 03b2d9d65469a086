// SPDX-License-Identifier: MIT
// dropout keeps every shape and carries its rate; rates outside [0, 1) are refused with a sentence.
#include <strata/layers/dropout.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

#include <limits>

using strata::refusal;
using strata::shape;
using namespace testing;

namespace {

static_assert(strata::network<shape{1, 1, 8}, strata::dropout<0.5>>::program.view().output_shape() == shape{1, 1, 8});

strata::program with(float rate) {
    return made({5, 4, 3}, [&](auto& p, auto x) { strata::build::dropout(p, x, rate); });
}

}  // namespace

TEST_CASE("dropout as a type writes the same program as at run time") {
    CHECK(same_program(lowered<strata::dropout<0.25>>({5, 4, 3}).view(), with(0.25f).view()));
    CHECK(with(0.25f).view().operations[0].rate == 0.25f);
    CHECK(with(0.25f).view().parameters.empty());
}

TEST_CASE("dropout refuses rates outside [0, 1)") {
    CHECK(with(0).refused().why == refusal::none);
    for (const float wrong : {-0.1f, 1.0f, 1.5f, std::numeric_limits<float>::quiet_NaN()})
        CHECK(with(wrong).refused().why == refusal::rate_is_not_in_0_to_1);
    CHECK(message_of(with(1.5f)) == "network: layer 0 (dropout) cannot take (5, 4, 3): the rate is not in [0, 1)");
}
