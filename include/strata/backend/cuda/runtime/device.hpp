// SPDX-License-Identifier: MIT
// Which NVIDIA devices there are, which one this thread works on, and why one cannot be used.
#pragma once

#include <strata/core/config.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

struct device_properties {
    int index = 0;
    std::string name;
    int major = 0, minor = 0;  // compute capability
    int multiprocessors = 0;
    std::int64_t memory = 0;  // bytes
};

// Versions as CUDA and cuDNN number them: 13000 is CUDA 13.0, 91900 is cuDNN 9.19.0. 0: not there.
struct library_versions {
    int driver = 0, runtime = 0, cudnn = 0, cudnn_cudart = 0, cublaslt = 0;
};
library_versions versions();
std::string text_of_cuda_version(int version);   // "13.0"
std::string text_of_cudnn_version(int version);  // "9.19.0"

// Empty where there is none, or no driver.
std::vector<device_properties> visible_devices();
device_properties properties_of(int index);

// Whether the system shows an NVIDIA device, be it usable or not: the driver's files in /dev and /proc.
bool nvidia_device_present();

// Why strata cannot train on this device, with the fix; empty when it can.
std::string why_unusable(int index = 0);

// Makes a device the current one of this thread, and the earlier one again at the end.
class device_scope {
public:
    explicit device_scope(int index);
    device_scope(const device_scope&) = delete;
    device_scope& operator=(const device_scope&) = delete;
    ~device_scope();

private:
    int earlier_ = 0;
    bool changed_ = false;
};

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/runtime/device.ipp>
#endif
