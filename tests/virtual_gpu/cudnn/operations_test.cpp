// SPDX-License-Identifier: MIT
// Pooling, batch norm, pointwise operations, reductions and products of the virtual cuDNN against naive loops.
#include "testing.hpp"

#include <limits>

using namespace testing;

namespace {

descriptor resample(cudnnResampleMode_t mode, cudnnPaddingMode_t padding, std::int64_t window, std::int64_t stride, std::int64_t before,
                    std::int64_t after) {
    const auto pair = [](std::int64_t value) { return std::vector<cudnnFraction_t>{{value, 1}, {value, 1}}; };
    descriptor made(CUDNN_BACKEND_RESAMPLE_DESCRIPTOR);
    made.set(CUDNN_ATTR_RESAMPLE_MODE, CUDNN_TYPE_RESAMPLE_MODE, std::vector{mode})
        .set(CUDNN_ATTR_RESAMPLE_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, std::vector{CUDNN_DATA_FLOAT})
        .set(CUDNN_ATTR_RESAMPLE_PADDING_MODE, CUDNN_TYPE_PADDING_MODE, std::vector{padding})
        .set(CUDNN_ATTR_RESAMPLE_SPATIAL_DIMS, CUDNN_TYPE_INT64, dims{2})
        .set(CUDNN_ATTR_RESAMPLE_WINDOW_DIMS, CUDNN_TYPE_FRACTION, pair(window))
        .set(CUDNN_ATTR_RESAMPLE_PRE_PADDINGS, CUDNN_TYPE_FRACTION, pair(before))
        .set(CUDNN_ATTR_RESAMPLE_POST_PADDINGS, CUDNN_TYPE_FRACTION, pair(after))
        .set(CUDNN_ATTR_RESAMPLE_STRIDES, CUDNN_TYPE_FRACTION, pair(stride))
        .finalize();
    return made;
}
descriptor pool_forward(const descriptor& how, const descriptor& x, const descriptor& y, const descriptor* index) {
    descriptor made = operation(CUDNN_BACKEND_OPERATION_RESAMPLE_FWD_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_RESAMPLE_FWD_DESC, &how},
                                                                                  {CUDNN_ATTR_OPERATION_RESAMPLE_FWD_XDESC, &x},
                                                                                  {CUDNN_ATTR_OPERATION_RESAMPLE_FWD_YDESC, &y}});
    if (index != nullptr) made.set(CUDNN_ATTR_OPERATION_RESAMPLE_FWD_IDXDESC, *index);
    made.finalize();
    return made;
}
descriptor pool_backward(const descriptor& how, const descriptor& dx, const descriptor& dy, const descriptor* index) {
    descriptor made = operation(CUDNN_BACKEND_OPERATION_RESAMPLE_BWD_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DESC, &how},
                                                                                  {CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DXDESC, &dx},
                                                                                  {CUDNN_ATTR_OPERATION_RESAMPLE_BWD_DYDESC, &dy}});
    if (index != nullptr) made.set(CUDNN_ATTR_OPERATION_RESAMPLE_BWD_IDXDESC, *index);
    made.set(CUDNN_ATTR_OPERATION_RESAMPLE_BWD_ALPHA, CUDNN_TYPE_DOUBLE, std::vector{1.0})
        .set(CUDNN_ATTR_OPERATION_RESAMPLE_BWD_BETA, CUDNN_TYPE_DOUBLE, std::vector{0.0})
        .finalize();
    return made;
}
void run_first(const descriptor& graph, const std::map<std::int64_t, void*>& pointers) {
    const auto engines = offers(graph);
    REQUIRE(!engines.empty());
    const handle with;
    REQUIRE(plan(engines[0].config).run(with, pointers) == CUDNN_STATUS_SUCCESS);
}
descriptor pointwise_graph(cudnnPointwiseMode_t mode, const descriptor& x, const descriptor* b, const descriptor& y) {
    descriptor how = pointwise(mode);
    how.finalize();
    descriptor made = operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, &how},
                                                                               {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, &x},
                                                                               {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, &y}});
    if (b != nullptr) made.set(CUDNN_ATTR_OPERATION_POINTWISE_BDESC, *b);
    return graph_of({&made.finalize()});
}

}  // namespace

