// SPDX-License-Identifier: MIT
// softmax takes flat inputs alone.
#include <strata/layers/softmax.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

using strata::shape;
using namespace testing;

static_assert(strata::network<shape{1, 1, 10}, strata::softmax>::program.view().output_shape() == shape{1, 1, 10});

TEST_CASE("softmax keeps a flat shape and refuses a picture") {
    CHECK(lowered<strata::softmax>({1, 1, 10}).view().operations[0].kind == strata::op_kind::softmax);
    const strata::program p = lowered<strata::softmax>({2, 1, 10});
    CHECK(p.refused().why == strata::refusal::input_is_not_flat);
    CHECK(message_of(p) ==
          "network: layer 0 (softmax) cannot take (2, 1, 10): the input is not flat (put flatten or global_avg_pool2d before it)");
}
