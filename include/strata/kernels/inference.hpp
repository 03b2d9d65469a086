// SPDX-License-Identifier: MIT
// What prediction needs beside the layers: batch norm folded into a scale and a shift per channel, and softmax on rows of logits.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>
#include <strata/kernels/adam.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

// scale = gamma / sqrt(variance + epsilon), shift = beta - mean * scale. Index: the channel.
struct fold_batch_norm {
    const float* gamma;     // (C)
    const float* beta;      // (C)
    const float* mean;      // (C)
    const float* variance;  // (C)
    float epsilon;
    float* scale;  // (C)
    float* shift;  // (C)

    STRATA_HOST_DEVICE void operator()(std::size_t c) const {
        const float factor = gamma[c] / root(variance[c] + epsilon);
        scale[c] = factor;
        shift[c] = beta[c] - mean[c] * factor;
    }
};

// Index: the row of the batch.
struct softmax_rows {
    const float* logits;   // (batch, leading), of which classes count
    std::int64_t leading;  // from row to row, at least classes
    int classes;
    float* out;  // (batch, classes)

    STRATA_HOST_DEVICE void operator()(std::size_t n) const {
        const float* z = logits + static_cast<std::int64_t>(n) * leading;
        float* to = out + static_cast<std::int64_t>(n) * classes;
        float largest = z[0], sum = 0;
        for (int k = 1; k < classes; ++k) largest = z[k] > largest ? z[k] : largest;
        for (int k = 0; k < classes; ++k) {
            to[k] = std::exp(z[k] - largest);
            sum += to[k];
        }
        for (int k = 0; k < classes; ++k) to[k] /= sum;
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
