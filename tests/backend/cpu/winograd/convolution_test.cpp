// SPDX-License-Identifier: MIT
// Winograd's three passes against the plain-loop oracle in double precision, over many shapes: odd pictures and paddings, channels that
// fill no vector, several groups of tiles and blocks of filters. Scratch is filled with NaN first: nothing is read that was not written.
#include <strata/backend/cpu/convolution_choice.hpp>
#include <strata/backend/cpu/parallel.hpp>
#include <strata/backend/cpu/winograd/convolution.hpp>
#include <strata/backend/cpu/winograd/lanes.hpp>

#include <doctest/doctest.h>

#include <support/random_values.hpp>
#include <support/reference_operations.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

using namespace strata;
using namespace strata::cpu;
using namespace strata::cpu::winograd;
using namespace testing;

namespace {

// Norm-relative, measured at 96 channels and rounded up by half; F(4, 3) is as near to double precision as oneDNN's own sums are.
double bound(int tile, int kernel) {
    const int n = tile + kernel - 1;
    return n == 6 ? 4e-6 : n == 8 ? 1e-5 : 2e-5;
}

struct arrays {
    std::vector<float> dst, grad_src, grad_weights, grad_bias;
    bool operator==(const arrays&) const = default;
};
struct inputs {
    std::vector<float> src, weights, bias, grad_dst;
};

problem same(std::int64_t batch, int size, int channels, int filters, int kernel, int tile) {
    return {.batch = batch,
            .height = size,
            .width = size,
            .channels = channels,
            .filters = filters,
            .kernel = kernel,
            .tile = tile,
            .top = (kernel - 1) / 2,
            .left = (kernel - 1) / 2,
            .out_height = size,
            .out_width = size};
}

inputs draw_inputs(const problem& p, std::uint64_t seed) {
    dice draw(seed);
    const std::int64_t out = p.batch * p.out_height * p.out_width * p.filters;
    return {to_floats(draw.values(p.batch * p.height * p.width * p.channels, -1, 1)),
            to_floats(draw.values(std::int64_t{p.filters} * p.kernel * p.kernel * p.channels, -1, 1)),
            to_floats(draw.values(p.filters, -1, 1)), to_floats(draw.values(out, -1, 1))};
}

arrays run(const problem& p, const inputs& in, float slope = -1) {
    const data_pass forward = data_pass::forward(p), backward = data_pass::backward(p);
    const weights_pass by_weights(p);
    const auto scratch = [](std::int64_t bytes) { return std::vector<float>(static_cast<std::size_t>(bytes) / sizeof(float), NAN); };
    arrays out{std::vector<float>(in.grad_dst.size()), std::vector<float>(in.src.size()), std::vector<float>(in.weights.size()),
               std::vector<float>(in.bias.size())};
    forward.run(in.src.data(), in.weights.data(), in.bias.data(), slope, out.dst.data(), scratch(forward.scratch_bytes()).data());
    backward.run(in.grad_dst.data(), in.weights.data(), nullptr, -1, out.grad_src.data(), scratch(backward.scratch_bytes()).data());
    by_weights.run(in.src.data(), in.grad_dst.data(), out.grad_weights.data(), out.grad_bias.data(),
                   scratch(by_weights.scratch_bytes()).data());
    return out;
}

void check(const problem& p, std::uint64_t seed, float slope = -1) {
    INFO("F(" << p.tile << ", " << p.kernel << "), batch " << p.batch << ", (" << p.height << ", " << p.width << ", " << p.channels
              << ") -> (" << p.out_height << ", " << p.out_width << ", " << p.filters << "), padded by " << p.top << ", " << p.left);
    const inputs in = draw_inputs(p, seed);
    const arrays found = run(p, in, slope);
    operation op{};
    op.kind = op_kind::convolution;
    op.rows = {p.kernel, 1, p.top, p.out_height - 1 + p.kernel - p.height - p.top};
    op.columns = {p.kernel, 1, p.left, p.out_width - 1 + p.kernel - p.width - p.left};
    const shape from{p.height, p.width, p.channels}, to{p.out_height, p.out_width, p.filters};
    const values src = to_doubles(in.src), weights = to_doubles(in.weights), bias = to_doubles(in.bias), grad = to_doubles(in.grad_dst);
    values dst(grad.size()), grad_src(src.size()), grad_weights(weights.size()), grad_bias(bias.size());
    convolution_forward(op, from, to, p.batch, src, weights, &bias, dst);
    convolution_backward(op, from, to, p.batch, src, weights, grad, grad_src, grad_weights, &grad_bias);
    if (slope >= 0)
        for (double& y : dst) y = std::max(y, static_cast<double>(slope) * y);
    const double most = bound(p.tile, p.kernel);
    CHECK(relative_error(found.dst, dst) < most);
    CHECK(relative_error(found.grad_src, grad_src) < most);
    CHECK(relative_error(found.grad_weights, grad_weights) < most);
    CHECK(relative_error(found.grad_bias, grad_bias) < 2e-6);
}

template <typename Body>
void for_each_tile(Body body) {
    if (!available()) return;
    for (const int kernel : {3, 5})
        for (const int tile : winograd_tiles(kernel)) body(tile, kernel);
}

}  // namespace

