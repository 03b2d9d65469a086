// SPDX-License-Identifier: MIT
// expect: network: this layer does not fit here; layer_at<position, layer, incoming shape, reason> says why
// expect: layer_at<3
// expect: named<
// expect: input_is_not_flat
// expect: 8, 8, 3
// Layers are counted as they are written in reading order, through sequence, residual and named: relu, relu, add, dense.
#include <strata/layers/dense.hpp>
#include <strata/layers/named.hpp>
#include <strata/layers/relu.hpp>
#include <strata/layers/residual.hpp>
#include <strata/network/network.hpp>

struct bad : strata::network<strata::shape{8, 8, 3}, strata::sequence<strata::relu, strata::residual<strata::relu>>,
                             strata::named<"head", strata::sequence<strata::dense<2>, strata::dense<3>>>, strata::relu> {};
constexpr auto bytes = bad::planned_bytes({.batch = 1});
