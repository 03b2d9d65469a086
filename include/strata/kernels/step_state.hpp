// SPDX-License-Identifier: MIT
// Where a run stands, in the device's memory: the kernels of a step read the data, the cursor and the learning rate from here, so that
// a captured step is launched again and again with nothing from the host. One for training, one for evaluation.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>

#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

// What a step says of itself, in a ring that the host reads.
struct step_report {
    std::int64_t step;  // counted from 1 over the model's life
    float loss;         // the mean over the step's rows
    std::int32_t rows, correct;
    std::int32_t non_finite;  // 1: nothing was committed, and nothing will be in this epoch
};

struct step_state {
    // The data, resident on the device.
    const std::uint8_t* bytes;   // (data rows, H * W * C); either these
    const float* floats;         // (data rows, H * W * C); or these
    const std::int32_t* labels;  // (data rows); either these
    const float* one_hot;        // (data rows, classes); or these
    float scale, offset;         // input = value * scale + offset

    // The epoch.
    const std::int64_t* rows;  // (rows of the epoch): which data row comes when
    const float* rates;        // (rate_count): the learning rate of each step; the last one goes on
    std::int64_t rate_count;
    std::int64_t cursor;      // rows taken
    std::int64_t epoch_step;  // steps taken
    std::int32_t non_finite;  // a step of this epoch was not finite: nothing is committed any more

    // The model's life.
    std::uint64_t seed;
    std::int64_t step;           // committed steps
    std::int64_t slots_zero_at;  // how many there were when the optimizer's slots were zero
    std::int64_t launched;       // all launches: the place in the ring

    // The step that runs; begin_step sets them.
    float rate, alpha, root_correction, decay;
    std::int32_t found_non_finite;  // the loss, a gradient or a statistic is NaN or infinite

    // Sums of an evaluation.
    double loss_sum;
    std::int64_t correct, seen;

    // Whether the step that runs may write parameters, slots and moving statistics.
    STRATA_HOST_DEVICE constexpr bool commits() const { return non_finite == 0 && found_non_finite == 0; }
};

}  // namespace strata::inline STRATA_ABI::kernels
