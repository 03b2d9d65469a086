// SPDX-License-Identifier: MIT
// The CPU as a device.
#pragma once

#include <strata/backend/cpu/executor.hpp>
#include <strata/backend/cpu/onednn.hpp>
#include <strata/backend/cpu/open.hpp>
#include <strata/backend/cpu/parallel.hpp>
#include <strata/core/error.hpp>

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

class cpu_device final : public backend::device {
public:
    explicit cpu_device(options how) : options_(std::move(how)), processor_(processor_name()) {}

    std::string name() const override {
        return "cpu: " + processor_ + ", " + onednn::instruction_set() + ", " + std::to_string(options_.threads) +
               (options_.threads == 1 ? " thread" : " threads") + ", oneDNN " + onednn::version();
    }
    std::string reason() const override { return "the CPU was opened by name"; }
    bool supports(precision value) const override { return value == precision::fp32; }
    std::unique_ptr<backend::executor> make_executor(const program_view& program, const executor_options& how) const override {
        if (!supports(how.precision))
            throw unsupported(std::string("precision ") + name_of(how.precision) + ": the CPU backend computes in fp32 only");
        return std::make_unique<executor>(program, how, options_);
    }

private:
    options options_;
    std::string processor_;
};

}  // namespace detail

STRATA_INLINE strata::device open(const options& how) {
    if (how.threads < 0)
        throw invalid_input("threads " + std::to_string(how.threads) + ": must be 0 (as many as OpenMP gives) or positive");
    options resolved = how;
    if (resolved.threads == 0) resolved.threads = default_threads();
    return strata::device(std::make_shared<detail::cpu_device>(std::move(resolved)));
}

}  // namespace strata::inline STRATA_ABI::cpu
