// SPDX-License-Identifier: MIT
// expect: network: this layer does not fit here; layer_at<position, layer, incoming shape, reason> says why
// expect: avg_pool2d<2, 0
// expect: stride_is_not_positive
#include <strata/layers/avg_pool2d.hpp>
#include <strata/network/network.hpp>

struct bad : strata::network<strata::shape{8, 8, 3}, strata::avg_pool2d<2, 0>> {};
