// SPDX-License-Identifier: MIT
// By what a GPU trains batch norm: what doctor tells. (examples/plans tells it of every operation, for GPUs that are only described.)
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/dtype.hpp>

#include <string>

namespace strata::inline STRATA_ABI::cuda {

// "by cuDNN", or "by own kernels, as cuDNN 9.19.0 has no engine for it". Asks cuDNN, which may compile an engine for a second. The device
// must be usable (why_unusable).
std::string batch_norm_way(int channels, precision of = precision::fp32, int device = 0);

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/batch_norm_way.ipp>
#endif
