// SPDX-License-Identifier: MIT
// The decimal number that was meant by a float option. 1 - 0.999f is off by 1.3e-5 of its value, which Keras and PyTorch, who
// compute with doubles, are not.
#pragma once

#include <strata/core/config.hpp>

#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

// The shortest decimal below 1e9 that rounds to `value`, else the value itself: 0.999f -> 0.999, 1e-3f -> 0.001.
constexpr double decimal_of(float value) {
    const double exact = static_cast<double>(value);
    if (!(exact >= 0 && exact <= 1)) return exact;
    double power = 1;
    for (int digits = 0; digits <= 12; ++digits, power *= 10) {
        const double rounded = static_cast<double>(static_cast<std::int64_t>(exact * power + 0.5)) / power;
        if (static_cast<float>(rounded) == value) return rounded;
    }
    return exact;
}

}  // namespace strata::inline STRATA_ABI::kernels
