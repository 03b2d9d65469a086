// SPDX-License-Identifier: MIT
// Opens a device by its name. Which backends there are follows from what is linked: strata::cpu defines STRATA_HAS_CPU, strata::cuda
// STRATA_HAS_CUDA (without CMake define them yourself).
//   const strata::device device = strata::open("auto");   // "cuda", "cpu"
#pragma once

#include <strata/backend/cpu/options.hpp>
#include <strata/backend/cuda/options.hpp>
#include <strata/backend/device.hpp>
#include <strata/core/config.hpp>
#include <strata/core/error.hpp>

#if defined(STRATA_HAS_CPU)
#include <strata/backend/cpu/open.hpp>
#endif
#if defined(STRATA_HAS_CUDA)
#include <strata/backend/cuda/open.hpp>
#include <strata/backend/cuda/runtime/device.hpp>
#endif

#include <string>
#include <string_view>
#include <utility>

namespace strata::inline STRATA_ABI {

struct open_options {
    cpu::options cpu{};
    cuda::options cuda{};
};

namespace detail {

// Not shared by translation units: what they see of the backends may differ.
namespace {

device open_cpu([[maybe_unused]] cpu::options how, [[maybe_unused]] std::string reason) {
#if defined(STRATA_HAS_CPU)
    if (how.reason.empty()) how.reason = std::move(reason);
    return cpu::open(how);
#else
    throw unsupported("device cpu: this build has no CPU backend; build strata with oneDNN (-DSTRATA_WITH_ONEDNN=ON)");
#endif
}

device open_cuda([[maybe_unused]] cuda::options how, [[maybe_unused]] std::string reason) {
#if defined(STRATA_HAS_CUDA)
    if (how.reason.empty()) how.reason = std::move(reason);
    return cuda::open(how);
#else
    throw unsupported(
        "device cuda: this build has no CUDA backend; build strata with CUDA and cuDNN (-DSTRATA_WITH_CUDA=ON), or use the cpu");
#endif
}

}  // namespace

}  // namespace detail

// "cpu"; "cuda", which never falls back; or "auto": the GPU where one is visible, else the CPU. device::reason() says why.
// Throws invalid_input for another name; unsupported, with the fix, where there is no such backend, and for "auto" where an NVIDIA device
// is visible and cannot be used: training on the CPU instead would take many times as long, without a word.
[[maybe_unused]] static device open(std::string_view name, const open_options& how = {}) {
    if (name == "cpu") return detail::open_cpu(how.cpu, "the cpu was asked for");
    if (name == "cuda") return detail::open_cuda(how.cuda, "cuda was asked for");
    if (name != "auto") throw invalid_input("device " + std::string(name) + ": give auto, cpu or cuda");
#if defined(STRATA_HAS_CUDA)
    if (!cuda::nvidia_device_present() && cuda::visible_devices().empty()) return detail::open_cpu(how.cpu, "no NVIDIA device is visible");
    if (const std::string why = cuda::why_unusable(how.cuda.device); !why.empty())
        throw unsupported("an NVIDIA device is visible, but cannot be used: " + why + "; or use the cpu (device cpu)");
    return detail::open_cuda(how.cuda, "an NVIDIA device is visible and usable");
#else
    return detail::open_cpu(how.cpu, "this build has no CUDA backend");
#endif
}

}  // namespace strata::inline STRATA_ABI
