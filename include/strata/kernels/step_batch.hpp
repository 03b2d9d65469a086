// SPDX-License-Identifier: MIT
// The kernels of a step that read the data through its state: the batch's pictures, and the loss of its rows. T and G are float or bf16.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>
#include <strata/kernels/bf16.hpp>
#include <strata/kernels/softmax_cross_entropy.hpp>
#include <strata/kernels/step_state.hpp>

#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

// dst[n, j] = data[rows[cursor + n], j] * scale + offset. Index: the value n * size + j.
template <typename T>
struct gather_batch {
    const step_state* state;
    T* dst;             // (batch, size)
    std::int64_t size;  // H * W * C

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const step_state& s = *state;
        const std::int64_t n = static_cast<std::int64_t>(i) / size, j = static_cast<std::int64_t>(i) - n * size;
        const std::int64_t at = s.rows[s.cursor + n] * size + j;
        const float value = s.bytes != nullptr ? static_cast<float>(s.bytes[at]) : s.floats[at];
        dst[i] = static_cast<T>(value * s.scale + s.offset);
    }
};

// softmax_cross_entropy_rows on rows that may be padded: the padding of the gradient is written as zero. A loss that is not finite
// keeps the step from being committed. Index: the row of the batch.
template <typename G>
struct loss_rows {
    step_state* state;
    const float* logits;   // (batch, leading), of which classes count
    std::int64_t leading;  // from row to row, at least classes
    int classes;
    float smoothing;
    float grad_scale;    // 1 / batch
    G* grad;             // (batch, leading), or null
    float* row_loss;     // (batch)
    float* row_correct;  // (batch)

    STRATA_HOST_DEVICE void operator()(std::size_t n) const {
        step_state& s = *state;
        const std::int64_t first = static_cast<std::int64_t>(n) * leading;
        const std::int64_t row = s.rows[s.cursor + static_cast<std::int64_t>(n)];
        const softmax_cross_entropy_row of{.logits = logits + first,
                                           .label = s.one_hot == nullptr ? nullptr : s.one_hot + row * classes,
                                           .wanted = s.one_hot == nullptr ? static_cast<int>(s.labels[row]) : 0,
                                           .classes = classes,
                                           .smoothing = smoothing,
                                           .grad_scale = grad_scale};
        const softmax_cross_entropy_row::outcome result = of(grad == nullptr ? nullptr : grad + first);
        row_loss[n] = result.loss;
        row_correct[n] = result.correct ? 1.0f : 0.0f;
        if (result.loss - result.loss != 0.0f) s.found_non_finite = 1;  // inf - inf and NaN - NaN are NaN
        if (grad == nullptr) return;
        for (std::int64_t k = classes; k < leading; ++k) grad[first + k] = static_cast<G>(0.0f);
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
