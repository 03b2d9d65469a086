// SPDX-License-Identifier: MIT
// expect: network: this layer does not fit here; layer_at<position, layer, incoming shape, reason> says why
// expect: dense<-1
// expect: size_is_not_positive
#include <strata/layers/dense.hpp>
#include <strata/network/network.hpp>

struct bad : strata::network<strata::shape{1, 1, 3}, strata::dense<-1>> {};
