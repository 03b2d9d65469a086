// SPDX-License-Identifier: MIT
// global_avg_pool2d: flat output for any picture, so that a dense layer can follow.
#include <strata/layers/dense.hpp>
#include <strata/layers/global_avg_pool2d.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

using strata::shape;
using namespace testing;

static_assert(strata::network<shape{7, 5, 3}, strata::global_avg_pool2d, strata::dense<2>>::program.view().output_shape() ==
              shape{1, 1, 2});

TEST_CASE("global_avg_pool2d is an average pooling with a window of the whole picture") {
    for (const shape in : {shape{1, 1, 1}, shape{7, 5, 3}, shape{1, 9, 2}, shape{32, 32, 64}}) {
        const strata::program p = lowered<strata::global_avg_pool2d>(in);
        const strata::operation& op = p.view().operations[0];
        CHECK(p.view().output_shape() == shape{1, 1, in.channels});
        CHECK(op.kind == strata::op_kind::avg_pool);
        CHECK(op.rows == strata::extent{in.height, 1, 0, 0});
        CHECK(op.columns == strata::extent{in.width, 1, 0, 0});
    }
}

TEST_CASE("global_avg_pool2d after a refused layer keeps the first refusal, and takes no tensor of another program") {
    strata::program p({4, 4, 2});
    strata::build::global_avg_pool2d(p, strata::build::dense(p, p.input(), {.units = 3}));
    CHECK(p.refused().why == strata::refusal::input_is_not_flat);
    CHECK(p.refused().position == 0);

    strata::program q({4, 4, 2});
    strata::build::global_avg_pool2d(q, strata::tensor{5});
    CHECK(q.refused().why == strata::refusal::not_a_tensor_of_this_program);
}
