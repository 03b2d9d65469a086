// SPDX-License-Identifier: MIT
// Batch norm's moving statistics after a training step: moving = moving * momentum + batch * (1 - momentum). Index: the channel.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>

#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

struct moving_statistics {
    const float* batch_mean;      // (C)
    const float* batch_variance;  // (C), biased: the sum of squares over n
    float* mean;                  // (C)
    float* variance;              // (C)
    float momentum;
    float variance_scale;         // n / (n - 1) as PyTorch, or 1 as Keras: scale_of()

    // n: the values behind each mean, N * H * W. One value has no unbiased variance: its biased one is taken.
    static constexpr float scale_of(std::int64_t n, bool unbiased) {
        return unbiased && n > 1 ? static_cast<float>(static_cast<double>(n) / static_cast<double>(n - 1)) : 1.0f;
    }

    STRATA_HOST_DEVICE void operator()(std::size_t c) const {
        mean[c] = mean[c] * momentum + batch_mean[c] * (1 - momentum);
        variance[c] = variance[c] * momentum + batch_variance[c] * variance_scale * (1 - momentum);
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
