// SPDX-License-Identifier: MIT
// Opens a GPU: cuDNN for convolutions, pooling and batch norm, cuBLASLt for dense layers, own kernels for the rest.
#pragma once

#include <strata/backend/cuda/options.hpp>
#include <strata/backend/device.hpp>
#include <strata/core/config.hpp>

namespace strata::inline STRATA_ABI::cuda {

// Throws unsupported, with the fix, when there is no usable GPU (no device, an old driver, parts of cuDNN of different versions, a
// GPU older than compute capability 7.5, a device number that is not there); invalid_input for a negative device number, and for tuned
// plans that are damaged or not for this GPU.
strata::device open(const options& options = {});

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/kernels/binary.hpp>  // says so where the kernels are missing
#if __has_include(<strata/backend/cuda/kernels/fat_binary.inc>)
#include <strata/backend/cuda/open.ipp>
#endif
#endif
