// SPDX-License-Identifier: MIT
// Which algorithm computes which convolution: what was tuned comes first, then the rule for the rest, and nothing that does not fit.
#include <strata/backend/cpu/convolution_choice.hpp>

#include <doctest/doctest.h>

using namespace strata;
using namespace strata::cpu;

namespace {

constexpr extent same_of(int kernel, int stride = 1) { return {kernel, stride, (kernel - 1) / 2, kernel / 2}; }

convolution_case some_case() {
    return {.pass = convolution_pass::forward,
            .batch = 128,
            .in = {7, 7, 384},
            .filters = 256,
            .rows = same_of(3),
            .columns = same_of(3),
            .threads = 2,
            .width = vector_width::avx2};
}

}  // namespace

TEST_CASE("what was tuned is found for its case alone, and the last word counts") {
    convolution_choices choices = convolution_choices::direct_only();
    choices.set(some_case(), {7});
    choices.set(some_case(), {4});
    CHECK(choices.tuned.size() == 1);
    CHECK(choices.find(some_case()) == convolution_way{4});
    const auto other = [](auto change) {
        convolution_case c = some_case();
        change(c);
        return c;
    };
    for (const convolution_case& c :
         {other([](auto& x) { x.pass = convolution_pass::backward_data; }), other([](auto& x) { x.batch = 127; }),
          other([](auto& x) { x.in.height = 8; }), other([](auto& x) { x.filters = 255; }), other([](auto& x) { x.rows.before = 0; }),
          other([](auto& x) { x.threads = 1; }), other([](auto& x) { x.width = vector_width::avx512; })})
        CHECK(choices.find(c) == convolution_way{0});
}

TEST_CASE("Winograd is refused for strides, for windows that are not square, and for tiles that do not exist") {
    CHECK(fits(some_case(), {0}));
    for (const int tile : winograd_tiles(3)) CHECK(fits(some_case(), {tile}));
    CHECK_FALSE(fits(some_case(), {3}));
    CHECK_FALSE(fits(some_case(), {-1}));
    convolution_case c = some_case();
    c.rows = same_of(3, 2);
    CHECK_FALSE(fits(c, {4}));
    c.rows = same_of(5);
    CHECK_FALSE(fits(c, {4}));
    c.columns = same_of(5);
    CHECK(fits(c, {4}));
    c.rows = c.columns = same_of(7);
    CHECK_FALSE(fits(c, {4}));
    CHECK(fits(c, {0}));
    const convolution_choices forced{{}, convolution_way{4}};
    CHECK(forced.find(some_case()) == convolution_way{4});
    CHECK(forced.find(c) == convolution_way{0});
}

TEST_CASE("the words in files are read back, and no other") {
    for (const auto pass :
         {convolution_pass::forward, convolution_pass::backward_data, convolution_pass::backward_weights, convolution_pass::inference})
        CHECK(convolution_pass_named(name_of(pass)) == pass);
    for (const auto width : {vector_width::baseline, vector_width::avx2, vector_width::avx512})
        CHECK(vector_width_named(name_of(width)) == width);
    CHECK_FALSE(convolution_pass_named("backward").has_value());
    CHECK_FALSE(vector_width_named("AVX2").has_value());
}

TEST_CASE("a choice that nobody made is the shipped table's") {
    CHECK(convolution_choices{}.find(some_case()) == shipped_convolution_way(some_case()));
    CHECK(some_case().out() == shape{7, 7, 256});
}

TEST_CASE("one picture is worth Winograd where a predictor keeps the transformed weights, and they are not too many to be read") {
    convolution_case five = some_case();
    five.batch = 1;
    five.in = {15, 15, 96};
    five.rows = five.columns = same_of(5);
    CHECK(shipped_convolution_way(five) == convolution_way{4});  // the only tile with 16 of them in a picture
    five.pass = convolution_pass::inference;
    CHECK(shipped_convolution_way(five) == convolution_way{5});  // 81 x 96 x 256 floats
    CHECK(keeps_weights(five, {5}));
    CHECK_FALSE(keeps_weights(five, {0}));
    convolution_case three = some_case();
    three.pass = convolution_pass::inference;
    three.batch = 1;
    CHECK_FALSE(keeps_weights(three, {7}));  // 81 x 384 x 256 floats
    CHECK(shipped_convolution_way(three) == convolution_way{0});
}

TEST_CASE("inference goes the way that was tuned for forward, unless it has an entry of its own") {
    convolution_choices choices = convolution_choices::direct_only();
    convolution_case predicts = some_case();
    predicts.pass = convolution_pass::inference;
    CHECK(choices.find(predicts) == convolution_way{0});
    choices.set(some_case(), {6});
    CHECK(choices.find(predicts) == convolution_way{6});
    choices.set(predicts, {4});
    CHECK(choices.find(predicts) == convolution_way{4});
    CHECK(choices.find(some_case()) == convolution_way{6});
}
