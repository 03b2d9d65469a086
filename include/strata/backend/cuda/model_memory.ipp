// SPDX-License-Identifier: MIT
// Arenas and addresses of a model's variables.
#pragma once

#include <strata/backend/cuda/model_memory.hpp>

#include <utility>

namespace strata::inline STRATA_ABI::cuda {

namespace detail {

STRATA_INLINE device_memory zeroed(std::int64_t bytes, const stream& on) {
    device_memory memory(bytes);
    if (bytes > 0) zero(memory.data(), bytes, on.get());
    return memory;
}

}  // namespace detail

STRATA_INLINE model_memory::model_memory(const program_view& program, precision of, const stream& on)
    : layout_(layout_of(program)),
      parameters_(detail::zeroed(layout_.parameter_bytes, on)),
      narrow_(detail::zeroed(of == precision::bf16 ? layout_.parameter_bytes / 2 : 0, on)),
      gradients_(detail::zeroed(layout_.parameter_bytes + layout_.batch_statistic_bytes, on)),
      statistics_(detail::zeroed(layout_.statistic_bytes, on)) {
    const std::int64_t inverse_deviations = inverse_deviation_count() * 4;
    fill(gradients_.data() + gradients_.bytes() - inverse_deviations, 0x3f, inverse_deviations, on.get());
    for (const variable& v : program.parameters) parameter_sizes_.push_back(static_cast<std::size_t>(v.size()));
    for (const variable& v : program.statistics) statistic_sizes_.push_back(static_cast<std::size_t>(v.size()));
}

STRATA_INLINE void model_memory::make_slots(int count, const stream& on) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        const std::int64_t bytes = static_cast<int>(i) < count ? layout_.parameter_bytes : 0;
        if (slots_[i].bytes() != bytes) slots_[i] = detail::zeroed(bytes, on);
    }
}

STRATA_INLINE std::size_t model_memory::size_of(state which, std::size_t index) const {
    const std::vector<std::size_t>& sizes = which == state::statistic ? statistic_sizes_ : parameter_sizes_;
    return index < sizes.size() ? sizes[index] : 0;
}

STRATA_INLINE float* model_memory::at(state which, std::size_t index) const {
    if (size_of(which, index) == 0) return nullptr;
    const auto in = [index](const device_memory& memory, const std::vector<std::int64_t>& offsets) {
        return memory.data() == nullptr ? nullptr : floats(memory) + offsets[index] / 4;
    };
    switch (which) {
        case state::parameter: return in(parameters_, layout_.parameters);
        case state::gradient: return in(gradients_, layout_.parameters);
        case state::statistic: return in(statistics_, layout_.statistics);
        case state::slot0: return in(slots_[0], layout_.parameters);
        case state::slot1: return in(slots_[1], layout_.parameters);
    }
    return nullptr;
}

STRATA_INLINE memory_map model_memory::map() const {
    memory_map map;
    const auto set = [&map](area which, const device_memory& memory) { map.bases[static_cast<std::size_t>(which)] = memory.data(); };
    set(area::parameters, parameters_);
    set(area::narrow_parameters, narrow_);
    set(area::gradients, gradients_);
    set(area::statistics, statistics_);
    map.bases[static_cast<std::size_t>(area::batch_statistics)] = gradients_.data() + layout_.parameter_bytes;
    return map;
}

STRATA_INLINE void model_memory::refresh_narrow(const kernel_library& library, const stream& on) const {
    if (narrow_.bytes() > 0) library.launch(on, kernels::narrow{parameters(), narrow_parameters()}, parameter_count());
}

STRATA_INLINE std::int64_t model_memory::bytes() const {
    return parameters_.bytes() + narrow_.bytes() + gradients_.bytes() + statistics_.bytes() + slots_[0].bytes() + slots_[1].bytes();
}

}  // namespace strata::inline STRATA_ABI::cuda
