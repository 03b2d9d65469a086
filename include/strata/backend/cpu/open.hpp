// SPDX-License-Identifier: MIT
// Opens the CPU: oneDNN for convolutions, dense layers, pooling and batch norm, OpenMP for our own kernels.
#pragma once

#include <strata/backend/cpu/options.hpp>
#include <strata/backend/device.hpp>
#include <strata/core/config.hpp>

namespace strata::inline STRATA_ABI::cpu {

// Throws invalid_input for a negative number of threads.
strata::device open(const options& options = {});

}  // namespace strata::inline STRATA_ABI::cpu

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/open.ipp>
#endif
