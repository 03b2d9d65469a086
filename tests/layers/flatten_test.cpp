// SPDX-License-Identifier: MIT
// flatten makes (1, 1, H * W * C) of (H, W, C), and dense follows it.
#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/sequence.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

using strata::shape;
using namespace testing;

static_assert(strata::network<shape{3, 3, 256}, strata::flatten>::program.view().output_shape() == shape{1, 1, 2304});

TEST_CASE("flatten keeps the number of values, also of what is flat already") {
    for (const shape in : {shape{3, 5, 7}, shape{1, 1, 7}, shape{1, 1, 1}, shape{4, 1, 1}}) {
        const strata::program p = lowered<strata::flatten>(in);
        CHECK(p.view().output_shape() == shape{1, 1, static_cast<int>(in.size())});
        CHECK(p.view().operations[0].kind == strata::op_kind::reshape);
        CHECK(p.view().parameters.empty());
    }
}

TEST_CASE("a dense layer after flatten reads every value") {
    const strata::program p = lowered<strata::sequence<strata::flatten, strata::dense<2>>>({3, 5, 7});
    CHECK(p.view().parameters[0].dims[1] == 105);
}
