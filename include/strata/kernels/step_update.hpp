// SPDX-License-Identifier: MIT
// What a step commits, each kernel gated by the state: parameters and slots by adam or sgd with the step's coefficients, and all moving
// statistics at once. Before them find_non_finite looks at what they would commit.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/finite.hpp>
#include <strata/core/host_device.hpp>
#include <strata/kernels/adam.hpp>
#include <strata/kernels/bf16.hpp>
#include <strata/kernels/moving_statistics.hpp>
#include <strata/kernels/sgd.hpp>
#include <strata/kernels/step_state.hpp>

#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

// Above epsilon it is the batch's variance. An infinite variance leaves an inverse deviation that looks harmless, 0.
STRATA_HOST_DEVICE inline float variance_and_epsilon(float inverse_deviation) { return 1.0f / (inverse_deviation * inverse_deviation); }

// Index: t of `threads`, which reads the values t, t + threads, t + 2 * threads ...  T is float or bf16. From `inverse_deviations` on
// they are those, and an infinite variance is found as well.
template <typename T>
struct find_non_finite {
    step_state* state;
    const T* src;  // (count)
    std::int64_t inverse_deviations, count;
    std::int64_t threads;

    STRATA_HOST_DEVICE void operator()(std::size_t t) const {
        std::uint32_t bits = 0;
        std::int64_t i = static_cast<std::int64_t>(t);
        for (; i < inverse_deviations; i += threads) bits |= non_finite_bit(static_cast<float>(src[i]));
        for (; i < count; i += threads) {
            const float value = static_cast<float>(src[i]);
            bits |= non_finite_bit(value) | non_finite_bit(variance_and_epsilon(value));
        }
        if (any_non_finite(bits)) state->found_non_finite = 1;
    }
};

// Index: the parameter value.
struct adam_update {
    const step_state* state;
    float* parameter;       // (count)
    const float* gradient;  // (count)
    float* m;               // (count)
    float* v;               // (count)
    float epsilon, l2, rest1, rest2;  // as adam_at() gives them
    bf16* copy;             // (count): the parameter as convolutions and dense layers read it; or null

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const step_state& s = *state;
        if (!s.commits()) return;
        adam{.parameter = parameter,
             .gradient = gradient,
             .m = m,
             .v = v,
             .alpha = s.alpha,
             .epsilon = epsilon,
             .root_correction = s.root_correction,
             .decay = s.decay,
             .l2 = l2,
             .rest1 = rest1,
             .rest2 = rest2}(i);
        if (copy != nullptr) copy[i] = bf16(parameter[i]);
    }
};

// Index: the parameter value.
struct sgd_update {
    const step_state* state;
    float* parameter;       // (count)
    const float* gradient;  // (count)
    float* velocity;        // (count), or null without momentum
    float momentum, l2;
    bool nesterov, velocity_holds_rate;
    bf16* copy;  // as above

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const step_state& s = *state;
        if (!s.commits()) return;
        sgd{.parameter = parameter,
            .gradient = gradient,
            .velocity = velocity,
            .rate = s.rate,
            .momentum = momentum,
            .nesterov = nesterov,
            .velocity_holds_rate = velocity_holds_rate,
            .decay = s.decay,
            .l2 = l2}(i);
        if (copy != nullptr) copy[i] = bf16(parameter[i]);
    }
};

// One batch norm as update_statistics sees it.
struct normalized_layer {
    const float* batch_mean;               // (channels)
    const float* batch_inverse_deviation;  // (channels): 1 / sqrt(variance + epsilon)
    float* mean;                           // (channels)
    float* variance;                       // (channels)
    std::int64_t channels;
    float epsilon, momentum;
    float variance_scale;  // moving_statistics::scale_of()
};

// Index: a channel, counted through all layers.
struct update_statistics {
    const step_state* state;
    const normalized_layer* layers;  // (layer_count), in device memory
    std::int64_t layer_count;

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        if (!state->commits()) return;
        auto c = static_cast<std::int64_t>(i);
        for (std::int64_t n = 0; n < layer_count; ++n) {
            const normalized_layer& at = layers[n];
            if (c < at.channels) {
                const float above = variance_and_epsilon(at.batch_inverse_deviation[c]) - at.epsilon;
                const float variance = above > 0 ? above : 0.0f;  // the root and its inverse were rounded
                moving_statistics{.batch_mean = at.batch_mean + c,
                                  .batch_variance = &variance,
                                  .mean = at.mean + c,
                                  .variance = at.variance + c,
                                  .momentum = at.momentum,
                                  .variance_scale = at.variance_scale}(0);
                return;
            }
            c -= at.channels;
        }
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
