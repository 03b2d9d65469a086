// SPDX-License-Identifier: MIT
// Training steps, evaluation and prediction on the CPU.
#pragma once

#include <strata/backend/cpu/executor.hpp>
#include <strata/backend/cpu/tuning.hpp>
#include <strata/backend/cpu/vector_width.hpp>
#include <strata/core/error.hpp>
#include <strata/core/finite.hpp>
#include <strata/kernels/adam.hpp>
#include <strata/kernels/finite.hpp>
#include <strata/kernels/gather.hpp>
#include <strata/kernels/moving_statistics.hpp>
#include <strata/kernels/reduce.hpp>
#include <strata/kernels/sgd.hpp>
#include <strata/kernels/softmax_cross_entropy.hpp>
#include <strata/network/fusion.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cpu {

STRATA_INLINE row_results::row_results(int batch)
    : loss(static_cast<std::size_t>(batch)),
      correct(static_cast<std::size_t>(batch)),
      partial(static_cast<std::size_t>(kernels::sum_stage::blocks(batch))) {}

STRATA_INLINE std::pair<double, int> row_results::totals() {
    const auto sum = [this](const std::vector<float>& values) {
        const auto count = static_cast<std::int64_t>(values.size());
        for_each_index(partial.size(), kernels::sum_stage{values.data(), count, partial.data()});
        return kernels::sum_stage::total(partial.data(), kernels::sum_stage::blocks(count));
    };
    const double losses = sum(loss);
    return {losses, static_cast<int>(sum(correct))};
}

STRATA_INLINE executor::executor(const program_view& program, const executor_options& how, const options& device)
    : shared_(new shared_state{fused(strata::program(program)), variables(program), onednn::make_engine(), how, device}),
      trains_(training_program(strata::program(program))),
      stream_(onednn::make_stream(shared_->engine)) {}

STRATA_INLINE void executor::read(state which, std::size_t index, std::span<float> values) const {
    const std::span<const float> from = shared_->variables_of_model.at(which, index);
    if (from.size() != values.size()) throw invalid_input("executor: this state does not exist, or has another size");
    std::copy(from.begin(), from.end(), values.begin());
}

STRATA_INLINE void executor::write(state which, std::size_t index, std::span<const float> values) {
    const std::span<float> to = shared_->variables_of_model.at(which, index);
    if (to.size() != values.size()) throw invalid_input("executor: this state does not exist, or has another size");
    std::copy(values.begin(), values.end(), to.begin());
    ++shared_->version;
}

STRATA_INLINE void executor::configure(const optimizer& how, const softmax_cross_entropy& loss) {
    if (!configured_ || how.kind != optimizer_.kind) {  // a velocity is no first moment
        configured_ = false;  // until there are slots
        shared_->variables_of_model.make_slots(0);
        shared_->variables_of_model.make_slots(slots_of(how.kind));
        slots_zero_at_ = steps_;
        configured_ = true;
    }
    optimizer_ = how;
    loss_ = loss;
}

STRATA_INLINE std::unique_ptr<backend::resident_data> executor::load(const dataset_view& data) {
    return std::make_unique<resident_data>(data);
}

STRATA_INLINE void executor::begin_epoch(const backend::resident_data& data, const backend::epoch_order& order) {
    const dataset_view& view = static_cast<const resident_data&>(data).view;
    view.check_rows(order.rows);
    if (!configured_) throw invalid_input("executor: training needs an optimizer; configure one before an epoch begins");
    if (order.batch_size < 1 || order.learning_rates.empty())
        throw invalid_input("executor: an epoch needs a batch size of at least 1 and a learning rate");
    data_ = view;
    rows_.assign(order.rows.begin(), order.rows.end());
    learning_rates_.assign(order.learning_rates.begin(), order.learning_rates.end());
    batch_size_ = order.batch_size;
    cursor_ = 0;
    epoch_step_ = 0;
    published_.clear();
}

