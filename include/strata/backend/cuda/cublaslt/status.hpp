// SPDX-License-Identifier: MIT
// What cuBLASLt answers, as exceptions; and its handle.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/error.hpp>

#include <source_location>
#include <string>
#include <utility>

#include <cublasLt.h>

namespace strata::inline STRATA_ABI::cublaslt {

// A call of cuBLASLt failed: the message names the call, the library's own name and text of the status, and the place.
struct cublaslt_error : error {
    cublaslt_error(const std::string& message, cublasStatus_t of) : error(message), status(of) {}
    cublasStatus_t status;
};

// Throws cublaslt_error unless the status is success. `what` says what was done: "cublasLtMatmul of dense #3".
void check(cublasStatus_t status, const std::string& what, std::source_location where = std::source_location::current());

// For the current device; one may be used by many streams.
class handle {
public:
    handle();
    handle(handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    handle& operator=(handle&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~handle();

    cublasLtHandle_t get() const { return handle_; }

private:
    cublasLtHandle_t handle_ = nullptr;
};

}  // namespace strata::inline STRATA_ABI::cublaslt

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cublaslt/status.ipp>
#endif
