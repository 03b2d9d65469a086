// SPDX-License-Identifier: MIT
// Stochastic gradient descent, one parameter value per index.
//   g += l2 * w;  w -= decay * w
//   without momentum     w -= rate * g
//   Keras                v = momentum * v - rate * g;  w += v;           Nesterov: w += momentum * v - rate * g
//   PyTorch              v = momentum * v + g;         w -= rate * v;    Nesterov: w -= rate * (g + momentum * v)
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI::kernels {

struct sgd {
    float* parameter;       // (count)
    const float* gradient;  // (count)
    float* velocity;        // (count), or null without momentum
    float rate, momentum = 0;
    bool nesterov = false;
    bool velocity_holds_rate = true;  // Keras; false: PyTorch
    float decay = 0;                  // rate * weight decay, decoupled: Keras
    float l2 = 0;                     // weight decay into the gradient: PyTorch

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const float w = parameter[i];
        const float g = gradient[i] + l2 * w;
        float change = -rate * g;
        if (velocity != nullptr) {
            const float v = momentum * velocity[i] + (velocity_holds_rate ? change : g);
            velocity[i] = v;
            const float along = velocity_holds_rate ? v : -rate * v;
            change = nesterov ? momentum * along + change : along;
        }
        parameter[i] = w - w * decay + change;
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