STRATA_INLINE executor::compiled& executor::program_for(int batch, onednn::pass pass) {
    for (const auto& c : compiled_) {
        if (c->batch == batch && c->pass == pass) return *c;
    }
    const lowering_options how{.batch = batch,
                               .pass = pass,
                               .batch_norm_epsilon = shared_->how.conventions.batch_norm_epsilon,
                               .convolutions = &shared_->device.convolutions,
                               .threads = shared_->device.threads};
    const program_view view = trains_.view();
    auto made = std::make_unique<compiled>(
        compiled{batch, pass, lower(view, shared_->engine, shared_->variables_of_model.addresses(), shared_->device.kernels, how),
                 row_results(batch)});
    constexpr std::size_t kept = 16;
    if (compiled_.size() >= kept) compiled_.erase(compiled_.begin());
    const graph& g = made->lowered.actions;
    try {
        const bool grows = g.arena_bytes() > activations_.bytes() || g.scratchpad_bytes() > scratchpad_.bytes();
        if (g.arena_bytes() > activations_.bytes()) activations_ = arena(g.arena_bytes());
        if (g.scratchpad_bytes() > scratchpad_.bytes()) scratchpad_ = arena(g.scratchpad_bytes());
        compiled_.push_back(std::move(made));
        for (const auto& c : compiled_) {
            if (grows || c == compiled_.back()) c->lowered.actions.bind(activations_.data(), scratchpad_.data());
        }
    } catch (...) {  // some may be bound to an arena that is gone
        compiled_.clear();
        throw;
    }
    return *compiled_.back();
}

STRATA_INLINE void executor::gather(const dataset_view& data, std::span<const std::int64_t> rows, float* to) {
    const std::int64_t size = data.picture.size();
    if (data.floats.empty()) {
        for_each_index(rows.size(),
                       kernels::gather<std::uint8_t>{data.bytes.data(), rows.data(), to, size, data.input.scale, data.input.offset});
    } else {
        for_each_index(rows.size(), kernels::gather<float>{data.floats.data(), rows.data(), to, size, data.input.scale, data.input.offset});
    }
}

STRATA_INLINE std::pair<double, int> executor::loss_of(compiled& c, const dataset_view& data, std::span<const std::int64_t> rows,
                                                       const softmax_cross_entropy& loss, bool with_gradient) const {
    const graph& g = c.lowered.actions;
    const kernels::softmax_cross_entropy_rows kernel{.logits = g.data(c.lowered.output),
                                                     .labels = data.labels.empty() ? nullptr : data.labels.data(),
                                                     .one_hot = data.one_hot.empty() ? nullptr : data.one_hot.data(),
                                                     .rows = rows.data(),
                                                     .classes = static_cast<int>(trains_.view().output_shape().size()),
                                                     .smoothing = loss.label_smoothing,
                                                     .grad_scale = 1.0f / static_cast<float>(rows.size()),
                                                     .grad = with_gradient ? g.data(c.lowered.output_gradient) : nullptr,
                                                     .row_loss = c.rows.loss.data(),
                                                     .row_correct = c.rows.correct.data()};
    for_each_index(rows.size(), kernel);
    return c.rows.totals();
}

STRATA_INLINE void executor::step() {
    if (cursor_ >= rows_.size()) throw invalid_input("executor: the epoch has no more steps; begin another");
    const thread_scope threads(shared_->device.threads);
    const std::size_t count = std::min(static_cast<std::size_t>(batch_size_), rows_.size() - cursor_);
    const std::span<const std::int64_t> rows(rows_.data() + cursor_, count);
    compiled& c = program_for(static_cast<int>(count), onednn::pass::training);
    const graph& g = c.lowered.actions;
    const run_context context{stream_.get(), shared_->how.seed, steps_, observer_};
    const auto parameter_bytes = static_cast<std::int64_t>(shared_->variables_of_model.parameters().size_bytes());
    const auto did = [this](const char* what, std::int64_t bytes) {
        if (observer_ != nullptr) observer_->ran({}, what, bytes);
    };

    if (observer_ != nullptr) observer_->step_begins();
    gather(data_, rows, g.data(c.lowered.input));
    did("gather", static_cast<std::int64_t>(count) * data_.picture.size() * (data_.floats.empty() ? 5 : 8));
    g.run(context, 0, c.lowered.forward_end);
    const auto [loss, correct] = loss_of(c, data_, rows, loss_, true);
    did("loss", 0);
    step_result result{.step = steps_ + 1,
                       .loss = static_cast<float>(loss / static_cast<double>(count)),
                       .rows = static_cast<int>(count),
                       .correct = correct};
    result.non_finite = !is_finite(result.loss);
    if (!result.non_finite) {
        g.run(context, c.lowered.forward_end, g.size());
        result.non_finite = !gradients_are_finite() || !statistics_are_finite(c);
        did("finite?", parameter_bytes);
    }
    published_.push_back(result);  // what may throw comes before the commit
    if (!result.non_finite) {
        update_parameters(learning_rates_[std::min(epoch_step_, learning_rates_.size() - 1)]);
        did("optimizer", parameter_bytes * (3 + 2 * slots_of(optimizer_.kind)));
        update_statistics(c);
        did("moving statistics", 0);
        ++steps_;
        ++shared_->version;
    }
    cursor_ += count;
    ++epoch_step_;
}

