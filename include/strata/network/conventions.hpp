// SPDX-License-Identifier: MIT
// What Keras and PyTorch mean by the same words, in one place. A model is made with one of the two, or with a value of its own.
// Sources: keras.io (BatchNormalization, Adam, GlorotUniform), pytorch.org (BatchNorm2d, Adam, init.kaiming_uniform_).
#pragma once

#include <strata/core/config.hpp>

namespace strata::inline STRATA_ABI {

enum class initializer : unsigned char {
    glorot_uniform,  // weights U(-l, l), l = sqrt(6 / (fan_in + fan_out)); zero bias
    torch_uniform    // weights and bias U(-l, l), l = 1 / sqrt(fan_in)
};

struct conventions {
    float batch_norm_momentum = 0.99f;     // moving = moving * momentum + batch * (1 - momentum)
    float batch_norm_epsilon = 1e-3f;
    bool unbiased_moving_variance = false; // n / (n - 1) in the moving variance
    initializer weights = initializer::glorot_uniform;
    bool adam_epsilon_hat = true;          // epsilon beside sqrt(v), uncorrected
    float adam_epsilon = 1e-7f;
    bool decoupled_weight_decay = true;
    bool velocity_holds_rate = true;       // SGD: Keras keeps the learning rate inside the velocity

    bool operator==(const conventions&) const = default;

    static const conventions keras;
    static const conventions torch;
};

inline constexpr conventions conventions::keras{};
inline constexpr conventions conventions::torch{.batch_norm_momentum = 0.9f,
                                                .batch_norm_epsilon = 1e-5f,
                                                .unbiased_moving_variance = true,
                                                .weights = initializer::torch_uniform,
                                                .adam_epsilon_hat = false,
                                                .adam_epsilon = 1e-8f,
                                                .decoupled_weight_decay = false,
                                                .velocity_holds_rate = false};

}  // namespace strata::inline STRATA_ABI
