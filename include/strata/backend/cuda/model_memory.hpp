// SPDX-License-Identifier: MIT
// The state of a model on the GPU: one arena each for parameters (and their bf16 copies), gradients, the optimizer's slots, moving
// statistics and the batch's statistics. Every variable begins on a 256-byte boundary; the padding stays zero, so that the optimizer
// runs over whole arenas; that of the batch's inverse deviations is 0.747, since a 0 among them tells of an infinite variance.
#pragma once

#include <strata/backend/cuda/device_program.hpp>
#include <strata/backend/cuda/lowering.hpp>
#include <strata/backend/cuda/runtime/kernels.hpp>
#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>
#include <strata/backend/device.hpp>
#include <strata/core/config.hpp>
#include <strata/core/dtype.hpp>
#include <strata/network/program.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

class model_memory {
public:
    model_memory(const program_view& program, precision of, const stream& on);

    // The optimizer's slots, zeroed unless there are as many already.
    void make_slots(int count, const stream& on);

    // A variable of one kind of state, on the device; null when it does not exist (slots before an optimizer was configured).
    float* at(state which, std::size_t index) const;
    std::size_t size_of(state which, std::size_t index) const;  // values; 0 when there is no such variable

    // The areas that do not depend on a batch.
    memory_map map() const;
    std::int64_t parameter_count() const { return layout_.parameter_bytes / 4; }  // with the padding
    std::int64_t found_count() const { return (layout_.parameter_bytes + layout_.batch_statistic_bytes) / 4; }
    std::int64_t inverse_deviation_count() const { return layout_.batch_statistic_bytes / 8; }  // the last of them
    float* parameters() const { return floats(parameters_); }
    float* gradients() const { return floats(gradients_); }  // and behind them the batch's statistics: found_count() values of a step
    float* slot(std::size_t number) const { return floats(slots_[number]); }
    kernels::bf16* narrow_parameters() const { return reinterpret_cast<kernels::bf16*>(narrow_.data()); }  // null but for bf16
    // After the parameters were written by anything but the optimizer.
    void refresh_narrow(const kernel_library& library, const stream& on) const;
    std::int64_t bytes() const;

private:
    static float* floats(const device_memory& m) { return reinterpret_cast<float*>(m.data()); }

    variable_layout layout_;
    std::vector<std::size_t> parameter_sizes_, statistic_sizes_;  // values
    device_memory parameters_, narrow_, gradients_, statistics_;
    std::array<device_memory, 2> slots_;
};

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/model_memory.ipp>
#endif
