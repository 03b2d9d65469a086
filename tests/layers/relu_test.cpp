// SPDX-License-Identifier: MIT
// relu keeps every shape and has no parameters.
#include <strata/layers/relu.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

using strata::shape;
using namespace testing;

static_assert(strata::network<shape{5, 4, 3}, strata::relu>::program.view().output_shape() == shape{5, 4, 3});

TEST_CASE("relu as a type writes the same program as at run time, on pictures and on flat inputs") {
    for (const shape in : {shape{5, 4, 3}, shape{1, 1, 7}, shape{1, 1, 1}}) {
        const strata::program p = lowered<strata::relu>(in);
        CHECK(same_program(p.view(), made(in, [](auto& q, auto x) { strata::build::relu(q, x); }).view()));
        CHECK(p.view().output_shape() == in);
        CHECK(p.view().parameters.empty());
        CHECK(p.view().operations[0].kind == strata::op_kind::relu);
        CHECK(p.view().operations[0].rate == 0.0f);
    }
}
