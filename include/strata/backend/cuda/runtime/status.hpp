// SPDX-License-Identifier: MIT
// What the CUDA runtime answers, as exceptions.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/error.hpp>

#include <cstdint>
#include <source_location>
#include <string>

#include <cuda_runtime_api.h>

namespace strata::inline STRATA_ABI::cuda {

// A call of the CUDA runtime failed: the message names the call, the runtime's own name and text of the status, and the place.
struct cuda_error : error {
    cuda_error(const std::string& message, cudaError_t of) : error(message), status(of) {}
    cudaError_t status;
};

// The device has not as much memory as was asked for.
struct out_of_memory : cuda_error {
    out_of_memory(const std::string& message, std::int64_t asked_bytes, std::int64_t free_now, std::int64_t total_of_device)
        : cuda_error(message, cudaErrorMemoryAllocation), asked(asked_bytes), free(free_now), total(total_of_device) {}
    std::int64_t asked, free, total;  // bytes
};

// Throws cuda_error unless the status is success. `what` is the call: "cudaMemcpyAsync of the labels".
void check(cudaError_t status, const char* what, std::source_location where = std::source_location::current());

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/runtime/status.ipp>
#endif
