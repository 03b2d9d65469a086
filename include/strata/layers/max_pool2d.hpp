// SPDX-License-Identifier: MIT
// Max pooling: y[n, p, q, c] = max of x over the window at (p, q); padding never wins.
// The gradient goes to the first maximum of each window. x (N, H, W, C), y (N, P, Q, C).
#pragma once

#include <strata/core/config.hpp>
#include <strata/layers/pool2d.hpp>
#include <strata/layers/window.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

namespace build {

constexpr tensor max_pool2d(auto& b, tensor x, window win) { return pool2d(b, x, "max_pool2d", op_kind::max_pool, win); }

}  // namespace build

// max_pool2d<3, 2>: 3x3, stride 2, no padding. The stride is the kernel's size unless given.
template <int Kernel, int Stride = Kernel, padding Padding = padding::valid>
struct max_pool2d {
    static constexpr std::size_t operations = 1;
    static constexpr tensor lower(auto& b, tensor x) {
        return build::max_pool2d(b, x, Padding == padding::same ? same(Kernel, Stride) : valid(Kernel, Stride));
    }
};

}  // namespace strata::inline STRATA_ABI
