// SPDX-License-Identifier: MIT
// expect: named: the name must not be empty
#include <strata/layers/named.hpp>
#include <strata/layers/relu.hpp>
#include <strata/network/network.hpp>

struct bad : strata::network<strata::shape{8, 8, 3}, strata::named<"", strata::relu>> {};
