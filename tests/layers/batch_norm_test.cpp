// SPDX-License-Identifier: MIT
// batch_norm: its parameters and statistics, options that stay open until the conventions decide, and what it refuses.
#include <strata/layers/batch_norm.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

#include <limits>
#include <string_view>

using strata::batch_norm;
using strata::batch_norm_options;
using strata::batch_norm_with;
using strata::initial_value;
using strata::refusal;
using strata::shape;
using namespace testing;

namespace {

using alone = strata::network<shape{5, 4, 3}, batch_norm>;
static_assert(alone::program.view().output_shape() == shape{5, 4, 3} && alone::program.view().parameter_count() == 6);

strata::program with(shape in, batch_norm_options options) {
    return made(in, [&](auto& p, auto x) { strata::build::batch_norm(p, x, options); });
}

}  // namespace

TEST_CASE("batch_norm trains gamma and beta, from 1 and 0, and moves a mean and a variance, from 0 and 1") {
    const strata::program p = lowered<batch_norm>({5, 4, 3});
    const strata::program_view v = p.view();
    REQUIRE((v.parameters.size() == 2 && v.statistics.size() == 2));
    const auto is = [](const strata::variable& x, std::string_view role, initial_value initial) {
        return x.role == role && x.initial == initial && x.rank == 1 && x.size() == 3;
    };
    CHECK(is(v.parameters[0], "gamma", initial_value::ones));
    CHECK(is(v.parameters[1], "beta", initial_value::zeros));
    CHECK(is(v.statistics[0], "moving_mean", initial_value::zeros));
    CHECK(is(v.statistics[1], "moving_variance", initial_value::ones));
    const strata::operation& op = v.operations[0];
    CHECK((op.weight == 0 && op.bias == 1 && op.mean == 0 && op.variance == 1));
}

TEST_CASE("what batch_norm leaves open is unset, and what is given stays") {
    const strata::program open = lowered<batch_norm>({5, 4, 3});
    CHECK((open.view().operations[0].epsilon == strata::unset && open.view().operations[0].momentum == strata::unset));
    const strata::program given = lowered<batch_norm_with<batch_norm_options{.momentum = 0.5f, .epsilon = 1e-2f}>>({5, 4, 3});
    CHECK((given.view().operations[0].epsilon == 1e-2f && given.view().operations[0].momentum == 0.5f));
    CHECK(same_program(given.view(), with({5, 4, 3}, {.momentum = 0.5f, .epsilon = 1e-2f}).view()));
}

TEST_CASE("batch_norm refuses a momentum outside [0, 1) and takes both ends that are allowed") {
    CHECK(with({1, 1, 2}, {.momentum = 0}).refused().why == refusal::none);
    CHECK(with({1, 1, 2}, {.momentum = 1}).refused().why == refusal::rate_is_not_in_0_to_1);
    CHECK(with({1, 1, 2}, {.momentum = -0.1f}).refused().why == refusal::rate_is_not_in_0_to_1);
    CHECK(with({1, 1, 2}, {.momentum = std::numeric_limits<float>::quiet_NaN()}).refused().why == refusal::rate_is_not_in_0_to_1);
}

TEST_CASE("batch_norm refuses an epsilon that is negative, zero or not a number") {
    CHECK(with({1, 1, 2}, {.epsilon = 1e-12f}).refused().why == refusal::none);
    for (const float wrong : {0.0f, -1e-3f, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()})
        CHECK(with({1, 1, 2}, {.epsilon = wrong}).refused().why == refusal::epsilon_is_not_positive);
}