TEST_CASE("each tile of the list exists, and no other") {
    for (const int kernel : {1, 2, 3, 4, 5, 6, 7})
        for (int tile = 1; tile < 10; ++tile) {
            const auto tiles = winograd_tiles(kernel);
            CHECK((transforms_of(tile, kernel) != nullptr) == (std::find(tiles.begin(), tiles.end(), tile) != tiles.end()));
        }
}

TEST_CASE("the three passes of many random shapes are the oracle's, within each tile's bound") {
    for_each_tile([](int tile, int kernel) {
        dice draw(static_cast<std::uint64_t>(tile * 10 + kernel));
        for (std::uint64_t turn = 0; turn < 25; ++turn) {
            problem p = same(draw.between(1, 3), 1, draw.between(1, 21), draw.between(1, 21), kernel, tile);
            p.height = draw.between(1, 12);
            p.width = draw.between(1, 12);
            p.top = draw.between(0, kernel + 1);
            p.left = draw.between(0, kernel + 1);
            p.out_height = std::max(1, p.height + p.top + draw.between(0, kernel) - kernel + 1);
            p.out_width = std::max(1, p.width + p.left + draw.between(0, kernel) - kernel + 1);
            check(p, turn, draw.chance(0.5) ? -1.0f : draw.chance(0.5) ? 0.0f : 0.25f);
        }
    });
}

TEST_CASE("with as many channels as real layers have, errors stay within the bounds") {
    for_each_tile([](int tile, int kernel) { check(same(2, 15, 96, 40, kernel, tile), 7); });
}

TEST_CASE("several groups of tiles and several blocks of filters give what one would") {
    if (!available()) return;
    problem p = same(3, 30, 200, 200, 3, 7);  // 75 tiles, 25 panels of each kind
    const weights_pass by_weights(p);
    CHECK(by_weights.scratch_bytes() < std::int64_t{81} * 4 * (75 * 400 + 200 * 200));  // not all of it at once
    check(p, 3);
}

TEST_CASE("weights that are transformed before give the bits that forward gives") {
    for_each_tile([](int tile, int kernel) {
        const problem p = same(3, 11, 20, 90, kernel, tile);
        const inputs in = draw_inputs(p, 11);
        const data_pass pass = data_pass::inference(p);
        const auto nans = [](std::int64_t bytes) { return std::vector<float>(static_cast<std::size_t>(bytes) / sizeof(float), NAN); };
        std::vector<float> weights = nans(pass.transformed_bytes()), scratch = nans(pass.scratch_bytes()), dst(in.grad_dst.size());
        pass.transform_weights(in.weights.data(), weights.data());
        CHECK(pass.scratch_bytes() < data_pass::forward(p).scratch_bytes());
        for (int turn = 0; turn < 2; ++turn) {
            pass.run(in.src.data(), weights.data(), in.bias.data(), 0, dst.data(), scratch.data());
            CHECK(dst == run(p, in, 0).dst);
        }
    });
}

TEST_CASE("the bits do not depend on the number of threads") {
    for_each_tile([](int tile, int kernel) {
        const problem p = same(3, 13, 20, 28, kernel, tile);
        const inputs in = draw_inputs(p, 1);
        const auto with = [&](int threads) {
            const thread_scope scope(threads);
            return run(p, in);
        };
        const arrays one = with(1);
        CHECK(one == with(2));
        CHECK(one == with(3));
    });
}

TEST_CASE("scratch does not grow with the batch once groups are full") {
    if (!available()) return;
    for (const auto& [kernel, tile, size, channels, filters] : {std::array{5, 5, 15, 96, 256}, std::array{3, 7, 7, 384, 384}}) {
        const problem small = same(256, size, channels, filters, kernel, tile), large = same(2048, size, channels, filters, kernel, tile);
        const auto bytes = [](const problem& p) {
            return std::max(
                {data_pass::forward(p).scratch_bytes(), data_pass::backward(p).scratch_bytes(), weights_pass(p).scratch_bytes()});
        };
        CHECK(bytes(large) <= bytes(small) * 5 / 4);
        CHECK(bytes(large) < 64 << 20);
    }
}

TEST_CASE("what is not finite in a picture shows in its outputs") {
    if (!available()) return;
    const problem p = same(1, 7, 8, 8, 3, 7);
    inputs in = draw_inputs(p, 5);
    in.src[100] = NAN;
    const arrays found = run(p, in, 0);
    CHECK(std::any_of(found.dst.begin(), found.dst.end(), [](float y) { return std::isnan(y); }));
}
