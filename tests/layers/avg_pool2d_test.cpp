// SPDX-License-Identifier: MIT
// avg_pool2d: its options as a type and at run time, and what it refuses.
#include <strata/layers/avg_pool2d.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

using strata::avg_pool2d;
using strata::padding;
using strata::shape;
using namespace testing;

namespace {

template <shape In, typename Layer>
constexpr shape output = strata::network<In, Layer>::program.view().output_shape();

static_assert(output<shape{8, 8, 3}, avg_pool2d<2>> == shape{4, 4, 3}, "the stride is the kernel's size unless given");
static_assert(output<shape{8, 7, 3}, avg_pool2d<3, 2>> == shape{3, 3, 3});
static_assert(output<shape{8, 7, 3}, avg_pool2d<3, 2, padding::same>> == shape{4, 4, 3});

strata::program with(shape in, strata::window win) {
    return made(in, [&](auto& p, auto x) { strata::build::avg_pool2d(p, x, win); });
}

}  // namespace

TEST_CASE("avg_pool2d as a type writes the same program as at run time") {
    const shape in{9, 8, 3};
    CHECK(same_program(lowered<avg_pool2d<3, 2>>(in).view(), with(in, strata::valid(3, 2)).view()));
    CHECK(same_program(lowered<avg_pool2d<2, 2, padding::same>>(in).view(), with(in, strata::same(2, 2)).view()));
    CHECK(with(in, strata::valid(2)).view().operations[0].kind == strata::op_kind::avg_pool);
}

TEST_CASE("avg_pool2d refuses a window larger than the picture, and names itself") {
    CHECK(message_of(with({9, 2, 1}, strata::valid(3))) ==
          "network: layer 0 (avg_pool2d) cannot take (9, 2, 1): the window does not fit into the padded input");
}
