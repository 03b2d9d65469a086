// SPDX-License-Identifier: MIT
// How a convolution or a pooling looks at its input, as written in a layer: kernel, stride and padding for both axes.
//   valid(3)        no padding                     same(3)     pads as Keras: output = ceil(input / stride),
//   padded(3, 2, 1) one row and column all around              an odd row or column goes to the bottom or right
// Source for `same`: keras.io/api/layers/convolution_layers, TensorFlow's "SAME".
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>
#include <strata/network/program.hpp>

#include <cstdint>

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
        const extent down = rows(in.height), across = columns(in.width);
        if (!down.fits(in.height) || !across.fits(in.width)) return refusal::window_does_not_fit;
        // What is added and the outputs' sizes are ints; one axis is checked first, so that the product stays in 64 bits.
        const std::int64_t tall = down.padded(in.height), wide = across.padded(in.width), most = 0x7fffffff;
        return tall > most || wide > most || tall * wide > most ? refusal::shape_is_too_large : refusal::none;
    }
    bool operator==(const window&) const = default;

    constexpr extent resolve(int in, int kernel, int stride, int before, int after) const {
        if (!same) return {kernel, stride, before, after};
        const std::int64_t missing = std::int64_t{(in - 1) / stride} * stride + kernel - in;  // (ceil(in / stride) - 1) strides
        const int total = missing > 0 ? static_cast<int>(missing) : 0;
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
    return {.height = kernel,
            .width = kernel,
            .stride_height = stride,
            .stride_width = stride,
            .top = padding,
            .bottom = padding,
            .left = padding,
            .right = padding};
}

}  // namespace strata::inline STRATA_ABI
