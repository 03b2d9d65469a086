// SPDX-License-Identifier: MIT
// Every operation on the CPU against the plain-loop oracle, over many shapes: odd sizes, one pixel, one channel, batch 1. Each is put
// between a convolution and a dense layer, so that gradients flow through it; fusion and layouts are what a user's network gets.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/check_step.hpp>

#include <string>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

const device& cpu_device() {
    static const device opened = cpu::open({.threads = 1});
    return opened;
}

struct tally {
    int compared = 0, refused = 0;
};

// f32 sums of some hundred products against doubles: errors are multiples of what device_step.hpp allows.
void check(const program& p, std::int64_t batch, std::uint64_t seed, const std::string& what, tally& count,
           conventions how = conventions::keras) {
    if (p.refused().why != refusal::none) {
        ++count.refused;
        return;
    }
    ++count.compared;
    reference_settings settings;
    settings.conventions = how;
    const step_case c = step_case::draw(p.view(), batch, 0, seed, settings);
    model m(p.view(), cpu_device(), {.conventions = how, .seed = c.settings.seed});
    const shape in = p.view().input_shape();
    INFO(what << " on (" << in.height << ", " << in.width << ", " << in.channels << "), batch " << batch);
    check_step(m, c);
}

template <typename Middle>
program around(shape in, Middle middle) {
    program p(in);
    tensor x = build::conv2d(p, p.input(), {.filters = in.channels, .win = valid(1)});
    x = build::flatten(p, middle(p, x));
    build::dense(p, x, {.units = 3});
    return p;
}

const std::vector<shape> shapes{{1, 1, 1}, {1, 1, 5}, {3, 1, 2}, {1, 6, 1}, {5, 4, 3}, {7, 7, 1}, {9, 8, 17}, {13, 5, 16}};
const std::vector<std::int64_t> batches{1, 2, 5};

template <typename Middle>
tally check_operation(const std::string& what, Middle middle, conventions how = conventions::keras) {
    tally count;
    std::uint64_t seed = 1;
    for (const shape in : shapes)
        for (const std::int64_t batch : batches) check(around(in, middle), batch, seed++, what, count, how);
    return count;
}

struct named_window {
    const char* name;
    window win;
};
const std::vector<named_window> windows{
    {"1x1", valid(1)},
    {"3x3 valid", valid(3)},
    {"3x3 same", same(3)},
    {"2x2 same", same(2)},
    {"3x3 same, stride 2", same(3, 2)},
    {"5x5 same, stride 3", same(5, 3)},
    {"3x3 padded by 1, stride 2", padded(3, 2, 1)},
    {"1x1, stride 2", valid(1, 2)},
    {"2x3, four paddings", {.height = 2, .width = 3, .stride_width = 2, .top = 1, .left = 2, .right = 1}}};

}  // namespace

TEST_CASE("convolutions agree with the oracle for every window, with bias and without") {
    for (const auto& [name, win] : windows)
        for (const bool use_bias : {true, false}) {
            const tally count = check_operation(
                std::string("conv2d ") + name + (use_bias ? "" : " without bias"),
                [&](program& p, tensor x) { return build::conv2d(p, x, {.filters = 4, .win = win, .use_bias = use_bias}); });
            CHECK(count.compared >= 9);
        }
}

TEST_CASE("convolutions of one filter and of a number of filters that fits no vector agree with the oracle") {
    for (const int filters : {1, 7, 16, 33})
        check_operation("conv2d of " + std::to_string(filters),
                        [&](program& p, tensor x) { return build::conv2d(p, x, {.filters = filters, .win = same(3)}); });
}

TEST_CASE("a convolution with a rectifier after it, plain or leaky, agrees with the oracle") {
    check_operation("conv2d, relu",
                    [](program& p, tensor x) { return build::relu(p, build::conv2d(p, x, {.filters = 4, .win = same(3)})); });
    check_operation("conv2d, leaky_relu",
                    [](program& p, tensor x) { return build::leaky_relu(p, build::conv2d(p, x, {.filters = 4, .win = same(3)}), 0.25f); });
    check_operation("conv2d, relu, max_pool2d", [](program& p, tensor x) {
        return build::max_pool2d(p, build::relu(p, build::conv2d(p, x, {.filters = 4, .win = same(3)})), same(3, 2));
    });
    check_operation("conv2d, leaky_relu, max_pool2d, batch_norm", [](program& p, tensor x) {
        x = build::leaky_relu(p, build::conv2d(p, x, {.filters = 4, .win = same(3)}), 0.25f);
        return build::batch_norm(p, build::max_pool2d(p, x, same(2, 2)));
    });
}

TEST_CASE("poolings agree with the oracle for every window") {
    for (const auto& [name, win] : windows) {
        check_operation(std::string("max_pool2d ") + name, [&](program& p, tensor x) { return build::max_pool2d(p, x, win); });
        check_operation(std::string("avg_pool2d ") + name, [&](program& p, tensor x) { return build::avg_pool2d(p, x, win); });
    }
    const tally count = check_operation("global_avg_pool2d", [](program& p, tensor x) { return build::global_avg_pool2d(p, x); });
    CHECK(count.refused == 0);
}

