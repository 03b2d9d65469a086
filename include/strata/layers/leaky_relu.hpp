// SPDX-License-Identifier: MIT
// The leaky rectifier: y = x for x > 0, slope * x otherwise; 0 <= slope < 1. Any shape.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

namespace build {

constexpr tensor leaky_relu(auto& b, tensor x, float slope) {
    b.layer("leaky_relu");
    if (!b.readable(x)) return {};
    if (!(slope >= 0 && slope < 1)) return b.refuse(refusal::rate_is_not_in_0_to_1, x);
    return b.emit({.kind = op_kind::leaky_relu, .src = {x.id, -1}, .rate = slope}, b.of(x));
}

}  // namespace build

template <double Slope = 0.01>
struct leaky_relu {
    static constexpr std::size_t operations = 1;
    static constexpr tensor lower(auto& b, tensor x) { return build::leaky_relu(b, x, static_cast<float>(Slope)); }
};

}  // namespace strata::inline STRATA_ABI
