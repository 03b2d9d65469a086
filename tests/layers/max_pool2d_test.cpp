// SPDX-License-Identifier: MIT
// max_pool2d: its options as a type and at run time, and what it refuses.
#include <strata/layers/max_pool2d.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

#include <string_view>

using strata::max_pool2d;
using strata::padding;
using strata::shape;
using namespace testing;

namespace {

template <shape In, typename Layer>
constexpr shape output = strata::network<In, Layer>::program.view().output_shape();

static_assert(output<shape{32, 32, 96}, max_pool2d<3, 2>> == shape{15, 15, 96});
static_assert(output<shape{8, 7, 3}, max_pool2d<2>> == shape{4, 3, 3}, "the stride is the kernel's size unless given");
static_assert(output<shape{8, 7, 3}, max_pool2d<3, 2, padding::same>> == shape{4, 4, 3});
static_assert(output<shape{1, 1, 3}, max_pool2d<3, 2, padding::same>> == shape{1, 1, 3});

strata::program with(shape in, strata::window win) {
    return made(in, [&](auto& p, auto x) { strata::build::max_pool2d(p, x, win); });
}

}  // namespace

TEST_CASE("max_pool2d as a type writes the same program as at run time") {
    const shape in{9, 8, 3};
    CHECK(same_program(lowered<max_pool2d<3, 2>>(in).view(), with(in, strata::valid(3, 2)).view()));
    CHECK(same_program(lowered<max_pool2d<3>>(in).view(), with(in, strata::valid(3, 3)).view()));
    CHECK(same_program(lowered<max_pool2d<2, 1, padding::same>>(in).view(), with(in, strata::same(2, 1)).view()));
    CHECK(with(in, strata::valid(2)).view().operations[0].kind == strata::op_kind::max_pool);
}

TEST_CASE("max_pool2d refuses a window larger than the picture, and names itself") {
    const strata::program p = with({2, 9, 1}, strata::valid(3));
    CHECK(p.refused().why == strata::refusal::window_does_not_fit);
    CHECK(message_of(p) == "network: layer 0 (max_pool2d) cannot take (2, 9, 1): the window does not fit into the padded input");
}
