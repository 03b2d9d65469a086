// SPDX-License-Identifier: MIT
// Assumptions that training steps settle: beside the CPU's, beside themselves, or by what they leave.
#pragma once

#include "steps.hpp"

#include <strata/backend/cuda/runtime/device.hpp>
#include <strata/backend/cuda/runtime/memory.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace verification {

struct outcome {
    bool holds;
    std::string measured;
};

inline outcome against_cpu(const program& p, const dataset_view& data, double tolerance) {
    const step_values gpu = steps_of(p, cuda::open(), data, precision::fp32), cpu_values = steps_of(p, cpu::open(), data, precision::fp32);
    const double worst = std::max(distance(gpu.gradients, cpu_values.gradients), distance(gpu.statistics, cpu_values.statistics));
    return {worst < tolerance, "gradients and statistics differ from the CPU's by " + text(worst)};
}

// Four pictures of (9, 9, 2) in three classes.
inline dataset_view tiny_data(bool constant) {
    static std::vector<float> floats;
    static const std::vector<std::int32_t> labels{0, 1, 2, 1};
    floats.clear();
    const random_stream draw{.seed = 6, .purpose = random_purpose::user};
    for (std::uint64_t i = 0; i < 4 * 9 * 9 * 2; ++i) floats.push_back(constant ? 1.0f : draw.uniform(i) - 0.5f);
    return view_of({9, 9, 2}, 3, floats, labels);
}

inline program pooled(bool tie) {
    program p({9, 9, 2});
    tensor x = p.input();
    if (!tie) x = build::conv2d(p, x, {.filters = 4, .win = same(3)});
    x = build::conv2d(p, x, {.filters = 4, .win = valid(1), .use_bias = tie});
    x = build::max_pool2d(p, x, valid(3, 2));
    build::dense(p, build::flatten(p, x), {.units = 3});
    p.check();
    return p;
}

inline outcome pool_index(const settings&) { return against_cpu(pooled(false), tiny_data(false), 1e-4); }
// The bias before the pooling: its gradient is the sum, whichever value takes it.
inline outcome pool_ties(const settings&) { return against_cpu(pooled(true), tiny_data(true), 1e-4); }

inline outcome batch_statistics(const settings&) {
    program p({9, 9, 2});
    tensor x = build::conv2d(p, p.input(), {.filters = 16, .win = same(3)});
    x = build::relu(p, build::batch_norm(p, x));
    build::dense(p, build::flatten(p, x), {.units = 3});
    p.check();
    return against_cpu(p, tiny_data(false), 1e-4);
}

// Dense layers with rectifiers and dropout between them, of units that cuBLASLt's epilogues take.
inline program dense_network() {
    program p({9, 9, 2});
    tensor x = build::flatten(p, p.input());
    for (const int units : {256, 160}) x = build::dropout(p, build::relu(p, build::dense(p, x, {.units = units})), 0.4f);
    build::dense(p, x, {.units = 3});
    p.check();
    return p;
}
inline outcome masked_dropout(const settings&) { return against_cpu(dense_network(), tiny_data(false), 1e-4); }

inline outcome notes_strict_fp32(const settings& s) { return against_cpu(alexnet_cifar_program(s.width), first_of(s.train, 32), 1e-3); }

inline outcome bias_gradient(const settings&) {
    program p({3, 3, 2});
    build::dense(p, build::relu(p, build::dense(p, build::flatten(p, p.input()), {.units = 33})), {.units = 3});
    p.check();
    std::vector<float> floats(5 * 18);
    for (std::size_t i = 0; i < floats.size(); ++i) floats[i] = static_cast<float>(i % 7) - 3;
    const std::vector<std::int32_t> labels{0, 1, 2, 0, 1};
    return against_cpu(p, view_of({3, 3, 2}, 3, floats, labels), 1e-5);
}

