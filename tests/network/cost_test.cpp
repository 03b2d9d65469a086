// SPDX-License-Identifier: MIT
// Multiply-adds against a count of them in plain loops, and bytes by hand.
#include <strata/network/cost.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>
#include <support/random_programs.hpp>

using namespace strata;
using namespace testing;

TEST_CASE("multiply-adds of convolutions and dense layers are those of their loops, padding included") {
    const program p = made({9, 7, 3}, [](program& q, tensor x) {
        x = build::conv2d(q, x, {.filters = 5, .win = {.height = 3, .width = 2, .stride_height = 2, .same = true}});
        build::dense(q, build::flatten(q, x), {.units = 4});
    });
    const program_view v = p.view();
    std::int64_t count = 0;
    const shape out = v.shape_of(1);
    for (int y = 0; y < out.height; ++y)
        for (int x = 0; x < out.width; ++x)
            for (int k = 0; k < out.channels; ++k) count += 3 * 2 * 3;
    CHECK(multiply_adds(v, v.operations[0]) == count);
    CHECK(multiply_adds(v, v.operations[1]) == 0);
    CHECK(multiply_adds(v, v.operations[2]) == 4 * 5 * 7 * 5);
}

TEST_CASE("bytes moved are those of inputs and output in f32; a reshape moves none; an addition reads two") {
    const program p = made({2, 3, 4}, [](program& q, tensor x) {
        const tensor y = build::relu(q, x);
        build::flatten(q, build::add(q, x, y));
    });
    const program_view v = p.view();
    CHECK(bytes_moved(v, v.operations[0]) == 2 * 24 * 4);
    CHECK(bytes_moved(v, v.operations[1]) == 3 * 24 * 4);
    CHECK(bytes_moved(v, v.operations[2]) == 0);
}

TEST_CASE("multiply-adds are counted in 64 bits") {
    const program p = made({256, 256, 512}, [](program& q, tensor x) { build::conv2d(q, x, {.filters = 512, .win = same(3)}); });
    CHECK(multiply_adds(p.view(), p.view().operations[0]) == 154618822656LL);
}
