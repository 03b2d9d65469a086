// SPDX-License-Identifier: MIT
// A GPU as a device.
#pragma once

#include <strata/backend/cuda/open.hpp>

#include <strata/backend/cuda/executor.hpp>
#include <strata/backend/cuda/runtime/device.hpp>
#include <strata/core/error.hpp>

#include <memory>
#include <string>

namespace strata::inline STRATA_ABI::cuda {

namespace detail {

class gpu final : public backend::device {
public:
    explicit gpu(const options& how) : options_(how), properties_(properties_of(how.device)) {}

    std::string name() const override {
        const library_versions v = versions();
        return "cuda: " + properties_.name + ", compute capability " + std::to_string(properties_.major) + "." +
               std::to_string(properties_.minor) + ", CUDA " + text_of_cuda_version(v.runtime) + ", cuDNN " +
               text_of_cudnn_version(v.cudnn);
    }
    std::string reason() const override {
        return options_.reason.empty() ? "the program opens NVIDIA device " + std::to_string(options_.device) + " by number"
                                       : options_.reason;
    }
    bool supports(precision value) const override { return value == precision::fp32 || properties_.major >= 8; }
    std::unique_ptr<backend::executor> make_executor(const program_view& program, const executor_options& how) const override {
        if (!supports(how.precision))
            throw unsupported(std::string("precision ") + name_of(how.precision) + ": " + properties_.name + " has compute capability " +
                              std::to_string(properties_.major) + "." + std::to_string(properties_.minor) +
                              ", and tf32 and bf16 need 8.0; choose fp32");
        const device_scope scope(options_.device);
        return std::make_unique<executor>(program, how, options_);
    }

private:
    options options_;
    device_properties properties_;
};

}  // namespace detail

STRATA_INLINE strata::device open(const options& how) {
    if (how.device < 0) throw invalid_input("device " + std::to_string(how.device) + ": give 0 or a higher number");
    if (how.workspace_limit < 0) throw invalid_input("workspace_limit " + std::to_string(how.workspace_limit) + ": give 0 or more bytes");
    if (const std::string why = why_unusable(how.device); !why.empty()) throw unsupported(why);
    if (!how.tuned_plans.empty()) tuned_plans::read(how.tuned_plans, properties_of(how.device));  // refused here, not at the first model
    return strata::device(std::make_shared<detail::gpu>(how));
}

}  // namespace strata::inline STRATA_ABI::cuda
