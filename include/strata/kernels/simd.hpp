// SPDX-License-Identifier: MIT
// STRATA_SIMD in front of a loop: its turns do not depend on each other. For loops inside one index of a kernel; the loop over the
// indices is the launcher's, and marked there. Nothing without OpenMP, and nothing on a CUDA device.
#pragma once

#include <strata/core/config.hpp>

#if defined(_OPENMP) && !defined(__CUDA_ARCH__)
#define STRATA_SIMD _Pragma("omp simd")
#else
#define STRATA_SIMD
#endif
