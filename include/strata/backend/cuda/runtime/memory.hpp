// SPDX-License-Identifier: MIT
// Memory of the device, and memory of the host that the device reads and writes; both owned, move-only, freed at the end.
#pragma once

#include <strata/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

#include <cuda_runtime_api.h>

namespace strata::inline STRATA_ABI::cuda {

// On the current device, 256-byte aligned, not initialised. Zero bytes own nothing.
class device_memory {
public:
    device_memory() = default;
    // Throws out_of_memory, naming what was asked and what is free.
    explicit device_memory(std::int64_t bytes);
    device_memory(device_memory&& other) noexcept : data_(std::exchange(other.data_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
    device_memory& operator=(device_memory&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~device_memory();

    std::byte* data() const { return data_; }
    std::int64_t bytes() const { return bytes_; }

private:
    std::byte* data_ = nullptr;
    std::int64_t bytes_ = 0;
};

// Pinned memory of the host, mapped into the device: small results that the host reads without a copy, and the source of copies.
class mapped_memory {
public:
    mapped_memory() = default;
    explicit mapped_memory(std::int64_t bytes);
    mapped_memory(mapped_memory&& other) noexcept
        : host_(std::exchange(other.host_, nullptr)),
          device_(std::exchange(other.device_, nullptr)),
          bytes_(std::exchange(other.bytes_, 0)) {}
    mapped_memory& operator=(mapped_memory&& other) noexcept {
        std::swap(host_, other.host_);
        std::swap(device_, other.device_);
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~mapped_memory();

    std::byte* host() const { return host_; }
    std::byte* device() const { return device_; }
    std::int64_t bytes() const { return bytes_; }

private:
    std::byte* host_ = nullptr;
    std::byte* device_ = nullptr;
    std::int64_t bytes_ = 0;
};

std::int64_t free_memory();  // bytes that the current device has left

// In stream order. Either side may be the device's or the host's; the host's must be pinned, or stay untouched until the stream is done.
void copy(void* to, const void* from, std::int64_t bytes, cudaStream_t stream);
void zero(void* to, std::int64_t bytes, cudaStream_t stream);
void fill(void* to, unsigned char value, std::int64_t bytes, cudaStream_t stream);  // every byte

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/runtime/memory.ipp>
#endif
