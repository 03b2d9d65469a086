// SPDX-License-Identifier: MIT
// A fully connected layer on a flat input: y[n, o] = b[o] + sum over i of x[n, i] * w[o, i].
// x (N, in), w (out, in), b (out), y (N, out). After flatten, `in` runs over (H, W, C).
#pragma once

#include <strata/core/config.hpp>
#include <strata/layers/bias.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

namespace build {

struct dense_options {
    int units = 1;
    bool use_bias = true;
};

constexpr tensor dense(auto& b, tensor x, dense_options options) {
    b.layer("dense");
    if (!b.readable(x)) return {};
    const shape in = b.of(x);
    if (options.units < 1) return b.refuse(refusal::size_is_not_positive, x);
    if (!in.is_flat()) return b.refuse(refusal::input_is_not_flat, x);
    const int weight = b.take({.role = "weight",
                               .rank = 2,
                               .dims = {options.units, in.channels, 1, 1},
                               .initial = initial_value::weights,
                               .fan_in = in.channels,
                               .fan_out = options.units});
    const int bias = options.use_bias ? b.take({.role = "bias",
                                                .dims = {options.units, 1, 1, 1},
                                                .initial = initial_value::bias,
                                                .fan_in = in.channels,
                                                .fan_out = options.units})
                                      : -1;
    return b.emit({.kind = op_kind::dense, .src = {x.id, -1}, .weight = weight, .bias = bias}, {1, 1, options.units});
}

}  // namespace build

template <int Units, bias Bias = bias::on>
struct dense {
    static constexpr std::size_t operations = 1;
    static constexpr tensor lower(auto& b, tensor x) { return build::dense(b, x, {.units = Units, .use_bias = Bias == bias::on}); }
};

}  // namespace strata::inline STRATA_ABI
