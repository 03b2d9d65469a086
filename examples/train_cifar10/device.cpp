// SPDX-License-Identifier: MIT
// Choosing the device.
#include "device.hpp"

#include <strata/backend/cpu/open.hpp>
#include <strata/core/error.hpp>

#include <filesystem>
#include <system_error>

namespace train_cifar10 {

namespace {

bool nvidia_is_visible() {
    std::error_code none;
    return std::filesystem::exists("/dev/nvidia0", none) || std::filesystem::exists("/proc/driver/nvidia/version", none);
}

}  // namespace

chosen_device open_device(const options& options) {
    if (options.device == "cuda")
        throw strata::invalid_input(
            "--device cuda: this build has no CUDA backend, and strata " STRATA_VERSION_STRING
            " does not come with one yet; take a later version built with -DSTRATA_WITH_CUDA=ON, or use --device cpu");
    chosen_device chosen{strata::cpu::open({.threads = options.threads}),
                         options.device == "cpu" ? "--device cpu asks for it" : "it is the only device that this build has"};
    const strata::precision precision = options.precision.value_or(strata::precision::fp32);
    if (!chosen.device.supports(precision))
        throw strata::invalid_input(std::string("--precision ") + strata::name_of(precision) + ": the device (" + chosen.device.name() +
                                    ") does not compute in it; use --precision fp32");
    return chosen;
}

std::vector<std::string> hints() {
    std::vector<std::string> sentences;
#if defined(__GNUC__) && !defined(__OPTIMIZE__)
    sentences.emplace_back("this build is not optimised, so it is slow: configure with -DCMAKE_BUILD_TYPE=Release, or use script/train");
#endif
    if (nvidia_is_visible())
        sentences.emplace_back("an NVIDIA device is visible, but this build of strata " STRATA_VERSION_STRING
                               " has no CUDA backend: it trains on the CPU");
    return sentences;
}

}  // namespace train_cifar10
