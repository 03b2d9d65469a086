// SPDX-License-Identifier: MIT
// Lifetimes as laws, checked by playing a whole step over random programs: whatever forward, the loss or backward reads or writes is
// alive at that time, and nothing lives longer than its last use.
#include <strata/network/liveness.hpp>
#include <strata/network/fusion.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>
#include <support/random_programs.hpp>

#include <vector>

using namespace strata;
using namespace testing;

namespace {

std::vector<bool> needed_gradients(const program_view& p) {
    std::vector<bool> needed(p.tensors.size());
    find_gradients(p, needed);
    return needed;
}

// What a step really uses, written from what the operations need mathematically and not from saves_src and saves_dst.
struct uses {
    struct use {
        bool gradient;
        int tensor, time;
    };
    std::vector<use> all;

    uses(const program_view& p, bool training) {
        const int n = static_cast<int>(p.operations.size());
        const auto value = [&](int tensor, int time) { all.push_back({false, memory_of(p, tensor), time}); };
        const auto gradient = [&](int tensor, int time) { all.push_back({true, memory_of(p, tensor), time}); };
        const std::vector<bool> needed = needed_gradients(p);
        const auto needs_gradient = [&](int tensor) { return bool{needed[static_cast<std::size_t>(tensor)]}; };
        value(0, 0);
        for (int i = 0; i < n; ++i) {
            const operation& op = p.operations[static_cast<std::size_t>(i)];
            for (const int src : op.src) {
                if (src >= 0) value(src, i);
            }
            value(op.dst, i);
        }
        value(p.output, n);
        if (!training) return;
        if (needs_gradient(p.output)) gradient(p.output, n);
        for (int i = n - 1; i >= 0; --i) {
            const operation& op = p.operations[static_cast<std::size_t>(i)];
            const int time = 2 * n - i;
            if (!needs_gradient(op.dst)) continue;
            gradient(op.dst, time);
            for (const int src : op.src) {
                if (src >= 0 && needs_gradient(src)) gradient(src, time);
            }
            switch (op.kind) {
                case op_kind::convolution:
                case op_kind::dense:
                    value(op.src[0], time);  // the weight's gradient
                    if (op.activated) value(op.dst, time);
                    break;
                case op_kind::batch_norm: value(op.src[0], time); break;
                case op_kind::relu:
                case op_kind::leaky_relu:
                case op_kind::softmax: value(op.dst, time); break;
                default: break;  // pooling, dropout, addition and reshape read no value again
            }
        }
    }
};

}  // namespace

TEST_CASE("whatever a step reads or writes is alive, and nothing is alive longer than it is used") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed)
        for (const bool training : {true, false}) {
            const program source = random_program(seed);
            const program p = training ? training_program(source) : fused(source);
            const std::size_t tensors = p.view().tensors.size();
            std::vector<lifetime> values(tensors), gradients(tensors), used_values(tensors), used_gradients(tensors);
            find_lifetimes(p.view(), training, values, gradients);
            for (const auto& u : uses(p.view(), training).all)
                (u.gradient ? used_gradients : used_values)[static_cast<std::size_t>(u.tensor)].extend(u.time);
            INFO("seed " << seed << ", training " << training);
            for (std::size_t t = 0; t < tensors; ++t) {
                CAPTURE(t);
                REQUIRE(values[t].first == used_values[t].first);
                REQUIRE(values[t].last >= used_values[t].last);
                REQUIRE(gradients[t].first == used_gradients[t].first);
                REQUIRE(gradients[t].last == used_gradients[t].last);
                // A rectifier before any parameter is the one case that is kept without need.
                if (training && needed_gradients(p.view())[t]) REQUIRE(values[t].last == used_values[t].last);
                if (!training) REQUIRE(values[t].last == used_values[t].last);
            }
        }
}

TEST_CASE("two lifetimes meet when they share a time, and a tensor that never lives meets nothing") {
    CHECK(lifetime{0, 3}.meets({3, 5}));
    CHECK(lifetime{3, 5}.meets({0, 3}));
    CHECK(lifetime{0, 9}.meets({4, 4}));
    CHECK_FALSE(lifetime{0, 3}.meets({4, 5}));
    CHECK_FALSE(lifetime{}.meets({0, 100}));
    CHECK_FALSE(lifetime{0, 100}.meets({}));
    lifetime grown;
    grown.extend(5);
    grown.extend(2);
    grown.extend(4);
    CHECK((grown.first == 2 && grown.last == 5));
}

TEST_CASE("the input needs no gradient, nor does anything before the first parameter") {
    program p({4, 4, 2});
    const tensor a = build::relu(p, p.input());
    const tensor b = build::conv2d(p, a, {.filters = 2, .win = same(3)});
    const tensor c = build::add(p, a, b);
    CHECK(needed_gradients(p.view()) == std::vector<bool>{false, false, true, true});
    CHECK((a.id == 1 && b.id == 2 && c.id == 3));
}

TEST_CASE("a reshape is its input's memory, through several of them") {
    program p({4, 4, 2});
    const tensor a = build::relu(p, p.input());
    const tensor b = build::flatten(p, build::flatten(p, a));
    CHECK(memory_of(p.view(), b.id) == a.id);
    CHECK(memory_of(p.view(), a.id) == a.id);
}

TEST_CASE("max pooling and dropout keep neither input nor output for backward") {
    for (const op_kind kind : {op_kind::max_pool, op_kind::avg_pool, op_kind::dropout, op_kind::add, op_kind::reshape}) {
        CHECK_FALSE(saves_src({.kind = kind}));
        CHECK_FALSE(saves_dst({.kind = kind}));
    }
    CHECK(saves_src({.kind = op_kind::convolution, .weight = 0}));
    CHECK(saves_dst({.kind = op_kind::convolution, .weight = 0, .activated = true}));
    CHECK_FALSE(saves_dst({.kind = op_kind::convolution, .weight = 0}));
}

TEST_CASE("gradients and memory are found at once through 60 additions of a tensor to itself and 2000 reshapes") {
    program p({1, 1, 2});
    tensor x = build::dense(p, p.input(), {.units = 2});
    for (int i = 0; i < 60; ++i) x = build::add(p, x, x);
    const tensor last_sum = x;
    for (int i = 0; i < 2000; ++i) x = build::flatten(p, x);
    const std::size_t tensors = p.view().tensors.size();
    std::vector<lifetime> values(tensors), gradients(tensors);
    find_lifetimes(p.view(), true, values, gradients);
    CHECK(memory_of(p.view(), x.id) == last_sum.id);
    CHECK(needed_gradients(p.view())[static_cast<std::size_t>(x.id)]);
    const int n = static_cast<int>(p.view().operations.size());
    CHECK((gradients[static_cast<std::size_t>(last_sum.id)].first == n && gradients[1].last == 2 * n));
    CHECK_FALSE(gradients[0].exists());
}

TEST_CASE("additions of nothing that is trained need no gradient, and are found at once") {
    program p({1, 1, 2});
    tensor x = p.input();
    for (int i = 0; i < 60; ++i) x = build::add(p, x, x);
    CHECK_FALSE(needed_gradients(p.view())[60]);
}
