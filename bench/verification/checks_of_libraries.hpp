// SPDX-License-Identifier: MIT
// Assumptions that single graphs of cuDNN and single products of cuBLASLt settle, on small arrays whose results are known.
#pragma once

#include "checks_of_training.hpp"
#include "graphs.hpp"
#include "steps.hpp"

#include <strata/backend/cuda/cublaslt/relu_mask.hpp>
#include <strata/cuda.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace verification {

inline constexpr auto f32 = cudnn::data_type::f32, bf16 = cudnn::data_type::bf16;

inline cudnn::tensor picture(std::int64_t id, cudnn::data_type type, std::int64_t n, std::int64_t h, std::int64_t c) {
    return cudnn::channels_last(id, type, n, h, h, c);
}

// Tensor 0 is read, 1 too where there is one with more than an element, 2 is written.
inline std::vector<std::pair<const char*, cudnn::operation_graph>> small_graphs() {
    std::vector<std::pair<const char*, cudnn::operation_graph>> list(4);
    list[0].first = "rectifier";
    list[0].second.relu(picture(0, f32, 4, 6, 16), picture(2, f32, 4, 6, 16));
    list[1].first = "max pooling";
    list[1].second.max_pool_forward(picture(0, f32, 4, 6, 16), picture(2, f32, 4, 3, 16), nullptr, cudnn::window::square(2, 2));
    list[2].first = "sum";
    list[2].second.reduce_add(picture(0, f32, 4, 6, 16), cudnn::per_channel(2, f32, 16));
    list[3].first = "convolution";
    list[3].second.convolution_forward(picture(0, f32, 4, 6, 16), cudnn::filter(1, f32, 16, 3, 3, 16), picture(2, f32, 4, 6, 16),
                                       cudnn::window::square(3, 1, 1));
    return list;
}
inline arrays inputs_of(const cudnn::operation_graph& graph) {
    arrays inputs;
    for (const cudnn::tensor& t : graph.bound()) {
        if (t.id < 2) inputs[t.id] = draws(t.elements(), static_cast<std::uint32_t>(t.id));
    }
    return inputs;
}

inline outcome deviceless_plans(const settings&) {
    const bench_gpu gpu;
    const cudnn::target described = cudnn::target::described(gpu.target.json());
    double worst = 0;
    std::string others;
    for (const auto& [name, graph] : small_graphs()) {
        const cudnn::plan elsewhere = cudnn::find_plan(graph, described, {.strict_fp32 = true}, name);
        const cudnn::plan here = cudnn::find_plan(graph, gpu.target, {.strict_fp32 = true}, name);
        const cudnn::plan loaded = cudnn::plan::from_json(elsewhere.json(), graph, gpu.target, elsewhere.facts(), name);
        const arrays found = run(gpu, loaded, inputs_of(graph)), wanted = run(gpu, here, inputs_of(graph));
        worst = std::max(worst, distance({found.at(2)}, {wanted.at(2)}));
        if (!(elsewhere.facts() == here.facts())) others += std::string(" ") + name;
    }
    return {worst < 1e-5, "outputs differ by " + text(worst) + (others.empty() ? "" : "; another engine is chosen here:" + others)};
}

inline outcome by_value_scalars(const settings&) {
    const bench_gpu gpu;
    cudnn::operation_graph g;
    g.multiply(picture(0, f32, 2, 4, 16), g.scalar(0.375f), picture(2, f32, 2, 4, 16));
    const cudnn::plan made = cudnn::find_plan(g, gpu.target, {}, "product with a number");
    const cudnn::plan loaded = cudnn::plan::from_json(made.json(), g, gpu.target, made.facts(), "product with a number");
    const arrays inputs = inputs_of(g);
    std::vector<float> wanted;
    for (const float value : inputs.at(0)) wanted.push_back(value * 0.375f);
    const bool plain = run(gpu, made, inputs).at(2) == wanted, captured = run(gpu, made, inputs, true).at(2) == wanted,
               kept = run(gpu, loaded, inputs, true).at(2) == wanted;
    return {plain && captured && kept, std::string("executed ") + (plain ? "right" : "wrong") + ", captured " +
                                           (captured ? "right" : "wrong") + ", from JSON and captured " + (kept ? "right" : "wrong")};
}

