// SPDX-License-Identifier: MIT
// cuDNN's handle as a value that owns it.
#pragma once

#include <strata/core/config.hpp>
#include <strata/backend/cuda/cudnn/status.hpp>

#include <cudnn_graph.h>

#include <utility>

namespace strata::inline STRATA_ABI {
namespace cudnn {

// cuDNN's context on the current device. Move-only; its calls go to `stream`.
class handle {
public:
    handle();  // on the default stream
    explicit handle(cudaStream_t stream) : handle() { set_stream(stream); }
    void set_stream(cudaStream_t stream);
    handle(handle&& other) noexcept : raw_(std::exchange(other.raw_, nullptr)) {}
    handle& operator=(handle&& other) noexcept {
        std::swap(raw_, other.raw_);
        return *this;
    }
    ~handle();
    cudnnHandle_t get() const { return raw_; }

private:
    cudnnHandle_t raw_ = nullptr;
};

}  // namespace cudnn
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cudnn/handle.ipp>
#endif
