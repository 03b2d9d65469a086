// SPDX-License-Identifier: MIT
// Adam, one parameter value per index. Kingma and Ba, arXiv:1412.6980.
//   g += l2 * w;  w -= decay * w;  m += (g - m)(1 - beta1);  v += (g^2 - v)(1 - beta2)
//   w -= alpha * m / (root_correction * sqrt(v) + epsilon)
// Keras: alpha = rate * sqrt(1 - beta2^t) / (1 - beta1^t), root_correction = 1. PyTorch: alpha = rate / (1 - beta1^t), root_correction =
// 1 / sqrt(1 - beta2^t). g++ vectorises the root with -fno-math-errno, which the linked face has.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

// The square root of a value that is not negative. std::sqrt may set errno, and then clang vectorises no loop over it.
STRATA_HOST_DEVICE inline float root(float value) {
#if defined(__clang__) && !defined(__CUDACC__)
    return __builtin_elementwise_sqrt(value);
#else
    return std::sqrt(value);
#endif
}

struct adam {
    float* parameter;  // (count)
    const float* gradient;  // (count)
    float* m;  // (count)
    float* v;  // (count)
    float alpha;
    float epsilon;
    float root_correction = 1;
    float decay = 0;  // rate * weight decay, decoupled: Keras
    float l2 = 0;  // weight decay into the gradient: PyTorch
    float rest1, rest2;  // 1 - beta1, 1 - beta2

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const float w = parameter[i];
        const float g = gradient[i] + l2 * w;
        const float mean = m[i] + (g - m[i]) * rest1;
        const float square = v[i] + (g * g - v[i]) * rest2;
        m[i] = mean;
        v[i] = square;
        parameter[i] = w - w * decay - alpha * mean / (root(square) * root_correction + epsilon);
    }
};

// What stays the same from step to step; nothing unset.
struct adam_settings {
    double beta1 = 0.9, beta2 = 0.999;
    float epsilon = 1e-7f;
    bool epsilon_hat = true;  // Keras; false: PyTorch
    float weight_decay = 0;
    bool decoupled = true;
};

// The coefficients of step t, counted from 1, computed in double. The arrays are the caller's to set.
STRATA_HOST_DEVICE inline adam adam_at(const adam_settings& s, float rate, std::int64_t t) {
    const double learning_rate = static_cast<double>(rate);
    const double correction1 = 1 - std::pow(s.beta1, static_cast<double>(t));
    const double correction2 = std::sqrt(1 - std::pow(s.beta2, static_cast<double>(t)));
    const double alpha = learning_rate / correction1;
    adam step{};
    step.alpha = static_cast<float>(s.epsilon_hat ? alpha * correction2 : alpha);
    step.epsilon = s.epsilon;
    step.root_correction = static_cast<float>(s.epsilon_hat ? 1.0 : 1.0 / correction2);
    step.decay = s.decoupled ? static_cast<float>(learning_rate * static_cast<double>(s.weight_decay)) : 0.0f;
    step.l2 = s.decoupled ? 0.0f : s.weight_decay;
    step.rest1 = static_cast<float>(1 - s.beta1);
    step.rest2 = static_cast<float>(1 - s.beta2);
    return step;
}

}  // namespace strata::inline STRATA_ABI::kernels
