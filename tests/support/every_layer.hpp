// SPDX-License-Identifier: MIT
// One small network with every layer and every option that changes what a backend has to compute.
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

namespace testing {

inline strata::program every_layer() {
    using namespace strata;
    program p({32, 32, 3});
    tensor x = build::conv2d(p, p.input(), {.filters = 16, .win = same(3, 2), .use_bias = false});
    x = build::batch_norm(p, x);
    x = build::relu(p, x);
    x = build::conv2d(p, x, {.filters = 24, .win = padded(5, 1, 2)});
    x = build::leaky_relu(p, x, 0.1f);
    x = build::max_pool2d(p, x, same(3, 2));
    tensor y = build::relu(p, build::conv2d(p, x, {.filters = 24, .win = same(3)}));
    y = build::conv2d(p, y, {.filters = 24, .win = valid(1), .use_bias = false});
    x = build::add(p, x, y);
    x = build::relu(p, x);
    x = build::dropout(p, x, 0.25f);
    x = build::avg_pool2d(p, x, same(3, 2));
    x = build::conv2d(p, x, {.filters = 40, .win = {.height = 2, .width = 3, .stride_width = 2, .top = 1, .left = 2, .right = 1}});
    x = build::relu(p, x);
    x = build::max_pool2d(p, x, valid(2));
    x = build::batch_norm(p, x);
    x = build::global_avg_pool2d(p, x);
    x = build::flatten(p, x);
    x = build::leaky_relu(p, build::dense(p, x, {.units = 33}), 0.2f);
    x = build::relu(p, build::dense(p, x, {.units = 20, .use_bias = false}));
    x = build::relu(p, build::dense(p, x, {.units = 16}));
    x = build::dense(p, x, {.units = 10});
    build::softmax(p, x);
    p.check();
    return p;
}

}  // namespace testing