TEST_CASE("batch norm agrees with the oracle under both conventions, on pictures and on flat tensors, and with options of its own") {
    for (const conventions& how : {conventions::keras, conventions::torch}) {
        check_operation("batch_norm", [](program& p, tensor x) { return build::batch_norm(p, x); }, how);
        check_operation("flat batch_norm", [](program& p, tensor x) { return build::batch_norm(p, build::flatten(p, x)); }, how);
        const auto with = [](batch_norm_options options) {
            return [options](program& p, tensor x) { return build::batch_norm(p, x, options); };
        };
        check_operation("batch_norm with options", with({.momentum = 0.5f, .epsilon = 0.1f}), how);
        check_operation("batch_norm with momentum 0", with({.momentum = 0}), how);
    }
}

TEST_CASE("rectifiers that stand alone agree with the oracle") {
    check_operation("relu", [](program& p, tensor x) { return build::relu(p, build::batch_norm(p, x)); });
    check_operation("leaky_relu", [](program& p, tensor x) { return build::leaky_relu(p, build::batch_norm(p, x), 0.01f); });
    check_operation("relu on what is flat",
                    [](program& p, tensor x) { return build::relu(p, build::batch_norm(p, build::flatten(p, x))); });
}

TEST_CASE("dropout draws the documented mask, forward and backward, on pictures and on flat tensors") {
    for (const float rate : {0.0f, 0.1f, 0.5f, 0.9f}) {
        check_operation("dropout", [&](program& p, tensor x) { return build::dropout(p, x, rate); });
        check_operation("flat dropout after relu", [&](program& p, tensor x) {
            return build::dropout(p, build::relu(p, build::dense(p, build::flatten(p, x), {.units = 9})), rate);
        });
    }
}

TEST_CASE("dense layers agree with the oracle, with bias and without, with and without a rectifier") {
    for (const int units : {1, 2, 10, 33})
        for (const bool use_bias : {true, false}) {
            check_operation("dense", [&](program& p, tensor x) {
                return build::dense(p, build::flatten(p, x), {.units = units, .use_bias = use_bias});
            });
            check_operation("dense, relu", [&](program& p, tensor x) {
                return build::relu(p, build::dense(p, build::flatten(p, x), {.units = units, .use_bias = use_bias}));
            });
        }
}

TEST_CASE("additions agree with the oracle: residuals, a tensor added to itself, three readers of one tensor") {
    check_operation("x + relu(x)", [](program& p, tensor x) { return build::add(p, x, build::relu(p, x)); });
    check_operation("x + x", [](program& p, tensor x) { return build::add(p, x, x); });
    check_operation("a residual block", [](program& p, tensor x) {
        tensor y = build::relu(p, build::batch_norm(p, build::conv2d(p, x, {.filters = p.of(x).channels, .win = same(3)})));
        y = build::batch_norm(p, build::conv2d(p, y, {.filters = p.of(x).channels, .win = same(3)}));
        return build::relu(p, build::add(p, x, y));
    });
    check_operation("three readers", [](program& p, tensor x) {
        const tensor y = build::conv2d(p, x, {.filters = p.of(x).channels, .win = same(3)});
        const tensor z = build::add(p, build::relu(p, x), y);
        return build::add(p, x, z);
    });
    check_operation("a residual on what is flat", [](program& p, tensor x) {
        const tensor y = build::flatten(p, x);
        return build::add(p, y, build::dense(p, y, {.units = p.of(y).channels}));
    });
}

TEST_CASE("softmax in the middle of a network and at its end agrees with the oracle") {
    check_operation("softmax", [](program& p, tensor x) { return build::softmax(p, build::flatten(p, x)); });
    // Dropout may not write over what softmax's backward reads.
    check_operation("softmax, dropout",
                    [](program& p, tensor x) { return build::dropout(p, build::softmax(p, build::flatten(p, x)), 0.4f); });
    tally count;
    for (const std::int64_t batch : batches) {
        program p({4, 3, 2});
        tensor x = build::dense(p, build::flatten(p, p.input()), {.units = 5});
        build::softmax(p, x);
        check(p, batch, 7, "softmax at the end", count);
    }
}

TEST_CASE("a network whose first layer is not a convolution agrees with the oracle") {
    tally count;
    for (const shape in : shapes)
        for (const std::int64_t batch : batches) {
            program dense_first(in), norm_first(in), pool_first(in), add_first(in);
            build::dense(dense_first, build::flatten(dense_first, dense_first.input()), {.units = 3});
            tensor x = build::batch_norm(norm_first, norm_first.input());
            build::dense(norm_first, build::flatten(norm_first, x), {.units = 3});
            x = build::relu(pool_first, build::max_pool2d(pool_first, pool_first.input(), same(2, 2)));
            build::dense(pool_first, build::flatten(pool_first, x), {.units = 3});
            x = build::add(add_first, add_first.input(), build::relu(add_first, add_first.input()));
            build::dense(add_first, build::flatten(add_first, x), {.units = 3});
            check(dense_first, batch, 11, "dense first", count);
            check(norm_first, batch, 12, "batch_norm first", count);
            check(pool_first, batch, 13, "max_pool2d first", count);
            check(add_first, batch, 14, "add first", count);
        }
    CHECK(count.compared == 4 * 8 * 3);
}
