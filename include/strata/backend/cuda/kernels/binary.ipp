// SPDX-License-Identifier: MIT
#pragma once

#include <strata/backend/cuda/kernels/binary.hpp>

namespace strata::inline STRATA_ABI::cuda {

namespace detail {

alignas(8) inline constexpr unsigned char kernel_bytes[] =
#include <strata/backend/cuda/kernels/fat_binary.inc>
    ;
inline constexpr int kernel_capabilities[] = {STRATA_KERNEL_ARCHITECTURES};  // the file with the bytes says

inline std::string text_of_capability(int capability) { return std::to_string(capability / 10) + "." + std::to_string(capability % 10); }

}  // namespace detail

STRATA_INLINE std::span<const unsigned char> kernel_binary() {
    return std::span(detail::kernel_bytes).first(sizeof detail::kernel_bytes - 1);  // without the literal's zero
}

STRATA_INLINE std::span<const int> kernel_architectures() { return detail::kernel_capabilities; }

STRATA_INLINE bool kernels_serve(std::span<const int> architectures, int major, int minor) {
    const int device = major * 10 + minor;
    for (const int a : architectures) {
        if (a <= device && (a / 10 == major || a == architectures.back())) return true;
    }
    return false;
}

STRATA_INLINE std::string why_no_kernels(std::span<const int> architectures, const std::string& device, int major, int minor) {
    std::string list;
    for (const int a : architectures) list += (list.empty() ? "" : ", ") + detail::text_of_capability(a);
    return device + " has compute capability " + detail::text_of_capability(major * 10 + minor) +
           ", and the kernels of this strata were compiled for " + list + " and newer; build strata without STRATA_CUDA_ARCHITECTURES, " +
           "which limits them, for every device from 7.5 (Turing) on";
}

}  // namespace strata::inline STRATA_ABI::cuda
