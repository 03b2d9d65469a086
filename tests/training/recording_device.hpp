// SPDX-License-Identifier: MIT
// A device that computes nothing and writes down what it is asked: the trainer's logic is tested without a backend.
// Every row's loss is its row number, rows with an even number are correct. Steps may be published late, as on a device with a queue.
#pragma once

#include <strata/backend/device.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace testing {

struct recorded_step {
    std::vector<std::int64_t> rows;
    float learning_rate = 0;
};
struct recorded_evaluation {
    const float* floats = nullptr;  // which data
    std::vector<std::int64_t> rows;
    int batch_size = 0;
};

struct recording {
    // What the test sets.
    std::size_t latency = 0;        // how many steps stay unpublished until somebody waits
    std::int64_t non_finite_at = 0; // the number of a step, from 1
    std::int64_t throw_at = 0;
    bool has_tf32 = false;

    // What happened.
    std::vector<recorded_step> steps;
    std::vector<recorded_evaluation> evaluations;
    std::vector<std::vector<std::int64_t>> epochs;  // the rows given to begin_epoch
    std::size_t in_flight = 0;
    strata::optimizer how{};
    float label_smoothing = 0;
    strata::executor_options options{};
    std::map<std::pair<strata::state, std::size_t>, std::vector<float>> values;
    std::vector<std::int64_t> inference_rows;  // how many rows each run had
};

struct recording_data : strata::backend::resident_data {
    explicit recording_data(const strata::dataset_view& data) : view(data) {}
    strata::dataset_view view;
};

// What the network gives for a picture: its first value, then minus one, minus two ...
struct recording_inference : strata::backend::inference {
    recording_inference(recording& into, int batch_size) : log(into), batch(batch_size) {}
    void run(const strata::dataset_view& pictures, std::span<float> out) override {
        if (pictures.rows() > batch || !pictures.labels.empty()) throw std::logic_error("inference: more rows than the batch, or labels");
        log.inference_rows.push_back(pictures.rows());
        const auto rows = static_cast<std::size_t>(pictures.rows()), classes = out.size() / rows;
        for (std::size_t i = 0; i < out.size(); ++i)
            out[i] = i % classes == 0 ? pictures.floats[i / classes * static_cast<std::size_t>(pictures.picture.size())]
                                      : -static_cast<float>(i % classes);
    }
    recording& log;
    int batch;
};

struct recording_executor : strata::backend::executor {
    explicit recording_executor(recording& into) : log(into) {}

    void read(strata::state which, std::size_t index, std::span<float> values) const override {
        const std::vector<float>& stored = log.values.at({which, index});
        std::copy(stored.begin(), stored.end(), values.begin());
    }
    void write(strata::state which, std::size_t index, std::span<const float> values) override {
        log.values[{which, index}] = {values.begin(), values.end()};
    }
    std::int64_t steps() const override { return committed; }
    void set_steps(std::int64_t steps) override { committed = steps; }
    void configure(const strata::optimizer& how, const strata::softmax_cross_entropy& loss) override {
        log.how = how;
        log.label_smoothing = loss.label_smoothing;
    }
    std::unique_ptr<strata::backend::resident_data> load(const strata::dataset_view& data) override {
        return std::make_unique<recording_data>(data);
    }
    void begin_epoch(const strata::backend::resident_data&, const strata::backend::epoch_order& order) override {
        if (!queue.empty()) throw std::logic_error("begin_epoch: steps are still in flight");
        rows.assign(order.rows.begin(), order.rows.end());
        rates.assign(order.learning_rates.begin(), order.learning_rates.end());
        batch_size = static_cast<std::size_t>(order.batch_size);
        next = 0;
        log.epochs.push_back(rows);
    }
    void step() override {
        if (committed + 1 == log.throw_at) throw std::runtime_error("the device failed");
        const std::size_t first = next++ * batch_size, count = std::min(batch_size, rows.size() - first);
        recorded_step taken{{rows.begin() + static_cast<std::ptrdiff_t>(first), rows.begin() + static_cast<std::ptrdiff_t>(first + count)},
                            rates.at(next - 1)};
        strata::step_result result{.step = committed + 1, .rows = static_cast<int>(count)};
        for (const std::int64_t row : taken.rows) {
            result.loss += static_cast<float>(row) / static_cast<float>(count);
            result.correct += row % 2 == 0 ? 1 : 0;
        }
        result.non_finite = stuck || result.step == log.non_finite_at;
        stuck = result.non_finite;
        if (!stuck) ++committed;
        log.steps.push_back(taken);
        queue.push_back(result);
        log.in_flight = queue.size();
    }
    bool collect(strata::step_result& result, bool wait) override {
        if (queue.empty() || (!wait && queue.size() <= log.latency)) return false;
        result = queue.front();
        queue.pop_front();
        log.in_flight = queue.size();
        return true;
    }
    strata::evaluation evaluate(const strata::backend::resident_data& data, std::span<const std::int64_t> of, int batch,
                                const strata::softmax_cross_entropy& loss) override {
        log.label_smoothing = loss.label_smoothing;
        log.evaluations.push_back({static_cast<const recording_data&>(data).view.floats.data(), {of.begin(), of.end()}, batch});
        return {.loss = 0.5, .accuracy = 0.25, .rows = static_cast<std::int64_t>(of.size())};
    }
    std::unique_ptr<strata::backend::inference> make_inference(int batch) override {
        return std::make_unique<recording_inference>(log, batch);
    }
    std::int64_t bytes_held() const override { return 0; }

    recording& log;
    std::int64_t committed = 0;
    std::vector<std::int64_t> rows;
    std::vector<float> rates;
    std::size_t batch_size = 1, next = 0;
    bool stuck = false;
    std::deque<strata::step_result> queue;
};

struct recording_device : strata::backend::device {
    explicit recording_device(recording& into) : log(into) {}
    std::string name() const override { return "recording"; }
    std::string reason() const override { return "a test asks for it"; }
    bool supports(strata::precision value) const override { return value == strata::precision::fp32 || log.has_tf32; }
    std::unique_ptr<strata::backend::executor> make_executor(const strata::program_view&,
                                                             const strata::executor_options& options) const override {
        log.options = options;
        return std::make_unique<recording_executor>(log);
    }
    recording& log;
};

inline strata::device open_recording(recording& into) { return strata::device(std::make_shared<const recording_device>(into)); }

// Pictures of 2 x 1 x 1 floats, `classes` classes; row i holds i and 0, and has the label i % classes.
struct numbered_rows {
    explicit numbered_rows(int rows, int class_count = 3) : classes(class_count) {
        for (int i = 0; i < rows; ++i) {
            floats.push_back(static_cast<float>(i));
            floats.push_back(0);
            labels.push_back(i % classes);
        }
    }
    strata::dataset_view view() const { return strata::view_of({2, 1, 1}, classes, std::span<const float>(floats), labels); }
    int classes;
    std::vector<float> floats;
    std::vector<std::int32_t> labels;
};

// A network for them.
inline strata::program small_program(int classes = 3) {
    strata::program p({2, 1, 1});
    const strata::tensor flat = strata::build::flatten(p, p.input());
    strata::build::dense(p, flat, {.units = classes});
    return p;
}

// The message of what is thrown, or nothing.
template <typename Error, typename Callable>
std::string message_of_thrown(Callable callable) {
    try {
        callable();
    } catch (const Error& e) { return e.what(); }
    return "";
}

}  // namespace testing