TEST_CASE("virtual cuDNN: max pooling's backward finds what its forward chose, whatever the index values are") {
    constexpr std::size_t c = 5, h = 8, w = 8, p = 4, n = 2;  // window 3, stride 2, one row of padding after
    for (const std::uint64_t seed : {0U, 1U, 77U, 12345U}) {
        const cudnn_machine machine(seed);
        const descriptor x = tensor(1, CUDNN_DATA_FLOAT, {n, c, h, w}), y = tensor(2, CUDNN_DATA_FLOAT, {n, c, p, p}),
                         index = tensor(3, CUDNN_DATA_INT8, {n, c, p, p});
        const descriptor dx = tensor(4, CUDNN_DATA_FLOAT, {n, c, h, w}), dy = tensor(5, CUDNN_DATA_FLOAT, {n, c, p, p});
        const descriptor how = resample(CUDNN_RESAMPLE_MAXPOOL, CUDNN_NEG_INF_PAD, 3, 2, 0, 1);
        const descriptor forward = pool_forward(how, x, y, &index), backward = pool_backward(how, dx, dy, &index);
        const auto xs = numbers(n * c * h * w, 1), dys = numbers(n * c * p * p, 2);
        const buffer xm(xs), ym(n * c * p * p), im(n * c * p * p, CUDNN_DATA_INT8), dxm(n * c * h * w), dym(dys);
        run_first(graph_of({&forward}), {{1, xm.data}, {2, ym.data}, {3, im.data}});
        run_first(graph_of({&backward}), {{4, dxm.data}, {5, dym.data}, {3, im.data}});
        std::vector<float> best(n * c * p * p, -std::numeric_limits<float>::infinity()), gradient(xs.size(), 0.0F);
        std::vector<std::size_t> from(best.size(), 0);
        bool ties = false;
        for (std::size_t i = 0; i < n; ++i)
            for (std::size_t a = 0; a < p; ++a)
                for (std::size_t b = 0; b < p; ++b)
                    for (std::size_t k = 0; k < c; ++k) {
                        const std::size_t out = ((i * p + a) * p + b) * c + k;
                        for (std::size_t r = 2 * a; r < std::min(2 * a + 3, h); ++r)
                            for (std::size_t s = 2 * b; s < std::min(2 * b + 3, w); ++s) {
                                const std::size_t in = ((i * h + r) * w + s) * c + k;
                                ties = ties || xs[in] == best[out];
                                if (xs[in] > best[out]) best[out] = xs[in], from[out] = in;
                            }
                        gradient[from[out]] += dys[out];
                    }
        REQUIRE(!ties);
        CHECK(ym.read() == best);
        CHECK(distance(dxm.read(), gradient) < 1e-6);
    }
}

TEST_CASE("virtual cuDNN: of equal values pooling takes one, and which one depends on the seed") {
    std::vector<std::vector<float>> gradients;
    for (const std::uint64_t seed : {0U, 3U}) {
        const cudnn_machine machine(seed);
        const descriptor x = tensor(1, CUDNN_DATA_FLOAT, {1, 64, 2, 2}), y = tensor(2, CUDNN_DATA_FLOAT, {1, 64, 1, 1}),
                         index = tensor(3, CUDNN_DATA_INT8, {1, 64, 1, 1});
        const descriptor how = resample(CUDNN_RESAMPLE_MAXPOOL, CUDNN_NEG_INF_PAD, 2, 2, 0, 0);
        const descriptor forward = pool_forward(how, x, y, &index), backward = pool_backward(how, x, y, &index);
        const buffer xm(std::vector<float>(256, 1.0F)), ym(64), im(64, CUDNN_DATA_INT8), dxm(256), dym(std::vector<float>(64, 1.0F));
        run_first(graph_of({&forward}), {{1, xm.data}, {2, ym.data}, {3, im.data}});
        run_first(graph_of({&backward}), {{1, dxm.data}, {2, dym.data}, {3, im.data}});
        gradients.push_back(dxm.read());
        for (std::size_t k = 0; k < 64; ++k)
            CHECK(gradients.back()[k] + gradients.back()[64 + k] + gradients.back()[128 + k] + gradients.back()[192 + k] == 1.0F);
    }
    CHECK(gradients[0] != gradients[1]);
}

