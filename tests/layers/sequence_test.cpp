// SPDX-License-Identifier: MIT
// sequence is its layers one after the other, and nothing besides.
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/relu.hpp>
#include <strata/layers/sequence.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

using namespace strata;
using namespace testing;

namespace {

using block = sequence<conv2d<4, same(3)>, batch_norm, relu>;
static_assert(block::operations == 3 && sequence<>::operations == 0 && sequence<block, block>::operations == 6);
static_assert(same_program(network<shape{6, 5, 2}, block>::program.view(),
                           network<shape{6, 5, 2}, conv2d<4, same(3)>, batch_norm, relu>::program.view()));

}  // namespace

TEST_CASE("nested sequences write the program that their layers write alone") {
    const program nested = lowered<sequence<block, sequence<>, sequence<block>>>({6, 5, 2});
    const program flat = lowered<sequence<conv2d<4, same(3)>, batch_norm, relu, conv2d<4, same(3)>, batch_norm, relu>>({6, 5, 2});
    CHECK(same_program(nested.view(), flat.view()));
}

TEST_CASE("a refusal inside a sequence names the layer by its place in the whole network") {
    const program p = lowered<sequence<block, sequence<relu, dense<3>>, relu>>({6, 5, 2});
    CHECK(p.refused().why == refusal::input_is_not_flat);
    CHECK(p.refused().position == 4);
    CHECK(message_of(p).find("layer 4 (dense) cannot take (6, 5, 4)") != std::string::npos);
    CHECK(p.view().operations.size() == 4);  // nothing is written after it
}
