// SPDX-License-Identifier: MIT
// Optimizers as values. What a field leaves unset, the conventions decide (network/conventions.hpp).
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/memory_plan.hpp>

namespace strata::inline STRATA_ABI {

// Adam. Kingma and Ba, arXiv:1412.6980. Keras's form puts epsilon beside sqrt(v) with the correction in the step size
// (alpha = rate * sqrt(1 - beta2^t) / (1 - beta1^t)); PyTorch corrects v inside the root.
// weight_decay: decoupled (w -= rate * decay * w before the step) in Keras, added to the gradient in PyTorch.
struct adam {
    float learning_rate = 1e-3f;
    double beta1 = 0.9;
    double beta2 = 0.999;  // double: 1 - 0.999f would be off by 1.3e-5 of its value
    float epsilon = unset;
    float weight_decay = 0;
};

// Stochastic gradient descent. Keras: v = momentum * v - rate * g, w += v; Nesterov w += momentum * v - rate * g.
// PyTorch: v = momentum * v + g, w -= rate * v; Nesterov w -= rate * (g + momentum * v).
struct sgd {
    float learning_rate = 1e-2f;
    float momentum = 0;
    bool nesterov = false;
    float weight_decay = 0;
};

// Either, as data: what trainers, devices and files read.
struct optimizer {
    optimizer_kind kind = optimizer_kind::adam;
    float learning_rate = 1e-3f;
    double beta1 = 0.9, beta2 = 0.999;                    // adam
    float epsilon = unset;                                // adam
    float momentum = 0;                                   // sgd
    bool nesterov = false;                                // sgd
    float weight_decay = 0;

    constexpr optimizer() = default;
    bool operator==(const optimizer&) const = default;
    constexpr optimizer(const adam& o)
        : learning_rate(o.learning_rate), beta1(o.beta1), beta2(o.beta2), epsilon(o.epsilon), weight_decay(o.weight_decay) {}
    constexpr optimizer(const sgd& o)
        : kind(o.momentum == 0 ? optimizer_kind::sgd : optimizer_kind::sgd_momentum),
          learning_rate(o.learning_rate),
          momentum(o.momentum),
          nesterov(o.nesterov),
          weight_decay(o.weight_decay) {}
};

}  // namespace strata::inline STRATA_ABI
