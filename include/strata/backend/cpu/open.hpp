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
// One sentence where something is missing: as in core/config.hpp.
#if !defined(_OPENMP) || !__has_include(<omp.h>)
#include "#error strata/cpu.hpp in the header-only face needs OpenMP: compile and link with -fopenmp, or link the target strata::cpu"
#error "strata/cpu.hpp in the header-only face needs OpenMP: compile and link with -fopenmp, or link the target strata::cpu"
#elif !__has_include(<oneapi/dnnl/dnnl.h>)
#include "#error strata/cpu.hpp in the header-only face needs oneDNN: install libdnnl-dev (its name in Debian and Ubuntu)"
#error "strata/cpu.hpp in the header-only face needs oneDNN: install libdnnl-dev (its name in Debian and Ubuntu)"
#endif
#include <strata/backend/cpu/open.ipp>
#endif
