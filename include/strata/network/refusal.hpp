// SPDX-License-Identifier: MIT
// Why a layer cannot take what comes in, and where that happened.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/shape.hpp>

namespace strata::inline STRATA_ABI {

enum class refusal : unsigned char {
    none,
    input_is_not_flat,
    window_does_not_fit,
    kernel_is_not_positive,
    stride_is_not_positive,
    padding_is_negative,
    size_is_not_positive,
    rate_is_not_in_0_to_1,
    epsilon_is_not_positive,
    shapes_to_add_differ,
    shape_is_too_large,
    not_a_tensor_of_this_program,
    operation_is_missing
};

// The reason as words of a sentence.
constexpr const char* words_of(refusal why) {
    switch (why) {
        case refusal::none: return "nothing is wrong";
        case refusal::input_is_not_flat: return "the input is not flat (put flatten or global_avg_pool2d before it)";
        case refusal::window_does_not_fit: return "the window does not fit into the padded input";
        case refusal::kernel_is_not_positive: return "the kernel size is not positive";
        case refusal::stride_is_not_positive: return "the stride is not positive";
        case refusal::padding_is_negative: return "the padding is negative";
        case refusal::size_is_not_positive: return "the number of filters, units or channels is not positive";
        case refusal::rate_is_not_in_0_to_1: return "the rate is not in [0, 1)";
        case refusal::epsilon_is_not_positive: return "the epsilon is not positive";
        case refusal::shapes_to_add_differ: return "the shapes to add differ";
        case refusal::shape_is_too_large: return "the shape has more than 2^31 values";
        case refusal::not_a_tensor_of_this_program: return "the input is not a tensor of this program";
        case refusal::operation_is_missing: return "no custom operation is given (set custom_options::operation)";
    }
    return "";
}

// The first refusal, with its place.
struct misfit {
    refusal why = refusal::none;
    int position = -1;  // of the layer, counted from 0 in reading order
    const char* kind = "";
    shape incoming{};
};

}  // namespace strata::inline STRATA_ABI
