// SPDX-License-Identifier: MIT
// A training step in bf16 and in tf32 on the virtual GPU against the oracle that rounds at the same places. bf16: what is stored has 8
// bits, sums and gradients of variables are f32. tf32: what convolutions and products read has 11 bits, all else is f32. An oracle that
// rounds nowhere is far away: the tolerance sees a rounding too many or too few.
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

// `how` on `on`, against the oracle that rounds at `places`.
struct reduced {
    cuda::options on;
    precision how;
    rounding_places places;
};
// One value near a tie that sums of floats round the other way is enough for the upper bound; else the distance is 1e-7. A weight
// gradient in bf16 instead of f32, alone, is 1.6e-3.
const reduced bf16{{}, precision::bf16, {.stored = 7}};
// Values near a tie, that sums of floats round the other way, make 2e-4; a dense layer's forward in fp32, alone, 4e-4 and 2e-5 of the loss.
// deterministic: cuDNN's first engine for gradients of f32 weights is nondeterministic and stays in fp32.
const reduced tf32{{.deterministic = true}, precision::tf32, {.operands = 10}};

void check(const reduced& r, bool normalised, double near, double far) {
    const plain_order order;
    for (const std::uint64_t seed : {3u, 4u, 5u}) {
        reduced_step step(normalised, 6, seed);
        model m(step.program().view(), cuda::open(r.on), {.precision = r.how, .seed = step.seed()});
        step.run(m);
        const reduced_errors same = step.against(r.places), none = step.against({});
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

TEST_CASE("a step in bf16 rounds where its oracle rounds, and nowhere else") { check(bf16, false, 2e-4, 5e-2); }

TEST_CASE("a step in bf16 with batch norm rounds where its oracle rounds") { check(bf16, true, 1e-2, 5e-2); }

TEST_CASE("a step in tf32 rounds where its oracle rounds, and nowhere else") { check(tf32, false, 2.5e-4, 1e-2); }

TEST_CASE("a step in tf32 with batch norm rounds where its oracle rounds") { check(tf32, true, 3e-4, 1e-2); }

TEST_CASE("with batch norm in own kernels, where cuDNN has none, steps in bf16 and in tf32 round at the same places") {
    vgpu::refuse("batch_norm_training");
    vgpu::refuse("batch_norm_backward");
    check(bf16, true, 1e-2, 5e-2);
    check(tf32, true, 3e-4, 1e-2);
    vgpu::accept_all();
}
