// SPDX-License-Identifier: MIT
// The first and the last kernel of a step, one index each: the coefficients of this step from the state; its report, and the counters.
// A batch's losses are added as kernels::sum_stage adds them: in order, in blocks, in double.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>
#include <strata/kernels/adam.hpp>
#include <strata/kernels/reduce.hpp>
#include <strata/kernels/step_state.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

struct begin_step {
    step_state* state;
    adam_settings settings;  // of sgd: weight_decay and decoupled
    bool is_adam;

    STRATA_HOST_DEVICE void operator()(std::size_t) const {
        step_state& s = *state;
        s.found_non_finite = 0;
        s.rate = s.rates[s.epoch_step < s.rate_count ? s.epoch_step : s.rate_count - 1];
        if (is_adam) {
            const adam step = adam_at(settings, s.rate, s.step - s.slots_zero_at + 1);
            s.alpha = step.alpha;
            s.root_correction = step.root_correction;
            s.decay = step.decay;
        } else {
            s.decay = settings.decoupled ? s.rate * settings.weight_decay : 0.0f;
        }
    }
};

// The sum of a batch's values.
STRATA_HOST_DEVICE inline double sum_of_rows(const float* values, std::int64_t batch) {
    double sum = 0;
    for (std::int64_t first = 0; first < batch; first += sum_stage::block) {
        const std::int64_t last = first + sum_stage::block < batch ? first + sum_stage::block : batch;
        double partial = 0;
        for (std::int64_t i = first; i < last; ++i) partial += static_cast<double>(values[i]);
        sum += partial;
    }
    return sum;
}

struct end_step {
    step_state* state;
    const float* row_loss;     // (batch)
    const float* row_correct;  // (batch)
    std::int64_t batch;
    step_report* ring;  // (ring_size), read by the host
    std::int64_t ring_size;

    STRATA_HOST_DEVICE void operator()(std::size_t) const {
        step_state& s = *state;
        const float loss = static_cast<float>(sum_of_rows(row_loss, batch) / static_cast<double>(batch));
        const bool committed = s.commits();
        ring[s.launched % ring_size] = step_report{.step = s.step + 1,
                                                   .loss = loss,
                                                   .rows = static_cast<std::int32_t>(batch),
                                                   .correct = static_cast<std::int32_t>(sum_of_rows(row_correct, batch)),
                                                   .non_finite = committed ? 0 : 1};
        if (committed) ++s.step;
        s.non_finite = committed ? 0 : 1;
        s.cursor += batch;
        ++s.epoch_step;
        ++s.launched;
    }
};

struct end_evaluation {
    step_state* state;
    const float* row_loss;     // (batch)
    const float* row_correct;  // (batch)
    std::int64_t batch;

    STRATA_HOST_DEVICE void operator()(std::size_t) const {
        step_state& s = *state;
        s.loss_sum += sum_of_rows(row_loss, batch);
        s.correct += static_cast<std::int64_t>(sum_of_rows(row_correct, batch));
        s.seen += batch;
        s.cursor += batch;
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
