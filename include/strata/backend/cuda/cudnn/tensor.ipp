// SPDX-License-Identifier: MIT
// Words for tensors.
#pragma once

#include <strata/backend/cuda/cudnn/tensor.hpp>

namespace strata::inline STRATA_ABI::cudnn {

STRATA_INLINE const char* name_of(data_type type) {
    switch (type) {
        case data_type::f32: return "f32";
        case data_type::f64: return "f64";
        case data_type::f16: return "f16";
        case data_type::bf16: return "bf16";
        case data_type::i8: return "i8";
        case data_type::u8: return "u8";
        case data_type::i32: return "i32";
        case data_type::i64: return "i64";
        case data_type::boolean: return "boolean";
    }
    return "unknown type";
}

STRATA_INLINE std::string describe(const tensor& t) {
    // Dimensions from the widest stride to the narrowest; where strides are equal, cuDNN's order.
    constexpr std::array<std::size_t, 4> channels_last_order{0, 2, 3, 1}, plain_order{0, 1, 2, 3};
    const bool plain = t.strides[1] > t.strides[3];
    std::string text = "(";
    for (const std::size_t axis : plain ? plain_order : channels_last_order) text += std::to_string(t.dims[axis]) + ',';
    text.back() = ')';
    text += ' ';
    text += name_of(t.type);
    if (t.is_virtual) text += " virtual";
    return text;
}

}  // namespace strata::inline STRATA_ABI::cudnn
