// SPDX-License-Identifier: MIT
// Bodies of trainer.hpp. fit() means what Keras's fit means: the split comes before any shuffle, each epoch takes a new permutation,
// the last partial batch is kept, metrics are running means weighted by rows, validation follows each epoch in inference mode.
#pragma once

#include <strata/training/trainer.hpp>

#include <strata/core/error.hpp>
#include <strata/core/finite.hpp>
#include <strata/core/random.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <numeric>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI {

namespace trainer_detail {

STRATA_INLINE std::string number_text(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%g", value);
    return text;
}

// Whether the data are whole and fit the network; `what` is "data" or "validation".
STRATA_INLINE void check_data(const model& model, const dataset_view& data, const char* what) {
    const shape wanted = model.program().input_shape();
    if (data.picture != wanted)
        throw invalid_input(std::string(what) + ": the pictures are " + text_of(data.picture) + ", but the network takes " +
                            text_of(wanted) + "; give pictures of that shape, or a network for these");
    if (data.classes != model.classes())
        throw invalid_input(std::string(what) + ": there are " + std::to_string(data.classes) + " classes, but the network gives " +
                            std::to_string(model.classes()) + "; the last layer needs one unit per class");
    data.check();
}

STRATA_INLINE void check_options(const fit_options& options) {
    if (options.epochs < 0) throw invalid_input("negative epochs: epochs is " + std::to_string(options.epochs) + "; give 0 or more");
    if (options.initial_epoch < 0) throw invalid_input("initial_epoch is " + std::to_string(options.initial_epoch) + "; give 0 or more");
    if (options.batch_size < 1) throw invalid_input("batch_size is " + std::to_string(options.batch_size) + "; give at least 1");
    if (options.validation_batch_size < 0)
        throw invalid_input("validation_batch_size is " + std::to_string(options.validation_batch_size) +
                            "; give at least 1, or 0 for the batch size");
    if (!(is_finite(options.validation_split) && options.validation_split >= 0 && options.validation_split < 1))
        throw invalid_input("validation_split is " + number_text(options.validation_split) +
                            "; give a fraction of at least 0 and below 1, such as 0.2");
    if (options.validation_split > 0 && !options.validation.empty())
        throw invalid_input("validation_split and validation are both given; give validation rows, or a share of the training rows");
}

STRATA_INLINE std::vector<std::int64_t> all_rows(std::int64_t count) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(count));
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    return rows;
}

// The class of each row, also where labels are one-hot: the first largest.
STRATA_INLINE std::vector<std::int32_t> class_of_rows(const dataset_view& data) {
    if (data.one_hot.empty()) return {data.labels.begin(), data.labels.end()};
    std::vector<std::int32_t> labels;
    const auto classes = static_cast<std::ptrdiff_t>(data.classes);
    for (auto row = data.one_hot.begin(); row != data.one_hot.end(); row += classes)
        labels.push_back(static_cast<std::int32_t>(std::max_element(row, row + classes) - row));
    return labels;
}

STRATA_INLINE row_split split_of(const dataset_view& data, const fit_options& options, std::uint64_t seed) {
    if (options.validation_split == 0) return {.train = all_rows(data.rows()), .validation = {}};
    std::vector<std::int32_t> labels;
    if (options.split == split_mode::stratified) labels = class_of_rows(data);
    return split_rows(labels, data.rows(), options.validation_split, options.split, seed);
}

STRATA_INLINE non_finite_loss not_finite(const step_result& result, int epoch, float learning_rate) {
    const std::string where = epoch < 0 ? "" : "epoch " + std::to_string(epoch + 1) + ", ";
    const auto rate = static_cast<double>(learning_rate);
    return {"training: the loss or a gradient is NaN or infinite at step " + std::to_string(result.step) + " (" + where + "learning rate " +
                number_text(rate) + "); nothing of that step was kept. Try a smaller learning rate, such as " +
                number_text(rate > 1 ? 0.001 : rate / 10) + ", and look for NaN or very large values in the pictures",
            static_cast<long long>(result.step)};
}

// The steps of one epoch, with several in flight: the running means, and the callback's answer.
class epoch_run {
public:
    epoch_run(backend::executor& executor, int epoch, std::int64_t steps, batch_callback on_batch)
        : executor_(executor), on_batch_(on_batch), epoch_(epoch), planned_(steps) {}

    // Runs until the steps are done, the callback stops, or a loss is not finite. Whatever happens, no step is left in flight.
    void run() {
        try {
            for (std::int64_t i = 0; i < planned_ && !stopped_ && !bad_; ++i) {
                executor_.step();
                while (executor_.collect(last_, false)) take();
            }
            while (executor_.collect(last_, true)) take();
        } catch (...) {  // a step, or the callback
            while (executor_.collect(last_, true)) {}
            throw;
        }
    }
    bool stopped() const { return stopped_; }
    bool finite() const { return !bad_; }
    const step_result& non_finite_step() const { return non_finite_; }
    std::int64_t steps() const { return steps_; }

