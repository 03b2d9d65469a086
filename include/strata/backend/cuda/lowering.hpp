// SPDX-License-Identifier: MIT
// From a program to actions on a GPU, for one batch size and mode. No device is needed: what comes out can be planned for a GPU that
// is only described.
#pragma once

#include <strata/backend/cuda/device_program.hpp>
#include <strata/backend/cuda/lowering_options.hpp>
#include <strata/core/config.hpp>
#include <strata/network/program.hpp>

namespace strata::inline STRATA_ABI::cuda {

// The program must be fused; without a softmax at its end but for prediction (fusion.hpp). Throws unsupported for an operation that has no
// CUDA kernel.
device_program lower(const program_view& program, const lowering_options& options);

// Whether training it could use lowering_options::relu_masks.
bool wants_relu_masks(const program_view& program);

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/lowering.ipp>
#endif
