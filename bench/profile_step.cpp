// SPDX-License-Identifier: MIT
// Where a training step's time goes: each action with the median of its time, its share, and GFLOP/s or GB/s; then the ratio of a whole
// step to its convolutions and matrix products. Observed and plain steps take turns, so that what the watching costs is seen too.
//   profile_step --batch-size 128 --steps 15 --threads 2 --width 1.0
#include <strata/cpu.hpp>

#include <strata/backend/cpu/executor.hpp>
#include <strata/network/cost.hpp>
#include <strata/network/fusion.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "arguments.hpp"

namespace {

using clock_type = std::chrono::steady_clock;

double milliseconds(clock_type::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return values.empty() ? 0 : *middle;
}

struct line {
    strata::cpu::action_purpose purpose;
    std::string what;
    std::int64_t bytes;
    std::vector<double> times;  // ms, one per observed step
};

struct watch final : strata::cpu::action_observer {
    void step_begins() override {
        at = 0;
        before = clock_type::now();
    }
    void ran(const strata::cpu::action_purpose& purpose, const char* what, std::int64_t bytes) override {
        const clock_type::time_point now = clock_type::now();
        if (at == lines.size()) lines.push_back({purpose, what, bytes, {}});
        lines[at++].times.push_back(milliseconds(now - before));
        before = clock_type::now();
    }

    std::vector<line> lines;
    std::size_t at = 0;
    clock_type::time_point before{};
};

// By weights, by data and forward cost the same. 0 where nothing is multiplied.
double multiply_adds_of(const strata::program_view& program, const strata::cpu::action_purpose& purpose) {
    if (!purpose.multiplies()) return 0;
    return static_cast<double>(strata::multiply_adds(program, program.operations[static_cast<std::size_t>(purpose.operation)]));
}

int run(const bench::arguments& given) {
    const int batch = given.integer("batch-size", 128), steps = given.integer("steps", 15);
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(batch) * 3072);
    std::vector<std::int32_t> labels(static_cast<std::size_t>(batch));
    const strata::random_stream stream{.seed = 1, .purpose = strata::random_purpose::user};
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(stream.word(i) >> 24);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(i % 10);
    const strata::dataset_view data = strata::view_of(strata::shape{32, 32, 3}, 10, std::span<const std::uint8_t>(bytes), labels);

    const strata::program network = strata::alexnet_cifar_program(given.number("width", 1.0));
    const strata::program runs = strata::training_program(strata::program(network));
    const strata::device device = strata::cpu::open({.threads = given.integer("threads", 0)});
    strata::model model(network.view(), device);
    strata::trainer trainer(model, strata::adam{.learning_rate = 1e-4f});
    auto& executor = dynamic_cast<strata::cpu::executor&>(model.executor());
    for (int i = 0; i < 2; ++i) trainer.train_step(data);

    watch seen;
    std::vector<double> plain, watched;
    for (int i = 0; i < steps; ++i) {
        for (const bool watching : {true, false}) {
            executor.observe(watching ? &seen : nullptr);
            const clock_type::time_point begin = clock_type::now();
            trainer.train_step(data);
            (watching ? watched : plain).push_back(milliseconds(clock_type::now() - begin));
        }
    }

    const double step = median(plain);
    double products = 0, total = 0;
    std::printf("%s, batch %d, %d steps\n%9s %6s %8s %7s\n", device.name().c_str(), batch, steps, "ms", "share", "GFLOP/s", "GB/s");
    for (const line& l : seen.lines) {
        const double time = median(l.times), flops = 2 * batch * multiply_adds_of(runs.view(), l.purpose);
        total += time;
        if (flops > 0) products += time;
        std::printf("%9.3f %5.1f%% %8.0f %7.1f  %s\n", time, 100 * time / step, flops / time / 1e6,
                    static_cast<double>(l.bytes) / time / 1e6, l.what.c_str());
    }
    std::printf("step %.2f ms (watched %.2f, sum of lines %.2f), %.4f ms per picture; convolutions and products %.2f ms; ratio %.3f\n",
                step, median(watched), total, step / batch, products, step / products);
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argc, argv, {"batch-size", "steps", "threads", "width"}});
    } catch (const strata::invalid_input& e) { bench::arguments::stop(e.what()); } catch (const std::exception& e) {
        std::fprintf(stderr, "%s\n", e.what());
        return 1;
    }
}
