// SPDX-License-Identifier: MIT
// Softmax cross-entropy on logits z, one row of a batch per index: with the target t[k] = label[k] * (1 - smoothing) + smoothing / classes,
//   row_loss = sum over k of t[k] * (lse - z[k]),  lse = log(sum over k of exp(z[k]))        (the largest z is taken out first)
//   grad[k] = grad_scale * (exp(z[k] - lse) * (sum of t) - t[k])
// A NaN among the logits makes the loss NaN.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/finite.hpp>
#include <strata/core/host_device.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

// One row. Its gradient is float, or a type that is made of a float.
struct softmax_cross_entropy_row {
    const float* logits;  // (classes)
    const float* label;  // (classes): one-hot; or null
    int wanted;  // without a one-hot label: the class
    int classes;
    float smoothing;
    float grad_scale;

    struct outcome {
        float loss;
        bool correct;  // the first largest logit is the first largest label
    };

    // grad (classes) may be null, and may be the logits' own memory.
    template <typename G>
    STRATA_HOST_DEVICE outcome operator()(G* grad) const {
        const float* z = logits;
        const int best = label == nullptr ? wanted : first_largest(label);
        const int found = first_largest(z);
        const float largest = z[found];
        float sum = 0;
        for (int k = 0; k < classes; ++k) sum += std::exp(z[k] - largest);
        const float log_sum = std::log(sum);
        float loss = 0, total = 0;
        for (int k = 0; k < classes; ++k) {
            const float t = target(best, k);
            total += t;
            if (t != 0) loss += t * (log_sum - (z[k] - largest));
        }
        if (grad != nullptr) {
            const float scale = total / sum;
            for (int k = 0; k < classes; ++k) grad[k] = static_cast<G>(grad_scale * (std::exp(z[k] - largest) * scale - target(best, k)));
        }
        return {is_nan(sum) ? sum : loss, found == best};
    }

private:
    STRATA_HOST_DEVICE int first_largest(const float* values) const {
        int best = 0;
        for (int k = 1; k < classes; ++k) best = values[k] > values[best] ? k : best;
        return best;
    }
    STRATA_HOST_DEVICE float target(int best, int k) const {
        const float hot = label != nullptr ? label[k] : k == best ? 1.0f : 0.0f;
        return hot * (1 - smoothing) + smoothing / static_cast<float>(classes);
    }
};

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
        const std::int64_t first = static_cast<std::int64_t>(n) * classes;
        const std::int64_t row = rows[n];
        const softmax_cross_entropy_row of{.logits = logits + first,
                                           .label = one_hot == nullptr ? nullptr : one_hot + row * classes,
                                           .wanted = one_hot == nullptr ? static_cast<int>(labels[row]) : 0,
                                           .classes = classes,
                                           .smoothing = smoothing,
                                           .grad_scale = grad_scale};
        const softmax_cross_entropy_row::outcome result = of(grad == nullptr ? nullptr : grad + first);
        row_loss[n] = result.loss;
        row_correct[n] = result.correct ? 1.0f : 0.0f;
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
