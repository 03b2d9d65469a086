// SPDX-License-Identifier: MIT
// The oracle is proven: its gradients agree with central differences of its loss, operation by operation over many shapes and over
// random networks; its forward pass agrees with examples that can be worked out by hand.
#include <doctest/doctest.h>

#include <support/gradient_check.hpp>
#include <support/programs.hpp>
#include <support/random_programs.hpp>
#include <support/reference.hpp>

#include <cmath>
#include <string>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

// The first seed whose values keep away from the kinks of rectifiers and maxima, and the report there.
gradient_report away_from_kinks(const program& p, std::int64_t batch, double smoothing, reference_settings settings) {
    gradient_report report;
    for (std::uint64_t seed = 1; seed <= 50 && report.margin < 1e-4; ++seed) {
        settings.seed = seed;
        report = check_gradients(p.view(), batch, smoothing, seed * 1000, settings);
    }
    return report;
}

// conv -> the operation -> flatten -> dense: gradients flow through the operation from and to a weighted sum.
template <typename Middle>
program around(shape in, Middle middle) {
    program p(in);
    tensor x = build::conv2d(p, p.input(), {.filters = in.channels, .win = valid(1)});
    x = middle(p, x);
    x = build::flatten(p, x);
    build::dense(p, x, {.units = 3});
    return p;
}

const std::vector<shape> odd_shapes{{1, 1, 1}, {1, 1, 3}, {3, 1, 2}, {1, 5, 1}, {5, 4, 3}, {7, 7, 2}};

template <typename Middle>
void check_operation(const char* name, Middle middle) {
    for (const shape in : odd_shapes)
        for (const std::int64_t batch : {1, 3}) {
            const program p = around(in, middle);
            if (p.refused().why != refusal::none) continue;
            const gradient_report report = away_from_kinks(p, batch, 0, {});
            INFO(name << " on (" << in.height << ", " << in.width << ", " << in.channels << "), batch " << batch);
            CHECK(report.margin > 0);
            CHECK(report.worst < 1e-6);
        }
}

}  // namespace

TEST_CASE("the oracle's gradients of every operation agree with central differences") {
    for (const window& w : {valid(1), valid(3), same(3), same(2), same(3, 2), same(5, 3), padded(3, 2, 1), padded(2, 1, 2),
                            window{.height = 3, .width = 1, .stride_height = 2, .top = 1, .right = 1}}) {
        check_operation("conv2d", [&](program& p, tensor x) { return build::conv2d(p, x, {.filters = 2, .win = w}); });
        check_operation("conv2d without bias",
                        [&](program& p, tensor x) { return build::conv2d(p, x, {.filters = 2, .win = w, .use_bias = false}); });
        check_operation("max_pool2d", [&](program& p, tensor x) { return build::max_pool2d(p, x, w); });
        check_operation("avg_pool2d", [&](program& p, tensor x) { return build::avg_pool2d(p, x, w); });
    }
    check_operation("global_avg_pool2d", [](program& p, tensor x) { return build::global_avg_pool2d(p, x); });
    check_operation("batch_norm", [](program& p, tensor x) { return build::batch_norm(p, x); });
    check_operation("relu", [](program& p, tensor x) { return build::relu(p, x); });
    check_operation("leaky_relu", [](program& p, tensor x) { return build::leaky_relu(p, x, 0.2f); });
    check_operation("dropout", [](program& p, tensor x) { return build::dropout(p, x, 0.4f); });
    check_operation("add", [](program& p, tensor x) { return build::add(p, x, build::relu(p, x)); });
    check_operation("add of one tensor to itself", [](program& p, tensor x) { return build::add(p, x, x); });
    check_operation("dense", [](program& p, tensor x) { return build::dense(p, build::flatten(p, x), {.units = 4}); });
    check_operation("softmax in the middle", [](program& p, tensor x) { return build::softmax(p, build::flatten(p, x)); });
}

TEST_CASE("the oracle's gradients of whole random networks agree with central differences, under both conventions") {
    int checked = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        const program p = random_program(seed);
        REQUIRE(message_of(p).empty());
        if (p.view().parameter_count() > 250) continue;  // two losses per value
        reference_settings settings;
        settings.conventions = seed % 2 == 0 ? conventions::keras : conventions::torch;
        const gradient_report report = away_from_kinks(p, seed % 3 == 0 ? 1 : 2, seed % 5 == 0 ? 0.1 : 0.0, settings);
        INFO("seed " << seed);
        CHECK(report.worst < 1e-5);
        ++checked;
    }
    CHECK(checked > 20);
}

