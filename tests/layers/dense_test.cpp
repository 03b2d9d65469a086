// SPDX-License-Identifier: MIT
// dense: shapes and parameters, as a type and at run time, and what it refuses.
#include <strata/layers/dense.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

#include <string_view>

using strata::dense;
using strata::refusal;
using strata::shape;
using namespace testing;

namespace {

using head = strata::network<shape{1, 1, 7}, dense<10>>;
static_assert(head::program.view().output_shape() == shape{1, 1, 10} && head::program.view().parameter_count() == 80);
static_assert(strata::network<shape{1, 1, 7}, dense<10, strata::bias::off>>::program.view().parameter_count() == 70);
static_assert(strata::network<shape{1, 1, 1}, dense<1>>::program.view().parameter_count() == 2);

strata::program with(shape in, strata::build::dense_options options) {
    return made(in, [&](auto& p, auto x) { strata::build::dense(p, x, options); });
}

}  // namespace

TEST_CASE("dense as a type writes the same program as at run time") {
    CHECK(same_program(lowered<dense<5>>({1, 1, 3}).view(), with({1, 1, 3}, {.units = 5}).view()));
    CHECK(same_program(lowered<dense<5, strata::bias::off>>({1, 1, 3}).view(), with({1, 1, 3}, {.units = 5, .use_bias = false}).view()));
}

TEST_CASE("dense's weight is (out, in), its bias (out)") {
    const strata::program p = with({1, 1, 3}, {.units = 5});
    const strata::variable &w = p.view().parameters[0], &b = p.view().parameters[1];
    CHECK((w.role == std::string_view("weight") && b.role == std::string_view("bias")));
    CHECK((w.rank == 2 && w.dims[0] == 5 && w.dims[1] == 3 && w.size() == 15));
    CHECK((w.fan_in == 3 && w.fan_out == 5 && w.initial == strata::initial_value::weights));
    CHECK((b.rank == 1 && b.size() == 5 && b.fan_in == 3 && b.initial == strata::initial_value::bias));
    CHECK(p.view().operations[0].kind == strata::op_kind::dense);
}

TEST_CASE("dense refuses pictures that are not flat, and says what to put before it") {
    for (const shape in : {shape{2, 1, 3}, shape{1, 2, 3}, shape{4, 4, 1}}) {
        const strata::program p = with(in, {.units = 5});
        CHECK(p.refused().why == refusal::input_is_not_flat);
        CHECK(p.refused().incoming == in);
    }
    CHECK(message_of(with({2, 1, 3}, {.units = 5})) ==
          "network: layer 0 (dense) cannot take (2, 1, 3): the input is not flat (put flatten or global_avg_pool2d before it)");
}

TEST_CASE("dense refuses a number of units that is not positive") {
    CHECK(with({1, 1, 3}, {.units = 0}).refused().why == refusal::size_is_not_positive);
    CHECK(with({1, 1, 3}, {.units = -1}).refused().why == refusal::size_is_not_positive);
}