    void write(epoch_result& result) const {
        result.loss = mean(loss_);
        result.accuracy = mean(static_cast<double>(correct_));
        result.steps = steps_;
    }

private:
    double mean(double sum) const { return rows_ == 0 ? 0 : sum / static_cast<double>(rows_); }

    void take() {
        if (bad_) return;  // it commits nothing after that step
        if (last_.non_finite) {
            bad_ = true;
            non_finite_ = last_;
            return;
        }
        ++steps_;
        rows_ += last_.rows;
        correct_ += last_.correct;
        loss_ += static_cast<double>(last_.loss) * last_.rows;
        if (!on_batch_) return;
        const flow answer = on_batch_({.epoch = epoch_,
                                       .step = steps_,
                                       .steps = planned_,
                                       .loss = mean(loss_),
                                       .accuracy = mean(static_cast<double>(correct_)),
                                       .last = last_});
        stopped_ = stopped_ || answer == flow::stop;
    }

    backend::executor& executor_;
    batch_callback on_batch_;
    int epoch_;
    std::int64_t planned_, steps_ = 0, rows_ = 0, correct_ = 0;
    double loss_ = 0;
    bool stopped_ = false, bad_ = false;
    step_result last_{}, non_finite_{};
};

// The rows in parts, whole batches of about 512 rows, with the callback's answer between two of them; without one in one go.
STRATA_INLINE evaluation evaluate_in_parts(backend::executor& executor, const backend::resident_data& data,
                                           std::span<const std::int64_t> rows, int batch_size, const softmax_cross_entropy& loss,
                                           evaluation_callback on_part) {
    if (!on_part) return executor.evaluate(data, rows, batch_size, loss);
    const auto batch = static_cast<std::size_t>(batch_size), part = batch * std::max<std::size_t>(1, 512 / batch);
    evaluation sum, mean;
    for (std::size_t first = 0; first < rows.size(); first += part) {
        const evaluation e = executor.evaluate(data, rows.subspan(first, std::min(part, rows.size() - first)), batch_size, loss);
        const auto count = static_cast<double>(e.rows);
        sum = {.loss = sum.loss + e.loss * count, .accuracy = sum.accuracy + e.accuracy * count, .rows = sum.rows + e.rows};
        mean = {
            .loss = sum.loss / static_cast<double>(sum.rows), .accuracy = sum.accuracy / static_cast<double>(sum.rows), .rows = sum.rows};
        if (on_part(mean) == flow::stop) break;
    }
    return mean;
}

// The rows of an epoch in the order of its steps: a function of seed and epoch.
STRATA_INLINE std::vector<std::int64_t> order_of(const std::vector<std::int64_t>& rows, bool shuffled, std::uint64_t seed, int epoch) {
    if (!shuffled) return rows;
    std::vector<std::int64_t> order =
        permutation(static_cast<std::int64_t>(rows.size()),
                    {.seed = seed, .purpose = random_purpose::shuffle, .step = static_cast<std::uint32_t>(epoch)});
    for (std::int64_t& row : order) row = rows[static_cast<std::size_t>(row)];
    return order;
}

STRATA_INLINE void check_rate(float value) {
    if (!(is_finite(value) && value >= 0 && value <= 1e30f))
        throw invalid_input("learning_rate is " + number_text(static_cast<double>(value)) + "; give a number of at least 0, such as 0.001");
}

// What would make every update NaN.
STRATA_INLINE void check_optimizer(const optimizer& o) {
    const auto check = [](const char* name, double value, bool good, const char* wanted) {
        if (!good || !is_finite(value)) throw invalid_input(std::string(name) + " is " + number_text(value) + "; give " + wanted);
    };
    check_rate(o.learning_rate);
    check("beta1", o.beta1, o.beta1 >= 0 && o.beta1 < 1, "at least 0 and below 1, such as 0.9");
    check("beta2", o.beta2, o.beta2 >= 0 && o.beta2 < 1, "at least 0 and below 1, such as 0.999");
    const auto momentum = static_cast<double>(o.momentum), epsilon = static_cast<double>(o.epsilon);
    check("momentum", momentum, momentum >= 0 && momentum < 1, "at least 0 and below 1, such as 0.9");
    check("epsilon", epsilon, o.epsilon == unset || (epsilon > 0 && epsilon <= 1e30), "a number above 0, such as 1e-7");
    const auto decay = static_cast<double>(o.weight_decay);
    check("weight_decay", decay, decay >= 0 && decay <= 1e30, "a number of at least 0, such as 1e-4");
}

STRATA_INLINE std::vector<float> rates_of(const fit_options& options, float rate, std::int64_t first_step, std::int64_t steps) {
    std::vector<float> rates(static_cast<std::size_t>(steps), rate);
    if (options.learning_rate)
        for (std::int64_t i = 0; i < steps; ++i) rates[static_cast<std::size_t>(i)] = options.learning_rate(first_step + i);
    for (const float value : rates) check_rate(value);
    return rates;
}

}  // namespace trainer_detail

