// SPDX-License-Identifier: MIT
// Convolutions of the virtual cuDNN against seven plain loops.
#include "testing.hpp"

using namespace testing;

namespace {

struct problem {
    std::int64_t n, c, h, w, k, r, s;
    sides how;
    std::int64_t p() const { return (h + how.before_h + how.after_h - how.dilation * (r - 1) - 1) / how.stride_h + 1; }
    std::int64_t q() const { return (w + how.before_w + how.after_w - how.dilation * (s - 1) - 1) / how.stride_w + 1; }
    std::size_t x_count() const { return static_cast<std::size_t>(n * c * h * w); }
    std::size_t w_count() const { return static_cast<std::size_t>(k * c * r * s); }
    std::size_t y_count() const { return static_cast<std::size_t>(n * k * p() * q()); }

    template <class Visit>  // visit(x index, w index, y index) of every multiplication
    void each(const Visit& visit) const {
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t a = 0; a < p(); ++a)
                for (std::int64_t b = 0; b < q(); ++b)
                    for (std::int64_t f = 0; f < k; ++f)
                        for (std::int64_t u = 0; u < r; ++u)
                            for (std::int64_t v = 0; v < s; ++v) {
                                const std::int64_t row = a * how.stride_h - how.before_h + u * how.dilation,
                                                   column = b * how.stride_w - how.before_w + v * how.dilation;
                                if (row < 0 || row >= h || column < 0 || column >= w) continue;
                                for (std::int64_t e = 0; e < c; ++e)
                                    visit(static_cast<std::size_t>(((i * h + row) * w + column) * c + e),
                                          static_cast<std::size_t>(((f * r + u) * s + v) * c + e),
                                          static_cast<std::size_t>(((i * p() + a) * q() + b) * k + f));
                            }
    }
};

const std::vector<problem>& problems() {
    static const std::vector<problem> all = {{2, 3, 8, 7, 5, 3, 3, {1, 1, 1, 1, 1, 1, 1}},
                                             {1, 17, 6, 6, 33, 1, 1, {}},
                                             {2, 4, 9, 9, 8, 3, 3, {2, 2, 0, 0, 1, 1, 1}},
                                             {1, 5, 11, 8, 4, 5, 3, {1, 2, 2, 1, 2, 1, 1}},
                                             {1, 3, 10, 10, 6, 3, 3, {1, 1, 2, 2, 2, 2, 2}}};
    return all;
}

enum class which { forward, data, filter };

descriptor make_graph(const problem& one, cudnnDataType_t type, which what) {
    const descriptor x = tensor(1, type, {one.n, one.c, one.h, one.w}), w = tensor(2, type, {one.k, one.c, one.r, one.s});
    const descriptor y = tensor(3, type, {one.n, one.k, one.p(), one.q()}), how = convolution(one.how);
    descriptor made = what == which::forward ? operation(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
                                                         {{CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, &how},
                                                          {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, &x},
                                                          {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, &w},
                                                          {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, &y}})
                      : what == which::data  ? operation(CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
                                                         {{CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC, &how},
                                                          {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX, &x},
                                                          {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W, &w},
                                                          {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY, &y}})
                                             : operation(CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
                                                         {{CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC, &how},
                                                          {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X, &x},
                                                          {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW, &w},
                                                          {CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY, &y}});
    made.finalize();
    return graph_of({&made});
}

/// What the plan of an engine computes, and what it should have.
double error_of(const problem& one, cudnnDataType_t type, which what, const offer& engine) {
    const handle with;
    const plan made(engine.config);
    std::vector<float> x = numbers(one.x_count(), 1), w = numbers(one.w_count(), 2), y = numbers(one.y_count(), 3);
    for (auto* values : {&x, &w, &y})
        for (float& value : *values) value = type == CUDNN_DATA_BFLOAT16 ? vgpu::from_bf16(vgpu::to_bf16(value)) : value;
    const buffer x_memory(x, type), w_memory(w, type), y_memory(y, type);
    REQUIRE(made.run(with, {{1, x_memory.data}, {2, w_memory.data}, {3, y_memory.data}}) == CUDNN_STATUS_SUCCESS);
    std::vector<double> sums(what == which::forward ? y.size() : what == which::data ? x.size() : w.size(), 0.0);
    one.each([&](std::size_t i, std::size_t j, std::size_t k) {
        if (what == which::forward) sums[k] += double{x[i]} * double{w[j]};
        else if (what == which::data) sums[i] += double{y[k]} * double{w[j]};
        else sums[j] += double{x[i]} * double{y[k]};
    });
    const buffer& result = what == which::forward ? y_memory : what == which::data ? x_memory : w_memory;
    return distance(result.read(), std::vector<float>(sums.begin(), sums.end()));
}

}  // namespace

