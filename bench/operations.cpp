// SPDX-License-Identifier: MIT
// Google Benchmark, at the tutorial's sizes, on all threads: every operation of a training step alone, convolutions in every way that
// they can be computed in; our kernels; whole training steps, evaluations and predictions.
//   operations --benchmark_filter='operation/128/'          OMP_NUM_THREADS sets the threads
// GFLOP/s counts a convolution's multiplications as if it were computed directly, 2 x multiply-adds; of_gemm is its share of what oneDNN's
// sgemm (1536 x 1536 x 1536) reaches on this machine, measured in the same run.
#include <strata/cpu.hpp>

#include <strata/backend/cpu/convolution_choice.hpp>
#include <strata/backend/cpu/lowering.hpp>
#include <strata/backend/cpu/onednn.hpp>
#include <strata/backend/cpu/parallel.hpp>
#include <strata/backend/cpu/variables.hpp>
#include <strata/kernels/adam.hpp>
#include <strata/kernels/dropout.hpp>
#include <strata/kernels/gather.hpp>
#include <strata/kernels/reduce.hpp>
#include <strata/kernels/sgd.hpp>
#include <strata/kernels/softmax_cross_entropy.hpp>
#include <strata/network/cost.hpp>
#include <strata/network/fusion.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

using namespace strata;

