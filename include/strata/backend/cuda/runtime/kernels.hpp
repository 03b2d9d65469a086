// SPDX-License-Identifier: MIT
// Our own kernels, loaded from the embedded binary, and their launch: library.launch(stream, kernels::narrow{src, dst}, count).
#pragma once

#include <strata/backend/cuda/kernels/list.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>
#include <strata/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

#include <cuda_runtime_api.h>

namespace strata::inline STRATA_ABI::cuda {

class kernel_library {
public:
    // Loads for the current device. Throws cuda_error; unsupported where the binary has nothing for this device.
    kernel_library();
    kernel_library(kernel_library&& other) noexcept : kernel_library(nullptr) { swap(other); }
    kernel_library& operator=(kernel_library&& other) noexcept {
        swap(other);
        return *this;
    }
    ~kernel_library();

    // Enqueues the body for the indexes below count; for none, nothing.
    template <typename Body>
    void launch(const stream& in, const Body& body, std::int64_t count) const {
        const arguments<Body> values{body, count};
        launch(kernel_of<Body>, &values, count, in);
    }
    // The same by the kernel's name; `parameters` is its arguments<Body>.
    void launch(kernel which, const void* parameters, std::int64_t count, const stream& in) const;

private:
    explicit kernel_library(std::nullptr_t) {}
    void swap(kernel_library& other) noexcept {
        std::swap(library_, other.library_);
        std::swap(kernels_, other.kernels_);
        std::swap(largest_grid_, other.largest_grid_);
    }

    cudaLibrary_t library_ = nullptr;
    cudaKernel_t kernels_[kernel_count]{};
    std::int64_t largest_grid_ = 0;  // blocks: enough to fill the device
};

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/runtime/kernels.ipp>
#endif
