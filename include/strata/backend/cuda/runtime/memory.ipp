// SPDX-License-Identifier: MIT
#pragma once

#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/backend/cuda/runtime/status.hpp>

#include <string>

namespace strata::inline STRATA_ABI::cuda {

namespace detail {

inline std::string text_of_bytes(std::int64_t bytes) {
    if (bytes < (std::int64_t{1} << 20)) return std::to_string(bytes) + " B";
    return std::to_string((bytes + (std::int64_t{1} << 20) - 1) >> 20) + " MiB";
}

// Zeros where the device does not say.
inline out_of_memory no_memory(std::int64_t bytes) {
    cudaGetLastError();
    std::size_t free = 0, total = 0;
    if (cudaMemGetInfo(&free, &total) != cudaSuccess) cudaGetLastError();
    const auto free_bytes = static_cast<std::int64_t>(free), total_bytes = static_cast<std::int64_t>(total);
    return out_of_memory("the device is out of memory: " + text_of_bytes(bytes) + " were asked for, " + text_of_bytes(free_bytes) + " of " +
                             text_of_bytes(total_bytes) +
                             " are free; take a smaller batch, or end what else runs on this device (nvidia-smi shows it)",
                         bytes, free_bytes, total_bytes);
}

}  // namespace detail

STRATA_INLINE device_memory::device_memory(std::int64_t bytes) {
    if (bytes <= 0) return;
    void* made = nullptr;
    const cudaError_t status = cudaMalloc(&made, static_cast<std::size_t>(bytes));
    if (status == cudaErrorMemoryAllocation) throw detail::no_memory(bytes);
    check(status, "cudaMalloc");
    data_ = static_cast<std::byte*>(made);
    bytes_ = bytes;
}

STRATA_INLINE device_memory::~device_memory() {
    if (data_ != nullptr && cudaFree(data_) != cudaSuccess) cudaGetLastError();
}

STRATA_INLINE mapped_memory::mapped_memory(std::int64_t bytes) : mapped_memory() {  // from here on the destructor frees
    if (bytes <= 0) return;
    void* made = nullptr;
    const cudaError_t status = cudaHostAlloc(&made, static_cast<std::size_t>(bytes), cudaHostAllocMapped);
    check(status,
          status == cudaErrorMemoryAllocation ? "cudaHostAlloc (the host has not enough memory that can be pinned)" : "cudaHostAlloc");
    host_ = static_cast<std::byte*>(made);
    void* seen = nullptr;
    check(cudaHostGetDevicePointer(&seen, made, 0), "cudaHostGetDevicePointer");
    device_ = static_cast<std::byte*>(seen);
    bytes_ = bytes;
}

STRATA_INLINE mapped_memory::~mapped_memory() {
    if (host_ != nullptr && cudaFreeHost(host_) != cudaSuccess) cudaGetLastError();
}

STRATA_INLINE std::int64_t free_memory() {
    std::size_t free = 0, total = 0;
    check(cudaMemGetInfo(&free, &total), "cudaMemGetInfo");
    return static_cast<std::int64_t>(free);
}

STRATA_INLINE void copy(void* to, const void* from, std::int64_t bytes, cudaStream_t stream) {
    if (bytes <= 0) return;
    check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDefault, stream), "cudaMemcpyAsync");
}

STRATA_INLINE void zero(void* to, std::int64_t bytes, cudaStream_t stream) { fill(to, 0, bytes, stream); }

STRATA_INLINE void fill(void* to, unsigned char value, std::int64_t bytes, cudaStream_t stream) {
    if (bytes <= 0) return;
    check(cudaMemsetAsync(to, value, static_cast<std::size_t>(bytes), stream), "cudaMemsetAsync");
}

}  // namespace strata::inline STRATA_ABI::cuda