TEST_CASE("the oracle's convolution, worked out by hand") {
    program p({3, 3, 1});
    build::conv2d(p, p.input(), {.filters = 1, .win = same(3, 2)});
    const reference_state state{{{1, 2, 3, 4, 5, 6, 7, 8, 9}, {100}}, {}};
    const values out = forward(p.view(), state, {1, 2, 3, 4, 5, 6, 7, 8, 9}, 1, {}).tensors[1];
    // 3x3 with stride 2 on 3: a row before and a row after. Top left meets the kernel's lower right part, and so on.
    const double top_left = 1 * 5 + 2 * 6 + 4 * 8 + 5 * 9, top_right = 2 * 4 + 3 * 5 + 5 * 7 + 6 * 8;
    const double bottom_left = 4 * 2 + 5 * 3 + 7 * 5 + 8 * 6, bottom_right = 5 * 1 + 6 * 2 + 8 * 4 + 9 * 5;
    CHECK(out == values{100 + top_left, 100 + top_right, 100 + bottom_left, 100 + bottom_right});
}

TEST_CASE("the oracle's poolings: the first of equal maxima gets the gradient, padding does not count in a mean") {
    program p({2, 2, 1});
    build::max_pool2d(p, p.input(), valid(2));
    const values picture{1, 3, 3, 3};
    const reference_run run = forward(p.view(), {}, picture, 1, {});
    CHECK(run.tensors[1] == values{3});
    CHECK(backward(p.view(), {}, run, 1, {5}, {}).tensors[0] == values{0, 5, 0, 0});

    program q({2, 2, 1});
    build::avg_pool2d(q, q.input(), same(3, 1));
    CHECK(forward(q.view(), {}, {1, 2, 3, 6}, 1, {}).tensors[1] == values{3, 3, 3, 3});
    program r({3, 1, 1});
    build::avg_pool2d(r, r.input(), {.height = 2, .width = 1, .stride_height = 2, .top = 1});
    CHECK(forward(r.view(), {}, {4, 6, 9}, 1, {}).tensors[1] == values{4, 7.5});
}

TEST_CASE("the oracle's batch norm moves the statistics as each convention says") {
    program p({1, 2, 1});
    build::batch_norm(p, p.input());
    const reference_state state{{{1}, {0}}, {{10}, {2}}};
    reference_settings keras, torch;
    torch.conventions = conventions::torch;
    const reference_run a = forward(p.view(), state, {1, 3}, 1, keras), b = forward(p.view(), state, {1, 3}, 1, torch);
    CHECK(a.statistics[0][0] == doctest::Approx(10 * 0.99 + 2 * 0.01));  // the batch: mean 2, variance 1
    CHECK(a.statistics[1][0] == doctest::Approx(2 * 0.99 + 1 * 0.01));
    CHECK(b.statistics[0][0] == doctest::Approx(10 * 0.9 + 2 * 0.1));
    CHECK(b.statistics[1][0] == doctest::Approx(2 * 0.9 + 2 * 0.1));  // unbiased: 2 / 1
    CHECK(a.tensors[1][1] == doctest::Approx(1 / std::sqrt(1 + 1e-3)));
    reference_settings inference;
    inference.training = false;
    const reference_run c = forward(p.view(), state, {1, 3}, 1, inference);
    CHECK(c.statistics == state.statistics);
    CHECK(c.tensors[1][0] == doctest::Approx((1 - 10) / std::sqrt(2 + 1e-3)));
}

TEST_CASE("the oracle's loss on two classes, worked out by hand") {
    const values logits{0, std::log(3.0)}, target{1, 0};
    const reference_loss plain = cross_entropy(1, logits, target, 0);
    CHECK(plain.loss == doctest::Approx(std::log(4.0)));
    CHECK(plain.gradient[0] == doctest::Approx(0.25 - 1));
    CHECK(plain.gradient[1] == doctest::Approx(0.75));
    CHECK(plain.correct == 0);
    const reference_loss smooth = cross_entropy(1, logits, target, 0.2);  // targets 0.9 and 0.1
    CHECK(smooth.loss == doctest::Approx(0.9 * std::log(4.0) + 0.1 * std::log(4.0 / 3)));
    CHECK(smooth.gradient[0] == doctest::Approx(0.25 - 0.9));
}

TEST_CASE("the oracle's dropout keeps about its rate, scales what it keeps, and does nothing in inference") {
    program p({10, 10, 10});
    build::dropout(p, p.input(), 0.25f);
    const values ones(1000, 1.0);
    const values out = forward(p.view(), {}, ones, 1, {}).tensors[1];
    int kept = 0;
    for (const double v : out) {
        REQUIRE((v == 0 || v == doctest::Approx(4.0 / 3)));
        kept += v != 0;
    }
    CHECK(std::abs(kept - 750) < 70);
    reference_settings inference, later;
    inference.training = false;
    later.step = 1;
    CHECK(forward(p.view(), {}, ones, 1, inference).tensors[1] == ones);
    CHECK(forward(p.view(), {}, ones, 1, later).tensors[1] != out);
}
