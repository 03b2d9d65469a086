// SPDX-License-Identifier: MIT
// The plan.
#include "plan.hpp"

#include "console.hpp"
#include "figures.hpp"
#include "interrupt.hpp"

#include <strata/core/error.hpp>
#include <strata/data/split.hpp>
#include <strata/network/memory_plan.hpp>
#include <strata/training/model.hpp>
#include <strata/training/trainer.hpp>

#include <algorithm>
#include <chrono>
#include <vector>

namespace train_cifar10 {

namespace {

double seconds_since(std::chrono::steady_clock::time_point began) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

constexpr std::int64_t batches_to_time = 32;

double median_difference(const std::vector<double>& moments) {
    std::vector<double> differences;
    for (std::size_t i = 1; i < moments.size(); ++i) differences.push_back(moments[i] - moments[i - 1]);
    std::sort(differences.begin(), differences.end());
    return differences.empty() ? moments.back() : differences[differences.size() / 2];
}

std::string data_line(const options& options, const pictures& data, const row_counts& rows) {
    std::string text = data.source + ": " + grouped(rows.training) + " rows train, " + grouped(rows.validation) + " validate, " +
                       grouped(rows.test) + " test";
    const std::int64_t taken = data.train.rows();
    if (taken < data.all_training_rows) text += " (the first " + grouped(taken) + " of " + grouped(data.all_training_rows) + ")";
    if (options.limit && *options.limit > taken)
        text += " (--limit " + grouped(*options.limit) + ": there are only " + grouped(taken) + ", all are used)";
    return text;
}

}  // namespace

row_counts count_rows(const options& options, const pictures& data) {
    const std::int64_t all = data.train.rows();
    row_counts rows{.training = all, .test = data.test.rows()};
    if (options.validation_split > 0) {
        try {
            rows.training = static_cast<std::int64_t>(strata::split_rows(data.train.labels, all, options.validation_split).train.size());
        } catch (const strata::invalid_input&) {
            throw strata::invalid_input("--validation-split " + shortest(options.validation_split) + ": of " + counted(all, "row", "rows") +
                                        " it leaves none to train or none to validate; give another fraction, 0 for no validation, or "
                                        "more rows");
        }
        rows.validation = all - rows.training;
    }
    if (options.batch_size > rows.training)
        throw strata::invalid_input("--batch-size " + std::to_string(options.batch_size) + ": there are only " +
                                    counted(rows.training, "row", "rows") + " to train on; give at most that");
    rows.steps = (rows.training + options.batch_size - 1) / options.batch_size;
    return rows;
}

double timing::total(const row_counts& rows, int epochs) const {
    const double epoch = static_cast<double>(rows.steps) * step + static_cast<double>(rows.validation) * evaluated_row;
    return epochs * epoch + static_cast<double>(rows.test) * evaluated_row;
}

timing time_steps(const strata::program_view& program, const chosen_device& chosen, const options& options, const pictures& data) {
    strata::model copy(program, chosen.device, {.conventions = options.meaning(), .precision = chosen.precision, .seed = options.seed});
    strata::trainer trainer(copy, strata::adam{.learning_rate = static_cast<float>(options.learning_rate)});
    const strata::dataset_view some = data.train.view().slice(0, std::min(batches_to_time * options.batch_size, data.train.rows()));
    timing result;
    try {
        // In an epoch, as in the run: several steps may be in flight. The first also makes what the later ones only use.
        const auto began = std::chrono::steady_clock::now();
        std::vector<double> ends;
        const auto on_batch = [&](const strata::batch_result&) {
            ends.push_back(seconds_since(began));
            const bool enough = ends.size() > 5 && ends.back() > 0.2;
            return enough || (ends.size() > 1 && ends.back() > 2) || was_interrupted() ? strata::flow::stop : strata::flow::go_on;
        };
        trainer.fit(some, {.epochs = 2, .batch_size = options.batch_size}, {}, on_batch);
        stop_if_interrupted();
        result.step = median_difference(ends);
    } catch (const strata::non_finite_loss&) { return {}; }  // the run itself will say so, with the step
    const strata::dataset_view batch = some.slice(0, options.batch_size);
    trainer.evaluate(batch, options.batch_size);
    stop_if_interrupted();
    const auto evaluation_began = std::chrono::steady_clock::now();
    trainer.evaluate(batch, options.batch_size);
    result.evaluated_row = seconds_since(evaluation_began) / options.batch_size;
    if (result.evaluated_row * static_cast<double>(some.rows()) < 0.1) {  // so short that what surrounds the batch would count
        const auto again = std::chrono::steady_clock::now();
        trainer.evaluate(some, options.batch_size);
        result.evaluated_row = seconds_since(again) / static_cast<double>(some.rows());
    }
    return result;
}

std::string text_of(const plan& plan) {
    const options& o = plan.chosen;
    std::string text;
    const auto line = [&](const char* what, const std::string& value) {
        std::string name = what;
        name.resize(10, ' ');
        text += name + wrapped(value, name.size()) + "\n";
    };
    line("device", plan.device.device.name());
    line("", "chosen because " + plan.device.reason);
    line("data", data_line(o, plan.data, plan.rows));
    if (!plan.data.short_batches.empty()) line("note", plan.data.short_batches);
    line("network", "AlexNet, width " + shortest(o.width) + ": " + grouped(plan.program.parameter_count()) + " parameters; a step needs " +
                        megabytes(strata::planned_bytes(plan.program, {.batch = o.batch_size, .precision = plan.device.precision})));
    line("training", counted(o.epochs, "epoch", "epochs") + " of " + counted(plan.rows.steps, "step", "steps") + ", " +
                         counted(o.batch_size, "picture", "pictures") + " a step; Adam, learning rate " + shortest(o.learning_rate) + "; " +
                         (o.conventions == "keras" ? "Keras's" : "PyTorch's") + " conventions; " + strata::name_of(plan.device.precision) +
                         "; seed " + std::to_string(o.seed));
    if (const std::string text_of_precision = precision_text(o, plan.device); text_of_precision.size() > 4)
        line("precision", text_of_precision);
    if (!plan.device.kernels.empty()) line("tuning", plan.device.kernels);
    if (plan.times.step > 0)
        line("time", "about " + duration(plan.times.total(plan.rows, o.epochs)) + " (a step takes " + fixed(1000 * plan.times.step, 0) +
                         " ms, timed on a copy of the model)");
    line("results", plan.directory);
    if (plan.data.kind == data_kind::sample)
        line("full set", "script/train --data cifar10 fetches CIFAR-10 once (170 MB) and trains on it");
    for (const std::string& hint : hints(o, plan.device)) line("hint", hint);
    return text;
}

}  // namespace train_cifar10
