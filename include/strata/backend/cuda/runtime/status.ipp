// SPDX-License-Identifier: MIT
#pragma once

#include <strata/backend/cuda/runtime/status.hpp>

#include <string_view>

namespace strata::inline STRATA_ABI::cuda {

STRATA_INLINE void check(cudaError_t status, const char* what, std::source_location where) {
    if (status == cudaSuccess) return;
    cudaGetLastError();  // it was heard: a later call must not report it again
    const std::string_view path = where.file_name();
    const std::string place = std::string(path.substr(path.find_last_of("/\\") + 1)) + ":" + std::to_string(where.line());
    throw cuda_error(std::string(what) + ": CUDA says " + cudaGetErrorName(status) + ", " + cudaGetErrorString(status) + " (" + place + ")",
                     status);
}

}  // namespace strata::inline STRATA_ABI::cuda
