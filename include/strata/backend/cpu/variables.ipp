// SPDX-License-Identifier: MIT
// Offsets and addresses of a model's variables.
#pragma once

#include <strata/backend/cpu/variables.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace strata::inline STRATA_ABI::cpu {

STRATA_INLINE variables::variables(const program_view& program) {
    const auto place = [](std::span<const variable> list, std::vector<std::int64_t>& offsets, std::vector<std::size_t>& sizes) {
        for (const variable& v : list) sizes.push_back(static_cast<std::size_t>(v.size()));
        return lay_out(list, [&offsets](std::int64_t at) { offsets.push_back(at); });
    };
    const std::int64_t parameter_bytes = place(program.parameters, parameter_offsets_, parameter_sizes_);
    const std::int64_t statistic_bytes = place(program.statistics, statistic_offsets_, statistic_sizes_);
    parameters_ = arena(parameter_bytes);
    gradients_ = arena(parameter_bytes);
    statistics_ = arena(statistic_bytes);
    for (const std::int64_t offset : parameter_offsets_) {
        addresses_.parameters.push_back(parameters_.floats(offset));
        addresses_.gradients.push_back(gradients_.floats(offset));
    }
    for (const std::int64_t offset : statistic_offsets_) addresses_.statistics.push_back(statistics_.floats(offset));
}

STRATA_INLINE void variables::make_slots(int count) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const std::int64_t bytes = static_cast<int>(i) < count ? parameters_.bytes() : 0;
        if (slots_[i].bytes() != bytes) slots_[i] = arena(bytes);
    }
}

STRATA_INLINE std::span<float> variables::at(state which, std::size_t index) const {
    const auto in = [index](const arena& a, const std::vector<std::int64_t>& offsets, const std::vector<std::size_t>& sizes) {
        return a.bytes() == 0 ? std::span<float>() : std::span<float>(a.floats(offsets[index]), sizes[index]);
    };
    switch (which) {
        case state::parameter: return in(parameters_, parameter_offsets_, parameter_sizes_);
        case state::gradient: return in(gradients_, parameter_offsets_, parameter_sizes_);
        case state::statistic: return in(statistics_, statistic_offsets_, statistic_sizes_);
        case state::slot0: return in(slots_[0], parameter_offsets_, parameter_sizes_);
        case state::slot1: return in(slots_[1], parameter_offsets_, parameter_sizes_);
    }
    return {};
}

STRATA_INLINE std::int64_t variables::bytes() const {
    return parameters_.bytes() + gradients_.bytes() + statistics_.bytes() + slots_[0].bytes() + slots_[1].bytes();
}

}  // namespace strata::inline STRATA_ABI::cpu
