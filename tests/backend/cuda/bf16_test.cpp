// SPDX-License-Identifier: MIT
// A training step in bf16 on the virtual GPU against the oracle that rounds at the same places: what is stored has 8 bits, sums and
// gradients of variables are f32. An oracle that rounds nowhere is far away: the tolerance sees a rounding too many or too few.
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

// One value near a tie that sums of floats round the other way is enough for the upper bound; else the distance is 1e-7. A weight
// gradient in bf16 instead of f32, alone, is 1.6e-3.
void check(bool normalised, double near, double far) {
    const plain_order order;
    for (const std::uint64_t seed : {3u, 4u, 5u}) {
        reduced_step step(normalised, 6, seed);
        model m(step.program().view(), cuda::open(), {.precision = precision::bf16, .seed = step.seed()});
        step.run(m);
        const reduced_errors same = step.against({.stored = 7}), none = step.against({});
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

TEST_CASE("a step in bf16 rounds where its oracle rounds, and nowhere else") { check(false, 2e-4, 5e-2); }

TEST_CASE("a step in bf16 with batch norm rounds where its oracle rounds") { check(true, 1e-2, 5e-2); }
