// SPDX-License-Identifier: MIT
// Choosing the device and the precision. Nothing here knows a backend: strata::open does, from what is linked.
#include "device.hpp"

#include "tuning.hpp"

#include <strata/core/error.hpp>
#include <strata/open.hpp>

#include <filesystem>
#include <system_error>

namespace train_cifar10 {

namespace {

bool is_gpu(const strata::device& device) { return device.name().starts_with("cuda"); }

// The default. A run of Keras or PyTorch on a GPU since Ampere computes its convolutions with TF32 products unless told otherwise:
// arrays stay f32, and a step is several times as fast. A GPU without them (Turing), and the CPU, take fp32.
strata::precision usual_precision(const strata::device& device) {
    return is_gpu(device) && device.supports(strata::precision::tf32) ? strata::precision::tf32 : strata::precision::fp32;
}

#if !defined(STRATA_HAS_CUDA)
bool nvidia_is_visible() {
    std::error_code none;
    for (const char* sign : {"/dev/nvidia0", "/dev/nvidiactl", "/proc/driver/nvidia/version"})
        if (std::filesystem::exists(sign, none)) return true;
    return false;
}
#endif

strata::device open_named(const options& options, const strata::cpu::convolution_choices& convolutions) {
#if !defined(STRATA_HAS_CUDA)
    if (options.device == "cuda")
        throw strata::unsupported(
            "--device cuda: this build has no CUDA backend; run script/setup --cuda, which fetches CUDA and cuDNN where they are missing, "
            "and build again with -DSTRATA_WITH_CUDA=ON, or use --device cpu");
#endif
    strata::open_options how;
    how.cpu.threads = options.threads;
    how.cpu.convolutions = convolutions;
    try {
        return strata::open(options.device, how);
    } catch (const strata::unsupported& e) { throw strata::unsupported("--device " + options.device + ": " + e.what()); }
}

}  // namespace

chosen_device open_device(const options& options) {
    const kernel_choices choices = choices_of(options);
    strata::device device = open_named(options, choices.convolutions);
    if (is_gpu(device) && !options.tuning.empty())
        throw strata::invalid_input("--tuning " + options.tuning + ": it tells how the CPU computes convolutions, and the device is " +
                                    device.name() + "; leave it out, or give --device cpu");
    chosen_device chosen{device, device.reason(), options.precision.value_or(usual_precision(device)), is_gpu(device) ? "" : choices.text};
    if (!device.supports(chosen.precision))
        throw strata::invalid_input(std::string("--precision ") + strata::name_of(chosen.precision) + ": the device (" + device.name() +
                                    ") does not compute in it" + (is_gpu(device) ? ", which needs compute capability 8.0 or later" : "") +
                                    "; use --precision fp32");
    return chosen;
}

std::string precision_text(const options& options, const chosen_device& chosen) {
    const std::string name = strata::name_of(chosen.precision);
    if (options.precision || chosen.precision != strata::precision::tf32) return name;
    return name + " (the default on a GPU, as Keras and PyTorch compute convolutions there; --precision fp32 is exact and slower)";
}

std::vector<std::string> hints([[maybe_unused]] const options& options, const chosen_device& chosen) {
    std::vector<std::string> sentences;
#if defined(__GNUC__) && !defined(__OPTIMIZE__)
    sentences.emplace_back("this build is not optimised, so it is slow: configure with -DCMAKE_BUILD_TYPE=Release, or use script/train");
#endif
#if !defined(STRATA_HAS_CUDA)
    if (options.device != "cpu" && nvidia_is_visible())
        sentences.emplace_back(
            "an NVIDIA device is visible, but this build of strata has no CUDA backend, so it trains on the CPU: run script/setup --cuda "
            "and build again with -DSTRATA_WITH_CUDA=ON, or use script/train, which does both");
#endif
    if (options.threads != 0 && is_gpu(chosen.device))
        sentences.emplace_back("--threads " + std::to_string(options.threads) + " has no effect: the GPU does the work");
    return sentences;
}

}  // namespace train_cifar10
