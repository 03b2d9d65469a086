// SPDX-License-Identifier: MIT
// Whole random networks on the CPU against the plain-loop oracle.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/random_network_step.hpp>

using namespace strata;
using namespace testing;

TEST_CASE("a training step, an evaluation and a prediction of 250 random networks agree with the oracle") {
    const device one = cpu::open({.threads = 1}), two = cpu::open({.threads = 2});
    for (std::uint64_t seed = 1; seed <= 250; ++seed) check_random_network(seed, [&](dice& draw) { return draw.chance(0.9) ? one : two; });
}
