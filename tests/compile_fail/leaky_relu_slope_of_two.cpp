// SPDX-License-Identifier: MIT
// expect: network: this layer does not fit here; layer_at<position, layer, incoming shape, reason> says why
// expect: leaky_relu<
// expect: rate_is_not_in_0_to_1
#include <strata/layers/leaky_relu.hpp>
#include <strata/network/network.hpp>

struct bad : strata::network<strata::shape{8, 8, 3}, strata::leaky_relu<2.0>> {};
