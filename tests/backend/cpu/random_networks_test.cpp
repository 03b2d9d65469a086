// SPDX-License-Identifier: MIT
// Whole random networks on the CPU against the plain-loop oracle: every layer and option in any order, under both conventions, with
// label smoothing, from a state and a step number that are random too.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/check_step.hpp>
#include <support/programs.hpp>
#include <support/random_programs.hpp>

using namespace strata;
using namespace testing;

TEST_CASE("a training step, an evaluation and a prediction of 250 random networks agree with the oracle") {
    const device one = cpu::open({.threads = 1}), two = cpu::open({.threads = 2});
    for (std::uint64_t seed = 1; seed <= 250; ++seed) {
        const program p = random_program(seed);
        REQUIRE(message_of(p).empty());
        dice draw(seed * 7919);
        const std::int64_t batch = draw.between(1, 4);
        reference_settings settings;
        settings.conventions = draw.chance(0.5) ? conventions::keras : conventions::torch;
        settings.step = static_cast<std::uint32_t>(draw.chance(0.5) ? 0 : draw.between(1, 1000000));
        const double smoothing = draw.chance(0.5) ? 0 : static_cast<double>(static_cast<float>(draw.uniform(0, 0.5)));
        const step_case c = step_case::draw(p.view(), batch, smoothing, seed, settings);
        model m(p.view(), draw.chance(0.9) ? one : two, {.conventions = settings.conventions, .seed = c.settings.seed});
        m.executor().set_steps(settings.step);
        INFO("seed " << seed << ", batch " << batch);
        check_step(m, c);
        CHECK(m.steps() == settings.step + 1);
    }
}
