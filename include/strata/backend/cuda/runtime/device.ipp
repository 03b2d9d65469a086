// SPDX-License-Identifier: MIT
#pragma once

#include <strata/backend/cuda/kernels/binary.hpp>
#include <strata/backend/cuda/runtime/device.hpp>
#include <strata/backend/cuda/runtime/status.hpp>

#include <unistd.h>

#include <cublasLt.h>
#include <cuda_runtime_api.h>
#include <cudnn_graph.h>

namespace strata::inline STRATA_ABI::cuda {

STRATA_INLINE library_versions versions() {
    library_versions v;
    if (cudaDriverGetVersion(&v.driver) != cudaSuccess) cudaGetLastError();
    if (cudaRuntimeGetVersion(&v.runtime) != cudaSuccess) cudaGetLastError();
    v.cudnn = static_cast<int>(cudnnGetVersion());
    v.cudnn_cudart = static_cast<int>(cudnnGetCudartVersion());
    v.cublaslt = static_cast<int>(cublasLtGetVersion());
    return v;
}

STRATA_INLINE std::string text_of_cuda_version(int version) {
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

STRATA_INLINE std::string text_of_cudnn_version(int version) {
    return std::to_string(version / 10000) + "." + std::to_string(version % 10000 / 100) + "." + std::to_string(version % 100);
}

STRATA_INLINE std::vector<device_properties> visible_devices() {
    int count = 0;
    if (cudaGetDeviceCount(&count) != cudaSuccess) {
        cudaGetLastError();
        return {};
    }
    std::vector<device_properties> all;
    for (int index = 0; index < count; ++index) all.push_back(properties_of(index));
    return all;
}

STRATA_INLINE device_properties properties_of(int index) {
    cudaDeviceProp p{};
    check(cudaGetDeviceProperties(&p, index), "cudaGetDeviceProperties");
    return {.index = index,
            .name = p.name,
            .major = p.major,
            .minor = p.minor,
            .multiprocessors = p.multiProcessorCount,
            .memory = static_cast<std::int64_t>(p.totalGlobalMem)};
}

STRATA_INLINE bool nvidia_device_present() {
    for (const char* sign : {"/dev/nvidia0", "/dev/nvidiactl", "/proc/driver/nvidia/version", "/usr/lib/wsl/lib/libcuda.so.1"}) {
        if (access(sign, F_OK) == 0) return true;
    }
    return false;
}

namespace detail {

// What the runtime says when it finds no device, as a sentence with the fix.
inline std::string why_no_devices(cudaError_t status, const library_versions& v) {
    const std::string built = "this strata uses CUDA " + text_of_cuda_version(v.runtime);
    switch (status) {
        case cudaErrorInsufficientDriver:
            if (v.driver == 0) {
                return "no NVIDIA driver is loaded; install one (" + built + "; nvidia-smi shows whether it works" +
                       (nvidia_device_present() ? "), or give this container the driver's libraries (docker run --gpus all)" : ")");
            }
            return "the NVIDIA driver is too old: it knows CUDA " + text_of_cuda_version(v.driver) + ", but " + built +
                   "; install a newer driver, or build strata with a CUDA toolkit that this driver knows";
        case cudaErrorNoDevice: return "the NVIDIA driver shows no device; look at CUDA_VISIBLE_DEVICES and at what nvidia-smi says";
        case cudaErrorCompatNotSupportedOnDevice:
            return "a CUDA forward-compatibility package (cuda-compat) is in the way, which this device does not support; remove it, or "
                   "install a newer driver";
        case cudaErrorSystemDriverMismatch:
            return "the NVIDIA driver's library and its kernel module have different versions; restart the machine, or load the module "
                   "anew";
        case cudaErrorSystemNotReady: return "the NVIDIA driver is not ready; on machines with NVSwitch start nvidia-fabricmanager";
        default:
            return std::string("the NVIDIA driver refuses: ") + cudaGetErrorName(status) + ", " + cudaGetErrorString(status) +
                   "; nvidia-smi may say more";
    }
}

// Whether the libraries fit those that strata was compiled with, and each other.
inline std::string why_versions_do_not_fit(const library_versions& v) {
    if (v.runtime / 1000 != CUDART_VERSION / 1000 || v.runtime < CUDART_VERSION) {
        return "strata was built with CUDA " + text_of_cuda_version(CUDART_VERSION) + ", but the CUDA runtime that was loaded is " +
               text_of_cuda_version(v.runtime) + "; set LD_LIBRARY_PATH to the one it was built with, or build it again";
    }
    if (v.cudnn / 10000 != CUDNN_MAJOR || v.cudnn < CUDNN_VERSION) {
        return "strata was built with cuDNN " + text_of_cudnn_version(CUDNN_VERSION) + ", but the cuDNN that was loaded is " +
               text_of_cudnn_version(v.cudnn) + "; set LD_LIBRARY_PATH to the one it was built with, or build it again";
    }
    if (v.cudnn_cudart / 1000 != v.runtime / 1000) {
        return "cuDNN " + text_of_cudnn_version(v.cudnn) + " was made for CUDA " + text_of_cuda_version(v.cudnn_cudart) +
               ", but the CUDA runtime is " + text_of_cuda_version(v.runtime) + "; install the cuDNN for CUDA " +
               std::to_string(v.runtime / 1000);
    }
    if (const cudnnStatus_t status = cudnnGraphVersionCheck(); status != CUDNN_STATUS_SUCCESS) {
        return std::string("the parts of cuDNN have different versions (") + cudnnGetErrorString(status) +
               "); remove the other installation from LD_LIBRARY_PATH, or install cuDNN again";
    }
    return {};
}

}  // namespace detail

STRATA_INLINE std::string why_unusable(int index) {
    const library_versions v = versions();
    int count = 0;
    cudaError_t status = cudaGetDeviceCount(&count);
    if (status == cudaSuccess && count == 0) status = cudaErrorNoDevice;
    if (status != cudaSuccess) {
        cudaGetLastError();
        return detail::why_no_devices(status, v);
    }
    if (index < 0 || index >= count) {
        return "there is no NVIDIA device " + std::to_string(index) + ": the driver shows " + std::to_string(count) +
               ", counted from 0 (CUDA_VISIBLE_DEVICES hides others)";
    }
    if (std::string reason = detail::why_versions_do_not_fit(v); !reason.empty()) return reason;
    const device_properties p = properties_of(index);
    if (p.major * 10 + p.minor < 75) {
        return p.name + " has compute capability " + std::to_string(p.major) + "." + std::to_string(p.minor) +
               ", but strata needs 7.5 (Turing) or later; take another GPU";
    }
    if (!kernels_serve(kernel_architectures(), p.major, p.minor)) return why_no_kernels(kernel_architectures(), p.name, p.major, p.minor);
    return {};
}

STRATA_INLINE device_scope::device_scope(int index) {
    check(cudaGetDevice(&earlier_), "cudaGetDevice");
    if (earlier_ == index) return;
    check(cudaSetDevice(index), "cudaSetDevice");
    changed_ = true;
}

STRATA_INLINE device_scope::~device_scope() {
    if (changed_ && cudaSetDevice(earlier_) != cudaSuccess) cudaGetLastError();
}

}  // namespace strata::inline STRATA_ABI::cuda