TEST_CASE("virtual cuDNN: average pooling with and without its padding, forward and backward") {
    const cudnn_machine machine;
    for (const auto mode : {CUDNN_RESAMPLE_AVGPOOL_INCLUDE_PADDING, CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING}) {
        constexpr std::size_t c = 3, h = 7, p = 4;
        const descriptor x = tensor(1, CUDNN_DATA_FLOAT, {1, c, h, h}), y = tensor(2, CUDNN_DATA_FLOAT, {1, c, p, p});
        const descriptor how = resample(mode, CUDNN_ZERO_PAD, 3, 2, 1, 1), forward = pool_forward(how, x, y, nullptr),
                         backward = pool_backward(how, x, y, nullptr);
        const auto xs = numbers(c * h * h, 1), dys = numbers(c * p * p, 2);
        const buffer xm(xs), ym(c * p * p), dxm(c * h * h), dym(dys);
        run_first(graph_of({&forward}), {{1, xm.data}, {2, ym.data}});
        run_first(graph_of({&backward}), {{1, dxm.data}, {2, dym.data}});
        std::vector<float> means(c * p * p), gradient(c * h * h, 0.0F);
        for (std::size_t a = 0; a < p; ++a)
            for (std::size_t b = 0; b < p; ++b) {
                std::vector<std::size_t> inside;
                for (std::size_t r = 0; r < 3; ++r)
                    for (std::size_t s = 0; s < 3; ++s)
                        if (2 * a + r >= 1 && 2 * a + r - 1 < h && 2 * b + s >= 1 && 2 * b + s - 1 < h)
                            inside.push_back((2 * a + r - 1) * h + 2 * b + s - 1);
                const float divisor = mode == CUDNN_RESAMPLE_AVGPOOL_EXCLUDE_PADDING ? static_cast<float>(inside.size()) : 9.0F;
                for (std::size_t k = 0; k < c; ++k)
                    for (const std::size_t at : inside) {
                        means[(a * p + b) * c + k] += xs[at * c + k] / divisor;
                        gradient[at * c + k] += dys[(a * p + b) * c + k] / divisor;
                    }
            }
        CHECK(distance(ym.read(), means) < 1e-6);
        CHECK(distance(dxm.read(), gradient) < 1e-6);
    }
}

