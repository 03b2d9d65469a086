// SPDX-License-Identifier: MIT
// A model: a program with parameters on a device. Not a template: width, device and conventions are run-time choices.
#pragma once

#include <strata/backend/device.hpp>
#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI {

struct model_options {
    strata::conventions conventions = conventions::keras;
    strata::precision precision = precision::fp32;
    std::uint64_t seed = 1;  // of the initial values, of dropout and of shuffling
};

// Move-only. Throws invalid_input when the program does not fit together, unsupported when the device cannot run it.
class model {
public:
    model(const program_view& program, const strata::device& device, const model_options& options = {});

    program_view program() const { return program_->view(); }
    const strata::device& device() const { return device_; }
    const model_options& options() const { return options_; }
    int classes() const { return static_cast<int>(program().output_shape().size()); }
    std::int64_t steps() const { return executor_->steps(); }

    // A parameter or statistic by its name ("conv2d_1.weight", "batch_norm.moving_mean"), in canonical layout.
    std::vector<float> read(const std::string& name) const;
    void write(const std::string& name, std::span<const float> values);  // throws invalid_input on a wrong name or size
    const std::vector<std::string>& names() const { return names_; }     // parameters, then statistics

    // The share of their initial values that the batch-norm statistics still hold, the largest of all layers: momentum^steps, and 0
    // of a layer whose statistics were imported. At an evaluation with 0.05 or more, accuracies say little (DESIGN: Keras's trap).
    double initial_statistics_share() const;
    // The statistics that write() has replaced: none of what they began with is left in them.
    std::vector<std::string> imported_statistics() const;

    backend::executor& executor() { return *executor_; }
    const backend::executor& executor() const { return *executor_; }

private:
    std::unique_ptr<strata::program> program_;
    strata::device device_;
    model_options options_;
    std::unique_ptr<backend::executor> executor_;
    std::vector<std::string> names_;
    std::vector<bool> imported_;  // per statistic
};

// The initial values of a variable under the conventions: a pure function of seed, number and sizes, the same on every device.
std::vector<float> initial_values(const variable& v, std::uint32_t number, std::uint64_t seed, initializer how);

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/training/model.ipp>
#endif
