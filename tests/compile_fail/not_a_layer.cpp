// SPDX-License-Identifier: MIT
// expect: network: one of these is not a layer (it has no `operations` and `lower`)
#include <strata/layers/relu.hpp>
#include <strata/network/network.hpp>

struct bad : strata::network<strata::shape{8, 8, 3}, strata::relu, int> {};
