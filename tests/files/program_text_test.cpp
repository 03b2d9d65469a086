// SPDX-License-Identifier: MIT
// A program survives being text; text that is not one is refused by its line.
#include <strata/files/program_text.hpp>

#include <strata/core/error.hpp>
#include <strata/layers/avg_pool2d.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/custom.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/global_avg_pool2d.hpp>
#include <strata/layers/leaky_relu.hpp>
#include <strata/layers/max_pool2d.hpp>
#include <strata/layers/named.hpp>
#include <strata/layers/relu.hpp>
#include <strata/layers/residual.hpp>
#include <strata/layers/softmax.hpp>
#include <strata/models/alexnet_cifar.hpp>
#include <strata/network/fusion.hpp>
#include <strata/network/network.hpp>

#include <doctest/doctest.h>

#include <support/scratch_folder.hpp>

namespace {

constexpr strata::custom_operation swish{"swish"};
constexpr const strata::custom_operation* known[] = {&swish};

strata::program every_layer() {
    namespace build = strata::build;
    strata::program p({33, 30, 3});
    strata::tensor x = p.input();
    x = build::conv2d(p, x, {.filters = 8, .win = strata::same(3, 2)});  // pads unevenly
    x = build::leaky_relu(p, x, 0.01f);
    x = build::max_pool2d(p, x, strata::valid(3, 2));
    x = build::batch_norm(p, x);
    p.name_next("a \"quoted\" name \xC3\xA9\nwith a line");
    strata::tensor y = build::conv2d(p, x, {.filters = 8, .win = {.height = 3, .width = 1, .top = 1, .bottom = 1}, .use_bias = false});
    y = build::batch_norm(p, y, {.momentum = 0.9f, .epsilon = 1e-5f});
    x = build::add(p, x, y);
    x = build::relu(p, x);
    x = build::avg_pool2d(p, x, strata::same(2));
    x = build::dropout(p, x, 0.3f);
    x = build::custom(
        p, x, {.operation = &swish, .output = p.of(x), .parameter_size = 8, .initial = strata::initial_value::ones, .attribute = 0.25f});
    x = build::global_avg_pool2d(p, x);
    x = build::flatten(p, x);
    p.name_next("head");
    x = build::dense(p, x, {.units = 10, .use_bias = false});
    build::softmax(p, x);
    p.check();
    return p;
}

std::string refusal(const std::string& text) {
    return test::thrown_by<strata::invalid_input>([&] { strata::parse_program(text, "model"); });
}
std::string with(const std::string& layers, const std::string& output = "%1") {
    return "strata program 1\ninput 8 8 3\n" + layers + "output " + output + "\n";
}

}  // namespace

TEST_CASE("every kind of layer survives being text") {
    const strata::program p = every_layer();
    const std::string text = strata::program_text(p.view());
    const strata::program q = strata::parse_program(text, "model", known);
    CHECK(strata::program_text(q.view()) == text);
    CHECK(q.view().operations.size() == p.view().operations.size());
    CHECK(q.view().parameter_count() == p.view().parameter_count());
    CHECK(strata::layer_name(q.view(), 4) == "a \"quoted\" name \xC3\xA9\nwith a line");
    CHECK(q.view().operations[0].rows == p.view().operations[0].rows);
    CHECK(q.view().operations[5].epsilon == 1e-5f);
    CHECK(q.view().operations[3].epsilon == strata::unset);
    CHECK(q.view().operations[10].custom == &swish);
    CHECK(q.view().operations[10].rate == 0.25f);
}

TEST_CASE("the form is the documented one, line by line") {
    strata::program p({8, 8, 3});
    strata::tensor x = strata::build::conv2d(p, p.input(), {.filters = 4, .win = strata::same(3)});
    x = strata::build::flatten(p, x);
    p.name_next("head");
    strata::build::dense(p, x, {.units = 10});
    CHECK(strata::program_text(p.view()) ==
          "strata program 1\n"
          "input 8 8 3\n"
          "%1 = conv2d %0 filters=4 kernel=3x3 stride=1x1 padding=1,1,1,1 bias=on\n"
          "%2 = flatten %1\n"
          "%3 = dense %2 units=10 bias=on name=\"head\"\n"
          "output %3\n");
}

TEST_CASE("AlexNet as a type and as read from its text are the same network") {
    const std::string text = strata::program_text(strata::view<strata::alexnet_cifar>());
    const strata::program read = strata::parse_program(text, "model");
    CHECK(read.view().parameter_count() == 6'607'946);
    CHECK(strata::program_text(strata::alexnet_cifar_program().view()) == text);
}

TEST_CASE("a fused program is refused: a file holds what the user wrote") {
    const auto fused = strata::training_program(strata::alexnet_cifar_program(0.1));
    CHECK(
        test::has(test::thrown_by<strata::invalid_input>([&] { (void)strata::program_text(fused.view()); }), "cannot be written as text"));
}

TEST_CASE("a layer record with two operations is refused") {
    strata::program p({4, 4, 2});
    p.layer("pair");
    const strata::tensor x = p.emit({.kind = strata::op_kind::relu, .src = {0, -1}}, {4, 4, 2});
    p.emit({.kind = strata::op_kind::relu, .src = {x.id, -1}}, {4, 4, 2});
    CHECK_THROWS_AS((void)strata::program_text(p.view()), strata::invalid_input);
}

