// SPDX-License-Identifier: MIT
// How a convolution or a pooling looks at its input, as written in a layer: kernel, stride and padding for both axes.
//   valid(3)        no padding                     same(3)     pads as Keras: output = ceil(input / stride),
//   padded(3, 2, 1) one row and column all around              an odd row or column goes to the bottom or right
// Source for `same`: keras.io/api/layers/convolution_layers, TensorFlow's "SAME".
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>
#include <strata/network/program.hpp>

namespace strata::inline STRATA_ABI {

struct window {
    int height = 1, width = 1;  // the kernel
    int stride_height = 1, stride_width = 1;
    bool same = false;  // padding follows from the input; top ... right are then ignored
    int top = 0, bottom = 0, left = 0, right = 0;

    // Resolved against an input of `in` rows (columns).
    constexpr extent rows(int in) const { return resolve(in, height, stride_height, top, bottom); }
    constexpr extent columns(int in) const { return resolve(in, width, stride_width, left, right); }

    constexpr refusal refused_by(shape in) const {
        if (height < 1 || width < 1) return refusal::kernel_is_not_positive;
        if (stride_height < 1 || stride_width < 1) return refusal::stride_is_not_positive;
        if (top < 0 || bottom < 0 || left < 0 || right < 0) return refusal::padding_is_negative;
        return rows(in.height).fits(in.height) && columns(in.width).fits(in.width) ? refusal::none : refusal::window_does_not_fit;
    }
    bool operator==(const window&) const = default;

    constexpr extent resolve(int in, int kernel, int stride, int before, int after) const {
        if (!same) return {kernel, stride, before, after};
        const int missing = ((in + stride - 1) / stride - 1) * stride + kernel - in;
        const int total = missing > 0 ? missing : 0;
        return {kernel, stride, total / 2, total - total / 2};
    }
};

constexpr window valid(int kernel, int stride = 1) {
    return {.height = kernel, .width = kernel, .stride_height = stride, .stride_width = stride};
}
constexpr window same(int kernel, int stride = 1) {
    return {.height = kernel, .width = kernel, .stride_height = stride, .stride_width = stride, .same = true};
}
constexpr window padded(int kernel, int stride, int padding) {
    return {.height = kernel, .width = kernel, .stride_height = stride, .stride_width = stride,
            .top = padding, .bottom = padding, .left = padding, .right = padding};
}

}  // namespace strata::inline STRATA_ABI
