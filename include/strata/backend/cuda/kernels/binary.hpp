// SPDX-License-Identifier: MIT
// Our own kernels as bytes: the fat binary that nvcc makes of kernels.cu when strata's package is built, for every architecture that it
// knows. The bytes are in fat_binary.inc, which CMake writes into the build tree and installs beside this file.
#pragma once

#include <strata/core/config.hpp>

#include <span>
#include <string>

namespace strata::inline STRATA_ABI::cuda {

// It begins on a boundary of eight bytes, as a fat binary must.
std::span<const unsigned char> kernel_binary();

// What they were compiled for: compute capabilities as 75 and 90, the lowest first.
std::span<const int> kernel_architectures();
// Whether kernels compiled for these run on a device: code of its major version that is no newer, or what the driver compiles from the
// newest one's PTX.
bool kernels_serve(std::span<const int> architectures, int major, int minor);
// Why they do not run on a device, with the fix.
std::string why_no_kernels(std::span<const int> architectures, const std::string& device, int major, int minor);

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#if __has_include(<strata/backend/cuda/kernels/fat_binary.inc>)
#include <strata/backend/cuda/kernels/binary.ipp>
#else
#error "strata/cuda.hpp needs its kernels as bytes, fat_binary.inc: build strata with STRATA_WITH_CUDA=ON, or link strata::cuda"
#endif
#endif
