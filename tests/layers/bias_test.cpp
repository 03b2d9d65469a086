// SPDX-License-Identifier: MIT
// bias::on and bias::off decide about one parameter, and nothing else.
#include <strata/layers/bias.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

using namespace testing;
using strata::bias;

TEST_CASE("a layer without bias has one parameter less and the same output") {
    const strata::program with = lowered<strata::conv2d<4, strata::same(3), bias::on>>({6, 6, 2});
    const strata::program without = lowered<strata::conv2d<4, strata::same(3), bias::off>>({6, 6, 2});
    CHECK(with.view().parameter_count() - without.view().parameter_count() == 4);
    CHECK(with.view().output_shape() == without.view().output_shape());
    CHECK(same_program(lowered<strata::dense<3>>({1, 1, 4}).view(), lowered<strata::dense<3, bias::on>>({1, 1, 4}).view()));
    CHECK_FALSE(same_program(lowered<strata::dense<3>>({1, 1, 4}).view(), lowered<strata::dense<3, bias::off>>({1, 1, 4}).view()));
}
