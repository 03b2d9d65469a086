// SPDX-License-Identifier: MIT
// The state of a model on the CPU: one arena each for parameters, gradients, statistics and the optimizer's slots. Every variable
// begins on a 256-byte boundary; the padding stays zero, so that an optimizer runs over whole arenas.
#pragma once

#include <strata/backend/cpu/arena.hpp>
#include <strata/backend/cpu/lowered_program.hpp>
#include <strata/backend/device.hpp>
#include <strata/core/config.hpp>
#include <strata/network/program.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace strata::inline STRATA_ABI::cpu {

class variables {
public:
    explicit variables(const program_view& program);

    // The optimizer's slots, zeroed unless there are as many already.
    void make_slots(int count);

    // Empty when the state does not exist (slots before an optimizer was configured).
    std::span<float> at(state which, std::size_t index) const;
    std::span<float> parameters() const { return all(parameters_); }
    std::span<float> gradients() const { return all(gradients_); }
    float* slot(std::size_t number) const { return slots_[number].floats(); }
    const variable_addresses& addresses() const { return addresses_; }
    std::int64_t bytes() const;

private:
    static std::span<float> all(const arena& a) { return {a.floats(), static_cast<std::size_t>(a.bytes()) / sizeof(float)}; }

    std::vector<std::int64_t> parameter_offsets_, statistic_offsets_;  // bytes
    std::vector<std::size_t> parameter_sizes_, statistic_sizes_;       // values
    arena parameters_, gradients_, statistics_;
    std::array<arena, 2> slots_;
    variable_addresses addresses_;
};

}  // namespace strata::inline STRATA_ABI::cpu

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/variables.ipp>
#endif
