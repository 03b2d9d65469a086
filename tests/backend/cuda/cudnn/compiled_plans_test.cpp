// SPDX-License-Identifier: MIT
// Pooling, batch norm, pointwise and reduction: their engines are compiled by NVRTC when the plan is made, which takes about a second
// each and, without a driver, tests/stand_in/libcuda.so.1. A program of its own, run once per GPU of STRATA_TEST_GPUS; each graph is
// finalized once, since a second time in one process may fail in NVRTC.
#include "gpus.hpp"

#include <doctest/doctest.h>

#include <sstream>
#include <string>

using namespace strata::cudnn;
using namespace strata_tests;

namespace {

std::vector<std::string> chosen_gpus() {
    const char* given = std::getenv("STRATA_TEST_GPUS");
    std::istringstream words(given != nullptr ? given : "rtx4090_sm89");
    std::vector<std::string> names;
    for (std::string name; words >> name;) names.push_back(name);
    return names;
}

bool is_t4(const std::string& name) { return name == "t4_sm75"; }

std::vector<data_type> types_of(const std::string& name) { return {data_type::f32, is_t4(name) ? data_type::f16 : data_type::bf16}; }

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

// A plan for what `write` writes, on each chosen GPU in f32 and its 16-bit type. A failed compilation is thrown, and so fails the test.
template <typename Write>
void expect_plans(const char* what, Write write) {
    for (const std::string& name : chosen_gpus()) {
        const target on = gpu(name);
        for (const data_type type : types_of(name)) {
            operation_graph g;
            write(g, type);
            std::string why;
            const auto found = try_plan(g, on, {.strict_fp32 = true, .deterministic = true}, std::string(what) + " on " + name, &why);
            CHECK_MESSAGE(found.has_value(), why);
        }
    }
}

constexpr window overlapping = window::square(3, 2), keras_same{{3, 3}, {2, 2}, {0, 0}, {1, 1}};
tensor index(std::int64_t id, std::int64_t h) { return pictures(id, data_type::i8, h, 96); }
tensor channel(std::int64_t id) { return per_channel(id, data_type::f32, 96); }

}  // namespace

TEST_CASE("max pooling with index, without, and backward from the index has plans, padded as Keras pads too") {
    for (const window& w : {overlapping, keras_same}) {
        const std::int64_t h = w.output(32, 0);
        expect_plans("max pooling", [&](operation_graph& g, data_type t) {
            const tensor where = index(2, h);
            g.max_pool_forward(pictures(0, t, 32, 96), pictures(1, t, h, 96), &where, w);
        });
        expect_plans("max pooling backward", [&](operation_graph& g, data_type t) {
            g.max_pool_backward(pictures(0, t, h, 96), index(2, h), pictures(1, t, 32, 96), w);
        });
    }
    expect_plans("max pooling for inference", [&](operation_graph& g, data_type t) {
        g.max_pool_forward(pictures(0, t, 32, 96), pictures(1, t, 15, 96), nullptr, overlapping);
    });
}

TEST_CASE("average pooling and its backward have plans, with and without the padding in the divisor") {
    for (const bool count_padding : {false, true}) {
        expect_plans("average pooling", [&](operation_graph& g, data_type t) {
            g.average_pool_forward(pictures(0, t, 32, 96), pictures(1, t, 16, 96), keras_same, count_padding);
        });
        expect_plans("average pooling backward", [&](operation_graph& g, data_type t) {
            g.average_pool_backward(pictures(0, t, 16, 96), pictures(1, t, 32, 96), keras_same, count_padding);
        });
    }
}

TEST_CASE("batch norm in training, forward and backward, has plans on all but the T4, which refuses") {
    const auto forward = [](operation_graph& g, data_type t) {
        g.batch_norm_training(pictures(0, t, 15, 96), channel(1), channel(2), pictures(3, t, 15, 96), channel(4), channel(5), 1e-3);
    };
    const auto backward = [](operation_graph& g, data_type t) {
        g.batch_norm_backward(pictures(0, t, 15, 96), pictures(1, t, 15, 96), channel(2), channel(3), channel(4), pictures(5, t, 15, 96),
                              channel(6), channel(7));
    };
    for (const std::string& name : chosen_gpus()) {
        if (!is_t4(name)) continue;
        operation_graph g;
        forward(g, data_type::f32);
        std::string why;
        CHECK(!try_plan(g, gpu(name), {}, "batch_norm #4 forward", &why));
        CHECK(contains(why, "batch_norm #4 forward: cuDNN 9."));
        CHECK(contains(why, "batch_norm_training x(128,15,15,96) f32"));
        return;
    }
    expect_plans("batch norm", forward);
    expect_plans("batch norm backward", backward);
}

TEST_CASE("batch norm folded into scale and shift is one pointwise graph") {
    expect_plans("scale and shift", [](operation_graph& g, data_type t) {
        g.multiply(pictures(0, t, 15, 96), channel(1), inner(9, 15, 96));
        g.add(inner(9, 15, 96), channel(2), pictures(3, t, 15, 96));
    });
    expect_plans("scale, shift and rectifier", [](operation_graph& g, data_type t) {
        g.multiply(pictures(0, t, 15, 96), channel(1), inner(9, 15, 96));
        g.add(inner(9, 15, 96), channel(2), inner(10, 15, 96));
        g.relu(inner(10, 15, 96), pictures(3, t, 15, 96));
    });
}

TEST_CASE("rectifiers, sums and products have plans") {
    for (const float slope : {0.0f, 0.1f}) {
        expect_plans("rectifier", [&](operation_graph& g, data_type t) { g.relu(pictures(0, t, 15, 96), pictures(1, t, 15, 96), slope); });
        expect_plans("rectifier backward", [&](operation_graph& g, data_type t) {
            g.relu_backward(pictures(0, t, 15, 96), pictures(1, t, 15, 96), pictures(2, t, 15, 96), slope);
        });
    }
    expect_plans("sum",
                 [](operation_graph& g, data_type t) { g.add(pictures(0, t, 15, 96), pictures(1, t, 15, 96), pictures(2, t, 15, 96)); });
    expect_plans("product with a number",
                 [](operation_graph& g, data_type t) { g.multiply(pictures(0, t, 15, 96), g.scalar(0.5f), pictures(2, t, 15, 96)); });
}

TEST_CASE("a bias gradient is one reduction, and with the rectifier's backward one graph") {
    expect_plans("bias gradient", [](operation_graph& g, data_type t) { g.reduce_add(pictures(0, t, 15, 96), channel(1)); });
    expect_plans("rectifier backward and bias gradient", [](operation_graph& g, data_type t) {
        g.relu_backward(pictures(0, t, 15, 96), pictures(1, t, 15, 96), pictures(2, t, 15, 96));
        g.reduce_add(pictures(2, t, 15, 96), channel(3));
    });
}

TEST_CASE("a convolution's gradient goes through the rectifier before it in one graph, and strict fp32 stays fp32") {
    expect_plans("convolution backward and rectifier backward", [](operation_graph& g, data_type t) {
        g.convolution_backward_data(pictures(0, t, 7, 384), filter(1, t, 384, 3, 3, 256), inner(9, 7, 256), window::square(3, 1, 1));
        g.relu_backward(inner(9, 7, 256), pictures(2, t, 7, 256), pictures(3, t, 7, 256));
    });
}
