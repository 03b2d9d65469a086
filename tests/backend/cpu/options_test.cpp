// SPDX-License-Identifier: MIT
// A user's own operation on the CPU: its kernels are given what open.hpp promises, and what they compute agrees with the oracle.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/check_step.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

// y[c] = attribute * w[c] * x[c]^2 over channels.
const custom_operation square{"square"};
void square_forward(const cpu::custom_forward& f) {
    for (std::size_t i = 0; i < f.src.size(); ++i) f.dst[i] = f.attribute * f.weight[i % f.weight.size()] * f.src[i] * f.src[i];
}
void square_backward(const cpu::custom_backward& b) {
    std::fill(b.grad_weight.begin(), b.grad_weight.end(), 0.0f);
    for (std::size_t i = 0; i < b.src.size(); ++i) {
        const std::size_t c = i % b.weight.size();
        if (!b.grad_src.empty()) b.grad_src[i] = b.grad_dst[i] * b.attribute * b.weight[c] * 2 * b.src[i];
        b.grad_weight[c] += b.grad_dst[i] * b.dst[i] / b.weight[c];  // reads what forward wrote
    }
}
custom_rule square_rule(float attribute) {
    return {&square,
            [=](const values& src, const values& w, values& dst) {
                for (std::size_t i = 0; i < src.size(); ++i) dst[i] = attribute * w[i % w.size()] * src[i] * src[i];
            },
            [=](const values& src, const values& w, const values& g, values& grad_src, values& grad_w) {
                for (std::size_t i = 0; i < src.size(); ++i) {
                    grad_src[i] += g[i] * attribute * w[i % w.size()] * 2 * src[i];
                    grad_w[i % w.size()] += g[i] * attribute * src[i] * src[i];
                }
            }};
}

tensor squared(program& p, tensor x) {
    return build::custom(
        p, x,
        {.operation = &square, .output = p.of(x), .parameter_size = p.of(x).channels, .initial = initial_value::ones, .attribute = 0.5f});
}

cpu::custom_forward seen_forward;
cpu::custom_backward seen_backward;
void look_forward(const cpu::custom_forward& f) {
    seen_forward = f;
    std::fill(f.dst.begin(), f.dst.end(), 0.25f);
}
void look_backward(const cpu::custom_backward& b) {
    seen_backward = b;
    std::fill(b.grad_src.begin(), b.grad_src.end(), 0.0f);
    std::fill(b.grad_weight.begin(), b.grad_weight.end(), 0.0f);
}

}  // namespace

TEST_CASE("a user's operation in the middle of a network and at its beginning agrees with the oracle") {
    for (const bool first : {false, true})
        for (const shape in : {shape{1, 1, 1}, shape{5, 4, 3}, shape{7, 3, 9}}) {
            program p(in);
            tensor x = p.input();
            if (!first) x = build::conv2d(p, x, {.filters = 4, .win = same(3)});
            x = build::relu(p, build::conv2d(p, squared(p, x), {.filters = 3, .win = same(3)}));
            build::dense(p, build::flatten(p, build::dropout(p, squared(p, x), 0.3f)), {.units = 3});
            reference_settings settings;
            settings.rules = {square_rule(0.5f)};
            const step_case c = step_case::draw(p.view(), 3, 0, 9, settings);
            model m(p.view(), cpu::open({.threads = 1, .kernels = {{&square, square_forward, square_backward}}}),
                    {.seed = c.settings.seed});
            check_step(m, c);
        }
}

TEST_CASE("kernels are given batch, shapes, attribute and canonical arrays; no gradient of the input where nobody needs it") {
    program p({2, 3, 4});
    const tensor x = build::custom(p, p.input(), {.operation = &square, .output = {1, 1, 5}, .parameter_size = 7, .attribute = 2.5f});
    build::dense(p, x, {.units = 2});
    model m(p.view(), cpu::open({.threads = 1, .kernels = {{&square, look_forward, look_backward}}}));
    m.executor().configure(sgd{.learning_rate = 0}, {});
    std::vector<float> pictures(2 * 24);
    for (std::size_t i = 0; i < pictures.size(); ++i) pictures[i] = static_cast<float>(i);
    const std::vector<std::int32_t> labels{0, 1};
    run_step(m.executor(), view_of({2, 3, 4}, 2, pictures, labels), 0);
    CHECK((seen_forward.batch == 2 && seen_forward.in == shape{2, 3, 4} && seen_forward.out == shape{1, 1, 5}));
    CHECK(seen_forward.attribute == 2.5f);
    CHECK((seen_forward.src.size() == 48 && seen_forward.dst.size() == 10 && seen_forward.weight.size() == 7));
    CHECK((seen_backward.src.size() == 48 && seen_backward.dst.size() == 10 && seen_backward.grad_dst.size() == 10));
    CHECK((seen_backward.grad_src.empty() && seen_backward.grad_weight.size() == 7));
}

TEST_CASE("an operation without a backward kernel predicts, and training it is refused, naming it") {
    program p({1, 1, 4});
    build::dense(p, squared(p, build::dense(p, p.input(), {.units = 3})), {.units = 2});
    model m(p.view(), cpu::open({.threads = 1, .kernels = {{&square, square_forward, nullptr}}}));
    const std::vector<float> pictures(4, 0.5f);
    const std::vector<std::int32_t> labels{0};
    const dataset_view data = view_of({1, 1, 4}, 2, pictures, labels);
    CHECK(predictor(m).probabilities(data).size() == 2);
    trainer t(m);
    CHECK(t.evaluate(data).rows == 1);
    try {
        t.train_step(data);
        FAIL("it did not throw");
    } catch (const unsupported& e) { CHECK(std::string(e.what()).find("square") != std::string::npos); }
}
