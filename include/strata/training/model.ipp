// SPDX-License-Identifier: MIT
// Bodies of model.hpp: initial values, and the model's variables by name.
#pragma once

#include <strata/training/model.hpp>

#include <strata/core/error.hpp>
#include <strata/core/random.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI {

namespace model_detail {

// Where a variable is, by its name.
struct place {
    state which;
    std::size_t index;
    std::size_t size;
};

STRATA_INLINE place find(const model& m, const std::string& name) {
    const std::vector<std::string>& names = m.names();
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) throw invalid_input("model: it has no variable \"" + name + "\"; names() lists those it has");
    const program_view program = m.program();
    const auto number = static_cast<std::size_t>(at - names.begin()), parameters = program.parameters.size();
    if (number < parameters) return {state::parameter, number, static_cast<std::size_t>(program.parameters[number].size())};
    return {state::statistic, number - parameters, static_cast<std::size_t>(program.statistics[number - parameters].size())};
}

STRATA_INLINE std::vector<float> uniform_values(std::size_t size, double limit, const random_stream& stream) {
    std::vector<float> values(size);
    for (std::size_t i = 0; i < size; i += 4) {
        const philox_counter draws = stream.block(i / 4);
        for (std::size_t j = 0; j < 4 && i + j < size; ++j)
            values[i + j] = static_cast<float>(limit * (2.0 * static_cast<double>(random_stream::to_uniform(draws.word[j])) - 1.0));
    }
    return values;
}

}  // namespace model_detail

STRATA_INLINE std::vector<float> initial_values(const variable& v, std::uint32_t number, std::uint64_t seed, initializer how) {
    const auto size = static_cast<std::size_t>(v.size());
    const random_stream stream{.seed = seed, .purpose = random_purpose::initialize, .layer = number};
    const bool torch = how == initializer::torch_uniform;
    switch (v.initial) {
        case initial_value::zeros: return std::vector<float>(size, 0.0f);
        case initial_value::ones: return std::vector<float>(size, 1.0f);
        case initial_value::bias:
            if (!torch) return std::vector<float>(size, 0.0f);
            return model_detail::uniform_values(size, 1.0 / std::sqrt(static_cast<double>(v.fan_in)), stream);
        case initial_value::weights: break;
    }
    const double limit = torch ? 1.0 / std::sqrt(static_cast<double>(v.fan_in))
                               : std::sqrt(6.0 / (static_cast<double>(v.fan_in) + static_cast<double>(v.fan_out)));
    return model_detail::uniform_values(size, limit, stream);
}

STRATA_INLINE model::model(const program_view& program, const strata::device& device, const model_options& options)
    : program_(std::make_unique<strata::program>(program)), device_(device), options_(options), imported_(program.statistics.size()) {
    program_->check();
    if (!device_.supports(options_.precision))
        throw unsupported(std::string("precision ") + name_of(options_.precision) + ": the device (" + device_.name() +
                          ") does not have it; choose fp32, or another device");
    const program_view view = program_->view();
    executor_ = device_->make_executor(view, {.conventions = options_.conventions, .precision = options_.precision, .seed = options_.seed});
    for (const variable& v : view.parameters) names_.push_back(variable_name(view, v));
    for (const variable& v : view.statistics) names_.push_back(variable_name(view, v));
    std::uint32_t number = 0;
    for (std::size_t i = 0; i < view.parameters.size(); ++i)
        executor_->write(state::parameter, i, initial_values(view.parameters[i], number++, options_.seed, options_.conventions.weights));
    for (std::size_t i = 0; i < view.statistics.size(); ++i)
        executor_->write(state::statistic, i, initial_values(view.statistics[i], number++, options_.seed, options_.conventions.weights));
}

STRATA_INLINE std::vector<float> model::read(const std::string& name) const {
    const model_detail::place at = model_detail::find(*this, name);
    std::vector<float> values(at.size);
    executor_->read(at.which, at.index, values);
    return values;
}

STRATA_INLINE void model::write(const std::string& name, std::span<const float> values) {
    const model_detail::place at = model_detail::find(*this, name);
    if (values.size() != at.size)
        throw invalid_input("model: \"" + name + "\" has " + std::to_string(at.size) + " values, but " + std::to_string(values.size()) +
                            " were given");
    executor_->write(at.which, at.index, values);
    if (at.which == state::statistic) imported_[at.index] = true;
}

STRATA_INLINE std::vector<std::string> model::imported_statistics() const {
    std::vector<std::string> found;
    for (std::size_t i = 0; i < imported_.size(); ++i) {
        if (imported_[i]) found.push_back(names_[program().parameters.size() + i]);
    }
    return found;
}

STRATA_INLINE double model::initial_statistics_share() const {
    double share = 0;
    for (const operation& op : program().operations) {
        if (op.kind != op_kind::batch_norm) continue;
        if (imported_[static_cast<std::size_t>(op.mean)] && imported_[static_cast<std::size_t>(op.variance)]) continue;
        const float momentum = op.momentum == unset ? options_.conventions.batch_norm_momentum : op.momentum;
        const double left = std::pow(static_cast<double>(momentum), static_cast<double>(steps()));
        if (left > share) share = left;
    }
    return share;
}

}  // namespace strata::inline STRATA_ABI
