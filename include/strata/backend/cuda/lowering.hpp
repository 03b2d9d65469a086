// SPDX-License-Identifier: MIT
// From a program to actions on a GPU, for one batch size and mode. No device is needed: what comes out can be planned for a GPU that
// is only described.
#pragma once

#include <strata/backend/cuda/device_program.hpp>
#include <strata/backend/cuda/options.hpp>
#include <strata/core/config.hpp>
#include <strata/core/dtype.hpp>
#include <strata/network/program.hpp>

#include <cstdint>
#include <span>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

enum class mode : unsigned char {
    training,    // to the last gradient
    evaluation,  // moving statistics, no dropout; to the loss
    prediction   // the same; to the output
};

struct lowering_options {
    int batch = 1;
    cuda::mode mode = mode::prediction;
    strata::precision precision = precision::fp32;
    float batch_norm_epsilon = 1e-3f;  // where the program leaves it open
    bool deterministic = false;
    std::span<const custom_kernels> kernels{};
};

// Where the variables of a program lie in their arenas: offsets in bytes, in f32.
struct variable_layout {
    std::vector<std::int64_t> parameters, statistics;
    std::int64_t parameter_bytes = 0, statistic_bytes = 0;
    std::int64_t batch_statistic_bytes = 0;  // of all batch norms, mean and inverse deviation
};
variable_layout layout_of(const program_view& program);

// The program must be fused; without a softmax at its end but for prediction (fusion.hpp). Throws unsupported for an operation that has no
// CUDA kernel.
device_program lower(const program_view& program, const lowering_options& options);

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/lowering.ipp>
#endif
