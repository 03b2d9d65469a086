// SPDX-License-Identifier: MIT
// What an optimizer or a larger batch needs cannot be allocated: the model keeps its parameters, and trains with the optimizer and batch
// that it gets next, be it those it had.
#include <strata/cuda.hpp>

#include <doctest/doctest.h>

#include <strata/models/alexnet_cifar.hpp>
#include <support/device_step.hpp>
#include <support/random_pictures.hpp>
#include <virtual_gpu/device.hpp>

#include <vector>

using namespace strata;
using namespace testing;

TEST_CASE("an optimizer that does not fit leaves the model without one, until one fits") {
    const program p = alexnet_cifar_program(0.05);
    const random_pictures pictures({32, 32, 3}, 10, 4, 3);
    const auto trained = [&](model& m) {
        m.executor().configure(sgd{.momentum = 0.9f}, {});
        std::vector<float> velocity(static_cast<std::size_t>(p.view().parameters[0].size()), 1.0f);
        m.executor().read(state::slot0, 0, velocity);
        CHECK(velocity == std::vector<float>(velocity.size(), 0.0f));
        run_step(m.executor(), pictures.view(), 0.1f);
        return read_all(m.executor(), p.view(), state::parameter);
    };
    model undisturbed(p.view(), cuda::open());
    const auto initial = read_all(undisturbed.executor(), p.view(), state::parameter), expected = trained(undisturbed);
    for (const std::uint64_t nth : {1u, 2u}) {
        CAPTURE(nth);
        model m(p.view(), cuda::open());
        m.executor().configure(sgd{.momentum = 0.9f}, {});
        vgpu::fail("cudaMalloc", nth, cudaErrorMemoryAllocation);
        CHECK_THROWS_AS(m.executor().configure(adam{}, {}), error);
        vgpu::clear_faults();
        CHECK_THROWS_AS(run_step(m.executor(), pictures.view(), 0.1f), invalid_input);
        CHECK(read_all(m.executor(), p.view(), state::parameter) == initial);
        CHECK(trained(m) == expected);
    }
}

TEST_CASE("an epoch needs an optimizer") {
    const program p = alexnet_cifar_program(0.05);
    const random_pictures pictures({32, 32, 3}, 10, 4, 3);
    model m(p.view(), cuda::open());
    CHECK_THROWS_AS(run_step(m.executor(), pictures.view(), 0.1f), invalid_input);
    m.executor().configure(sgd{}, {});
    CHECK(run_step(m.executor(), pictures.view(), 0.1f).step == 1);
}

TEST_CASE("a batch that does not fit leaves the smaller one that was trained with as it was") {
    const program p = alexnet_cifar_program(0.05);
    const random_pictures few({32, 32, 3}, 10, 4, 3), many({32, 32, 3}, 10, 40, 4);
    const auto two_steps = [&](std::uint64_t failing) {
        model m(p.view(), cuda::open());
        m.executor().configure(sgd{}, {});
        run_step(m.executor(), few.view(), 0.1f);
        if (failing > 0) {
            vgpu::fail("cudaMalloc", failing, cudaErrorMemoryAllocation);
            CHECK_THROWS_AS(run_step(m.executor(), many.view(), 0.1f), error);
            vgpu::clear_faults();
        }
        run_step(m.executor(), few.view(), 0.1f);
        CHECK(m.steps() == 2);
        return read_all(m.executor(), p.view(), state::parameter);
    };
    const auto expected = two_steps(0);
    // Pictures, labels, the order of the rows, their results and batch norms' table, activations: what the larger batch allocates anew.
    for (std::uint64_t nth = 1; nth <= 6; ++nth) {
        CAPTURE(nth);
        CHECK(two_steps(nth) == expected);
    }
    CHECK(vgpu::misuse() == std::vector<std::string>{});
    CHECK(vgpu::live() == std::vector<std::string>{});
}
