// SPDX-License-Identifier: MIT
// expect: network: this layer does not fit here; layer_at<position, layer, incoming shape, reason> says why
// expect: layer_at<1
// expect: dropout<
// expect: 1.5
// expect: rate_is_not_in_0_to_1
#include <strata/layers/dropout.hpp>
#include <strata/layers/relu.hpp>
#include <strata/network/network.hpp>

struct bad : strata::network<strata::shape{1, 1, 8}, strata::relu, strata::dropout<1.5>> {};