inline outcome mask_bits(const settings&) {
    const bench_gpu gpu;
    outcome all{true, ""};
    for (const precision how : precisions) {
        if (!cuda::open().supports(how)) continue;
        std::string why;
        const auto compute = how == precision::tf32 ? cublaslt::compute::tf32 : cublaslt::compute::f32;
        const auto order = cublaslt::learn_mask_order(gpu.products, storage_of(how), compute, gpu.on, &why);
        bool plain = order.has_value();
        for (std::size_t i = 0; plain && i < 128; ++i) plain = order->bit[i] == i;
        all.holds = all.holds && order.has_value();
        all.measured += (all.measured.empty() ? "" : "; ") + std::string(name_of(how)) + ": " +
                        (!order  ? why
                         : plain ? "the order of the columns"
                                 : "an order of its own");
    }
    return all;
}

inline outcome pool_index_engines(const settings&) {
    const bench_gpu gpu;
    const auto window = cudnn::window::square(3, 2);
    const cudnn::tensor x = picture(0, f32, 2, 9, 16), y = picture(2, f32, 2, 4, 16), index = picture(3, cudnn::data_type::i8, 2, 4, 16);
    cudnn::operation_graph forward, backward;
    forward.max_pool_forward(x, y, &index, window);
    backward.max_pool_backward(picture(2, f32, 2, 4, 16), index, picture(0, f32, 2, 9, 16), window);
    const auto ways = cudnn::find_plans(forward, gpu.target, {}, "max pooling", 8);
    const auto back = cudnn::find_plans(backward, gpu.target, {}, "max pooling backward", 8);
    const std::vector<float> values = draws(x.elements(), 5), gradient = draws(y.elements(), 6);
    std::vector<float> wanted(values.size());
    for (std::int64_t n = 0; n < 2; ++n)
        for (std::int64_t r = 0; r < 4; ++r)
            for (std::int64_t q = 0; q < 4; ++q)
                for (std::int64_t c = 0; c < 16; ++c) {
                    std::size_t best = 0;
                    float most = -1;
                    for (std::int64_t k = 0; k < 9; ++k) {
                        const auto at = static_cast<std::size_t>(((n * 9 + 2 * r + k / 3) * 9 + 2 * q + k % 3) * 16 + c);
                        if (values[at] > most) most = values[at], best = at;
                    }
                    wanted[best] += gradient[static_cast<std::size_t>(((n * 4 + r) * 4 + q) * 16 + c)];
                }
    int wrong = 0;
    for (const cudnn::plan& one : ways) {
        const std::vector<float> code = run(gpu, one, {{0, values}}).at(3);
        for (const cudnn::plan& other : back) { wrong += distance({run(gpu, other, {{2, gradient}, {3, code}}).at(0)}, {wanted}) > 1e-6; }
    }
    return {wrong == 0 && !ways.empty() && !back.empty(), std::to_string(ways.size()) + " engines forward, " + std::to_string(back.size()) +
                                                              " backward: " + std::to_string(wrong) + " pairs are wrong"};
}

// Numbers whose exact results have more bits than TF32 keeps.
inline outcome notes_without_meaning(const settings&) {
    const bench_gpu gpu;
    std::string rounded;
    for (const auto& [name, graph] : small_graphs()) {
        if (name == std::string("convolution")) continue;
        const std::int64_t count = 4 * 6 * 6 * 16;
        std::vector<float> x(static_cast<std::size_t>(count), 0.0f);
        for (std::int64_t i = 0; i < count; ++i) {
            if (name != std::string("sum") || i / 16 % 36 == 0)
                x[static_cast<std::size_t>(i)] = 1.0f + static_cast<float>(i % 16) * 0x1p-20f;
        }
        const std::vector<float> y = run(gpu, cudnn::find_plan(graph, gpu.target, {}, name), {{0, x}}).at(2);
        for (std::size_t i = 0; i < y.size(); ++i) {
            const float wanted = (1.0f + static_cast<float>(i % 16) * 0x1p-20f) * (name == std::string("sum") ? 4.0f : 1.0f);
            if (y[i] == wanted) continue;
            rounded += std::string(" ") + name;
            break;
        }
    }
    return {rounded.empty(), rounded.empty() ? "exact: rectifier, max pooling, sum" : "rounded:" + rounded};
}