inline outcome capture(const settings& s) {
    const program p = alexnet_cifar_program(s.width);
    const dataset_view data = first_of(s.train, s.batch_size);
    std::string different;
    for (const precision how : precisions) {
        if (!cuda::open().supports(how)) continue;
        const step_values captured = steps_of(p, cuda::open({.deterministic = true}), data, how, 3);
        const step_values enqueued = steps_of(p, cuda::open({.capture = false, .deterministic = true}), data, how, 3);
        if (!(captured == enqueued)) different += std::string(" ") + name_of(how);
    }
    return {different.empty(), different.empty() ? "three steps: the same bits" : "three steps: other bits in" + different};
}

inline outcome no_allocation(const settings& s) {
    model m(alexnet_cifar_program(s.width).view(), cuda::open(), {});
    trainer t(m);
    const dataset_view data = first_of(s.train, 8 * std::int64_t{s.batch_size});
    t.fit(data, {.epochs = 1, .batch_size = s.batch_size});
    const std::int64_t before = cuda::free_memory();
    t.fit(data, {.epochs = 2, .batch_size = s.batch_size});
    const std::int64_t used = before - cuda::free_memory();
    return {used <= 0, std::to_string(used) + " bytes more after two epochs"};
}

// Every step's report, in order, with its rows: none is read before it is written.
inline outcome reports(const settings&) {
    model m(pooled(false).view(), cuda::open(), {});
    backend::executor& executor = m.executor();
    executor.configure(adam{}, {});
    const auto data = executor.load(tiny_data(false));
    std::vector<std::int64_t> rows;
    for (std::int64_t i = 0; i < 4 * 64 + 1; ++i) rows.push_back(i % 4);
    const float rate = 1e-3f;
    executor.begin_epoch(*data, {.rows = rows, .batch_size = 4, .learning_rates = {&rate, 1}});
    int good = 0;
    step_result result;
    for (int launched = 0, taken = 0; taken < 65;) {
        if (launched < 65) executor.step(), ++launched;
        while (executor.collect(result, launched == 65)) {
            ++taken;
            good += result.step == taken && result.rows == (taken == 65 ? 1 : 4) && !result.non_finite;
            if (taken == 65) break;
        }
    }
    return {good == 65, std::to_string(good) + " of 65 reports are right"};
}

inline outcome nan_reaches_the_loss(const settings&) {
    program p({9, 9, 2});
    tensor x = build::relu(p, build::conv2d(p, p.input(), {.filters = 16, .win = same(3)}));
    x = build::batch_norm(p, build::max_pool2d(p, x, valid(3, 2)));
    x = build::relu(p, build::conv2d(p, x, {.filters = 16, .win = same(3)}));
    x = build::relu(p, build::dense(p, build::flatten(p, x), {.units = 64}));
    build::dense(p, x, {.units = 3});
    p.check();
    std::string swallowed;
    for (const precision how : precisions) {
        if (!cuda::open().supports(how)) continue;
        for (std::size_t i = 0; i < p.view().parameters.size(); ++i) {
            model m(p.view(), cuda::open(), {.precision = how});
            std::vector<float> values(static_cast<std::size_t>(p.view().parameters[i].size()));
            m.executor().read(state::parameter, i, values);
            values[0] = std::numeric_limits<float>::quiet_NaN();
            m.executor().write(state::parameter, i, values);
            m.executor().configure(adam{}, {});
            const auto data = m.executor().load(tiny_data(false));
            const std::vector<std::int64_t> rows{0, 1, 2, 3};
            const float rate = 1e-3f;
            m.executor().begin_epoch(*data, {.rows = rows, .batch_size = 4, .learning_rates = {&rate, 1}});
            m.executor().step();
            step_result result;
            while (!m.executor().collect(result, true)) {}
            if (!result.non_finite) swallowed += ' ' + std::string(name_of(how)) + ':' + std::to_string(i);
        }
    }
    return {swallowed.empty(), swallowed.empty() ? "each parameter, each precision" : "swallowed: parameters" + swallowed};
}

}  // namespace verification
