// SPDX-License-Identifier: MIT
// A window resolved against its input: `same` is Keras's formula over a whole domain, valid and padded by counting positions.
#include <strata/layers/window.hpp>

#include <doctest/doctest.h>

#include <algorithm>

using strata::extent;
using strata::refusal;
using strata::shape;
using strata::window;

namespace {

// keras/src/ops/operation_utils.py, compute_conv_output_shape, and TensorFlow's "SAME".
struct keras_same {
    int out, before, after;
    keras_same(int in, int kernel, int stride) {
        out = (in + stride - 1) / stride;
        const int total = std::max((out - 1) * stride + kernel - in, 0);
        before = total / 2;
        after = total - before;
    }
};

// Positions at which a window of `kernel` lies inside `padded` values.
int positions(int padded, int kernel, int stride) {
    int count = 0;
    for (int at = 0; at + kernel <= padded; at += stride) ++count;
    return count;
}

}  // namespace

TEST_CASE("same pads as Keras for every input, kernel and stride up to 24, 9 and 6") {
    for (int in = 1; in <= 24; ++in)
        for (int kernel = 1; kernel <= 9; ++kernel)
            for (int stride = 1; stride <= 6; ++stride) {
                const keras_same expected(in, kernel, stride);
                const extent e = strata::same(kernel, stride).rows(in);
                CAPTURE(in);
                CAPTURE(kernel);
                CAPTURE(stride);
                REQUIRE(e.before == expected.before);
                REQUIRE(e.after == expected.after);
                REQUIRE(e.fits(in));
                REQUIRE(e.output(in) == expected.out);
                REQUIRE(strata::same(kernel, stride).columns(in) == e);
            }
}

TEST_CASE("same puts the odd row at the bottom, and none where the picture is covered") {
    CHECK(strata::same(3, 2).rows(32) == extent{3, 2, 0, 1});
    CHECK(strata::same(3, 2).rows(7) == extent{3, 2, 1, 1});
    CHECK(strata::same(2).rows(5) == extent{2, 1, 0, 1});
    CHECK(strata::same(5).columns(32) == extent{5, 1, 2, 2});
    CHECK(strata::same(1, 3).rows(8) == extent{1, 3, 0, 0});
}

TEST_CASE("the output counts the positions of the window inside the padded input") {
    for (int in = 1; in <= 16; ++in)
        for (int kernel = 1; kernel <= 6; ++kernel)
            for (int stride = 1; stride <= 4; ++stride)
                for (int pad = 0; pad <= 3; ++pad) {
                    const extent e = strata::padded(kernel, stride, pad).rows(in);
                    REQUIRE(e.fits(in) == (kernel <= in + 2 * pad));
                    if (e.fits(in)) REQUIRE(e.output(in) == positions(in + 2 * pad, kernel, stride));
                }
    CHECK(strata::valid(3, 2).rows(32).output(32) == 15);  // the tutorial's pooling: 32, 15, 7, 3
    CHECK(strata::valid(3, 2).rows(15).output(15) == 7);
    CHECK(strata::valid(3, 2).rows(7).output(7) == 3);
}

TEST_CASE("rows and columns of a window are independent, and so are its four paddings") {
    const window w{.height = 3, .width = 2, .stride_height = 2, .stride_width = 1, .top = 1, .bottom = 2, .left = 3, .right = 4};
    CHECK(w.rows(10) == extent{3, 2, 1, 2});
    CHECK(w.columns(10) == extent{2, 1, 3, 4});
    const window s{.height = 3, .width = 4, .stride_height = 2, .stride_width = 1, .same = true, .top = 9, .left = 9};
    CHECK(s.rows(8) == extent{3, 2, 0, 1});
    CHECK(s.columns(8) == extent{4, 1, 1, 2});
}

TEST_CASE("a window says why it is refused") {
    const shape in{5, 5, 1};
    CHECK(strata::valid(3).refused_by(in) == refusal::none);
    CHECK(strata::valid(0).refused_by(in) == refusal::kernel_is_not_positive);
    CHECK(window{.height = 3, .width = -1}.refused_by(in) == refusal::kernel_is_not_positive);
    CHECK(strata::valid(3, 0).refused_by(in) == refusal::stride_is_not_positive);
    CHECK(strata::same(3, -2).refused_by(in) == refusal::stride_is_not_positive);
    CHECK(strata::padded(3, 1, -1).refused_by(in) == refusal::padding_is_negative);
    CHECK(window{.height = 3, .width = 3, .right = -1}.refused_by(in) == refusal::padding_is_negative);
    CHECK(strata::valid(6).refused_by(in) == refusal::window_does_not_fit);
    CHECK(window{.height = 1, .width = 6}.refused_by(in) == refusal::window_does_not_fit);
    CHECK(strata::padded(6, 1, 1).refused_by(in) == refusal::none);
    CHECK(strata::same(6).refused_by(in) == refusal::none);
}

TEST_CASE("numbers near the end of int are refused or resolved, and never overflow") {
    constexpr int most = 0x7fffffff;
    const shape in{5, 5, 1};
    CHECK(strata::same(3, most).rows(5).output(5) == 1);
    CHECK(strata::valid(3, most).rows(5).output(5) == 1);
    CHECK(strata::valid(most).refused_by(in) == refusal::window_does_not_fit);
    CHECK(strata::same(most).refused_by(in) == refusal::shape_is_too_large);
    CHECK(strata::padded(3, 1, most).refused_by(in) == refusal::shape_is_too_large);
}
