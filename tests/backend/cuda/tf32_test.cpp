// SPDX-License-Identifier: MIT
// A training step in tf32 on the virtual GPU against the oracle that rounds at the same places: what convolutions and products read has 11
// bits, all else is f32. Against an oracle that rounds nowhere the same step is far away; and a step in fp32 is near that one.
#include <strata/cuda.hpp>

#include <doctest/doctest.h>

#include <support/reduced_step.hpp>
#include <virtual_gpu/cudnn/options.hpp>
#include <virtual_gpu/device.hpp>

using namespace strata;
using namespace testing;

namespace {

// Of equal maxima, which rounding makes, the first one is taken, as the oracle does.
struct plain_order {
    std::uint64_t before = vgpu::scrambled();
    plain_order() { vgpu::scramble(0); }
    ~plain_order() { vgpu::scramble(before); }
    plain_order(const plain_order&) = delete;
    plain_order& operator=(const plain_order&) = delete;
};

// Values near a tie, that sums of floats round the other way, make 2e-4; a dense layer's forward in fp32, alone, 4e-4 and 2e-5 of the loss.
// deterministic: cuDNN's first engine for gradients of f32 weights is nondeterministic and stays in fp32.
void check(bool normalised, double near, double far) {
    const plain_order order;
    for (const std::uint64_t seed : {3u, 4u, 5u}) {
        reduced_step step(normalised, 6, seed);
        model m(step.program().view(), cuda::open({.deterministic = true}), {.precision = precision::tf32, .seed = step.seed()});
        step.run(m);
        const reduced_errors same = step.against({.operands = 10}), none = step.against({});
        MESSAGE("gradients " << same.gradients << " (unrounded: " << none.gradients << "), statistics " << same.statistics << " ("
                             << none.statistics << "), loss " << same.loss << " (" << none.loss << ")");
        CHECK(same.gradients < near);
        CHECK(same.statistics < 1e-5);
        CHECK(same.loss < 1.5e-5);
        CHECK(none.gradients > far);
    }
    CHECK(vgpu::misuse() == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("a step in tf32 rounds where its oracle rounds, and nowhere else") { check(false, 2.5e-4, 1e-2); }

TEST_CASE("a step in tf32 with batch norm rounds where its oracle rounds") { check(true, 3e-4, 1e-2); }
