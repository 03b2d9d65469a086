// SPDX-License-Identifier: MIT
// Layers one after the other, as one layer.
#pragma once

#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

template <typename... Layers>
struct sequence {
    static constexpr std::size_t operations = (0 + ... + Layers::operations);
    static constexpr tensor lower(auto& b, tensor x) {
        ((x = x.valid() ? Layers::lower(b, x) : x), ...);
        return x;
    }
};

}  // namespace strata::inline STRATA_ABI