TEST_CASE("virtual cuDNN: batch norm's forward is its formula, and its backward the derivative of it") {
    const cudnn_machine machine;
    constexpr std::size_t c = 4, rows = 2 * 4 * 5, count = rows * c;
    const dims shape{2, c, 4, 5}, channels{1, c, 1, 1};
    const descriptor x = tensor(1, CUDNN_DATA_FLOAT, shape), y = tensor(2, CUDNN_DATA_FLOAT, shape),
                     scale = tensor(3, CUDNN_DATA_FLOAT, channels);
    const descriptor bias = tensor(4, CUDNN_DATA_FLOAT, channels), mean = tensor(5, CUDNN_DATA_FLOAT, channels),
                     inverse = tensor(6, CUDNN_DATA_FLOAT, channels);
    const descriptor epsilon = tensor(7, CUDNN_DATA_FLOAT, {1, 1, 1, 1}, false, true);
    descriptor forward =
        operation(CUDNN_BACKEND_OPERATION_NORM_FORWARD_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_NORM_FWD_XDESC, &x},
                                                                    {CUDNN_ATTR_OPERATION_NORM_FWD_MEAN_DESC, &mean},
                                                                    {CUDNN_ATTR_OPERATION_NORM_FWD_INV_VARIANCE_DESC, &inverse},
                                                                    {CUDNN_ATTR_OPERATION_NORM_FWD_SCALE_DESC, &scale},
                                                                    {CUDNN_ATTR_OPERATION_NORM_FWD_BIAS_DESC, &bias},
                                                                    {CUDNN_ATTR_OPERATION_NORM_FWD_EPSILON_DESC, &epsilon},
                                                                    {CUDNN_ATTR_OPERATION_NORM_FWD_YDESC, &y}});
    forward.set(CUDNN_ATTR_OPERATION_NORM_FWD_MODE, CUDNN_TYPE_NORM_MODE, std::vector{CUDNN_BATCH_NORM})
        .set(CUDNN_ATTR_OPERATION_NORM_FWD_PHASE, CUDNN_TYPE_NORM_FWD_PHASE, std::vector{CUDNN_NORM_FWD_TRAINING})
        .finalize();
    const descriptor forward_graph = graph_of({&forward});
    const auto xs = numbers(count, 1), scales = numbers(c, 2), biases = numbers(c, 3), dys = numbers(count, 4);
    const buffer xm(xs), ym(count), sm(scales), bm(biases), mm(c), im(c);
    float eps = 1e-3F;
    run_first(forward_graph, {{1, xm.data}, {2, ym.data}, {3, sm.data}, {4, bm.data}, {5, mm.data}, {6, im.data}, {7, &eps}});
    const auto normalise = [&](const std::vector<double>& in, std::vector<double>* means, std::vector<double>* inverses) {
        std::vector<double> out(count);
        for (std::size_t k = 0; k < c; ++k) {
            double sum = 0, square = 0;
            for (std::size_t i = 0; i < rows; ++i) sum += in[i * c + k] / rows;
            for (std::size_t i = 0; i < rows; ++i) square += (in[i * c + k] - sum) * (in[i * c + k] - sum) / rows;
            const double inv = 1 / std::sqrt(square + double{eps});
            if (means != nullptr) (*means)[k] = sum, (*inverses)[k] = inv;
            for (std::size_t i = 0; i < rows; ++i) out[i * c + k] = (in[i * c + k] - sum) * inv * double{scales[k]} + double{biases[k]};
        }
        return out;
    };
    const std::vector<double> wide(xs.begin(), xs.end());
    std::vector<double> means(c), inverses(c);
    const auto expected = normalise(wide, &means, &inverses);
    CHECK(distance(ym.read(), std::vector<float>(expected.begin(), expected.end())) < 1e-6);
    CHECK(distance(mm.read(), std::vector<float>(means.begin(), means.end())) < 1e-6);
    CHECK(distance(im.read(), std::vector<float>(inverses.begin(), inverses.end())) < 1e-6);

    const descriptor dy = tensor(8, CUDNN_DATA_FLOAT, shape), dx = tensor(9, CUDNN_DATA_FLOAT, shape),
                     dscale = tensor(10, CUDNN_DATA_FLOAT, channels), dbias = tensor(11, CUDNN_DATA_FLOAT, channels);
    descriptor backward =
        operation(CUDNN_BACKEND_OPERATION_NORM_BACKWARD_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_NORM_BWD_XDESC, &x},
                                                                     {CUDNN_ATTR_OPERATION_NORM_BWD_MEAN_DESC, &mean},
                                                                     {CUDNN_ATTR_OPERATION_NORM_BWD_INV_VARIANCE_DESC, &inverse},
                                                                     {CUDNN_ATTR_OPERATION_NORM_BWD_DYDESC, &dy},
                                                                     {CUDNN_ATTR_OPERATION_NORM_BWD_SCALE_DESC, &scale},
                                                                     {CUDNN_ATTR_OPERATION_NORM_BWD_DSCALE_DESC, &dscale},
                                                                     {CUDNN_ATTR_OPERATION_NORM_BWD_DBIAS_DESC, &dbias},
                                                                     {CUDNN_ATTR_OPERATION_NORM_BWD_DXDESC, &dx}});
    backward.set(CUDNN_ATTR_OPERATION_NORM_BWD_MODE, CUDNN_TYPE_NORM_MODE, std::vector{CUDNN_BATCH_NORM}).finalize();
    const buffer dym(dys), dxm(count), dsm(c), dbm(c);
    run_first(graph_of({&backward}),
              {{1, xm.data}, {3, sm.data}, {5, mm.data}, {6, im.data}, {8, dym.data}, {9, dxm.data}, {10, dsm.data}, {11, dbm.data}});
    const auto loss = [&](const std::vector<double>& in) {
        const auto out = normalise(in, nullptr, nullptr);
        double sum = 0;
        for (std::size_t i = 0; i < count; ++i) sum += out[i] * double{dys[i]};
        return sum;
    };
    std::vector<float> slopes(count), scale_slopes(c, 0.0F), bias_slopes(c, 0.0F);
    for (std::size_t i = 0; i < count; ++i) {
        std::vector<double> up = wide, down = wide;
        up[i] += 1e-5, down[i] -= 1e-5;
        slopes[i] = static_cast<float>((loss(up) - loss(down)) / 2e-5);
        scale_slopes[i % c] += dys[i] * static_cast<float>((wide[i] - means[i % c]) * inverses[i % c]);
        bias_slopes[i % c] += dys[i];
    }
    CHECK(distance(dxm.read(), slopes) < 1e-5);
    CHECK(distance(dsm.read(), scale_slopes) < 1e-5);
    CHECK(distance(dbm.read(), bias_slopes) < 1e-5);
}

