// SPDX-License-Identifier: MIT
// expect: network: this layer does not fit here; layer_at<position, layer, incoming shape, reason> says why
// expect: layer_at<1
// expect: dense<10
// expect: input_is_not_flat
// expect: 8, 8, 4
// The second of these layers gets a picture of (8, 8, 4).
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/relu.hpp>
#include <strata/network/network.hpp>

struct bad : strata::network<strata::shape{8, 8, 3}, strata::conv2d<4, strata::same(3)>, strata::dense<10>, strata::relu> {};
constexpr auto output = strata::view<bad>().output_shape();
