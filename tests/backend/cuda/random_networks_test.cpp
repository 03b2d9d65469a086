// SPDX-License-Identifier: MIT
// Whole random networks on the virtual GPU against the plain-loop oracle: every layer and option in any order, under both conventions,
// with label smoothing, from a state and a step number that are random too.
#include <strata/cuda.hpp>

#include <doctest/doctest.h>

#include <support/device_step.hpp>
#include <support/programs.hpp>
#include <support/random_programs.hpp>
#include <virtual_gpu/device.hpp>

using namespace strata;
using namespace testing;

TEST_CASE("a training step, an evaluation and a prediction of 60 random networks agree with the oracle") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
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
        model m(p.view(), cuda::open({.capture = draw.chance(0.5)}), {.conventions = settings.conventions, .seed = c.settings.seed});
        m.executor().set_steps(settings.step);
        const step_errors e = compare_step(m, c);
        CHECK(e.loss < 1);
        CHECK(e.gradients < 1);
        CHECK(e.statistics < 1);
        CHECK(e.outputs < 1);
        CHECK(e.evaluation < 1);
        CHECK(e.correct);
        CHECK(e.kept);
        CHECK(e.accuracy);
        CHECK(m.steps() == settings.step + 1);
    }
    CHECK(vgpu::misuse() == std::vector<std::string>{});
    CHECK(vgpu::live() == std::vector<std::string>{});
}
