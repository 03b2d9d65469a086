// SPDX-License-Identifier: MIT
// One training step on a device held against the oracle: loss, every gradient, moving statistics, parameters (which a learning rate
// of 0 must leave alone), then evaluation and prediction from the state after it.
#pragma once

#include <strata/backend/device.hpp>
#include <strata/data/dataset.hpp>
#include <strata/training/model.hpp>
#include <support/reference.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace testing {

// A batch of random pictures and labels, and a random state, for one program.
struct step_case {
    std::int64_t batch = 1;
    double smoothing = 0;
    reference_settings settings{};
    reference_state state;
    std::vector<float> pictures;
    std::vector<std::int32_t> labels;

    // The first seed for which no rectifier and no maximum is so near to a decision that float rounding could turn it.
    static step_case draw(const strata::program_view& program, std::int64_t batch, double smoothing, std::uint64_t seed,
                          const reference_settings& settings) {
        step_case best;
        double margin = -1;
        for (std::uint64_t i = 0; i < 40 && margin < 2e-5; ++i) {
            step_case c;
            c.batch = batch;
            c.smoothing = smoothing;
            c.settings = settings;
            c.settings.seed = seed + 100000 * i;
            dice from(c.settings.seed);
            c.state = random_state(program, c.settings.seed + 1);
            c.pictures = to_floats(from.values(batch * program.input_shape().size(), -1, 1));
            for (std::int64_t n = 0; n < batch; ++n)
                c.labels.push_back(from.between(0, static_cast<int>(program.output_shape().size()) - 1));
            const double found = c.expected(program).margin();
            if (found > margin) {
                margin = found;
                best = c;
            }
        }
        return best;
    }

    values targets(const strata::program_view& program) const {
        return one_hot_of(labels, static_cast<int>(program.output_shape().size()));
    }
    reference_step expected(const strata::program_view& program) const {
        return step(program, state, to_doubles(pictures), targets(program), batch, smoothing, settings);
    }
    strata::dataset_view data(const strata::program_view& program) const {
        return strata::view_of(program.input_shape(), static_cast<int>(program.output_shape().size()), pictures, labels);
    }
};

inline void write_state(strata::backend::executor& executor, const reference_state& state) {
    for (std::size_t i = 0; i < state.parameters.size(); ++i) executor.write(strata::state::parameter, i, to_floats(state.parameters[i]));
    for (std::size_t i = 0; i < state.statistics.size(); ++i) executor.write(strata::state::statistic, i, to_floats(state.statistics[i]));
}

inline std::vector<std::vector<float>> read_all(const strata::backend::executor& executor, const strata::program_view& program,
                                                strata::state which) {
    std::vector<std::vector<float>> found;
    const auto& variables = which == strata::state::statistic ? program.statistics : program.parameters;
    for (std::size_t i = 0; i < variables.size(); ++i) {
        found.emplace_back(static_cast<std::size_t>(variables[i].size()));
        executor.read(which, i, found.back());
    }
    return found;
}

inline std::vector<std::int64_t> first_rows(std::int64_t count) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    return rows;
}

// One step on the first rows of the data.
inline strata::step_result run_step(strata::backend::executor& executor, const strata::dataset_view& data, float learning_rate) {
    const auto resident = executor.load(data);
    const auto rows = first_rows(data.rows());
    executor.begin_epoch(*resident, {.rows = rows, .batch_size = static_cast<int>(rows.size()), .learning_rates = {&learning_rate, 1}});
    executor.step();
    strata::step_result result;
    while (!executor.collect(result, true)) {}
    return result;
}

// What a step computes that can be compared with another computation of it.
struct step_numbers {
    double loss = 0, evaluation = 0;  // mean losses: in training, and in inference after the step
    std::vector<values> gradients, statistics;
    values outputs;                   // of prediction after the step
};

inline step_numbers numbers_of(const strata::program_view& program, const step_case& c, const reference_step& step) {
    reference_settings inference = c.settings;
    inference.training = false;
    const reference_run run = forward(program, {c.state.parameters, step.run.statistics}, to_doubles(c.pictures), c.batch, inference);
    const reference_loss loss = cross_entropy(c.batch, run.tensors[index(logits_of(program))], c.targets(program), c.smoothing);
    return {step.loss.loss, loss.loss, step.gradients.parameters, step.run.statistics, run.tensors[index(program.output)]};
}