namespace {

constexpr std::size_t parameters = 6'607'946;

template <typename Body>
void launch(benchmark::State& timing, const Body& body, std::size_t indices, std::int64_t bytes) {
    for (auto _ : timing) {
        cpu::for_each_index(indices, body);
        benchmark::ClobberMemory();
    }
    timing.SetBytesProcessed(static_cast<std::int64_t>(timing.iterations()) * bytes);
}
template <typename Body>
void launch_elements(benchmark::State& timing, const Body& body, std::size_t elements, std::int64_t bytes) {
    for (auto _ : timing) {
        cpu::for_each_element(elements, body);
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
    launch_elements(timing, body, parameters, 7 * 4 * parameters);
}
BENCHMARK(adam_kernel)->UseRealTime()->Unit(benchmark::kMillisecond);

void sgd_kernel(benchmark::State& timing) {
    std::vector<float> w(parameters, 0.1f), g(parameters, 0.01f), v(parameters);
    const kernels::sgd body{.parameter = w.data(), .gradient = g.data(), .velocity = v.data(), .rate = 1e-3f, .momentum = 0.9f};
    launch_elements(timing, body, parameters, 5 * 4 * parameters);
}
BENCHMARK(sgd_kernel)->UseRealTime()->Unit(benchmark::kMillisecond);

void gather_kernel(benchmark::State& timing) {
    const auto batch = static_cast<std::size_t>(timing.range(0));
    std::vector<std::uint8_t> src(3072 * 1000);
    std::vector<std::int64_t> rows(batch);
    for (std::size_t n = 0; n < batch; ++n) rows[n] = static_cast<std::int64_t>(n * 37 % 1000);
    std::vector<float> dst(batch * 3072);
    const kernels::gather<std::uint8_t> body{src.data(), rows.data(), dst.data(), 3072, 1.0f / 255.0f, 0.0f};
    launch(timing, body, batch, static_cast<std::int64_t>(batch) * 3072 * 5);
}
BENCHMARK(gather_kernel)->Arg(32)->Arg(128)->UseRealTime()->Unit(benchmark::kMicrosecond);

void dropout_kernel(benchmark::State& timing) {
    const std::int64_t count = timing.range(0) * 1024;
    std::vector<float> src(static_cast<std::size_t>(count), 1.0f), dst(static_cast<std::size_t>(count));
    const kernels::dropout body{src.data(), dst.data(), count, 0.5f, {.seed = 1, .purpose = random_purpose::dropout}};
    launch(timing, body, static_cast<std::size_t>(kernels::dropout::blocks(count)), 8 * count);
}
BENCHMARK(dropout_kernel)->Arg(32)->Arg(128)->UseRealTime()->Unit(benchmark::kMicrosecond);

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
BENCHMARK(softmax_cross_entropy_kernel)->Arg(32)->Arg(128)->UseRealTime()->Unit(benchmark::kMicrosecond);

void sum_kernel(benchmark::State& timing) {
    std::vector<float> src(1 << 20, 1.0f);
    std::vector<double> partial(static_cast<std::size_t>(kernels::sum_stage::blocks(1 << 20)));
    launch(timing, kernels::sum_stage{src.data(), 1 << 20, partial.data()}, partial.size(), 4 << 20);
}
BENCHMARK(sum_kernel)->UseRealTime()->Unit(benchmark::kMicrosecond);

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

void prediction(benchmark::State& timing) {
    session s(static_cast<int>(timing.range(0)), 1.0);
    predictor predict(s.net, static_cast<int>(timing.range(0)));
    std::vector<float> out(static_cast<std::size_t>(timing.range(0)) * 10);
    predict.probabilities(s.view(), out);
    for (auto _ : timing) predict.probabilities(s.view(), out);
    timing.SetItemsProcessed(static_cast<std::int64_t>(timing.iterations()) * timing.range(0));
}
BENCHMARK(prediction)->ArgNames({"batch"})->Arg(1)->Arg(256)->UseRealTime()->Unit(benchmark::kMillisecond);

// GFLOP/s of oneDNN's sgemm on all threads, the best of some.
double gemm_rate() {
    constexpr std::int64_t n = 1536;
    std::vector<float> a(n * n, 0.5f), b(n * n, 0.25f), c(n * n);
    double best = 0;
    for (int i = 0; i < 8; ++i) {
        const auto began = std::chrono::steady_clock::now();
        cpu::onednn::check(dnnl_sgemm('N', 'N', n, n, n, 1.0f, a.data(), n, b.data(), n, 0.0f, c.data(), n), "dnnl_sgemm");
        const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        best = std::max(best, 2.0 * n * n * n / seconds / 1e9);
    }
    return best;
}

struct named_action {
    std::string what;
    cpu::action_purpose purpose;
    std::int64_t bytes = 0;  // of its arguments
};

// A training step's actions for one batch size, convolutions computed in one way, so that each can be run alone.
class lowered_step final : cpu::action_observer {
public:
    lowered_step(int batch, const cpu::convolution_choices& choices)
        : runs_(training_program(alexnet_cifar_program())),
          variables_(runs_.view()),
          engine_(cpu::onednn::make_engine()),
          stream_(cpu::onednn::make_stream(engine_)),
          lowered_(cpu::lower(
              runs_.view(), engine_, variables_.addresses(), {},
              {.batch = batch, .pass = cpu::onednn::pass::training, .convolutions = &choices, .threads = cpu::default_threads()})),
          activations_(lowered_.actions.arena_bytes()),
          scratchpad_(lowered_.actions.scratchpad_bytes()) {
        const random_stream random{.seed = 1, .purpose = random_purpose::user};
        const auto fill = [&](float* values, std::int64_t count) {
            for (std::int64_t i = 0; i < count; ++i)
                values[i] = static_cast<float>(random.word(static_cast<std::uint64_t>(i)) >> 8) * 0x1p-24f - 0.5f;
        };
        for (float& value : variables_.parameters()) value = 0.01f;
        lowered_.actions.bind(activations_.data(), scratchpad_.data());
        fill(lowered_.actions.data(lowered_.input), batch * runs_.view().input_shape().size());
        run(0, lowered_.forward_end, this);
        fill(lowered_.actions.data(lowered_.output_gradient), batch * runs_.view().output_shape().size());
        run(lowered_.forward_end, lowered_.actions.size(), this);
    }

    program_view program() const { return runs_.view(); }
    const std::vector<named_action>& actions() const { return actions_; }
    void run(std::size_t first, std::size_t last, cpu::action_observer* observer = nullptr) const {
        lowered_.actions.run({stream_.get(), 1, 0, observer}, first, last);
    }

private:
    // An operation may do the same twice, to other arrays: "conv2d #0 (32, 32, 3): reorder", "... reorder (2)".
    void ran(const cpu::action_purpose& purpose, const char* what, std::int64_t bytes) override {
        std::string name = what;
        const auto taken = [&](const named_action& action) { return action.what == name; };
        for (int number = 2; std::any_of(actions_.begin(), actions_.end(), taken); ++number)
            name = what + (" (" + std::to_string(number) + ")");
        actions_.push_back({std::move(name), purpose, bytes});
    }

    strata::program runs_;
    cpu::variables variables_;
    cpu::onednn::engine engine_;
    cpu::onednn::stream stream_;
    cpu::lowered_program lowered_;
    cpu::arena activations_, scratchpad_;
    std::vector<named_action> actions_;
};

// The operation whose convolution or product the action is; null for a reorder, a rectifier and all else.
const operation* product_of(const program_view& program, const named_action& action) {
    return action.purpose.multiplies() ? &program.operations[static_cast<std::size_t>(action.purpose.operation)] : nullptr;
}

// The step of one batch size and way that is in memory: one at a time.
const lowered_step& step_of(int batch, const std::string& name, const cpu::convolution_choices& choices) {
    static std::unique_ptr<lowered_step> step;
    static std::string of;
    const std::string wanted = std::to_string(batch) + name;
    if (of != wanted) {
        step.reset();
        step = std::make_unique<lowered_step>(batch, choices);
        of = wanted;
    }
    return *step;
}

void time_action(benchmark::State& timing, const lowered_step& step, int batch, const std::string& what, double gemm) {
    const auto& actions = step.actions();
    const auto at = std::find_if(actions.begin(), actions.end(), [&](const named_action& action) { return action.what == what; });
    if (at == actions.end()) return timing.SkipWithError("there is no such action at this batch size");
    const auto i = static_cast<std::size_t>(at - actions.begin());
    step.run(i, i + 1);
    for (auto _ : timing) step.run(i, i + 1);
    const auto iterations = static_cast<double>(timing.iterations());
    if (const operation* op = product_of(step.program(), *at); op != nullptr) {
        const double gflops = iterations * 2e-9 * batch * static_cast<double>(multiply_adds(step.program(), *op));
        timing.counters["GFLOP/s"] = benchmark::Counter(gflops, benchmark::Counter::kIsRate);
        timing.counters["of_gemm"] = benchmark::Counter(gflops / gemm, benchmark::Counter::kIsRate);
    }
    timing.SetBytesProcessed(static_cast<std::int64_t>(timing.iterations()) * at->bytes);
}

// One benchmark for each action of a step, "operation/128/shipped/conv2d #4 (15, 15, 96): convolution forward": all of them as they run
// with the shipped table, and the convolutions in every other way.
void register_operations(double gemm) {
    const auto add = [gemm](int batch, const std::string& name, const cpu::convolution_choices& choices, const std::string& what) {
        benchmark::RegisterBenchmark(
            ("operation/" + std::to_string(batch) + "/" + name + "/" + what).c_str(),
            [=](benchmark::State& timing) { time_action(timing, step_of(batch, name, choices), batch, what, gemm); })
            ->UseRealTime()
            ->Unit(benchmark::kMillisecond);
    };
    const std::vector<int> batches{128, 32};
    for (const int batch : batches)
        for (const named_action& action : step_of(batch, "shipped", {}).actions()) add(batch, "shipped", {}, action.what);
    for (const int tile : {0, 2, 3, 4, 5, 6, 7}) {
        const std::string name = tile == 0 ? "direct" : "winograd " + std::to_string(tile);
        const cpu::convolution_choices choices{{}, cpu::convolution_way{tile}};
        const lowered_step& small = step_of(2, name, choices);  // its actions are called as those of a large batch
        for (const named_action& action : small.actions()) {
            const operation* op = product_of(small.program(), action);
            if (op == nullptr || op->kind != op_kind::convolution) continue;
            if (!cpu::fits({.rows = op->rows, .columns = op->columns}, {tile})) continue;
            for (const int batch : batches) add(batch, name, choices, action.what);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    const double gemm = gemm_rate();
    benchmark::AddCustomContext("sgemm GFLOP/s", std::to_string(gemm));
    benchmark::AddCustomContext("device", cpu::open().name());
    register_operations(gemm);
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