STRATA_INLINE bool executor::gradients_are_finite() {
    const std::span<const float> gradients = shared_->variables_of_model.gradients();
    const auto count = static_cast<std::int64_t>(gradients.size());
    non_finite_blocks_.resize(static_cast<std::size_t>(kernels::non_finite_stage::blocks(count)));
    for_each_index(non_finite_blocks_.size(), kernels::non_finite_stage{gradients.data(), count, non_finite_blocks_.data()});
    return !kernels::non_finite_stage::any(non_finite_blocks_.data(), kernels::non_finite_stage::blocks(count));
}

STRATA_INLINE bool executor::statistics_are_finite(const compiled& c) {
    const auto finite = [&c](const value& v) {
        const float* values = c.lowered.actions.data(v);
        return std::all_of(values, values + v.desc.bytes() / sizeof(float), [](float x) { return is_finite(x); });
    };
    return std::all_of(c.lowered.statistics.begin(), c.lowered.statistics.end(),
                       [&](const batch_statistics& s) { return finite(s.mean) && finite(s.variance); });
}

STRATA_INLINE void executor::update_parameters(float learning_rate) {
    const conventions& how = shared_->how.conventions;
    const variables& v = shared_->variables_of_model;
    const std::span<float> parameters = v.parameters();
    if (optimizer_.kind == optimizer_kind::adam) {
        kernels::adam kernel = kernels::adam_at({.beta1 = optimizer_.beta1,
                                                 .beta2 = optimizer_.beta2,
                                                 .epsilon = optimizer_.epsilon == unset ? how.adam_epsilon : optimizer_.epsilon,
                                                 .epsilon_hat = how.adam_epsilon_hat,
                                                 .weight_decay = optimizer_.weight_decay,
                                                 .decoupled = how.decoupled_weight_decay},
                                                learning_rate, steps_ - slots_zero_at_ + 1);
        kernel.parameter = parameters.data();
        kernel.gradient = v.gradients().data();
        kernel.m = v.slot(0);
        kernel.v = v.slot(1);
        return for_each_element(parameters.size(), kernel);
    }
    const float decay = optimizer_.weight_decay;
    for_each_element(parameters.size(), kernels::sgd{.parameter = parameters.data(),
                                                     .gradient = v.gradients().data(),
                                                     .velocity = optimizer_.kind == optimizer_kind::sgd_momentum ? v.slot(0) : nullptr,
                                                     .rate = learning_rate,
                                                     .momentum = optimizer_.momentum,
                                                     .nesterov = optimizer_.nesterov,
                                                     .velocity_holds_rate = how.velocity_holds_rate,
                                                     .decay = how.decoupled_weight_decay ? learning_rate * decay : 0,
                                                     .l2 = how.decoupled_weight_decay ? 0 : decay});
}

STRATA_INLINE void executor::update_statistics(const compiled& c) {
    const conventions& how = shared_->how.conventions;
    const program_view view = trains_.view();
    for (const batch_statistics& s : c.lowered.statistics) {
        const operation& op = view.operations[static_cast<std::size_t>(s.operation)];
        const shape of = view.shape_of(op.dst);
        const std::int64_t values = std::int64_t{c.batch} * of.height * of.width;
        const variable_addresses& at = shared_->variables_of_model.addresses();
        const kernels::moving_statistics kernel{
            .batch_mean = c.lowered.actions.data(s.mean),
            .batch_variance = c.lowered.actions.data(s.variance),
            .mean = at.statistics[static_cast<std::size_t>(op.mean)],
            .variance = at.statistics[static_cast<std::size_t>(op.variance)],
            .momentum = op.momentum == unset ? how.batch_norm_momentum : op.momentum,
            .variance_scale = kernels::moving_statistics::scale_of(values, how.unbiased_moving_variance)};
        for_each_index(static_cast<std::size_t>(of.channels), kernel);
    }
}

STRATA_INLINE bool executor::collect(step_result& result, bool) {
    if (published_.empty()) return false;
    result = published_.front();
    published_.pop_front();
    return true;
}

