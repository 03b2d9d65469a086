// SPDX-License-Identifier: MIT
// Whole random networks on the virtual GPU against the plain-loop oracle.
#include <strata/cuda.hpp>

#include <doctest/doctest.h>

#include <support/random_network_step.hpp>
#include <virtual_gpu/device.hpp>

using namespace strata;
using namespace testing;

TEST_CASE("a training step, an evaluation and a prediction of 60 random networks agree with the oracle") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed)
        check_random_network(seed, [](dice& draw) { return cuda::open({.capture = draw.chance(0.5)}); });
    CHECK(vgpu::misuse() == std::vector<std::string>{});
    CHECK(vgpu::live() == std::vector<std::string>{});
}