TEST_CASE("virtual cuDNN: convolutions, forward and backward, are seven plain loops") {
    const cudnn_machine machine;
    for (const problem& one : problems())
        for (const which what : {which::forward, which::data, which::filter}) {
            const descriptor graph = make_graph(one, CUDNN_DATA_FLOAT, what);
            int strict = 0;
            for (const offer& engine : offers(graph)) {
                const bool rounds =
                    engine.noted(CUDNN_NUMERICAL_NOTE_TENSOR_CORE) || engine.noted(CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS);
                const double error = error_of(one, CUDNN_DATA_FLOAT, what, engine);
                if (rounds) {
                    CHECK(error < 1e-3);
                    CHECK(error > 1e-5);  // tf32 is not f32
                } else {
                    CHECK(error < 1e-6);
                    ++strict;
                }
            }
            CHECK(strict > 0);
        }
    CHECK(vgpu::misuse().empty());
}

TEST_CASE("virtual cuDNN: convolutions of bf16 sum in f32 and round once") {
    const cudnn_machine machine;
    for (const problem& one : problems())
        for (const which what : {which::forward, which::data, which::filter}) {
            const descriptor graph = make_graph(one, CUDNN_DATA_BFLOAT16, what);
            for (const offer& engine : offers(graph)) CHECK(error_of(one, CUDNN_DATA_BFLOAT16, what, engine) < 3e-3);
        }
}

TEST_CASE("virtual cuDNN: an output that does not follow from the input is refused") {
    const cudnn_machine machine;
    const small_convolution of(7);
    descriptor forward = of.forward();
    CHECK(forward.try_finalize() == CUDNN_STATUS_BAD_PARAM);
    CHECK(last_error().find("height or width") != std::string::npos);
}

TEST_CASE("virtual cuDNN: a fused convolution, bias and ReLU keeps nothing between them") {
    const cudnn_machine machine;
    const problem one{2, 8, 6, 6, 16, 3, 3, {1, 1, 1, 1, 1, 1, 1}};
    const descriptor x = tensor(1, CUDNN_DATA_FLOAT, {2, 8, 6, 6}), w = tensor(2, CUDNN_DATA_FLOAT, {16, 8, 3, 3}),
                     y = tensor(3, CUDNN_DATA_FLOAT, {2, 16, 6, 6});
    const descriptor bias = tensor(4, CUDNN_DATA_FLOAT, {1, 16, 1, 1}), a = tensor(5, CUDNN_DATA_FLOAT, {2, 16, 6, 6}, true),
                     b = tensor(6, CUDNN_DATA_FLOAT, {2, 16, 6, 6}, true);
    const descriptor how = convolution(one.how);
    descriptor add = pointwise(CUDNN_POINTWISE_ADD), relu = pointwise(CUDNN_POINTWISE_RELU_FWD);
    add.finalize(), relu.finalize();
    descriptor first =
        operation(CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC, &how},
                                                                           {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X, &x},
                                                                           {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W, &w},
                                                                           {CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y, &a}});
    descriptor second = operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, &add},
                                                                                 {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, &a},
                                                                                 {CUDNN_ATTR_OPERATION_POINTWISE_BDESC, &bias},
                                                                                 {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, &b}});
    descriptor third = operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, &relu},
                                                                                {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, &b},
                                                                                {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, &y}});
    first.finalize(), second.finalize(), third.finalize();
    const descriptor graph = graph_of({&third, &first, &second});  // in any order
    const auto fallback = offers(graph, CUDNN_HEUR_MODE_FALLBACK);
    REQUIRE(!fallback.empty());
    const auto xs = numbers(one.x_count(), 1), ws = numbers(one.w_count(), 2), bs = numbers(16, 4);
    const buffer xm(xs), wm(ws), bm(bs), ym(one.y_count());
    const handle with;
    REQUIRE(plan(fallback[0].config).run(with, {{1, xm.data}, {2, wm.data}, {3, ym.data}, {4, bm.data}}) == CUDNN_STATUS_SUCCESS);
    std::vector<double> sums(one.y_count());
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] = double{bs[i % 16]};
    one.each([&](std::size_t i, std::size_t j, std::size_t k) { sums[k] += double{xs[i]} * double{ws[j]}; });
    for (double& sum : sums) sum = std::max(sum, 0.0);
    CHECK(distance(ym.read(), std::vector<float>(sums.begin(), sums.end())) < 1e-6);
    CHECK(vgpu::graphs_seen() == std::vector<std::string>{"relu_forward+convolution_forward+add"});

    vgpu::refuse("fused");
    CHECK(offers(graph).empty());
    CHECK(offers(graph, CUDNN_HEUR_MODE_FALLBACK).empty());
    vgpu::accept_all();
    CHECK(!offers(graph).empty());
}
