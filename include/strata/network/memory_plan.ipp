// SPDX-License-Identifier: MIT
// The memory plan of a program that is known at run time.
#pragma once

#include <strata/network/memory_plan.hpp>

#include <vector>

namespace strata::inline STRATA_ABI {

STRATA_INLINE memory_plan plan_memory(const program_view& view, const plan_options& options) {
    const program source(view);
    const program runs = options.training ? training_program(source) : fused(source);
    std::vector<buffer> scratch(3 * runs.view().tensors.size());
    std::vector<lifetime> lifetimes(2 * runs.view().tensors.size());
    return detail::plan_memory(runs.view(), options, scratch, lifetimes);
}

}  // namespace strata::inline STRATA_ABI
