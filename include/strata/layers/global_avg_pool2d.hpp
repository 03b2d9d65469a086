// SPDX-License-Identifier: MIT
// The mean of each channel over the whole picture; the result is flat. x (N, H, W, C), y (N, C).
#pragma once

#include <strata/core/config.hpp>
#include <strata/layers/pool2d.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

namespace build {

constexpr tensor global_avg_pool2d(auto& b, tensor x) {
    const shape in = b.has(x) ? b.of(x) : shape{};
    return pool2d(b, x, "global_avg_pool2d", op_kind::avg_pool, {.height = in.height, .width = in.width});
}

}  // namespace build

struct global_avg_pool2d {
    static constexpr std::size_t operations = 1;
    static constexpr tensor lower(auto& b, tensor x) { return build::global_avg_pool2d(b, x); }
};

}  // namespace strata::inline STRATA_ABI
