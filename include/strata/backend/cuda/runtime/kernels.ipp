// SPDX-License-Identifier: MIT
#pragma once

#include <strata/backend/cuda/kernels/binary.hpp>
#include <strata/backend/cuda/runtime/device.hpp>
#include <strata/backend/cuda/runtime/kernels.hpp>
#include <strata/backend/cuda/runtime/status.hpp>
#include <strata/core/error.hpp>

#include <algorithm>
#include <string>

namespace strata::inline STRATA_ABI::cuda {

STRATA_INLINE kernel_library::kernel_library() : kernel_library(nullptr) {  // from here on the destructor unloads
    int device = 0, multiprocessors = 0;
    check(cudaGetDevice(&device), "cudaGetDevice");
    check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device), "cudaDeviceGetAttribute");
    constexpr std::int64_t resident_threads = 2048, waves = 4;  // of a multiprocessor; what is more goes round the grid-stride loop
    largest_grid_ = std::max<std::int64_t>(multiprocessors, 1) * (resident_threads / threads_per_block) * waves;

    const cudaError_t loaded = cudaLibraryLoadData(&library_, kernel_binary().data(), nullptr, nullptr, 0, nullptr, nullptr, 0);
    if (loaded == cudaErrorNoKernelImageForDevice) {
        cudaGetLastError();
        const device_properties p = properties_of(device);
        throw unsupported(why_no_kernels(kernel_architectures(), p.name, p.major, p.minor));
    }
    check(loaded, "cudaLibraryLoadData of strata's kernels");
    for (int k = 0; k < kernel_count; ++k) {
        const char* name = name_of(static_cast<kernel>(k));
        check(cudaLibraryGetKernel(&kernels_[k], library_, name), (std::string("cudaLibraryGetKernel of ") + name).c_str());
    }
}

STRATA_INLINE kernel_library::~kernel_library() {
    if (library_ != nullptr && cudaLibraryUnload(library_) != cudaSuccess) cudaGetLastError();
}

STRATA_INLINE void kernel_library::launch(kernel which, const void* parameters, std::int64_t count, const stream& in) const {
    if (count <= 0) return;
    const std::int64_t blocks = (count + threads_per_block - 1) / threads_per_block;
    cudaLaunchConfig_t how{};
    how.gridDim = dim3(static_cast<unsigned>(std::min(blocks, largest_grid_)), 1, 1);
    how.blockDim = dim3(count == 1 ? 1u : static_cast<unsigned>(threads_per_block), 1, 1);
    how.stream = in.get();
    void* one[] = {const_cast<void*>(parameters)};  // copied before the call returns
    const cudaError_t status = cudaLaunchKernelExC(&how, static_cast<const void*>(kernels_[static_cast<int>(which)]), one);
    if (status != cudaSuccess) check(status, (std::string("launch of ") + name_of(which)).c_str());
}

}  // namespace strata::inline STRATA_ABI::cuda
