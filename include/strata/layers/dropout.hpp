// SPDX-License-Identifier: MIT
// Inverted dropout: in training a value is dropped with probability `rate`, and kept values are divided by 1 - rate; in inference
// nothing changes. No mask is stored: the draw is Philox(seed, layer, step, index in (N, H, W, C)), made again in backward.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

namespace build {

constexpr tensor dropout(auto& b, tensor x, float rate) {
    b.layer("dropout");
    if (!b.readable(x)) return {};
    if (!(rate >= 0 && rate < 1)) return b.refuse(refusal::rate_is_not_in_0_to_1, x);
    return b.emit({.kind = op_kind::dropout, .src = {x.id, -1}, .rate = rate}, b.of(x));
}

}  // namespace build

template <double Rate>
struct dropout {
    static constexpr std::size_t operations = 1;
    static constexpr tensor lower(auto& b, tensor x) { return build::dropout(b, x, static_cast<float>(Rate)); }
};

}  // namespace strata::inline STRATA_ABI
