// SPDX-License-Identifier: MIT
// What strata finds on this machine, and what it would train on. Exit code 0 when training could start, 1 when not.
#include <strata/open.hpp>
#include <strata/strata.hpp>

#if defined(STRATA_HAS_CUDA)
#include <strata/backend/cuda/batch_norm_way.hpp>
#endif

#include <cstdio>
#include <exception>
#include <string>

namespace {

void line(const char* what, const std::string& text) { std::printf("%-16s%s\n", what, text.c_str()); }

void print_cuda() {
#if defined(STRATA_HAS_CUDA)
    using namespace strata::cuda;
    const library_versions v = versions();
    line("driver", v.driver == 0 ? "none" : "knows CUDA " + text_of_cuda_version(v.driver));
    line("CUDA", text_of_cuda_version(v.runtime));
    line("cuDNN", text_of_cudnn_version(v.cudnn) + ", made for CUDA " + text_of_cuda_version(v.cudnn_cudart));
    line("cuBLASLt", text_of_cudnn_version(v.cublaslt));  // numbered as cuDNN is
    for (const device_properties& p : visible_devices())
        line(("device " + std::to_string(p.index)).c_str(), p.name + ", compute capability " + std::to_string(p.major) + "." +
                                                                std::to_string(p.minor) + ", " + std::to_string(p.memory >> 20) + " MiB, " +
                                                                std::to_string(p.multiprocessors) + " multiprocessors");
    const std::string why = why_unusable();
    line("GPU", why.empty() ? "usable" : why);
    if (!why.empty()) return;
    for (const int channels : {8, 6})  // cuDNN has engines for some GPUs and numbers of channels alone
        line("batch norm", "of " + std::to_string(channels) + " channels, in training: " + batch_norm_way(channels));
#else
    line("GPU", "this build has no CUDA backend");
#endif
}

void print_cpu() {
#if defined(STRATA_HAS_CPU)
    line("CPU", strata::cpu::open().name());
#else
    line("CPU", "this build has no CPU backend");
#endif
}

}  // namespace

int main() {
    line("strata", STRATA_VERSION_STRING);
    try {
        print_cuda();
        print_cpu();
        const strata::device device = strata::open("auto");
        line("would train on", device.name());
        line("because", device.reason());
        return 0;
    } catch (const std::exception& e) {
        line("cannot train", e.what());
        return 1;
    }
}
