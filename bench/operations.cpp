// SPDX-License-Identifier: MIT
// Google Benchmark: each kernel on one thread, at the tutorial's sizes, and whole training steps and evaluations on the CPU device.
//   operations --benchmark_filter=step
#include <strata/cpu.hpp>

#include <strata/kernels/adam.hpp>
#include <strata/kernels/dropout.hpp>
#include <strata/kernels/gather.hpp>
#include <strata/kernels/reduce.hpp>
#include <strata/kernels/sgd.hpp>
#include <strata/kernels/softmax_cross_entropy.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

using namespace strata;

namespace {

constexpr std::size_t parameters = 6'607'946;

template <typename Body>
void launch(benchmark::State& timing, const Body body, std::size_t indices, std::int64_t bytes) {
    for (auto _ : timing) {
#if defined(_OPENMP)
#pragma omp simd
#endif
        for (std::size_t i = 0; i < indices; ++i) body(i);
        benchmark::ClobberMemory();
    }
    timing.SetBytesProcessed(static_cast<std::int64_t>(timing.iterations()) * bytes);
}

void adam_kernel(benchmark::State& timing) {
    std::vector<float> w(parameters, 0.1f), g(parameters, 0.01f), m(parameters), v(parameters);
    kernels::adam body = kernels::adam_at({}, 1e-3f, 1);
    body.parameter = w.data();
    body.gradient = g.data();
    body.m = m.data();
    body.v = v.data();
    launch(timing, body, parameters, 7 * 4 * parameters);
}
BENCHMARK(adam_kernel)->Unit(benchmark::kMillisecond);

void sgd_kernel(benchmark::State& timing) {
    std::vector<float> w(parameters, 0.1f), g(parameters, 0.01f), v(parameters);
    const kernels::sgd body{.parameter = w.data(), .gradient = g.data(), .velocity = v.data(), .rate = 1e-3f, .momentum = 0.9f};
    launch(timing, body, parameters, 5 * 4 * parameters);
}
BENCHMARK(sgd_kernel)->Unit(benchmark::kMillisecond);

void gather_kernel(benchmark::State& timing) {
    const auto batch = static_cast<std::size_t>(timing.range(0));
    std::vector<std::uint8_t> src(3072 * 1000);
    std::vector<std::int64_t> rows(batch);
    for (std::size_t n = 0; n < batch; ++n) rows[n] = static_cast<std::int64_t>(n * 37 % 1000);
    std::vector<float> dst(batch * 3072);
    const kernels::gather<std::uint8_t> body{src.data(), rows.data(), dst.data(), 3072, 1.0f / 255.0f, 0.0f};
    launch(timing, body, batch, static_cast<std::int64_t>(batch) * 3072 * 5);
}
BENCHMARK(gather_kernel)->Arg(32)->Arg(128)->Unit(benchmark::kMicrosecond);

void dropout_kernel(benchmark::State& timing) {
    const std::int64_t count = timing.range(0) * 1024;
    std::vector<float> src(static_cast<std::size_t>(count), 1.0f), dst(static_cast<std::size_t>(count));
    const kernels::dropout body{src.data(), dst.data(), count, 0.5f, {.seed = 1, .purpose = random_purpose::dropout}};
    launch(timing, body, static_cast<std::size_t>(kernels::dropout::blocks(count)), 8 * count);
}
BENCHMARK(dropout_kernel)->Arg(32)->Arg(128)->Unit(benchmark::kMicrosecond);

void softmax_cross_entropy_kernel(benchmark::State& timing) {
    const auto batch = static_cast<std::size_t>(timing.range(0));
    std::vector<float> logits(batch * 10, 0.5f), grad(batch * 10), loss(batch), correct(batch);
    const std::vector<std::int32_t> labels(batch, 3);
    std::vector<std::int64_t> rows(batch);
    for (std::size_t n = 0; n < batch; ++n) rows[n] = static_cast<std::int64_t>(n);
    const kernels::softmax_cross_entropy_rows body{.logits = logits.data(),
                                                   .labels = labels.data(),
                                                   .one_hot = nullptr,
                                                   .rows = rows.data(),
                                                   .classes = 10,
                                                   .smoothing = 0,
                                                   .grad_scale = 1.0f / 32.0f,
                                                   .grad = grad.data(),
                                                   .row_loss = loss.data(),
                                                   .row_correct = correct.data()};
    launch(timing, body, batch, static_cast<std::int64_t>(batch) * 80);
}
BENCHMARK(softmax_cross_entropy_kernel)->Arg(32)->Arg(128)->Unit(benchmark::kMicrosecond);

void sum_kernel(benchmark::State& timing) {
    std::vector<float> src(1 << 20, 1.0f);
    std::vector<double> partial(static_cast<std::size_t>(kernels::sum_stage::blocks(1 << 20)));
    launch(timing, kernels::sum_stage{src.data(), 1 << 20, partial.data()}, partial.size(), 4 << 20);
}
BENCHMARK(sum_kernel)->Unit(benchmark::kMicrosecond);

// A model on the CPU device with random bytes for one batch.
struct session {
    explicit session(int rows, double width)
        : bytes(static_cast<std::size_t>(rows) * 3072),
          labels(static_cast<std::size_t>(rows)),
          net(alexnet_cifar_program(width).view(), cpu::open()),
          train(net) {
        const random_stream stream{.seed = 1, .purpose = random_purpose::user};
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(stream.word(i) >> 24);
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 10);
    }
    dataset_view view() const { return view_of(shape{32, 32, 3}, 10, std::span<const std::uint8_t>(bytes), labels); }

    std::vector<std::uint8_t> bytes;
    std::vector<std::int32_t> labels;
    model net;
    trainer train;
};

void training_step(benchmark::State& timing) {
    session s(static_cast<int>(timing.range(0)), static_cast<double>(timing.range(1)) / 100);
    s.train.train_step(s.view());  // plans, and chooses kernels
    for (auto _ : timing) benchmark::DoNotOptimize(s.train.train_step(s.view()).loss);
    timing.SetItemsProcessed(static_cast<std::int64_t>(timing.iterations()) * timing.range(0));
}
BENCHMARK(training_step)
    ->ArgNames({"batch", "width%"})
    ->Args({32, 100})
    ->Args({128, 100})
    ->Args({32, 25})
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void evaluation_pass(benchmark::State& timing) {
    session s(static_cast<int>(timing.range(0)), 1.0);
    s.train.evaluate(s.view(), static_cast<int>(timing.range(0)));
    for (auto _ : timing) benchmark::DoNotOptimize(s.train.evaluate(s.view(), static_cast<int>(timing.range(0))).loss);
    timing.SetItemsProcessed(static_cast<std::int64_t>(timing.iterations()) * timing.range(0));
}
BENCHMARK(evaluation_pass)->ArgNames({"batch"})->Arg(32)->Arg(128)->UseRealTime()->Unit(benchmark::kMillisecond);

void one_prediction(benchmark::State& timing) {
    session s(1, 1.0);
    predictor predict(s.net, 1);
    std::vector<float> out(10);
    predict.probabilities(s.view(), out);
    for (auto _ : timing) predict.probabilities(s.view(), out);
}
BENCHMARK(one_prediction)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace

BENCHMARK_MAIN();
