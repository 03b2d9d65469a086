// SPDX-License-Identifier: MIT
// The builder: refusals keep the first reason and its place, names are numbered as in Keras, a copy of a program owns its names.
#include <strata/network/builder.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>
#include <support/random_programs.hpp>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>

using namespace strata;
using namespace testing;

namespace {

// Compile time and run time are one builder.
constexpr auto at_compile_time = [] {
    static_program<4> p({4, 4, 2});
    build::dense(p, build::flatten(p, build::relu(p, p.input())), {.units = 3});
    return p;
}();
static_assert(at_compile_time.refused().why == refusal::none && at_compile_time.view().output_shape() == shape{1, 1, 3});
constexpr auto refused_at_compile_time = [] {
    static_program<4> p({4, 4, 2});
    build::relu(p, build::dense(p, build::relu(p, p.input()), {.units = 3}));
    return p;
}();
static_assert(refused_at_compile_time.refused().why == refusal::input_is_not_flat && refused_at_compile_time.refused().position == 1);

}  // namespace

TEST_CASE("a program at compile time is the program at run time") {
    program p({4, 4, 2});
    build::dense(p, build::flatten(p, build::relu(p, p.input())), {.units = 3});
    CHECK(same_program(p.view(), at_compile_time.view()));
}

TEST_CASE("after a refusal nothing more is written, and the first reason stays with its place") {
    program p({4, 4, 2});
    tensor x = build::conv2d(p, p.input(), {.filters = 3, .win = valid(2)});
    x = build::conv2d(p, x, {.filters = 3, .win = valid(9)});
    CHECK_FALSE(x.valid());
    x = build::dropout(p, x, 7);  // would be refused itself
    build::relu(p, p.input());    // would fit
    CHECK(p.view().operations.size() == 1);
    CHECK(p.refused().why == refusal::window_does_not_fit);
    CHECK(p.refused().position == 1);
    CHECK(p.refused().kind == std::string_view("conv2d"));
    CHECK(p.refused().incoming == shape{3, 3, 3});
}

TEST_CASE("check() says position, layer, incoming shape and reason in one sentence") {
    program p({4, 5, 2});
    build::dense(p, build::relu(p, p.input()), {.units = 3});
    CHECK(message_of(p) ==
          "network: layer 1 (dense) cannot take (4, 5, 2): the input is not flat (put flatten or global_avg_pool2d before it)");
    CHECK_THROWS_AS(p.check(), invalid_input);
}

TEST_CASE("check() refuses a program without a layer, and one whose input is no picture") {
    CHECK(message_of(program({4, 5, 2})) == "network: it has no layer");
    program p({4, 0, 2});
    build::relu(p, p.input());
    CHECK(message_of(p) == "network: its input is (4, 0, 2); height, width and channels must be positive");
    program q({65536, 65536, 65536});
    build::relu(q, q.input());
    CHECK(message_of(q).find("its input is (65536, 65536, 65536)") != std::string::npos);
}

TEST_CASE("every reason has words of its own") {
    for (int a = 0; a <= static_cast<int>(refusal::operation_is_missing); ++a) {
        CHECK(std::strlen(words_of(static_cast<refusal>(a))) > 10);
        for (int b = 0; b < a; ++b) CHECK(std::string_view(words_of(static_cast<refusal>(a))) != words_of(static_cast<refusal>(b)));
    }
}

TEST_CASE("a tensor of another program is refused") {
    program p({4, 4, 2});
    build::relu(p, tensor{1});
    CHECK(p.refused().why == refusal::not_a_tensor_of_this_program);
    program q({4, 4, 2});
    build::add(q, q.input(), tensor{7});
    CHECK(q.refused().why == refusal::not_a_tensor_of_this_program);
    CHECK(message_of(q) == "network: layer 0 (add) cannot take (1, 1, 1): the input is not a tensor of this program");
}

