// SPDX-License-Identifier: MIT
// expect: network: this layer does not fit here; layer_at<position, layer, incoming shape, reason> says why
// expect: conv2d<4
// expect: stride_is_not_positive
#include <strata/layers/conv2d.hpp>
#include <strata/network/network.hpp>

struct bad : strata::network<strata::shape{8, 8, 3}, strata::conv2d<4, strata::same(3, 0)>> {};
