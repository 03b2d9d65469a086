// SPDX-License-Identifier: MIT
// The rectifier: y = max(x, 0). Any shape.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

namespace build {

constexpr tensor relu(auto& b, tensor x) {
    b.layer("relu");
    if (!b.readable(x)) return {};
    return b.emit({.kind = op_kind::relu, .src = {x.id, -1}}, b.of(x));
}

}  // namespace build

struct relu {
    static constexpr std::size_t operations = 1;
    static constexpr tensor lower(auto& b, tensor x) { return build::relu(b, x); }
};

}  // namespace strata::inline STRATA_ABI