TEST_CASE("a shape of 2^31 values or more is refused, also where the product leaves 64 bits") {
    program p({30000, 30000, 2});
    build::conv2d(p, p.input(), {.filters = 3, .win = valid(1)});
    CHECK(p.refused().why == refusal::shape_is_too_large);
    program q({46340, 46340, 1});  // 2^31 - 88,047 values
    build::relu(q, q.input());
    CHECK(q.refused().why == refusal::none);
    program r({32768, 32768, 1});
    build::conv2d(r, r.input(), {.filters = 0x7fffffff, .win = valid(1)});
    CHECK(r.refused().why == refusal::shape_is_too_large);
}

TEST_CASE("layers without a name are numbered by kind from the second on; variables carry their layer's name") {
    program p({4, 4, 2});
    tensor x = build::conv2d(p, p.input(), {.filters = 2, .win = same(3)});
    x = build::batch_norm(p, x);
    p.name_next("middle");
    x = build::conv2d(p, x, {.filters = 2, .win = same(3)});
    x = build::conv2d(p, x, {.filters = 2, .win = same(3)});
    build::batch_norm(p, x);
    const program_view v = p.view();
    std::string names;
    for (int i = 0; i < static_cast<int>(v.layers.size()); ++i) names += layer_name(v, i) + " ";
    CHECK(names == "conv2d batch_norm middle conv2d_1 batch_norm_1 ");
    CHECK(variable_name(v, v.parameters[0]) == "conv2d.weight");
    CHECK(variable_name(v, v.parameters[4]) == "middle.weight");
    CHECK(variable_name(v, v.parameters[7]) == "conv2d_1.bias");
    CHECK(variable_name(v, v.statistics[3]) == "batch_norm_1.moving_variance");
    CHECK(describe(v, v.operations[3]) == "conv2d_1 #3 (4, 4, 2)");
}

TEST_CASE("check() refuses two layers of one name that own variables, given or counted") {
    const auto two = [](const char* first, const char* second, bool dense) {
        program p({1, 1, 4});
        tensor x = p.input();
        for (const char* name : {first, second}) {
            p.name_next(name);
            x = dense ? build::dense(p, x, {.units = 4}) : build::relu(p, x);
        }
        return p;
    };
    CHECK(message_of(two("a", "a", true)) == "network: two layers are called \"a\"; give each a name of its own");
    CHECK(message_of(two("", "dense", true)) == "network: two layers are called \"dense\"; give each a name of its own");
    CHECK_NOTHROW(two("a", "b", true).check());
    CHECK_NOTHROW(two("", "", true).check());
    CHECK_NOTHROW(two("a", "a", false).check());  // they own nothing that a name has to find
}

TEST_CASE("a copy of a view owns its names and outlives what it was copied from") {
    auto source = std::make_unique<program>(shape{4, 4, 2});
    auto name = std::make_unique<std::string>("a name that is too long to live inside the string itself");
    source->name_next(source->keep(*name));
    build::batch_norm(*source, build::relu(*source, source->input()));
    const program copy(source->view());
    const program copy_of_copy = copy;
    CHECK(same_program(copy.view(), source->view()));
    CHECK(copy.view().layers[0].name != source->view().layers[0].name);  // the pointers, not the text
    CHECK(copy.view().layers[0].kind != source->view().layers[0].kind);
    CHECK(copy.view().statistics[0].role != source->view().statistics[0].role);
    source.reset();
    const std::string was = *name;
    name.reset();
    CHECK(layer_name(copy.view(), 0) == was);
    CHECK(variable_name(copy_of_copy.view(), copy_of_copy.view().statistics[1]) == "batch_norm.moving_variance");
}

TEST_CASE("keep gives one address for one name") {
    program p({1, 1, 1});
    const char* first = p.keep("head");
    CHECK(p.keep(std::string("he") + "ad") == first);
    CHECK(p.keep("other") != first);
    CHECK(std::string_view(first) == "head");
}

TEST_CASE("copying random programs through their views changes nothing") {
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        const program p = random_program(seed);
        REQUIRE(same_program(program(p.view()).view(), p.view()));
    }
}
