// SPDX-License-Identifier: MIT
// expect: network: one of these is not a layer (it has no `operations` and `lower`)
#include <strata/network/network.hpp>

struct unfinished {
    static constexpr std::size_t operations = 1;
};
struct bad : strata::network<strata::shape{8, 8, 3}, unfinished> {};
