// SPDX-License-Identifier: MIT
// One whole random network on a device against the plain-loop oracle: any layers and options in any order, under either convention, with
// label smoothing, from a state and a step number that are random too.
#pragma once

#include <doctest/doctest.h>
#include <support/check_step.hpp>
#include <support/programs.hpp>
#include <support/random_programs.hpp>

#include <cstdint>

namespace testing {

// device_of: strata::device(dice&), the device of this network.
template <typename DeviceOf>
void check_random_network(std::uint64_t seed, DeviceOf device_of) {
    using namespace strata;
    const program p = random_program(seed);
    REQUIRE(message_of(p).empty());
    dice draw(seed * 7919);
    const std::int64_t batch = draw.between(1, 4);
    reference_settings settings;
    settings.conventions = draw.chance(0.5) ? conventions::keras : conventions::torch;
    settings.step = static_cast<std::uint32_t>(draw.chance(0.5) ? 0 : draw.between(1, 1000000));
    const double smoothing = draw.chance(0.5) ? 0 : static_cast<double>(static_cast<float>(draw.uniform(0, 0.5)));
    const step_case c = step_case::draw(p.view(), batch, smoothing, seed, settings);
    INFO("seed " << seed << ", batch " << batch);
    model m(p.view(), device_of(draw), {.conventions = settings.conventions, .seed = c.settings.seed});
    m.executor().set_steps(settings.step);
    check_step(m, c);
    CHECK(m.steps() == settings.step + 1);
}

}  // namespace testing
