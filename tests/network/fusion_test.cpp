// SPDX-License-Identifier: MIT
// Fusion keeps what a program computes: loss, gradients of every parameter and of the input, and moving statistics, over random
// programs in the plain-loop oracle; and it fuses exactly where nobody else reads what lies between.
#include <strata/network/fusion.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>
#include <support/random_programs.hpp>
#include <support/reference.hpp>

using namespace strata;
using namespace testing;

namespace {

std::vector<op_kind> kinds_of(const program& p) {
    std::vector<op_kind> kinds;
    for (const operation& op : p.view().operations) kinds.push_back(op.kind);
    return kinds;
}
using kinds = std::vector<op_kind>;

}  // namespace

TEST_CASE("a fused program computes the same loss, gradients and statistics") {
    int shorter = 0, activated = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const program p = random_program(seed), f = training_program(p);
        const program_view a = p.view(), b = f.view();
        if (b.operations.size() < a.operations.size()) ++shorter;
        for (const operation& op : b.operations) activated += op.activated;
        const std::int64_t batch = seed % 4 == 0 ? 1 : 2;
        dice draw(seed);
        const reference_state state = random_state(a, seed);
        const values input = draw.values(batch * a.input_shape().size(), -1, 1);
        std::vector<std::int32_t> labels;
        for (std::int64_t n = 0; n < batch; ++n) labels.push_back(static_cast<std::int32_t>(n));
        const values targets = one_hot_of(labels, static_cast<int>(a.output_shape().size()));
        const reference_step x = step(a, state, input, targets, batch, 0.1, {.seed = seed}),
                             y = step(b, state, input, targets, batch, 0.1, {.seed = seed});
        INFO("seed " << seed);
        REQUIRE(x.loss.loss == doctest::Approx(y.loss.loss).epsilon(1e-12));
        REQUIRE(x.run.statistics == y.run.statistics);
        for (std::size_t i = 0; i < a.parameters.size(); ++i)
            REQUIRE(distance(y.gradients.parameters[i], x.gradients.parameters[i]) <= 1e-12 * (1 + norm(x.gradients.parameters[i])));
        REQUIRE(distance(y.gradients.tensors[0], x.gradients.tensors[0]) <= 1e-12);
    }
    CHECK(shorter > 100);  // the law was not tested on programs that stay as they are
    CHECK(activated > 100);
}

TEST_CASE("the program for prediction keeps its softmax and gives the same outputs") {
    int with_softmax = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const program p = random_program(seed), f = fused(p);
        const reference_state state = random_state(p.view(), seed);
        const values input = dice(seed).values(2 * p.view().input_shape().size(), -1, 1);
        reference_settings settings;
        settings.training = false;
        const reference_run x = forward(p.view(), state, input, 2, settings), y = forward(f.view(), state, input, 2, settings);
        REQUIRE(distance(y.tensors[index(f.view().output)], x.tensors[index(p.view().output)]) < 1e-12);
        with_softmax += f.view().operations.back().kind == op_kind::softmax;
    }
    CHECK(with_softmax > 10);
}

TEST_CASE("a rectifier becomes part of the convolution or dense layer before it, with its slope") {
    const program p = fused(made({4, 4, 2}, [](program& q, tensor x) {
        x = build::leaky_relu(q, build::conv2d(q, x, {.filters = 3, .win = same(3)}), 0.25f);
        build::relu(q, build::dense(q, build::flatten(q, x), {.units = 2}));
    }));
    CHECK(kinds_of(p) == kinds{op_kind::convolution, op_kind::reshape, op_kind::dense});
    const auto ops = p.view().operations;
    CHECK((ops[0].activated && ops[0].rate == 0.25f));
    CHECK((ops[2].activated && ops[2].rate == 0.0f));
    CHECK(p.view().output == ops[2].dst);
}

TEST_CASE("a rectifier and the max pooling after it change places, and then the rectifier stays on the pooled side") {
    const program p = fused(made({4, 6, 2}, [](program& q, tensor x) {
        x = build::conv2d(q, x, {.filters = 3, .win = same(3)});
        build::max_pool2d(q, build::relu(q, x), valid(2, 2));
    }));
    CHECK(kinds_of(p) == kinds{op_kind::convolution, op_kind::max_pool, op_kind::relu});
    const auto ops = p.view().operations;
    CHECK(p.view().shape_of(ops[0].dst) == shape{4, 6, 3});
    CHECK(p.view().shape_of(ops[1].dst) == shape{2, 3, 3});
    CHECK(p.view().shape_of(ops[2].dst) == shape{2, 3, 3});
    CHECK_FALSE(ops[0].activated);
    CHECK(p.view().output == ops[2].dst);
}

TEST_CASE("an average pooling does not commute with a rectifier and keeps its place") {
    const program p = fused(made({4, 4, 2}, [](program& q, tensor x) { build::avg_pool2d(q, build::relu(q, x), valid(2)); }));
    CHECK(kinds_of(p) == kinds{op_kind::relu, op_kind::avg_pool});
}

TEST_CASE("nothing is fused when somebody else reads what lies between") {
    const program residual = fused(made({4, 4, 2}, [](program& q, tensor x) {
        const tensor y = build::conv2d(q, x, {.filters = 2, .win = same(3)});
        build::add(q, y, build::relu(q, y));
    }));
    CHECK(kinds_of(residual) == kinds{op_kind::convolution, op_kind::relu, op_kind::add});
    const program pooled = fused(made({4, 4, 2}, [](program& q, tensor x) {
        const tensor y = build::relu(q, x);
        const tensor z = build::max_pool2d(q, y, same(3, 1));
        build::add(q, y, z);
    }));
    CHECK(kinds_of(pooled) == kinds{op_kind::relu, op_kind::max_pool, op_kind::add});
    program tapped({4, 4, 2});
    const tensor y = build::conv2d(tapped, tapped.input(), {.filters = 2, .win = same(3)});
    build::relu(tapped, y);
    tapped.set_output(y);  // the output is a reader
    CHECK(fused(tapped).view().operations.size() == 2);
}

TEST_CASE("two rectifiers in a row: one is fused, the other stays") {
    const program p = fused(made({4, 4, 2}, [](program& q, tensor x) {
        build::leaky_relu(q, build::relu(q, build::conv2d(q, x, {.filters = 2, .win = same(3)})), 0.5f);
    }));
    CHECK(kinds_of(p) == kinds{op_kind::convolution, op_kind::leaky_relu});
    CHECK(p.view().operations[0].rate == 0.0f);
}

TEST_CASE("a softmax is left out of training at the end alone") {
    const program p = training_program(made({1, 1, 4}, [](program& q, tensor x) {
        x = build::softmax(q, x);
        build::softmax(q, build::dense(q, x, {.units = 3}));
    }));
    CHECK(kinds_of(p) == kinds{op_kind::softmax, op_kind::dense});
    CHECK(p.view().output == p.view().operations[1].dst);
    const program empty = training_program(program({1, 1, 4}));
    CHECK(empty.view().operations.empty());
}
