// SPDX-License-Identifier: MIT
// expect: network: this layer does not fit here; layer_at<position, layer, incoming shape, reason> says why
// expect: size_is_not_positive
// expect: 8, 8, 0
#include <strata/layers/relu.hpp>
#include <strata/network/network.hpp>

struct bad : strata::network<strata::shape{8, 8, 0}, strata::relu> {};