// How far rounding alone moves each of them. Where values cancel (a bias before batch norm has no gradient at all) or are divided by
// small deviations it is large beside what is left. The oracle with imitated rounding says how large.
inline double furthest(const values& wanted, const std::vector<const values*>& samples) {
    double most = 0;
    for (const values* s : samples) most = std::max(most, distance(*s, wanted));
    return most;
}

// Errors of one step, each as a multiple of what is allowed: 1e-5 of the norm (of a loss: or of 1), and 20 times what rounding does.
// The worst of all parameters and of all statistics.
struct step_errors {
    double loss = 0, gradients = 0, statistics = 0, outputs = 0, evaluation = 0;
    bool correct = false, kept = false, accuracy = false;
};

inline step_errors compare_step(strata::model& model, const step_case& c) {
    const strata::program_view program = model.program();
    strata::backend::executor& executor = model.executor();
    const reference_step exact = c.expected(program);
    const step_numbers wanted = numbers_of(program, c, exact);
    std::vector<step_numbers> samples;
    for (std::uint64_t i = 0; i < 3; ++i) {
        noise by{.state = i};
        step_case coarse = c;
        coarse.settings.rounding = &by;
        samples.push_back(numbers_of(program, coarse, coarse.expected(program)));
    }
    const auto error = [](const auto& found, const values& exactly, const std::vector<const values*>& rounded) {
        return distance(found, exactly) / (1e-5 * norm(exactly) + 20 * furthest(exactly, rounded) + 1e-12);
    };
    const auto loss_error = [&](double found, double step_numbers::* which) {
        double moved = 0;
        for (const step_numbers& s : samples) moved = std::max(moved, std::abs(s.*which - wanted.*which));
        return std::abs(found - wanted.*which) / (1e-5 * std::max(1.0, wanted.*which) + 20 * moved);
    };
    const auto worst = [&](const std::vector<std::vector<float>>& found, std::vector<values> step_numbers::* which) {
        double most = 0;
        for (std::size_t i = 0; i < found.size(); ++i) {
            std::vector<const values*> rounded;
            for (const step_numbers& s : samples) rounded.push_back(&(s.*which)[i]);
            most = std::max(most, error(found[i], (wanted.*which)[i], rounded));
        }
        return most;
    };

    write_state(executor, c.state);
    executor.configure(strata::sgd{.learning_rate = 0}, {.label_smoothing = static_cast<float>(c.smoothing)});
    const strata::dataset_view data = c.data(program);
    const strata::step_result result = run_step(executor, data, 0);
    step_errors errors;
    errors.loss = loss_error(static_cast<double>(result.loss), &step_numbers::loss);
    errors.correct = result.correct == exact.loss.correct && result.rows == c.batch && !result.non_finite;
    errors.gradients = worst(read_all(executor, program, strata::state::gradient), &step_numbers::gradients);
    errors.statistics = worst(read_all(executor, program, strata::state::statistic), &step_numbers::statistics);
    errors.kept = true;
    const auto parameters = read_all(executor, program, strata::state::parameter);
    for (std::size_t i = 0; i < parameters.size(); ++i) errors.kept = errors.kept && parameters[i] == to_floats(c.state.parameters[i]);

    // Prediction and evaluation from the state after the step.
    std::vector<float> found(wanted.outputs.size());
    executor.make_inference(static_cast<int>(c.batch))->run(data, found);
    errors.outputs = error(found, wanted.outputs, {&samples[0].outputs, &samples[1].outputs, &samples[2].outputs});
    reference_settings inference = c.settings;
    inference.training = false;
    const reference_run run = forward(program, {c.state.parameters, wanted.statistics}, to_doubles(c.pictures), c.batch, inference);
    const reference_loss loss = cross_entropy(c.batch, run.tensors[index(logits_of(program))], c.targets(program), c.smoothing);
    const auto resident = executor.load(data);
    const strata::evaluation e = executor.evaluate(*resident, first_rows(c.batch), static_cast<int>(std::max<std::int64_t>(1, c.batch - 1)),
                                                   {.label_smoothing = static_cast<float>(c.smoothing)});
    errors.evaluation = loss_error(e.loss, &step_numbers::evaluation);
    errors.accuracy =
        e.rows == c.batch && (loss.margin < 1e-4 || std::abs(e.accuracy - loss.correct / static_cast<double>(c.batch)) < 1e-9);
    return errors;
}

}  // namespace testing