STRATA_INLINE trainer::trainer(model& model, const strata::optimizer& optimizer, const softmax_cross_entropy& loss)
    : model_(model), optimizer_(optimizer), loss_(loss) {
    if (!(is_finite(loss.label_smoothing) && loss.label_smoothing >= 0 && loss.label_smoothing < 1))
        throw invalid_input("label_smoothing is " + trainer_detail::number_text(static_cast<double>(loss.label_smoothing)) +
                            "; give at least 0 and below 1");
    trainer_detail::check_optimizer(optimizer);
}

STRATA_INLINE strata::history trainer::fit(const dataset_view& data, const fit_options& options, epoch_callback on_epoch,
                                           batch_callback on_batch, evaluation_callback on_validation) {
    history_ = {};
    trainer_detail::check_options(options);
    trainer_detail::check_data(model_, data, "data");
    if (!options.validation.empty()) trainer_detail::check_data(model_, options.validation, "validation");
    const std::uint64_t seed = options.seed.value_or(model_.options().seed);
    const row_split rows = trainer_detail::split_of(data, options, seed);
    const auto count = static_cast<std::int64_t>(rows.train.size());
    if (options.batch_size > count)
        throw invalid_input("batch_size is " + std::to_string(options.batch_size) + ", above the " + std::to_string(count) +
                            " training rows; give at most that");

    backend::executor& executor = model_.executor();
    executor.configure(optimizer_, loss_);
    const auto resident = executor.load(data);
    const auto other = options.validation.empty() ? nullptr : executor.load(options.validation);
    const std::vector<std::int64_t> validation = other ? trainer_detail::all_rows(options.validation.rows()) : rows.validation;
    const int validation_batch = options.validation_batch_size > 0 ? options.validation_batch_size : options.batch_size;
    const std::int64_t steps = (count + options.batch_size - 1) / options.batch_size;

    for (int epoch = options.initial_epoch; epoch < options.epochs && !history_.stopped; ++epoch) {
        const auto began = std::chrono::steady_clock::now();
        const auto order = trainer_detail::order_of(rows.train, options.shuffle, seed, epoch);
        const auto rates = trainer_detail::rates_of(options, optimizer_.learning_rate, executor.steps(), steps);
        executor.begin_epoch(*resident, {.rows = order, .batch_size = options.batch_size, .learning_rates = rates});
        trainer_detail::epoch_run run(executor, epoch, steps, on_batch);
        run.run();

        epoch_result result{.epoch = epoch};
        bool validation_stopped = false;
        run.write(result);
        result.learning_rate = rates[static_cast<std::size_t>(std::max<std::int64_t>(run.steps(), 1) - 1)];
        if (run.finite() && !run.stopped() && !validation.empty()) {
            const auto asked = [&](const evaluation& so_far) {
                const flow answer = on_validation(so_far);
                validation_stopped = answer == flow::stop;
                return answer;
            };
            const evaluation e =
                trainer_detail::evaluate_in_parts(executor, other ? *other : *resident, validation, validation_batch, loss_,
                                                  on_validation ? evaluation_callback(asked) : evaluation_callback{});
            result.has_validation = e.rows == static_cast<std::int64_t>(validation.size());
            result.val_loss = result.has_validation ? e.loss : 0;
            result.val_accuracy = result.has_validation ? e.accuracy : 0;
        }
        result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
        if (run.steps() > 0) history_.epochs.push_back(result);
        if (!run.finite()) throw trainer_detail::not_finite(run.non_finite_step(), epoch, rates[static_cast<std::size_t>(run.steps())]);
        history_.stopped = run.stopped() || validation_stopped;
        if (on_epoch && on_epoch(result) == flow::stop) history_.stopped = true;
    }
    return history_;
}

STRATA_INLINE evaluation trainer::evaluate(const dataset_view& data, int batch_size, evaluation_callback on_part) {
    if (batch_size < 1) throw invalid_input("batch_size is " + std::to_string(batch_size) + "; give at least 1");
    trainer_detail::check_data(model_, data, "data");
    const auto resident = model_.executor().load(data);
    const int rows = static_cast<int>(std::min<std::int64_t>(batch_size, data.rows()));
    return trainer_detail::evaluate_in_parts(model_.executor(), *resident, trainer_detail::all_rows(data.rows()), rows, loss_, on_part);
}

STRATA_INLINE step_result trainer::train_step(const dataset_view& batch) {
    trainer_detail::check_data(model_, batch, "batch");
    trainer_detail::check_rate(optimizer_.learning_rate);
    backend::executor& executor = model_.executor();
    executor.configure(optimizer_, loss_);
    const auto resident = executor.load(batch);
    const std::vector<std::int64_t> rows = trainer_detail::all_rows(batch.rows());
    executor.begin_epoch(
        *resident, {.rows = rows, .batch_size = static_cast<int>(rows.size()), .learning_rates = std::span(&optimizer_.learning_rate, 1)});
    executor.step();
    step_result result;
    executor.collect(result, true);
    if (result.non_finite) throw trainer_detail::not_finite(result, -1, optimizer_.learning_rate);
    return result;
}

}  // namespace strata::inline STRATA_ABI
