// SPDX-License-Identifier: MIT
// A network as a type is the program that the same layers write at run time.
#include <strata/layers/avg_pool2d.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/global_avg_pool2d.hpp>
#include <strata/layers/leaky_relu.hpp>
#include <strata/layers/max_pool2d.hpp>
#include <strata/layers/named.hpp>
#include <strata/layers/relu.hpp>
#include <strata/layers/residual.hpp>
#include <strata/layers/sequence.hpp>
#include <strata/layers/softmax.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

using namespace strata;
using namespace testing;

namespace {

struct everything
    : network<shape{17, 16, 3}, conv2d<4, same(3, 2)>, batch_norm, relu, sequence<conv2d<5, valid(2), bias::off>, leaky_relu<0.25>>,
              max_pool2d<3, 2, padding::same>, residual<conv2d<5, same(3)>, batch_norm>, avg_pool2d<2>, dropout<0.25>, flatten,
              named<"hidden", dense<7>>, relu, dense<3, bias::off>, softmax> {};
struct small_head : network<shape{5, 5, 2}, conv2d<3, same(3)>, global_avg_pool2d, dense<2>> {};
struct nothing : network<shape{5, 4, 2}> {};

static_assert(view<everything>().input_shape() == shape{17, 16, 3} && view<everything>().output_shape() == shape{1, 1, 3});
static_assert(view<everything>().operations.size() == 16 && view<everything>().layers.size() == 16);
static_assert(view<small_head>().parameter_count() == 3 * 9 * 2 + 3 + 3 * 2 + 2);
static_assert(view<nothing>().operations.empty() && view<nothing>().output_shape() == shape{5, 4, 2});
// A struct of one's own is the network it derives from, and the views are compile-time values.
static_assert(view<everything>().operations[0].kind == op_kind::convolution);

}  // namespace

TEST_CASE("a network as a type writes the program that is written at run time") {
    const program p = made({17, 16, 3}, [](program& q, tensor x) {
        x = build::conv2d(q, x, {.filters = 4, .win = same(3, 2)});
        x = build::relu(q, build::batch_norm(q, x));
        x = build::leaky_relu(q, build::conv2d(q, x, {.filters = 5, .win = valid(2), .use_bias = false}), 0.25f);
        x = build::max_pool2d(q, x, same(3, 2));
        tensor y = build::conv2d(q, x, {.filters = 5, .win = same(3)});
        x = build::add(q, x, build::batch_norm(q, y));
        x = build::dropout(q, build::avg_pool2d(q, x, valid(2, 2)), 0.25f);
        x = build::flatten(q, x);
        q.name_next("hidden");
        x = build::relu(q, build::dense(q, x, {.units = 7}));
        build::softmax(q, build::dense(q, x, {.units = 3, .use_bias = false}));
    });
    CHECK(message_of(p).empty());
    CHECK(same_program(view<everything>(), p.view()));
}

TEST_CASE("a copy of a type's program is the program") {
    const program copy(view<everything>());
    copy.check();
    CHECK(same_program(copy.view(), view<everything>()));
}
