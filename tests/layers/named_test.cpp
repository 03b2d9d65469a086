// SPDX-License-Identifier: MIT
// named gives a layer its name in files and messages; around several layers it names the first.
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/named.hpp>
#include <strata/layers/relu.hpp>
#include <strata/layers/residual.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

#include <string>

using namespace strata;
using namespace testing;

namespace {

struct tiny : network<shape{4, 4, 3}, conv2d<2, same(3)>, named<"middle", conv2d<2, same(3)>>, conv2d<2, same(3)>, flatten,
                      named<"head", dense<5>>> {};
constexpr program_view tiny_view = view<tiny>();
static_assert(named<"head", dense<5>>::operations == 1);

}  // namespace

TEST_CASE("a named layer has its name, and the others are numbered without it") {
    CHECK(layer_name(tiny_view, 0) == "conv2d");
    CHECK(layer_name(tiny_view, 1) == "middle");
    CHECK(layer_name(tiny_view, 2) == "conv2d_1");
    CHECK(layer_name(tiny_view, 4) == "head");
    CHECK(variable_name(tiny_view, tiny_view.parameters[2]) == "middle.weight");
    CHECK(variable_name(tiny_view, tiny_view.parameters[7]) == "head.bias");
}

TEST_CASE("a name changes nothing but the record") {
    const program with = lowered<named<"a", conv2d<2, same(3)>>>({4, 4, 3});
    const program without = lowered<conv2d<2, same(3)>>({4, 4, 3});
    CHECK(same_list(with.view().operations, without.view().operations, same_operation));
    CHECK(same_list(with.view().parameters, without.view().parameters, same_variable));
    CHECK_FALSE(same_program(with.view(), without.view()));
}

TEST_CASE("around several layers it names the first, and the next layer after them has no name") {
    const program p = lowered<sequence<named<"block", residual<conv2d<3, same(3)>, relu>>, relu>>({4, 4, 3});
    CHECK(layer_name(p.view(), 0) == "block");
    CHECK(layer_name(p.view(), 1) == "relu");
    CHECK(layer_name(p.view(), 2) == "add");
    CHECK(layer_name(p.view(), 3) == "relu_1");
}

TEST_CASE("a name around nothing does not wander to the next layer") {
    const program p = lowered<sequence<named<"nothing", sequence<>>, relu>>({4, 4, 3});
    CHECK(layer_name(p.view(), 0) == "relu");
}
