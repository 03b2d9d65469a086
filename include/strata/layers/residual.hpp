// SPDX-License-Identifier: MIT
// x + f(x), where f is a sequence of layers that keeps the shape. Source: He et al., arXiv:1512.03385.
#pragma once

#include <strata/core/config.hpp>
#include <strata/layers/sequence.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

namespace build {

constexpr tensor add(auto& b, tensor x, tensor y) {
    b.layer("add");
    if (!b.readable(x) || !b.readable(y)) return {};
    if (b.of(x) != b.of(y)) return b.refuse(refusal::shapes_to_add_differ, y);
    return b.emit({.kind = op_kind::add, .src = {x.id, y.id}}, b.of(x));
}

}  // namespace build

template <typename... Layers>
struct residual {
    static constexpr std::size_t operations = 1 + sequence<Layers...>::operations;
    static constexpr tensor lower(auto& b, tensor x) {
        const tensor y = sequence<Layers...>::lower(b, x);
        return y.valid() ? build::add(b, x, y) : y;
    }
};

}  // namespace strata::inline STRATA_ABI
