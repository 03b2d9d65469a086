// SPDX-License-Identifier: MIT
// expect: network: this layer does not fit here; layer_at<position, layer, incoming shape, reason> says why
// expect: layer_at<2
// expect: max_pool2d<5
// expect: window_does_not_fit
// expect: 3, 4, 3
#include <strata/layers/max_pool2d.hpp>
#include <strata/layers/relu.hpp>
#include <strata/network/network.hpp>

struct bad : strata::network<strata::shape{6, 8, 3}, strata::max_pool2d<2>, strata::relu, strata::max_pool2d<5>> {};
