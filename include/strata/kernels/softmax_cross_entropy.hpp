// SPDX-License-Identifier: MIT
// Softmax cross-entropy on logits z, one row of a batch per index: with the target t[k] = label[k] * (1 - smoothing) + smoothing / classes,
//   row_loss = sum over k of t[k] * (lse - z[k]),  lse = log(sum over k of exp(z[k]))        (the largest z is taken out first)
//   grad[k] = grad_scale * (exp(z[k] - lse) * (sum of t) - t[k])
// A NaN among the logits makes the loss NaN.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

struct softmax_cross_entropy_rows {
    const float* logits;  // (batch, classes)
    const std::int32_t* labels;  // (data rows): class indices; or null
    const float* one_hot;  // (data rows, classes); or null
    const std::int64_t* rows;  // (batch): which data row
    int classes;
    float smoothing;
    float grad_scale;  // 1 / batch
    float* grad;  // (batch, classes), or null; may be the logits' own memory
    float* row_loss;  // (batch)
    float* row_correct;  // (batch): 1 where the first largest logit is the first largest label, else 0

    static constexpr std::int64_t count(std::int64_t batch) { return batch; }

    STRATA_HOST_DEVICE void operator()(std::size_t n) const {
        const float* z = logits + static_cast<std::int64_t>(n) * classes;
        const std::int64_t row = rows[n];
        const float* label = one_hot == nullptr ? nullptr : one_hot + row * classes;
        const int wanted = label == nullptr ? static_cast<int>(labels[row]) : first_largest(label);
        const int found = first_largest(z);
        const float largest = z[found];
        float sum = 0;
        for (int k = 0; k < classes; ++k) sum += std::exp(z[k] - largest);
        const float log_sum = std::log(sum);
        float loss = 0, total = 0;
        for (int k = 0; k < classes; ++k) {
            const float t = target(label, wanted, k);
            total += t;
            if (t != 0) loss += t * (log_sum - (z[k] - largest));
        }
        row_loss[n] = std::isnan(sum) ? sum : loss;
        row_correct[n] = found == wanted ? 1.0f : 0.0f;
        if (grad == nullptr) return;
        float* to = grad + static_cast<std::int64_t>(n) * classes;
        const float scale = total / sum;
        for (int k = 0; k < classes; ++k) to[k] = grad_scale * (std::exp(z[k] - largest) * scale - target(label, wanted, k));
    }

private:
    STRATA_HOST_DEVICE int first_largest(const float* values) const {
        int best = 0;
        for (int k = 1; k < classes; ++k) best = values[k] > values[best] ? k : best;
        return best;
    }
    STRATA_HOST_DEVICE float target(const float* label, int wanted, int k) const {
        const float hot = label != nullptr ? label[k] : k == wanted ? 1.0f : 0.0f;
        return hot * (1 - smoothing) + smoothing / static_cast<float>(classes);
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
