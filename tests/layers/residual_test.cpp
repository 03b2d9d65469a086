// SPDX-License-Identifier: MIT
// residual adds what came in to what its layers give; shapes must agree.
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/relu.hpp>
#include <strata/layers/residual.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

using namespace strata;
using namespace testing;

namespace {

using kept = residual<conv2d<3, same(3)>, batch_norm, relu>;
static_assert(kept::operations == 4 && residual<>::operations == 1);
static_assert(network<shape{6, 5, 3}, kept>::program.view().output_shape() == shape{6, 5, 3});

}  // namespace

TEST_CASE("residual ends in an addition of its input and its last tensor") {
    const program p = lowered<sequence<relu, kept>>({6, 5, 3});
    const operation& last = p.view().operations.back();
    CHECK(last.kind == op_kind::add);
    CHECK(last.src[0] == 1);  // what the first relu gave
    CHECK(last.src[1] == 4);
    CHECK(p.view().readers_of(1) == 2);
    CHECK(p.view().readers_of(4) == 1);
}

TEST_CASE("an empty residual doubles, and a residual may hold another") {
    const program doubles = lowered<residual<>>({2, 2, 1});
    CHECK((doubles.view().operations[0].src[0] == 0 && doubles.view().operations[0].src[1] == 0));
    const program nested = lowered<residual<relu, residual<relu>>>({2, 2, 1});
    CHECK(nested.view().operations.size() == 4);
    CHECK(nested.view().operations[2].src[0] == 1);
    CHECK(nested.view().operations[3].src[0] == 0);
}

TEST_CASE("residual refuses layers that change the shape, naming what they gave") {
    for (const program& p : {lowered<residual<conv2d<4, same(3)>>>({6, 5, 3}), lowered<residual<conv2d<3, valid(3)>>>({6, 5, 3})}) {
        CHECK(p.refused().why == refusal::shapes_to_add_differ);
        CHECK(p.refused().position == 1);
    }
    CHECK(message_of(lowered<residual<conv2d<3, valid(3)>>>({6, 5, 3})) ==
          "network: layer 1 (add) cannot take (4, 3, 3): the shapes to add differ");
}

TEST_CASE("a refusal inside a residual is the only one") {
    const program p = lowered<residual<conv2d<3, valid(9)>, relu>>({6, 5, 3});
    CHECK(p.refused().why == refusal::window_does_not_fit);
    CHECK(p.refused().position == 0);
    CHECK(p.view().layers.size() == 1);
}
