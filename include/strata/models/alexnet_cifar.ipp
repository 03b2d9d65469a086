// SPDX-License-Identifier: MIT
// The network of alexnet_cifar.hpp, written at run time.
#pragma once

#include <strata/models/alexnet_cifar.hpp>

#include <strata/core/error.hpp>
#include <strata/core/finite.hpp>

#include <algorithm>
#include <cmath>
#include <string>

namespace strata::inline STRATA_ABI {

STRATA_INLINE program alexnet_cifar_program(double width, int classes, shape input) {
    if (!(is_finite(width) && width > 0 && width <= 1000))
        throw invalid_input("width: " + std::to_string(width) + " is not above 0 and at most 1000; give 1.0, or 0.25");
    if (classes < 1) throw invalid_input("classes: there are " + std::to_string(classes) + "; give at least 1");
    const auto scaled = [width](int count) { return std::max(1, static_cast<int>(std::nearbyint(count * width))); };
    program p(input);
    tensor x = p.input();
    const auto convolution = [&](int filters, int kernel, bool pool) {
        x = build::conv2d(p, x, {.filters = scaled(filters), .win = same(kernel)});
        x = build::relu(p, x);
        if (pool) x = build::max_pool2d(p, x, valid(3, 2));
        x = build::batch_norm(p, x);
    };
    convolution(96, 3, true);
    convolution(256, 5, true);
    convolution(384, 3, false);
    convolution(384, 3, false);
    convolution(256, 3, true);
    x = build::flatten(p, x);
    for (const int units : {1024, 512}) {
        x = build::dense(p, x, {.units = scaled(units)});
        x = build::relu(p, x);
        x = build::dropout(p, x, 0.5f);
    }
    build::dense(p, x, {.units = classes});
    p.check();
    return p;
}

}  // namespace strata::inline STRATA_ABI