STRATA_INLINE evaluation executor::evaluate(const backend::resident_data& data, std::span<const std::int64_t> rows, int batch_size,
                                            const softmax_cross_entropy& how) {
    const dataset_view& view = static_cast<const resident_data&>(data).view;
    view.check_rows(rows);
    const thread_scope threads(shared_->device.threads);
    double loss = 0;
    std::int64_t correct = 0;
    for (std::size_t first = 0; first < rows.size(); first += static_cast<std::size_t>(batch_size)) {
        const std::span<const std::int64_t> batch =
            rows.subspan(first, std::min(static_cast<std::size_t>(batch_size), rows.size() - first));
        compiled& c = program_for(static_cast<int>(batch.size()), onednn::pass::inference);
        gather(view, batch, c.lowered.actions.data(c.lowered.input));
        c.lowered.actions.run({stream_.get(), shared_->how.seed, steps_}, 0, c.lowered.actions.size());
        const auto [batch_loss, batch_correct] = loss_of(c, view, batch, how, false);
        loss += batch_loss;
        correct += batch_correct;
    }
    const auto count = static_cast<std::int64_t>(rows.size());
    if (count == 0) return {};
    return {loss / static_cast<double>(count), static_cast<double>(correct) / static_cast<double>(count), count};
}

STRATA_INLINE std::int64_t executor::bytes_held() const {
    return shared_->variables_of_model.bytes() + activations_.bytes() + scratchpad_.bytes();
}

STRATA_INLINE std::string executor::kernel_choices() const {
    const convolution_choices& choices = shared_->device.convolutions;
    convolution_choices used;
    for (const auto& c : compiled_) {
        const program_use use = c->pass == onednn::pass::training ? program_use::training : program_use::evaluation;
        for (const auto& [operation, which] :
             convolution_cases(trains_.view(), c->batch, use, shared_->device.threads, vector_width_here()))
            used.set(which, choices.find(which));
    }
    return used.tuned.empty() ? std::string() : json_of(used.tuned);
}

// Prediction: an arena, a scratchpad and a stream of its own; parameters are read from the model, and their reordered copies are
// made again when the model has changed.
class inference final : public backend::inference {
public:
    inference(std::shared_ptr<executor::shared_state> shared, int batch)
        : shared_(std::move(shared)),
          batch_(batch),
          stream_(onednn::make_stream(shared_->engine)),
          lowered_(lower_for(*shared_, batch)),
          activations_(lowered_.actions.arena_bytes()),
          scratchpad_(lowered_.actions.scratchpad_bytes()),
          all_rows_(static_cast<std::size_t>(batch)) {
        std::iota(all_rows_.begin(), all_rows_.end(), std::int64_t{0});
        lowered_.actions.bind(activations_.data(), scratchpad_.data());
    }

    void run(const dataset_view& pictures, std::span<float> out) override {
        const std::int64_t rows = pictures.rows(), size = pictures.picture.size();
        const std::int64_t classes = shared_->predicts.view().output_shape().size();
        if (rows > batch_ || static_cast<std::int64_t>(out.size()) != rows * classes)
            throw invalid_input("inference: " + std::to_string(rows) + " pictures do not fit a batch of " + std::to_string(batch_));
        const thread_scope threads(shared_->device.threads);
        const run_context context{stream_.get(), shared_->how.seed, 0};
        if (const std::int64_t now = shared_->version; now != version_) {
            lowered_.actions.prepare(context);
            version_ = now;
        }
        float* input = lowered_.actions.data(lowered_.input);
        executor::gather(pictures, std::span(all_rows_).first(static_cast<std::size_t>(rows)), input);
        std::fill(input + rows * size, input + std::int64_t{batch_} * size, 0.0f);
        lowered_.actions.run(context, 0, lowered_.actions.size());
        std::memcpy(out.data(), lowered_.actions.data(lowered_.output), out.size_bytes());
    }

private:
    static lowered_program lower_for(const executor::shared_state& shared, int batch) {
        const thread_scope threads(shared.device.threads);
        const lowering_options how{.batch = batch,
                                   .pass = onednn::pass::inference,
                                   .batch_norm_epsilon = shared.how.conventions.batch_norm_epsilon,
                                   .prepare_once = true,
                                   .convolutions = &shared.device.convolutions,
                                   .threads = shared.device.threads};
        const program_view view = shared.predicts.view();
        return lower(view, shared.engine, shared.variables_of_model.addresses(), shared.device.kernels, how);
    }

    std::shared_ptr<executor::shared_state> shared_;
    int batch_;
    onednn::stream stream_;
    lowered_program lowered_;
    arena activations_, scratchpad_;
    std::vector<std::int64_t> all_rows_;
    std::int64_t version_ = -1;
};

STRATA_INLINE std::unique_ptr<backend::inference> executor::make_inference(int batch_size) {
    if (batch_size < 1)
        throw invalid_input("batch_size " + std::to_string(batch_size) + ": a predictor takes at least one picture at a time");
    return std::make_unique<inference>(shared_, batch_size);
}

}  // namespace strata::inline STRATA_ABI::cpu
