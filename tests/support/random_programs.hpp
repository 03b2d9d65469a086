// SPDX-License-Identifier: MIT
// Small random networks over every layer and option, each a pure function of its seed.
#pragma once

#include <strata/layers/avg_pool2d.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/global_avg_pool2d.hpp>
#include <strata/layers/leaky_relu.hpp>
#include <strata/layers/max_pool2d.hpp>
#include <strata/layers/relu.hpp>
#include <strata/layers/residual.hpp>
#include <strata/layers/softmax.hpp>
#include <strata/network/builder.hpp>
#include <support/random_values.hpp>

#include <algorithm>
#include <cstdint>

namespace testing {

// A window that fits: valid, same, padded on all sides alike, or with four paddings and two strides of its own.
inline strata::window random_window(dice& draw, strata::shape in, bool pooling) {
    strata::window w;
    w.height = draw.between(1, std::min(in.height + 1, 4));
    w.width = draw.between(1, std::min(in.width + 1, 4));
    w.stride_height = draw.between(1, 3);
    w.stride_width = draw.between(1, 3);
    const auto pad = [&](int kernel) { return draw.between(0, pooling ? kernel - 1 : 2); };
    switch (draw.between(0, 3)) {
        case 0: w.same = true; break;
        case 1:
            w.height = std::min(w.height, in.height);
            w.width = std::min(w.width, in.width);
            break;
        default:
            w.top = pad(w.height);
            w.bottom = pad(w.height);
            w.left = pad(w.width);
            w.right = pad(w.width);
            w.height = std::min(w.height, in.height + w.top + w.bottom);
            w.width = std::min(w.width, in.width + w.left + w.right);
            if (pooling) {  // the kernel may have become smaller than what is padded
                w.top = std::min(w.top, w.height - 1);
                w.bottom = std::min(w.bottom, w.height - 1);
                w.left = std::min(w.left, w.width - 1);
                w.right = std::min(w.right, w.width - 1);
                w.height = std::min(w.height, in.height + w.top + w.bottom);
                w.width = std::min(w.width, in.width + w.left + w.right);
            }
    }
    return w;
}

inline strata::tensor random_picture_layer(dice& draw, strata::program& p, strata::tensor x) {
    using namespace strata;
    switch (draw.between(0, 10)) {
        case 0:
        case 1:
        case 2:
            return build::conv2d(p, x,
                                 {.filters = draw.between(1, 5), .win = random_window(draw, p.of(x), false), .use_bias = draw.chance(0.7)});
        case 3:
        case 4: return build::relu(p, x);
        case 5: return build::leaky_relu(p, x, draw.chance(0.5) ? 0.25f : 0.01f);
        case 6: return build::max_pool2d(p, x, random_window(draw, p.of(x), true));
        case 7: return build::avg_pool2d(p, x, random_window(draw, p.of(x), true));
        case 8:
            return build::batch_norm(p, x,
                                     draw.chance(0.5) ? batch_norm_options{} : batch_norm_options{.momentum = 0.75f, .epsilon = 0.01f});
        case 9: return build::dropout(p, x, draw.chance(0.5) ? 0.5f : 0.2f);
        default: {  // a residual of one or two layers
            tensor y = build::conv2d(p, x, {.filters = p.of(x).channels, .win = same(draw.between(1, 3)), .use_bias = draw.chance(0.5)});
            if (draw.chance(0.5)) y = build::relu(p, y);
            return draw.chance(0.5) ? build::add(p, x, y) : build::add(p, y, x);
        }
    }
}

inline strata::tensor random_flat_layer(dice& draw, strata::program& p, strata::tensor x) {
    using namespace strata;
    switch (draw.between(0, 4)) {
        case 0: return build::relu(p, x);
        case 1: return build::batch_norm(p, x);
        case 2: return build::dropout(p, x, 0.3f);
        default: return build::dense(p, x, {.units = draw.between(1, 7), .use_bias = draw.chance(0.7)});
    }
}

// Between one and six layers on pictures, up to three on what is flat, and a dense layer of 2 to 6 classes; some end in softmax.
inline strata::program random_program(std::uint64_t seed) {
    using namespace strata;
    dice draw(seed);
    program p({draw.between(1, 9), draw.between(1, 9), draw.between(1, 4)});
    tensor x = p.input();
    for (int left = draw.between(1, 6); left > 0; --left) x = random_picture_layer(draw, p, x);
    x = draw.chance(0.7) ? build::flatten(p, x) : build::global_avg_pool2d(p, x);
    for (int left = draw.between(0, 3); left > 0; --left) x = random_flat_layer(draw, p, x);
    x = build::dense(p, x, {.units = draw.between(2, 6)});
    if (draw.chance(0.3)) x = build::softmax(p, x);
    return p;
}

}  // namespace testing
