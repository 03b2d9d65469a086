// SPDX-License-Identifier: MIT
// Device properties: from text, or from a handle.
#pragma once

#include <strata/backend/cuda/cudnn/target.hpp>

#include <string_view>
#include <vector>

namespace strata::inline STRATA_ABI::cudnn {

namespace detail {

// cuDNN 9.19 says only that a key is missing, not which.
STRATA_INLINE std::string missing_keys(const std::string& json) {
    std::string text;
    for (const char* key : {"deviceName",
                            "cudaDeviceId",
                            "deviceVer",
                            "multiProcessorCount",
                            "driverVer",
                            "maxSharedMemoryPerBlockOptin",
                            "totalGlobalMem",
                            "maxGridSize",
                            "maxBlockSize",
                            "regsPerBlock",
                            "warpSize",
                            "maxSharedMemoryPerBlock",
                            "reservedSharedMemoryPerBlock",
                            "maxRegistersPerSM",
                            "maxCtasPerSM",
                            "maxThreadsPerBlock",
                            "maxThreadsPerSM",
                            "pciDeviceId",
                            "isTccDriver",
                            "supportCoopLaunch",
                            "smClockRateKHz",
                            "memClockRateKHz",
                            "l2CacheSize"}) {
        if (json.find('"' + std::string(key) + '"') == json.npos) text += std::string(text.empty() ? "" : ", ") + key;
    }
    return text.empty() ? text : " (it has no " + text + ")";
}

}  // namespace detail

STRATA_INLINE target target::described(const std::string& json) {
    try {
        target result;
        result.descriptor_.set<CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION>(std::string_view(json)).finalize();
        return result;
    } catch (const cudnn_error& e) {
        throw invalid_input("this does not describe a GPU to cuDNN" + detail::missing_keys(json) + ": " + e.what());
    }
}

STRATA_INLINE target target::of(const handle& handle) {
    target result;
    result.descriptor_.set<CUDNN_ATTR_DEVICEPROP_HANDLE>(handle.get()).finalize();
    return result;
}

STRATA_INLINE std::string target::json() const {
    const std::vector<char> text = descriptor_.get_all<CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION>();
    std::string result(text.begin(), text.end());
    while (!result.empty() && result.back() == '\0') result.pop_back();
    return result;
}

}  // namespace strata::inline STRATA_ABI::cudnn
