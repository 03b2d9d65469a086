// SPDX-License-Identifier: MIT
// The memory plan as laws: buffers that live together never overlap, every offset is aligned, the arena is no larger than the sum and
// no smaller than what lives at once; the figures can be added up by hand; compile time and run time agree.
#include <strata/network/memory_plan.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>
#include <support/random_programs.hpp>

#include <algorithm>
#include <cstdint>
#include <ctime>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

std::int64_t most_alive_at_once(const std::vector<buffer>& buffers, int times) {
    std::int64_t most = 0;
    for (int t = 0; t <= times; ++t) {
        std::int64_t sum = 0;
        for (const buffer& b : buffers) sum += b.alive.exists() && b.alive.first <= t && t <= b.alive.last ? aligned(b.bytes) : 0;
        most = std::max(most, sum);
    }
    return most;
}

void check_placement(const std::vector<buffer>& buffers, std::int64_t arena, int times) {
    std::int64_t sum = 0;
    for (const buffer& a : buffers) {
        if (a.bytes == 0 || !a.alive.exists()) {
            REQUIRE(a.offset == -1);
            continue;
        }
        sum += aligned(a.bytes);
        REQUIRE(a.offset >= 0);
        REQUIRE(a.offset % alignment == 0);
        REQUIRE(a.offset + a.bytes <= arena);
        for (const buffer& b : buffers) {
            if (&a == &b || b.offset < 0 || !a.alive.meets(b.alive)) continue;
            REQUIRE((a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset));
        }
    }
    REQUIRE(arena <= sum);
    REQUIRE(arena >= most_alive_at_once(buffers, times));
}

struct small : network<shape{8, 8, 3}, conv2d<4, same(3)>, relu, max_pool2d<2>, batch_norm, residual<conv2d<4, same(3)>, relu>, flatten,
                       dense<16>, relu, dropout<0.5>, dense<10>, softmax> {};
// The plan is a compile-time value.
static_assert(small::planned_bytes({.batch = 1}) < 64 * 1024);
static_assert(small::planned_bytes({.batch = 64}) > small::planned_bytes({.batch = 32}));
static_assert(small::planned_bytes({.batch = 32, .optimizer = optimizer_kind::sgd}) < small::planned_bytes({.batch = 32}));
static_assert(small::planned_bytes({.batch = 32, .training = false}) < small::planned_bytes({.batch = 32}));

}  // namespace

TEST_CASE("random buffers are placed without overlap, at any mixture of sizes and lifetimes") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        dice draw(seed);
        std::vector<buffer> buffers(static_cast<std::size_t>(draw.between(0, 24)));
        for (buffer& b : buffers) {
            b.bytes = draw.chance(0.1) ? 0 : draw.between(1, draw.chance(0.5) ? 300 : 5000);
            const int first = draw.between(0, 20);
            if (!draw.chance(0.1)) b.alive = {first, first + draw.between(0, 8)};
        }
        check_placement(buffers, place(buffers), 30);
    }
}

TEST_CASE("buffers that never live together share their bytes") {
    std::vector<buffer> apart{{1000, {0, 1}}, {1000, {2, 3}}, {600, {4, 9}}}, together{{1000, {0, 2}}, {1000, {2, 3}}};
    CHECK(place(apart) == 1024);
    CHECK(place(together) == 2048);
}

TEST_CASE("placing a second time forgets the first") {
    std::vector<buffer> buffers{{1000, {0, 1}}, {500, {0, 1}}};
    const std::int64_t arena = place(buffers);
    CHECK(place(buffers) == arena);
}

TEST_CASE("the plan of random programs keeps what lives together apart") {
    for (std::uint64_t seed = 1; seed <= 200; ++seed)
        for (const bool training : {true, false}) {
            const program source = random_program(seed);
            const program p = training ? training_program(source) : fused(source);
            const std::size_t tensors = p.view().tensors.size();
            std::vector<buffer> scratch(3 * tensors);
            std::vector<lifetime> lifetimes(2 * tensors);
            const plan_options options{.batch = 3, .training = training};
            const memory_plan plan = detail::plan_memory(p.view(), options, scratch, lifetimes);
            INFO("seed " << seed);
            check_placement(scratch, plan.activations, 2 * static_cast<int>(p.view().operations.size()));
            REQUIRE(plan.activations == plan_memory(source.view(), options).activations);
        }
}

TEST_CASE("a program of 2,000 operations is planned well under a second of the processor's time") {
    program p({4, 4, 4});
    tensor x = p.input();
    for (int i = 0; i < 500; ++i) {
        const tensor y = build::relu(p, build::conv2d(p, x, {.filters = 4 + i % 7, .win = same(3)}));
        x = build::add(p, y, build::batch_norm(p, y));
    }
    p.check();
    REQUIRE(p.view().operations.size() == 2000);
    const std::clock_t began = std::clock();
    CHECK(plan_memory(p.view(), {.batch = 32}).activations > 0);
    CHECK(static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC < 2);  // about 0.05; sanitizers take their share
}

TEST_CASE("the plan at compile time is the plan at run time, for every option") {
    for (const int batch : {1, 7, 32})
        for (const precision precision : {precision::fp32, precision::bf16})
            for (const optimizer_kind kind : {optimizer_kind::adam, optimizer_kind::sgd, optimizer_kind::sgd_momentum})
                for (const bool training : {true, false}) {
                    const plan_options options{.batch = batch, .precision = precision, .optimizer = kind, .training = training};
                    CHECK(small::planned_bytes(options) == planned_bytes(view<small>(), options));
                }
}

TEST_CASE("the plan of two dense layers, added up by hand") {
    const program p = made({1, 1, 100}, [](program& q, tensor x) {
        x = build::dense(q, x, {.units = 200});
        build::dense(q, x, {.units = 10});
    });
    const memory_plan plan = plan_memory(p.view(), {.batch = 4});
    // Weights 100 x 200 and 200 x 10, biases 200 and 10; each rounded up to 256 bytes.
    CHECK(plan.parameters == 80128 + 1024 + 8192 + 256);  // 80000, 800, 8000, 40
    CHECK(plan.gradients == plan.parameters);
    CHECK(plan.optimizer == 2 * plan.parameters);
    CHECK(plan.statistics == 0);
    // Values 100, 200, 10 and gradients 200, 10, of 4 rows: 1600, 3200, 160, 3200, 160. The values stay for the weights' gradients; the
    // logits (times 1 to 2) and the gradient of the middle (3 to 4) do not meet.
    CHECK(plan.activations == 1792 + 3328 + 3328 + 256);
    CHECK(plan.total() == plan.parameters * 4 + plan.activations);
    const memory_plan inference = plan_memory(p.view(), {.batch = 4, .training = false});
    CHECK((inference.gradients == 0 && inference.optimizer == 0));
    CHECK(inference.activations == 3328 + 1792);  // one layer's input and output at a time
    CHECK(plan_memory(p.view(), {.batch = 4, .precision = precision::bf16}).parameters == plan.parameters + plan.parameters / 2);
}

TEST_CASE("slots_of counts what each optimizer keeps") {
    CHECK(slots_of(optimizer_kind::adam) == 2);
    CHECK(slots_of(optimizer_kind::sgd_momentum) == 1);
    CHECK(slots_of(optimizer_kind::sgd) == 0);
}