TEST_CASE("virtual cuDNN: pointwise operations stretch their second operand; ReLU has a slope; a reduction sums") {
    const cudnn_machine machine;
    constexpr std::size_t c = 4, count = 2 * 3 * 3 * c;
    const descriptor x = tensor(1, CUDNN_DATA_FLOAT, {2, c, 3, 3}), b = tensor(2, CUDNN_DATA_FLOAT, {1, c, 1, 1}),
                     y = tensor(3, CUDNN_DATA_FLOAT, {2, c, 3, 3});
    const auto xs = numbers(count, 1), bs = numbers(c, 2);
    const buffer xm(xs), bm(bs), ym(count), sums(c);
    std::vector<float> expected(count);
    run_first(pointwise_graph(CUDNN_POINTWISE_ADD, x, &b, y), {{1, xm.data}, {2, bm.data}, {3, ym.data}});
    for (std::size_t i = 0; i < count; ++i) expected[i] = xs[i] + bs[i % c];
    CHECK(ym.read() == expected);
    run_first(pointwise_graph(CUDNN_POINTWISE_MUL, x, &b, y), {{1, xm.data}, {2, bm.data}, {3, ym.data}});
    for (std::size_t i = 0; i < count; ++i) expected[i] = xs[i] * bs[i % c];
    CHECK(ym.read() == expected);
    run_first(pointwise_graph(CUDNN_POINTWISE_IDENTITY, x, nullptr, y), {{1, xm.data}, {3, ym.data}});
    CHECK(ym.read() == xs);

    descriptor leaky = pointwise(CUDNN_POINTWISE_RELU_FWD), leaky_backward = pointwise(CUDNN_POINTWISE_RELU_BWD);
    for (descriptor* how : {&leaky, &leaky_backward})
        how->set(CUDNN_ATTR_POINTWISE_RELU_LOWER_CLIP_SLOPE, CUDNN_TYPE_DOUBLE, std::vector{0.25}).finalize();
    descriptor forward = operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, &leaky},
                                                                                  {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, &x},
                                                                                  {CUDNN_ATTR_OPERATION_POINTWISE_YDESC, &y}});
    run_first(graph_of({&forward.finalize()}), {{1, xm.data}, {3, ym.data}});
    for (std::size_t i = 0; i < count; ++i) expected[i] = xs[i] > 0 ? xs[i] : 0.25F * xs[i];
    CHECK(ym.read() == expected);

    const descriptor dy = tensor(4, CUDNN_DATA_FLOAT, {2, c, 3, 3}), dx = tensor(5, CUDNN_DATA_FLOAT, {2, c, 3, 3}, true),
                     total = tensor(6, CUDNN_DATA_FLOAT, {1, c, 1, 1});
    descriptor backward =
        operation(CUDNN_BACKEND_OPERATION_POINTWISE_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_POINTWISE_PW_DESCRIPTOR, &leaky_backward},
                                                                 {CUDNN_ATTR_OPERATION_POINTWISE_XDESC, &x},
                                                                 {CUDNN_ATTR_OPERATION_POINTWISE_DYDESC, &dy},
                                                                 {CUDNN_ATTR_OPERATION_POINTWISE_DXDESC, &dx}});
    descriptor how(CUDNN_BACKEND_REDUCTION_DESCRIPTOR);
    how.set(CUDNN_ATTR_REDUCTION_OPERATOR, CUDNN_TYPE_REDUCTION_OPERATOR_TYPE, std::vector{CUDNN_REDUCE_TENSOR_ADD})
        .set(CUDNN_ATTR_REDUCTION_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, std::vector{CUDNN_DATA_FLOAT})
        .finalize();
    descriptor reduce = operation(CUDNN_BACKEND_OPERATION_REDUCTION_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_REDUCTION_DESC, &how},
                                                                                 {CUDNN_ATTR_OPERATION_REDUCTION_XDESC, &dx},
                                                                                 {CUDNN_ATTR_OPERATION_REDUCTION_YDESC, &total}});
    const auto dys = numbers(count, 3);
    const buffer dym(dys);
    run_first(graph_of({&backward.finalize(), &reduce.finalize()}), {{1, xm.data}, {4, dym.data}, {6, sums.data}});
    std::vector<float> reduced(c, 0.0F);
    for (std::size_t i = 0; i < count; ++i) reduced[i % c] += (xs[i] > 0 ? 1.0F : 0.25F) * dys[i];
    CHECK(distance(sums.read(), reduced) < 1e-6);
}

