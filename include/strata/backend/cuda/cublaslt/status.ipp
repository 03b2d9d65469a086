// SPDX-License-Identifier: MIT
#pragma once

#include <strata/backend/cuda/cublaslt/status.hpp>

#include <string_view>

namespace strata::inline STRATA_ABI::cublaslt {

STRATA_INLINE void check(cublasStatus_t status, const std::string& what, std::source_location where) {
    if (status == CUBLAS_STATUS_SUCCESS) return;
    const std::string_view path = where.file_name();
    const std::string place = std::string(path.substr(path.find_last_of("/\\") + 1)) + ":" + std::to_string(where.line());
    throw cublaslt_error(
        what + ": cuBLASLt says " + cublasLtGetStatusName(status) + ", " + cublasLtGetStatusString(status) + " (" + place + ")", status);
}

STRATA_INLINE handle::handle() { check(cublasLtCreate(&handle_), "cublasLtCreate"); }

STRATA_INLINE handle::~handle() {
    if (handle_ != nullptr) cublasLtDestroy(handle_);
}

}  // namespace strata::inline STRATA_ABI::cublaslt
