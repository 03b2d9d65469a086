// SPDX-License-Identifier: MIT
// Average pooling: y[n, p, q, c] = mean of x over the window at (p, q);
// padded places do not count under both conventions, as in Keras (PyTorch counts them unless told otherwise).
// x (N, H, W, C), y (N, P, Q, C).
#pragma once

#include <strata/core/config.hpp>
#include <strata/layers/pool2d.hpp>
#include <strata/layers/window.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

namespace build {

constexpr tensor avg_pool2d(auto& b, tensor x, window win) { return pool2d(b, x, "avg_pool2d", op_kind::avg_pool, win); }

}  // namespace build

// avg_pool2d<3, 2>: 3x3, stride 2, no padding. The stride is the kernel's size unless given.
template <int Kernel, int Stride = Kernel, padding Padding = padding::valid>
struct avg_pool2d {
    static constexpr std::size_t operations = 1;
    static constexpr tensor lower(auto& b, tensor x) {
        return build::avg_pool2d(b, x, Padding == padding::same ? same(Kernel, Stride) : valid(Kernel, Stride));
    }
};

}  // namespace strata::inline STRATA_ABI
