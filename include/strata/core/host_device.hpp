// SPDX-License-Identifier: MIT
// Marks a function that both the host and a CUDA device run: the bodies in kernels/ are written once for both.
#pragma once

#if defined(__CUDACC__)
#define STRATA_HOST_DEVICE __host__ __device__
#else
#define STRATA_HOST_DEVICE
#endif
