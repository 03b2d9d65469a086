// SPDX-License-Identifier: MIT
// 2-D convolution (cross-correlation, as everywhere in deep learning):
//   y[n, p, q, k] = b[k] + sum over r, s, c of x[n, p * stride + r - top, q * stride + s - left, c] * w[k, r, s, c]
// x (N, H, W, C), w (K, R, S, C), b (K), y (N, P, Q, K). Pads with zeros.
#pragma once

#include <strata/core/config.hpp>
#include <strata/layers/bias.hpp>
#include <strata/layers/window.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI {

namespace build {

struct conv2d_options {
    int filters = 1;
    window win{};
    bool use_bias = true;
};

constexpr tensor conv2d(auto& b, tensor x, conv2d_options options) {
    b.layer("conv2d");
    if (!b.readable(x)) return {};
    const shape in = b.of(x);
    if (options.filters < 1) return b.refuse(refusal::size_is_not_positive, x);
    if (const refusal why = options.win.refused_by(in); why != refusal::none) return b.refuse(why, x);
    const std::int64_t kernel = std::int64_t{options.win.height} * options.win.width;  // at most the padded picture: an int
    if (kernel * in.channels > 0x7fffffff || kernel * options.filters > 0x7fffffff) return b.refuse(refusal::shape_is_too_large, x);
    const int fan_in = static_cast<int>(kernel) * in.channels, fan_out = static_cast<int>(kernel) * options.filters;
    const int weight = b.take({.role = "weight",
                               .rank = 4,
                               .dims = {options.filters, options.win.height, options.win.width, in.channels},
                               .initial = initial_value::weights,
                               .fan_in = fan_in,
                               .fan_out = fan_out});
    const int bias = options.use_bias ? b.take({.role = "bias",
                                                .dims = {options.filters, 1, 1, 1},
                                                .initial = initial_value::bias,
                                                .fan_in = fan_in,
                                                .fan_out = fan_out})
                                      : -1;
    const extent rows = options.win.rows(in.height), columns = options.win.columns(in.width);
    return b.emit({.kind = op_kind::convolution, .src = {x.id, -1}, .weight = weight, .bias = bias, .rows = rows, .columns = columns},
                  {rows.output(in.height), columns.output(in.width), options.filters});
}

}  // namespace build

template <int Filters, window Window, bias Bias = bias::on>
struct conv2d {
    static constexpr std::size_t operations = 1;
    static constexpr tensor lower(auto& b, tensor x) {
        return build::conv2d(b, x, {.filters = Filters, .win = Window, .use_bias = Bias == bias::on});
    }
};

}  // namespace strata::inline STRATA_ABI
