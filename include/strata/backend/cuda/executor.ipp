// SPDX-License-Identifier: MIT
// Training steps and evaluation on the GPU.
#pragma once

#include <strata/backend/cuda/executor.hpp>

#include <strata/backend/cuda/runtime/device.hpp>
#include <strata/backend/cuda/runtime/status.hpp>
#include <strata/core/error.hpp>
#include <strata/kernels/adam.hpp>
#include <strata/kernels/moving_statistics.hpp>
#include <strata/network/fusion.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <utility>

namespace strata::inline STRATA_ABI::cuda {

// ---- state

namespace detail {

// The largest batch below this one for which so many bytes are enough, by the plan of memory; 0 when none is.
STRATA_INLINE int batch_that_fits(const program_view& program, int batch, precision of, std::int64_t bytes) {
    while (batch > 0 && plan_memory(program, {.batch = batch, .precision = of}).activations > bytes) batch /= 2;
    return batch;
}

}  // namespace detail

STRATA_INLINE executor::executor(const program_view& program, const executor_options& how, const options& device)
    : shared_(std::make_shared<shared_state>(program, how, device)),
      trains_(training_program(strata::program(program))),
      ring_(steps_in_flight * static_cast<std::int64_t>(sizeof(kernels::step_report))) {
    for (int i = 0; i < steps_in_flight; ++i) done_.emplace_back();
    shared_->updated.record(shared_->on);
    shared_->on.synchronize();
}

STRATA_INLINE executor::~executor() {
    try {  // what is in flight uses our memory
        const device_scope scope(shared_->device.device);
        shared_->on.synchronize();
    } catch (const error&) {}
}

STRATA_INLINE void executor::read(state which, std::size_t index, std::span<float> values) const {
    const device_scope scope(shared_->device.device);
    const float* from = shared_->memory.at(which, index);
    if (from == nullptr || shared_->memory.size_of(which, index) != values.size())
        throw invalid_input("executor: this state does not exist, or has another size");
    copy(values.data(), from, static_cast<std::int64_t>(values.size_bytes()), shared_->on.get());
    shared_->on.synchronize();
}

STRATA_INLINE void executor::write(state which, std::size_t index, std::span<const float> values) {
    const device_scope scope(shared_->device.device);
    float* to = shared_->memory.at(which, index);
    if (to == nullptr || shared_->memory.size_of(which, index) != values.size())
        throw invalid_input("executor: this state does not exist, or has another size");
    copy(to, values.data(), static_cast<std::int64_t>(values.size_bytes()), shared_->on.get());
    if (which == state::parameter) shared_->memory.refresh_narrow(shared_->library, shared_->on);
    shared_->updated.record(shared_->on);
    shared_->on.synchronize();
}

STRATA_INLINE std::int64_t executor::bytes_held() const {
    return shared_->memory.bytes() + activations_.bytes() + workspace_.bytes() + training_.bytes() + evaluating_.bytes();
}

// ---- programs

STRATA_INLINE executor::compiled& executor::program_for(int batch, mode of) {
    for (const auto& c : compiled_) {
        if (c->batch == batch && c->of == of) return *c;
    }
    auto made = std::make_unique<compiled>(make_compiled(batch, of));
    constexpr std::size_t kept = 16;
    if (compiled_.size() >= kept) {
        shared_->on.synchronize();  // the step that leaves may be in flight
        compiled_.erase(compiled_.begin());
    }
    const std::int64_t arena = made->plans.arena_bytes(), workspace = made->plans.workspace_bytes();
    try {
        const bool grows = arena > activations_.bytes() || workspace > workspace_.bytes();
        if (grows) shared_->on.synchronize();
        if (arena > activations_.bytes()) activations_ = {}, activations_ = device_memory(arena);
        if (workspace > workspace_.bytes()) workspace_ = {}, workspace_ = device_memory(workspace);
        compiled_.push_back(std::move(made));
        for (const auto& c : compiled_) {
            if (grows || c == compiled_.back()) bind(*c);
        }
        return *compiled_.back();
    } catch (const out_of_memory& e) {  // some may be bound to an arena that is gone
        compiled_.clear();
        const int fits = detail::batch_that_fits(trains_.view(), batch, shared_->how.precision, e.free);
        throw out_of_memory(std::string(e.what()) + ". A batch of " + std::to_string(batch) + " needs " + std::to_string(arena) +
                                " bytes of activations and " + std::to_string(workspace) + " of workspace; " +
                                (fits > 0 ? "a batch of " + std::to_string(fits) + " would fit" : "no batch would fit"),
                            e.asked, e.free, e.total);
    } catch (...) {
        compiled_.clear();
        throw;
    }
}

STRATA_INLINE executor::compiled executor::make_compiled(int batch, mode of) {
    compiled c{.batch = batch, .of = of, .plans = shared_->plan(trains_.view(), batch, of), .normalized_layers = {}, .row_results = {}};
    c.row_results = device_memory(row_results_bytes(batch));
    if (of == mode::training) make_layer_table(c);
    return c;
}

STRATA_INLINE void executor::make_layer_table(compiled& c) {
    const conventions& how = shared_->how.conventions;
    const program_view view = trains_.view();
    const memory_map at = shared_->memory.map();
    std::vector<kernels::normalized_layer> table;
    for (const batch_norm_record& record : c.plans.program().batch_norms) {
        const operation& op = view.operations[static_cast<std::size_t>(record.operation)];
        const shape of = view.shape_of(op.dst);
        const std::int64_t values = std::int64_t{c.batch} * of.height * of.width;
        table.push_back({.batch_mean = at.as<const float>(record.mean),
                         .batch_inverse_deviation = at.as<const float>(record.inverse_deviation),
                         .mean = shared_->memory.at(state::statistic, static_cast<std::size_t>(op.mean)),
                         .variance = shared_->memory.at(state::statistic, static_cast<std::size_t>(op.variance)),
                         .channels = of.channels,
                         .epsilon = op.epsilon == unset ? how.batch_norm_epsilon : op.epsilon,
                         .momentum = op.momentum == unset ? how.batch_norm_momentum : op.momentum,
                         .variance_scale = kernels::moving_statistics::scale_of(values, how.unbiased_moving_variance)});
        c.channels += of.channels;
    }
    const auto bytes = static_cast<std::int64_t>(table.size() * sizeof(kernels::normalized_layer));
    c.normalized_layers = device_memory(bytes);
    copy(c.normalized_layers.data(), table.data(), bytes, shared_->on.get());
    shared_->on.synchronize();  // the table here goes
}

STRATA_INLINE void executor::bind(compiled& c) {
    memory_map map = shared_->memory.map();
    map.bases[static_cast<std::size_t>(area::activations)] = activations_.data();
    map.bases[static_cast<std::size_t>(area::row_results)] = c.row_results.data();
    c.plans.bind(std::move(map), workspace_.data());
    c.captured = {};
    c.ready = false;
}

// Everything from the gradients to the report. A gradient, a loss or a statistic that is not finite keeps all of it from being written.
STRATA_INLINE void executor::commit(const compiled& c, const launch_context& context) const {
    const model_memory& memory = shared_->memory;
    const conventions& how = shared_->how.conventions;
    const std::int64_t threads = std::min<std::int64_t>(memory.found_count(), 1 << 16);
    context.launch(kernels::find_non_finite<float>{.state = context.state,
                                                   .src = memory.gradients(),
                                                   .inverse_deviations = memory.found_count() - memory.inverse_deviation_count(),
                                                   .count = memory.found_count(),
                                                   .threads = threads},
                   threads);
    if (c.channels > 0) {
        context.launch(
            kernels::update_statistics{context.state, reinterpret_cast<const kernels::normalized_layer*>(c.normalized_layers.data()),
                                       static_cast<std::int64_t>(c.plans.program().batch_norms.size())},
            c.channels);
    }
    if (optimizer_.kind == optimizer_kind::adam) {
        const kernels::adam fixed = kernels::adam_at(adam_settings(), 1.0f, 1);
        context.launch(kernels::adam_update{.state = context.state,
                                            .parameter = memory.parameters(),
                                            .gradient = memory.gradients(),
                                            .m = memory.slot(0),
                                            .v = memory.slot(1),
                                            .epsilon = fixed.epsilon,
                                            .l2 = fixed.l2,
                                            .rest1 = fixed.rest1,
                                            .rest2 = fixed.rest2,
                                            .copy = memory.narrow_parameters()},
                       memory.parameter_count());
    } else {
        context.launch(kernels::sgd_update{.state = context.state,
                                           .parameter = memory.parameters(),
                                           .gradient = memory.gradients(),
                                           .velocity = memory.slot(0),
                                           .momentum = optimizer_.momentum,
                                           .l2 = how.decoupled_weight_decay ? 0.0f : optimizer_.weight_decay,
                                           .nesterov = optimizer_.nesterov,
                                           .velocity_holds_rate = how.velocity_holds_rate,
                                           .copy = memory.narrow_parameters()},
                       memory.parameter_count());
    }
    const memory_map& map = c.plans.memory();
    context.launch(kernels::end_step{.state = context.state,
                                     .row_loss = map.as<const float>(row_loss),
                                     .row_correct = map.as<const float>(row_correct(c.batch)),
                                     .batch = c.batch,
                                     .ring = reinterpret_cast<kernels::step_report*>(ring_.device()),
                                     .ring_size = steps_in_flight},
                   1);
}

STRATA_INLINE kernels::adam_settings executor::adam_settings() const {
    const conventions& how = shared_->how.conventions;
    return {.beta1 = optimizer_.beta1,
            .beta2 = optimizer_.beta2,
            .epsilon = optimizer_.epsilon == unset ? how.adam_epsilon : optimizer_.epsilon,
            .epsilon_hat = how.adam_epsilon_hat,
            .weight_decay = optimizer_.weight_decay,
            .decoupled = how.decoupled_weight_decay};
}

STRATA_INLINE void executor::enqueue(const compiled& c, const course& along, float label_smoothing) const {
    const launch_context context{shared_->on, shared_->library, along.state(), label_smoothing};
    const bool trains = c.of == mode::training;
    if (trains) context.launch(kernels::begin_step{context.state, adam_settings(), optimizer_.kind == optimizer_kind::adam}, 1);
    c.plans.run(context, shared_->dnn, shared_->products);
    if (trains) return commit(c, context);
    const memory_map& map = c.plans.memory();
    context.launch(kernels::end_evaluation{.state = context.state,
                                           .row_loss = map.as<const float>(row_loss),
                                           .row_correct = map.as<const float>(row_correct(c.batch)),
                                           .batch = c.batch},
                   1);
}

// Runs the engines once as they are, so that all of them are loaded, then captures the step.
STRATA_INLINE void executor::prepare(compiled& c, const course& along, float label_smoothing) {
    if (c.ready && c.label_smoothing == label_smoothing) return;
    const launch_context context{shared_->on, shared_->library, along.state(), label_smoothing};
    c.plans.run(context, shared_->dnn, shared_->products);
    if (shared_->device.capture) c.captured = captured_graph::capture(shared_->on, [&] { enqueue(c, along, label_smoothing); });
    c.label_smoothing = label_smoothing;
    c.ready = true;
}

// Everything that a course needs, before its first step: whole batches and what is left of them. A program that makes an arena grow
// leaves no other ready, so all are made first.
STRATA_INLINE void executor::prepare_all(const course& along, int batch_size, mode of, float label_smoothing) {
    const std::int64_t rows = along.rows(), size = batch_size;
    const int batches[] = {static_cast<int>(std::min(size, rows)), static_cast<int>(rows % size)};
    for (const int batch : batches) {
        if (batch > 0) program_for(batch, of);
    }
    for (const int batch : batches) {
        if (batch > 0) prepare(program_for(batch, of), along, label_smoothing);
    }
}

// Launches the step over the rows from `first` on.
STRATA_INLINE void executor::launch_at(const course& along, const compiled& c, std::int64_t first) const {
    along.before(shared_->on, first, c.batch);
    if (c.captured.empty()) return enqueue(c, along, c.label_smoothing);
    c.captured.launch(shared_->on);
}

// ---- training

STRATA_INLINE void executor::configure(const optimizer& how, const softmax_cross_entropy& loss) {
    const device_scope scope(shared_->device.device);
    drain();
    optimizer captured = optimizer_;  // a captured step holds all of it but the learning rate
    captured.learning_rate = how.learning_rate;
    const bool same = configured_ && captured == how;
    if (!configured_ || how.kind != optimizer_.kind) {  // a velocity is no first moment
        configured_ = false;  // until there are slots
        shared_->memory.make_slots(0, shared_->on);
        shared_->memory.make_slots(slots_of(how.kind), shared_->on);
        slots_zero_at_ = steps_;
        configured_ = true;
    }
    optimizer_ = how;
    loss_ = loss;
    if (same) return;
    for (const auto& c : compiled_) {
        if (c->of == mode::training) c->ready = false;
    }
}

STRATA_INLINE std::unique_ptr<backend::resident_data> executor::load(const dataset_view& data) {
    const device_scope scope(shared_->device.device);
    std::int64_t limit = shared_->device.resident_limit;
    if (limit < 0) limit = free_memory() / 4 * 3;
    const auto bytes = static_cast<std::int64_t>(data.bytes.size_bytes() + data.floats.size_bytes() + data.labels.size_bytes() +
                                                 data.one_hot.size_bytes());
    return std::make_unique<resident_data>(data, ++loaded_, bytes <= limit, shared_->on);
}

// What a course begins from.
STRATA_INLINE kernels::step_state executor::beginning() const {
    kernels::step_state from{};
    from.seed = shared_->how.seed;
    from.step = steps_;
    from.slots_zero_at = slots_zero_at_;
    from.launched = launched_;
    return from;
}

STRATA_INLINE void executor::begin_epoch(const backend::resident_data& data, const backend::epoch_order& order) {
    const device_scope scope(shared_->device.device);
    const auto& resident = static_cast<const resident_data&>(data);
    resident.view.check_rows(order.rows);
    if (!configured_) throw invalid_input("executor: training needs an optimizer; configure one before an epoch begins");
    if (order.batch_size < 1 || order.learning_rates.empty())
        throw invalid_input("executor: an epoch needs a batch size of at least 1 and a learning rate");
    drain();
    published_.clear();
    batch_size_ = order.batch_size;
    cursor_ = 0;
    training_.begin(resident, order.rows, order.learning_rates, batch_size_, beginning(), shared_->device.passing_bytes, shared_->on);
    prepare_all(training_, batch_size_, mode::training, loss_.label_smoothing);
}

STRATA_INLINE void executor::step() {
    if (cursor_ >= training_.rows()) throw invalid_input("executor: the epoch has no more steps; begin another");
    const device_scope scope(shared_->device.device);
    const std::int64_t count = std::min<std::int64_t>(batch_size_, training_.rows() - cursor_);
    compiled& c = program_for(static_cast<int>(count), mode::training);
    prepare(c, training_, loss_.label_smoothing);
    if (launched_ - taken_ == steps_in_flight) take_oldest();
    launch_at(training_, c, cursor_);
    const auto slot = static_cast<std::size_t>(launched_ % steps_in_flight);
    ++launched_;
    cursor_ += count;
    try {
        done_[slot].record(shared_->on);
        shared_->updated.record(shared_->on);
        training_.after(shared_->on, cursor_);
    } catch (const error&) {  // the step runs all the same: what it commits is reported before the error goes on
        shared_->on.synchronize();
        while (taken_ < launched_) take_oldest();
        throw;
    }
}

STRATA_INLINE void executor::take_oldest() {
    const auto slot = static_cast<std::size_t>(taken_ % steps_in_flight);
    done_[slot].synchronize();
    kernels::step_report report;
    std::memcpy(&report, ring_.host() + slot * sizeof report, sizeof report);
    ++taken_;
    if (report.non_finite == 0) steps_ = report.step;
    published_.push_back(
        {.step = report.step, .loss = report.loss, .rows = report.rows, .correct = report.correct, .non_finite = report.non_finite != 0});
}

STRATA_INLINE void executor::drain() {
    while (taken_ < launched_) take_oldest();
}

STRATA_INLINE bool executor::collect(step_result& result, bool wait) {
    const device_scope scope(shared_->device.device);
    if (published_.empty() && taken_ < launched_ && (wait || done_[static_cast<std::size_t>(taken_ % steps_in_flight)].done()))
        take_oldest();
    if (published_.empty()) return false;
    result = published_.front();
    published_.pop_front();
    return true;
}

// ---- evaluation and prediction

STRATA_INLINE evaluation executor::evaluate(const backend::resident_data& data, std::span<const std::int64_t> rows, int batch_size,
                                            const softmax_cross_entropy& how) {
    if (rows.empty()) return {};
    const device_scope scope(shared_->device.device);
    const auto& resident = static_cast<const resident_data&>(data);
    resident.view.check_rows(rows);
    const auto count = static_cast<std::int64_t>(rows.size()), size = std::int64_t{batch_size};
    drain();
    evaluating_.begin(resident, rows, {}, batch_size, beginning(), shared_->device.passing_bytes, shared_->on);
    prepare_all(evaluating_, batch_size, mode::evaluation, how.label_smoothing);
    for (std::int64_t first = 0; first < count; first += size) {
        const std::int64_t batch = std::min(size, count - first);
        launch_at(evaluating_, program_for(static_cast<int>(batch), mode::evaluation), first);
        evaluating_.after(shared_->on, first + batch);
    }
    kernels::step_state end;
    copy(&end, evaluating_.state(), sizeof end, shared_->on.get());
    shared_->on.synchronize();
    return {end.loss_sum / static_cast<double>(count), static_cast<double>(end.correct) / static_cast<double>(count), count};
}

}  // namespace strata::inline STRATA_ABI::cuda
