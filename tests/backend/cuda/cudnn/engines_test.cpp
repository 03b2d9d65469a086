// SPDX-License-Identifier: MIT
// Convolutions have precompiled engines: real cuDNN makes their plans for each described GPU in milliseconds.
#include "gpus.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace strata::cudnn;
using namespace strata_tests;

namespace {

struct layer {
    std::int64_t size, channels, filters, kernel;
};
constexpr layer layers[]{{32, 3, 96, 3}, {15, 96, 256, 5}, {7, 256, 384, 3}, {7, 384, 384, 3}};

enum class direction { forward, fused_forward, backward_data, backward_filter };

operation_graph graph_of(const layer& l, data_type type, direction way) {
    operation_graph g;
    const tensor x = pictures(0, type, l.size, l.channels), y = pictures(2, type, l.size, l.filters);
    const tensor w = filter(1, type, l.filters, l.kernel, l.kernel, l.channels);
    const window win = window::square(l.kernel, 1, l.kernel / 2);
    switch (way) {
        case direction::forward: g.convolution_forward(x, w, y, win); break;
        case direction::backward_data: g.convolution_backward_data(y, w, x, win); break;
        case direction::backward_filter: g.convolution_backward_filter(x, y, w, win); break;
        case direction::fused_forward: {
            const tensor sum = inner(3, l.size, l.filters), biased = inner(4, l.size, l.filters);
            g.convolution_forward(x, w, sum, win);
            g.add(sum, per_channel(5, type, l.filters), biased);
            g.relu(biased, y);
        }
    }
    return g;
}

template <typename Act>
void for_each_graph(data_type type, Act act) {
    for (const layer& l : layers) {
        for (const direction way : {direction::forward, direction::fused_forward, direction::backward_data, direction::backward_filter}) {
            act(graph_of(l, type, way));
        }
    }
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("every convolution of AlexNet has a plan on each described GPU in f32, bf16 and f16") {
    for (const std::string& name : all_gpus()) {
        const target on = gpu(name);
        for (const data_type type : {data_type::f32, data_type::bf16, data_type::f16}) {
            for_each_graph(type, [&](const operation_graph& g) {
                std::string why;
                INFO(name, ": ", g.describe());
                const auto found = try_plan(g, on, {}, name, &why);
                CHECK_MESSAGE(found.has_value(), why);
                if (found) CHECK(found->engine() >= 0);
            });
        }
    }
}

TEST_CASE("the T4 convolves in f32 and f16; bf16 is refused with a reason and not with an error") {
    const target on = gpu("t4_sm75");
    for (const data_type type : {data_type::f32, data_type::f16}) {
        for_each_graph(
            type, [&](const operation_graph& g) { CHECK_NOTHROW(find_plan(g, on, {.strict_fp32 = true, .deterministic = true}, "t4")); });
    }
    std::string why;
    const auto found = try_plan(graph_of(layers[1], data_type::bf16, direction::fused_forward), on, {}, "conv2d #2 forward", &why);
    CHECK(!found);
    CHECK(contains(why, "conv2d #2 forward: cuDNN 9."));
    CHECK(contains(why, "convolution_forward x(128,15,15,96) bf16"));
    CHECK(contains(why, "heuristic A"));
    CHECK(contains(why, "heuristic FALLBACK"));
}

TEST_CASE("strict fp32 gives plans without tensor cores on every GPU; tf32 takes them") {
    for (const std::string& name : all_gpus()) {
        const target on = gpu(name);
        int with_tensor_cores = 0;
        for_each_graph(data_type::f32, [&](const operation_graph& g) {
            INFO(name, ": ", g.describe());
            const plan strict = find_plan(g, on, {.strict_fp32 = true}, name);
            for (const char* note : {"TENSOR_CORE", "DOWN_CONVERT_INPUTS", "REDUCED_PRECISION_REDUCTION"}) CHECK(!strict.facts().has(note));
            const plan loose = find_plan(g, on, {}, name);
            CHECK(!loose.facts().has("DOWN_CONVERT_INPUTS"));
            with_tensor_cores += loose.facts().has("TENSOR_CORE") ? 1 : 0;
        });
        CHECK(with_tensor_cores >= 8);
    }
}

TEST_CASE("strict fp32 is a matter of f32 data: a bf16 convolution keeps its tensor cores") {
    const plan found = find_plan(graph_of(layers[1], data_type::bf16, direction::forward), gpu("h100_sm90"), {.strict_fp32 = true}, "bf16");
    CHECK(found.facts().has("TENSOR_CORE"));
}

TEST_CASE("a deterministic run has deterministic plans, strict fp32 too") {
    for (const std::string& name : all_gpus()) {
        const target on = gpu(name);
        for (const bool strict : {false, true}) {
            for_each_graph(data_type::f32, [&](const operation_graph& g) {
                INFO(name, " strict ", strict, ": ", g.describe());
                const plan found = find_plan(g, on, {.strict_fp32 = strict, .deterministic = true}, name);
                CHECK(!found.facts().has("NONDETERMINISTIC"));
            });
        }
    }
}

TEST_CASE("the workspace limit passes over engines that need more") {
    const target on = gpu("h100_sm90");
    const operation_graph g = graph_of(layers[1], data_type::f32, direction::forward);
    const plan free = find_plan(g, on, {.strict_fp32 = true}, "free");
    REQUIRE(free.workspace_bytes() > 1000);
    const plan limited = find_plan(g, on, {.strict_fp32 = true, .workspace_limit = free.workspace_bytes() - 1}, "limited");
    CHECK(limited.workspace_bytes() < free.workspace_bytes());
    std::string why;
    CHECK(!try_plan(g, on, {.workspace_limit = -1}, "nothing", &why));
    CHECK(contains(why, "needs a workspace of"));
    CHECK_THROWS_AS(find_plan(g, on, {.workspace_limit = -1}, "nothing"), no_plan);
}

TEST_CASE("several plans can be asked for, to time them") {
    const target on = gpu("rtx4090_sm89");
    const auto plans = find_plans(graph_of(layers[2], data_type::bf16, direction::forward), on, {}, "tuning", 4);
    REQUIRE(plans.size() == 4);
    CHECK(plans[0].json() != plans[1].json());
}
