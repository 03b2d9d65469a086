// SPDX-License-Identifier: MIT
// conv2d: output shapes and parameters with every option, as a type and at run time, and what it refuses.
#include <strata/layers/conv2d.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

#include <string_view>

using strata::bias;
using strata::conv2d;
using strata::padded;
using strata::refusal;
using strata::same;
using strata::shape;
using strata::valid;
using namespace testing;

namespace {

template <shape In, typename Layer>
constexpr shape output = strata::network<In, Layer>::program.view().output_shape();

static_assert(output<shape{32, 32, 3}, conv2d<96, same(3)>> == shape{32, 32, 96});
static_assert(output<shape{32, 32, 3}, conv2d<8, valid(3)>> == shape{30, 30, 8});
static_assert(output<shape{32, 31, 3}, conv2d<8, same(3, 2)>> == shape{16, 16, 8});
static_assert(output<shape{224, 224, 3}, conv2d<96, padded(11, 4, 2)>> == shape{55, 55, 96});
static_assert(output<shape{1, 1, 1}, conv2d<1, valid(1)>> == shape{1, 1, 1});
static_assert(output<shape{5, 9, 2}, conv2d<3, strata::window{.height = 1, .width = 3, .stride_width = 2}>> == shape{5, 4, 3});

struct counted : strata::network<shape{8, 8, 3}, conv2d<4, same(5)>, conv2d<2, same(3), bias::off>> {};
static_assert(counted::program.view().parameter_count() == 4 * 5 * 5 * 3 + 4 + 2 * 3 * 3 * 4);

strata::program with(shape in, strata::build::conv2d_options options) {
    return made(in, [&](auto& p, auto x) { strata::build::conv2d(p, x, options); });
}

}  // namespace

TEST_CASE("conv2d as a type writes the same program as at run time") {
    const shape in{9, 8, 3};
    CHECK(same_program(lowered<conv2d<6, same(3, 2)>>(in).view(), with(in, {.filters = 6, .win = same(3, 2)}).view()));
    CHECK(same_program(lowered<conv2d<6, valid(2), bias::off>>(in).view(),
                       with(in, {.filters = 6, .win = valid(2), .use_bias = false}).view()));
    CHECK_FALSE(same_program(lowered<conv2d<6, valid(2)>>(in).view(), with(in, {.filters = 6, .win = valid(3)}).view()));
}

TEST_CASE("conv2d's weight is (K, R, S, C) with Keras's fans, its bias (K)") {
    const strata::program p = with({9, 8, 5}, {.filters = 6, .win = {.height = 3, .width = 2}});
    const strata::program_view v = p.view();
    REQUIRE(v.parameters.size() == 2);
    const strata::variable &w = v.parameters[0], &b = v.parameters[1];
    CHECK(w.role == std::string_view("weight"));
    CHECK(w.rank == 4);
    CHECK((w.dims[0] == 6 && w.dims[1] == 3 && w.dims[2] == 2 && w.dims[3] == 5));
    CHECK(w.initial == strata::initial_value::weights);
    CHECK((w.fan_in == 3 * 2 * 5 && w.fan_out == 3 * 2 * 6));
    CHECK(b.role == std::string_view("bias"));
    CHECK((b.rank == 1 && b.size() == 6 && b.initial == strata::initial_value::bias));
    CHECK(b.fan_in == w.fan_in);  // PyTorch draws the bias by the weight's fan
    CHECK(v.statistics.empty());
    const strata::operation& op = v.operations[0];
    CHECK((op.kind == strata::op_kind::convolution && op.weight == 0 && op.bias == 1 && !op.activated));
    CHECK(op.rows == strata::extent{3, 1, 0, 0});
    CHECK(op.columns == strata::extent{2, 1, 0, 0});
}

TEST_CASE("conv2d without bias has one parameter") {
    const strata::program p = with({4, 4, 2}, {.filters = 3, .win = same(3), .use_bias = false});
    CHECK(p.view().parameters.size() == 1);
    CHECK(p.view().operations[0].bias == -1);
}

TEST_CASE("conv2d refuses windows and filter counts, each with its reason and what came in") {
    const auto refused = [](strata::build::conv2d_options options) {
        const strata::program p = with({4, 5, 2}, options);
        CHECK(p.refused().position == 0);
        CHECK(p.refused().kind == std::string_view("conv2d"));
        CHECK(p.refused().incoming == shape{4, 5, 2});
        CHECK(p.view().operations.empty());
        return p.refused().why;
    };
    CHECK(refused({.filters = 0, .win = same(3)}) == refusal::size_is_not_positive);
    CHECK(refused({.filters = -3, .win = same(3)}) == refusal::size_is_not_positive);
    CHECK(refused({.filters = 1, .win = valid(5)}) == refusal::window_does_not_fit);
    CHECK(refused({.filters = 1, .win = valid(0)}) == refusal::kernel_is_not_positive);
    CHECK(refused({.filters = 1, .win = valid(3, 0)}) == refusal::stride_is_not_positive);
    CHECK(refused({.filters = 1, .win = padded(3, 1, -1)}) == refusal::padding_is_negative);
    CHECK(refused({.filters = 0x7fffffff, .win = same(3)}) == refusal::shape_is_too_large);
    CHECK(message_of(with({4, 5, 2}, {.filters = 1, .win = valid(5)})) ==
          "network: layer 0 (conv2d) cannot take (4, 5, 2): the window does not fit into the padded input");
}