TEST_CASE("virtual cuDNN: a product of matrices, two at a time") {
    const cudnn_machine machine;
    constexpr std::size_t m = 5, k = 19, n = 18;
    const descriptor a = tensor(1, CUDNN_DATA_BFLOAT16, {2, m, k}), b = tensor(2, CUDNN_DATA_BFLOAT16, {2, k, n}),
                     d = tensor(3, CUDNN_DATA_FLOAT, {2, m, n});
    descriptor how(CUDNN_BACKEND_MATMUL_DESCRIPTOR);
    how.set(CUDNN_ATTR_MATMUL_COMP_TYPE, CUDNN_TYPE_DATA_TYPE, std::vector{CUDNN_DATA_FLOAT}).finalize();
    descriptor product = operation(CUDNN_BACKEND_OPERATION_MATMUL_DESCRIPTOR, {{CUDNN_ATTR_OPERATION_MATMUL_DESC, &how},
                                                                               {CUDNN_ATTR_OPERATION_MATMUL_ADESC, &a},
                                                                               {CUDNN_ATTR_OPERATION_MATMUL_BDESC, &b},
                                                                               {CUDNN_ATTR_OPERATION_MATMUL_CDESC, &d}});
    const buffer am(numbers(2 * m * k, 1), CUDNN_DATA_BFLOAT16), bm(numbers(2 * k * n, 2), CUDNN_DATA_BFLOAT16), dm(2 * m * n);
    const auto as = am.read(), bs = bm.read();
    run_first(graph_of({&product.finalize()}), {{1, am.data}, {2, bm.data}, {3, dm.data}});
    std::vector<float> expected(2 * m * n, 0.0F);
    for (std::size_t g = 0; g < 2; ++g)
        for (std::size_t i = 0; i < m; ++i)
            for (std::size_t j = 0; j < n; ++j)
                for (std::size_t e = 0; e < k; ++e) expected[(g * m + i) * n + j] += as[(g * m + i) * k + e] * bs[(g * k + e) * n + j];
    CHECK(distance(dm.read(), expected) < 1e-6);
}
