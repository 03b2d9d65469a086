// SPDX-License-Identifier: MIT
// expect: network: this layer does not fit here; layer_at<position, layer, incoming shape, reason> says why
// expect: residual<
// expect: shapes_to_add_differ
// expect: 8, 8, 4
// The addition is the layer at position 2; what it was to add to (8, 8, 3) is (8, 8, 4).
#include <strata/layers/conv2d.hpp>
#include <strata/layers/relu.hpp>
#include <strata/layers/residual.hpp>
#include <strata/network/network.hpp>

struct bad : strata::network<strata::shape{8, 8, 3}, strata::relu, strata::residual<strata::conv2d<4, strata::same(3)>>> {};
