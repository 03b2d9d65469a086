// SPDX-License-Identifier: MIT
// What verify_gpu.cpp and its parts share: the settings of a run, training steps from initial values that depend on a seed alone, and how
// far two of them are from each other.
#pragma once

#include <strata/backend/cuda/executor.hpp>
#include <strata/cpu.hpp>
#include <strata/cuda.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace verification {

using namespace strata;

struct settings {
    double width;
    int epochs, batch_size, steps;
    int candidates, tuning_steps;  // engines per operation that are timed, and over how many steps each
    std::string plans;             // the file of tuned plans
    dataset train, test;
    bool real;
};

inline constexpr precision precisions[] = {precision::fp32, precision::tf32, precision::bf16};

inline std::string text(double value, const char* format = "%.3g") {
    char buffer[64];
    std::snprintf(buffer, sizeof buffer, format, value);
    return buffer;
}

inline dataset_view first_of(const dataset& d, std::int64_t rows) { return d.view().slice(0, std::min(rows, d.rows())); }

struct step_values {
    double loss = 0;
    std::vector<std::vector<float>> gradients, statistics, parameters;
    bool operator==(const step_values&) const = default;
};

inline std::vector<std::vector<float>> values_of(model& m, state which) {
    std::vector<std::vector<float>> all;
    for (const variable& v : which == state::statistic ? m.program().statistics : m.program().parameters) {
        std::vector<float> values(static_cast<std::size_t>(v.size()));
        m.executor().read(which, all.size(), values);
        all.push_back(std::move(values));
    }
    return all;
}

// Steps on the first rows.
inline step_values steps_of(const program& p, const device& on, const dataset_view& data, precision how, int steps = 1) {
    model m(p.view(), on, {.precision = how, .seed = 3});
    trainer t(m);
    step_values found;
    for (int i = 0; i < steps; ++i) found.loss = static_cast<double>(t.train_step(data).loss);
    found.gradients = values_of(m, state::gradient);
    found.statistics = values_of(m, state::statistic);
    found.parameters = values_of(m, state::parameter);
    return found;
}

// The largest || found - wanted || / || wanted || over the variables that have a gradient worth the name.
inline double distance(const std::vector<std::vector<float>>& found, const std::vector<std::vector<float>>& wanted) {
    double all = 0, worst = 0;
    for (const auto& v : wanted) all = std::max(all, std::sqrt(std::inner_product(v.begin(), v.end(), v.begin(), 0.0)));
    for (std::size_t i = 0; i < found.size(); ++i) {
        double difference = 0, size = 0;
        for (std::size_t j = 0; j < found[i].size(); ++j) {
            const double d = static_cast<double>(found[i][j]) - static_cast<double>(wanted[i][j]);
            difference += d * d;
            size += static_cast<double>(wanted[i][j]) * static_cast<double>(wanted[i][j]);
        }
        // A bias before batch norm has no gradient but rounding.
        if (std::sqrt(size) > 1e-5 * all) worst = std::max(worst, std::sqrt(difference / size));
    }
    return worst;
}

// Milliseconds of a captured training step, by events.
inline double step_ms(const program& p, const settings& s, precision how, const cuda::options& device, int steps) {
    model m(p.view(), cuda::open(device), {.precision = how});
    auto& executor = dynamic_cast<cuda::executor&>(m.executor());
    executor.configure(adam{}, {});
    const int before = std::min(steps, 20);  // not timed
    const auto data = executor.load(first_of(s.train, (before + steps) * std::int64_t{s.batch_size}));
    std::vector<std::int64_t> rows;
    const std::int64_t there = std::min((before + steps) * std::int64_t{s.batch_size}, s.train.rows());
    for (std::int64_t i = 0; i < (before + steps) * std::int64_t{s.batch_size}; ++i) rows.push_back(i % there);
    const float rate = 1e-3f;
    executor.begin_epoch(*data, {.rows = rows, .batch_size = s.batch_size, .learning_rates = {&rate, 1}});
    const cuda::event begin(cuda::event_timing::on), end(cuda::event_timing::on);
    step_result result;
    for (int i = 0; i < before + steps; ++i) {
        if (i == before) begin.record(executor.on());
        executor.step();
        while (executor.collect(result, false)) {}
    }
    end.record(executor.on());
    while (executor.collect(result, true)) {}
    end.synchronize();
    return static_cast<double>(end.milliseconds_since(begin)) / steps;
}

}  // namespace verification
