// SPDX-License-Identifier: MIT
// What a program is lowered for, and where its variables lie.
#pragma once

#include <strata/backend/cuda/options.hpp>
#include <strata/core/config.hpp>
#include <strata/core/dtype.hpp>
#include <strata/kernels/relu_mask.hpp>
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
    const strata::kernels::mask_order* relu_masks = nullptr;  // how cuBLASLt orders their bits; null: unknown, and none is used
};

// Where the variables of a program lie in their arenas: offsets in bytes, in f32.
struct variable_layout {
    std::vector<std::int64_t> parameters, statistics;
    std::int64_t parameter_bytes = 0, statistic_bytes = 0;
    std::int64_t batch_statistic_bytes = 0;  // of all batch norms, mean and inverse deviation
};
variable_layout layout_of(const program_view& program);  // its body is in lowering.ipp

}  // namespace strata::inline STRATA_ABI::cuda