TEST_CASE("a custom operation that nobody gives is refused by its name") {
    const std::string text = strata::program_text(every_layer().view());
    CHECK(test::has(refusal(text), "the custom operation \"swish\", which is not built in: give it when loading"));
}

TEST_CASE("text that is not a program is refused by its line") {
    CHECK(refusal(with("%1 = relu %0\n")).empty());
    CHECK(test::has(refusal(""), "model: the program's line 1: the text ends"));
    CHECK(test::has(refusal("strata program 2\n"), "'strata program 1' is expected"));
    CHECK(test::has(refusal("strata program 1\ninput 8 8\n"), "line 2: ' ' is expected"));
    CHECK(test::has(refusal("strata program 1\ninput 0 8 3\n"), "line 2: the input has no values"));
    CHECK(test::has(refusal("strata program 1\ninput 1048576 1048576 1048576\n"), "more than 2^31"));
    CHECK(test::has(refusal("strata program 1\ninput 8 8 3 3\n"), "more text"));
    CHECK(test::has(refusal("strata program 1\ninput 8 8 3\n"), "line 3: the text ends without an output"));
    CHECK(test::has(refusal(with("", "%0")), "there is no layer"));
    CHECK(test::has(refusal(with("%2 = relu %0\n")), "'%1 = ' is expected"));
    CHECK(test::has(refusal(with("%1 = relu %1\n")), "%1 is not made before it is read"));
    CHECK(test::has(refusal(with("%1 = relu %-1\n")), "a number from 0"));
    CHECK(test::has(refusal(with("%1 = lrn %0\n")), "'lrn' is not a layer"));
    CHECK(test::has(refusal(with("%1 = relu %0 rate=1\n")), "' rate=1' is not an option of relu"));
    CHECK(test::has(refusal(with("%1 = relu %0 name=\"a\n")), "a text in quotes"));
    CHECK(test::has(refusal(with("%1 = relu %0 name=\"a\"b\n")), "after the name"));
    CHECK(test::has(refusal(with("%1 = relu %0 name=\"\\u0000\"\n")), "zero byte"));
    CHECK(test::has(refusal(with("%1 = relu %0\n", "%2")), "%2 is not made"));
    CHECK(test::has(refusal(with("%1 = relu %0\n") + "more"), "after the output"));
    CHECK(test::has(refusal(with("%1 = dropout %0 rate=nan\n")), "a number is expected"));
    CHECK(test::has(refusal(with("%1 = leaky_relu %0 slope=1e99\n")), "a number is expected"));
    CHECK(test::has(refusal(with("%1 = batch_norm %0 momentum=0.9 epsilon=-2\n")), "the epsilon is negative"));
}

TEST_CASE("ten thousand layers are read; one more is refused, naming the limit") {
    std::string layers;
    for (int i = 1; i <= 10'000; ++i) layers += "%" + std::to_string(i) + " = relu %" + std::to_string(i - 1) + "\n";
    CHECK(strata::parse_program(with(layers, "%10000"), "model").view().operations.size() == 10'000);
    CHECK(test::has(refusal(with(layers + "%10001 = relu %10000\n", "%10001")), "line 10003: there are more than 10000 layers"));
}

TEST_CASE("a layer that does not fit is refused by the builder, with the line") {
    const auto conv = [](const std::string& options) { return with("%1 = conv2d %0 " + options + " bias=on\n"); };
    CHECK(refusal(conv("filters=4 kernel=3x3 stride=1x1 padding=0,0,0,0")).empty());
    CHECK(test::has(refusal(conv("filters=4 kernel=9x9 stride=1x1 padding=0,0,0,0")),
                    "line 3: network: layer 0 (conv2d) cannot take (8, 8, 3)"));
    CHECK(test::has(refusal(conv("filters=0 kernel=3x3 stride=1x1 padding=0,0,0,0")), "not positive"));
    CHECK(test::has(refusal(conv("filters=4 kernel=3x3 stride=0x1 padding=0,0,0,0")), "the stride is not positive"));
    CHECK(test::has(refusal(conv("filters=4 kernel=99999999999x3 stride=1x1 padding=0,0,0,0")), "a number from 0 to 1048576"));
    CHECK(test::has(refusal(conv("filters=1048576 kernel=1048576x1048576 stride=1x1 padding=1048576,1048576,1048576,1048576")),
                    "2^31 weights"));
    CHECK(test::has(refusal(conv("filters=1048576 kernel=1x1 stride=1x1 padding=1048576,1048576,1048576,1048576")), "2^31 values"));
    CHECK(test::has(refusal(with("%1 = dense %0 units=10 bias=on\n")), "not flat"));
    CHECK(test::has(refusal(with("%1 = dropout %0 rate=1\n")), "not in [0, 1)"));
    CHECK(test::has(refusal(with("%1 = max_pool2d %0 kernel=2x2 stride=2x2 padding=0,0,0,0\n%2 = add %0 %1\n", "%2")),
                    "shapes to add differ"));
}

TEST_CASE("text cut anywhere is refused or is a program") {
    const std::string whole = strata::program_text(strata::view<strata::alexnet_cifar>());
    for (std::size_t size = 0; size + 4 < whole.size(); ++size) {
        CAPTURE(size);
        CHECK_THROWS_AS(strata::parse_program(whole.substr(0, size), "model"), strata::invalid_input);
    }
}
