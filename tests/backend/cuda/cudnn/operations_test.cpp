// SPDX-License-Identifier: MIT
#include <strata/backend/cuda/cudnn/operations.hpp>
#include <strata/core/error.hpp>

#include <doctest/doctest.h>

#include <string>

using namespace strata::cudnn;
using strata::invalid_input;

namespace {

constexpr auto f32 = data_type::f32;
constexpr tensor x = channels_last(0, f32, 8, 32, 32, 3), w = filter(1, f32, 96, 3, 3, 3), y = channels_last(2, f32, 8, 32, 32, 96);

static_assert(window::square(3, 2).output(32, 0) == 15 && window::square(5, 1, 2).output(7, 1) == 7 && window::square(9).output(7, 0) == 0);

std::string refusal_of(auto&& act) {
    try {
        operation_graph g;
        act(g);
    } catch (const invalid_input& e) { return e.what(); }
    return "nothing was refused";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("a graph tells its operations, one a line, in memory's order of dimensions") {
    operation_graph g;
    const tensor sum = as_virtual(channels_last(3, f32, 8, 32, 32, 96));
    g.convolution_forward(x, w, sum, window::square(3, 1, 1));
    g.add(sum, per_channel(4, f32, 96), y);
    CHECK(g.describe() ==
          "convolution_forward x(8,32,32,3) f32, w(96,3,3,3) f32 -> y(8,32,32,96) f32 virtual [3x3 stride 1x1 padding 1,1-1,1]\n"
          "add a(8,32,32,96) f32 virtual, b(1,1,1,96) f32 -> y(8,32,32,96) f32");
}

TEST_CASE("virtual tensors and scalars are not bound, all others are, once") {
    operation_graph g;
    const tensor sum = as_virtual(channels_last(3, f32, 8, 32, 32, 96));
    g.convolution_forward(x, w, sum, window::square(3, 1, 1));
    g.multiply(sum, g.scalar(0.5f), y);
    const auto bound = g.bound();
    REQUIRE(bound.size() == 3);
    CHECK(bound[0] == x);
    CHECK(bound[1] == w);
    CHECK(bound[2] == y);
    REQUIRE(g.scalars().size() == 1);
    CHECK(g.scalars()[0] == 0.5f);
    CHECK(contains(g.describe(), "b=0.5"));
}

TEST_CASE("batch norm's epsilon is a scalar of the graph") {
    operation_graph g;
    const tensor v = channels_last(1, f32, 8, 15, 15, 96), out = channels_last(2, f32, 8, 15, 15, 96);
    const auto c = [](std::int64_t id) { return per_channel(id, f32, 96); };
    g.batch_norm_training(v, c(3), c(4), out, c(5), c(6), 1e-3);
    CHECK(g.bound().size() == 6);
    REQUIRE(g.scalars().size() == 1);
    CHECK(g.scalars()[0] == 1e-3f);
}

TEST_CASE("the key tells graphs apart that differ in one number only") {
    const auto key = [](std::int64_t id, float slope, std::int64_t alignment) {
        operation_graph g;
        tensor in = channels_last(id, f32, 8, 15, 15, 96);
        in.alignment = alignment;
        g.relu(in, channels_last(2, f32, 8, 15, 15, 96), slope);
        return g.key();
    };
    CHECK(key(1, 0.1f, 16) == key(1, 0.1f, 16));
    CHECK(key(1, 0.1f, 16) != key(3, 0.1f, 16));
    CHECK(key(1, 0.1f, 16) != key(1, 0.10000001f, 16));
    CHECK(key(1, 0.1f, 16) != key(1, 0.1f, 4));
}

TEST_CASE("shapes that do not fit are refused with the operation and every tensor") {
    const std::string text = refusal_of([](operation_graph& g) { g.convolution_forward(x, w, y, window::square(3)); });
    CHECK(contains(text, "convolution_forward: the window gives 30 rows and not 32"));
    CHECK(contains(text, "x (8,32,32,3) f32, w (96,3,3,3) f32, y (8,32,32,96) f32"));
    CHECK(
        contains(refusal_of([](operation_graph& g) { g.convolution_forward(x, filter(1, f32, 96, 3, 3, 4), y, window::square(3, 1, 1)); }),
                 "the filter must be"));
    CHECK(contains(
        refusal_of([](operation_graph& g) { g.max_pool_forward(x, channels_last(2, f32, 8, 15, 15, 4), nullptr, window::square(3, 2)); }),
        "pooling keeps the channels"));
    CHECK(contains(refusal_of([](operation_graph& g) {
                       const tensor index = channels_last(5, f32, 8, 15, 15, 3);
                       g.max_pool_forward(x, channels_last(2, f32, 8, 15, 15, 3), &index, window::square(3, 2));
                   }),
                   "the index is i8"));
    CHECK(contains(refusal_of([](operation_graph& g) { g.add(y, per_channel(5, f32, 95), channels_last(6, f32, 8, 32, 32, 96)); }),
                   "b does not stretch to a and y"));
}

TEST_CASE("one id is one tensor, written once and not read before") {
    const tensor other = channels_last(2, f32, 8, 32, 32, 96);
    CHECK(contains(refusal_of([&](operation_graph& g) { g.relu(y, other); }), "read before it is written"));
    CHECK(contains(refusal_of([&](operation_graph& g) {
                       g.relu(y, channels_last(5, f32, 8, 32, 32, 96));
                       g.relu(y, channels_last(5, f32, 8, 32, 32, 96));
                   }),
                   "is written twice"));
    CHECK(contains(refusal_of([&](operation_graph& g) {
                       g.relu(x, channels_last(5, f32, 8, 32, 32, 3));
                       g.relu(with_type(x, data_type::bf16), channels_last(6, f32, 8, 32, 32, 3));
                   }),
                   "one id is one tensor"));
    CHECK(contains(refusal_of([&](operation_graph& g) { g.relu(as_virtual(x), channels_last(5, f32, 8, 32, 32, 3)); }),
                   "virtual and read before"));
}
