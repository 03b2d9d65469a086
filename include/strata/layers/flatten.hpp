// SPDX-License-Identifier: MIT
// Turns (H, W, C) into (H * W * C), in that order, as Keras does. No value moves.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

namespace build {

constexpr tensor flatten(auto& b, tensor x) {
    b.layer("flatten");
    if (!b.readable(x)) return {};
    return b.emit({.kind = op_kind::reshape, .src = {x.id, -1}}, {1, 1, static_cast<int>(b.of(x).size())});
}

}  // namespace build

struct flatten {
    static constexpr std::size_t operations = 1;
    static constexpr tensor lower(auto& b, tensor x) { return build::flatten(b, x); }
};

}  // namespace strata::inline STRATA_ABI