inline outcome f32_sums(const settings&) {
    if (!cuda::open().supports(precision::bf16)) return {true, "this GPU has no bf16"};
    const bench_gpu gpu;
    const std::vector<float> ones(16 * 2304, 1.0f);
    const float product_of_ones = product(gpu, dtype::bf16, 16, 2304, 16, ones, ones)[5];
    cudnn::operation_graph g;
    g.convolution_forward(picture(0, bf16, 1, 4, 256), cudnn::filter(1, bf16, 16, 3, 3, 256), picture(2, bf16, 1, 2, 16),
                          cudnn::window::square(3));
    const arrays inputs{{0, std::vector<float>(4 * 4 * 256, 1.0f)}, {1, std::vector<float>(16 * 9 * 256, 1.0f)}};
    const float convolution_of_ones = run(gpu, cudnn::find_plan(g, gpu.target, {}, "convolution"), inputs).at(2)[5];
    return {product_of_ones == 2304 && convolution_of_ones == 2304, "2304 ones sum to " + text(static_cast<double>(product_of_ones), "%g") +
                                                                        " and " + text(static_cast<double>(convolution_of_ones), "%g")};
}

inline outcome virtual_f32(const settings&) {
    if (!cuda::open().supports(precision::bf16)) return {true, "this GPU has no bf16"};
    const bench_gpu gpu;
    cudnn::operation_graph g;
    const cudnn::tensor between = cudnn::as_virtual(cudnn::filter(9, f32, 16, 1, 1, 16));
    g.convolution_backward_filter(picture(0, bf16, 1, 17, 16), picture(1, bf16, 1, 17, 16), between, cudnn::window::square(1));
    g.identity(between, cudnn::filter(2, f32, 16, 1, 1, 16));
    const auto plan = cudnn::try_plan(g, gpu.target, {}, "gradient by weights");
    if (!plan) return {true, "no engine has it in one graph: the gradient goes through bf16 in memory"};
    const float sum = run(gpu, *plan, {{0, std::vector<float>(289 * 16, 1.0f)}, {1, std::vector<float>(289 * 16, 1.0f)}}).at(2)[3];
    return {sum == 289, "289 ones sum to " + text(static_cast<double>(sum), "%g")};
}

inline outcome reductions_repeat(const settings&) {
    const bench_gpu gpu;
    constexpr int times = 8;
    cudnn::operation_graph sum, weights;
    sum.reduce_add(picture(0, f32, 64, 16, 32), cudnn::per_channel(2, f32, 32));
    weights.convolution_backward_filter(picture(0, f32, 16, 8, 32), picture(1, f32, 16, 8, 32), cudnn::filter(2, f32, 32, 3, 3, 32),
                                        cudnn::window::square(3, 1, 1));
    std::string other;
    for (const auto& [name, graph] : {std::pair{"sum", &sum}, {"gradient by weights", &weights}}) {
        const cudnn::plan plan = cudnn::find_plan(*graph, gpu.target, {.strict_fp32 = true, .deterministic = true}, name);
        const arrays inputs = inputs_of(*graph), first = run(gpu, plan, inputs);
        for (int i = 1; i < times; ++i) {
            if (run(gpu, plan, inputs) == first) continue;
            other += std::string(" ") + name;
            break;
        }
    }
    const std::vector<float> a = draws(32 * 2048, 7), b = draws(64 * 2048, 8), first = product(gpu, dtype::f32, 32, 2048, 64, a, b);
    for (int i = 1; i < times; ++i) {
        if (product(gpu, dtype::f32, 32, 2048, 64, a, b) == first) continue;
        other += " product";
        break;
    }
    return {other.empty(),
            other.empty() ? "8 runs each of a sum, a gradient by weights and a product: the same bits" : "other bits:" + other};
}

}  // namespace verification
