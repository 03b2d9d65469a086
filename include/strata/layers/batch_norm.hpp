// SPDX-License-Identifier: MIT
// Batch normalisation over (N, H, W), per channel: y = gamma * (x - mean) / sqrt(variance + epsilon) + beta.
// Training takes mean and (biased) variance of the batch and moves the statistics; inference takes the moving ones.
// Source: Ioffe and Szegedy, arXiv:1502.03167; defaults of keras.io BatchNormalization or torch BatchNorm2d, by the conventions.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

// Momentum as Keras means it: moving = moving * momentum + batch * (1 - momentum). PyTorch's 0.1 is 0.9 here.
struct batch_norm_options {
    float momentum = unset;
    float epsilon = unset;
};

namespace build {

constexpr tensor batch_norm(auto& b, tensor x, batch_norm_options options = {}) {
    b.layer("batch_norm");
    if (!b.readable(x)) return {};
    if (options.momentum != unset && !(options.momentum >= 0 && options.momentum < 1)) return b.refuse(refusal::rate_is_not_in_0_to_1, x);
    if (options.epsilon != unset && !(options.epsilon > 0 && options.epsilon < 1e30f)) return b.refuse(refusal::epsilon_is_not_positive, x);
    const int channels = b.of(x).channels;
    const int gamma = b.take({.role = "gamma", .dims = {channels, 1, 1, 1}, .initial = initial_value::ones});
    const int beta = b.take({.role = "beta", .dims = {channels, 1, 1, 1}, .initial = initial_value::zeros});
    const int mean = b.take_statistic({.role = "moving_mean", .dims = {channels, 1, 1, 1}, .initial = initial_value::zeros});
    const int variance = b.take_statistic({.role = "moving_variance", .dims = {channels, 1, 1, 1}, .initial = initial_value::ones});
    return b.emit({.kind = op_kind::batch_norm,
                   .src = {x.id, -1},
                   .weight = gamma,
                   .bias = beta,
                   .mean = mean,
                   .variance = variance,
                   .epsilon = options.epsilon,
                   .momentum = options.momentum},
                  b.of(x));
}

}  // namespace build

template <batch_norm_options Options>
struct batch_norm_with {
    static constexpr std::size_t operations = 1;
    static constexpr tensor lower(auto& b, tensor x) { return build::batch_norm(b, x, Options); }
};
using batch_norm = batch_norm_with<batch_norm_options{}>;

}  // namespace strata::inline STRATA_ABI
