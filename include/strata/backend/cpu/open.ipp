// SPDX-License-Identifier: MIT
// The CPU as a device.
#pragma once

#include <strata/backend/cpu/executor.hpp>
#include <strata/backend/cpu/onednn.hpp>
#include <strata/backend/cpu/open.hpp>
#include <strata/backend/cpu/parallel.hpp>
#include <strata/core/error.hpp>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

namespace strata::inline STRATA_ABI::cpu {

namespace detail {

STRATA_INLINE std::string processor_name() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (line.rfind("model name", 0) != 0) continue;
        if (const auto colon = line.find(": "); colon != std::string::npos) return line.substr(colon + 2);
    }
    return "unknown processor";
}

STRATA_INLINE bool is_set(const char* variable) {
    const char* text = std::getenv(variable);
    return text != nullptr && *text != '\0';
}

// Where the number of threads and the instruction set come from.
STRATA_INLINE std::string reason_of(const options& asked, int threads) {
    const std::string from = asked.threads > 0           ? "as the program asks"
                             : is_set("OMP_NUM_THREADS") ? "as OMP_NUM_THREADS says"
                                                         : "as many as OpenMP gives";
    const bool limited = is_set("ONEDNN_MAX_CPU_ISA") || is_set("DNNL_MAX_CPU_ISA");
    return (asked.reason.empty() ? "the program opens the CPU by name" : asked.reason) + "; " + std::to_string(threads) +
           (threads == 1 ? " thread, " : " threads, ") + from + "; " + onednn::instruction_set() + ", " +
           (limited ? "within what ONEDNN_MAX_CPU_ISA allows" : "the most that oneDNN can use on this processor");
}

class cpu_device final : public backend::device {
public:
    cpu_device(options how, std::string reason) : options_(std::move(how)), reason_(std::move(reason)), processor_(processor_name()) {}

    std::string name() const override {
        return "cpu: " + processor_ + ", " + onednn::instruction_set() + ", " + std::to_string(options_.threads) +
               (options_.threads == 1 ? " thread" : " threads") + ", oneDNN " + onednn::version();
    }
    std::string reason() const override { return reason_; }
    bool supports(precision value) const override { return value == precision::fp32; }
    std::unique_ptr<backend::executor> make_executor(const program_view& program, const executor_options& how) const override {
        if (!supports(how.precision))
            throw unsupported(std::string("precision ") + name_of(how.precision) + ": the CPU backend computes in fp32 only");
        return std::make_unique<executor>(program, how, options_);
    }

private:
    options options_;
    std::string reason_, processor_;
};

}  // namespace detail

STRATA_INLINE strata::device open(const options& how) {
    if (how.threads < 0)
        throw invalid_input("threads " + std::to_string(how.threads) + ": must be 0 (as many as OpenMP gives) or positive");
    options resolved = how;
    if (resolved.threads == 0) resolved.threads = default_threads();
    std::string reason = detail::reason_of(how, resolved.threads);
    return strata::device(std::make_shared<detail::cpu_device>(std::move(resolved), std::move(reason)));
}

}  // namespace strata::inline STRATA_ABI::cpu
