// SPDX-License-Identifier: MIT
// A model on the GPU. A training step is captured once per batch size and launched with nothing from the host: what changes from step
// to step lies in a step_state on the device. At most `in_flight` steps are enqueued; each leaves its report in a ring that the host
// reads, behind an event. Evaluation runs in the same stream, prediction in streams of its own (inference.hpp).
#pragma once

#include <strata/backend/cuda/cublaslt/status.hpp>
#include <strata/backend/cuda/cudnn/engines.hpp>
#include <strata/backend/cuda/cudnn/plan.hpp>
#include <strata/backend/cuda/model_memory.hpp>
#include <strata/backend/cuda/options.hpp>
#include <strata/backend/cuda/planned_program.hpp>
#include <strata/backend/cuda/row_ring.hpp>
#include <strata/backend/cuda/runtime/graph.hpp>
#include <strata/backend/cuda/runtime/kernels.hpp>
#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>
#include <strata/backend/device.hpp>
#include <strata/core/config.hpp>
#include <strata/kernels/adam.hpp>
#include <strata/kernels/step_state.hpp>
#include <strata/network/builder.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

// A data set on the device, as bytes or floats as it was given; one that does not fit stays where it is and passes through a row_ring.
struct resident_data final : backend::resident_data {
    resident_data(const dataset_view& v, std::int64_t number_of_data, bool whole, const stream& on);
    void point(kernels::step_state& state) const;  // sets the fields of the data; of one that is on the device

    dataset_view view;
    std::int64_t number;  // of the executor's data sets
    bool on_device;
    device_memory pictures, labels;
};

// What an executor and its predictors share.
struct shared_state {
    shared_state(const program_view& program, const executor_options& how, const options& device);

    strata::program predicts;  // with its softmax
    executor_options how;
    options device;
    stream on;  // of training and evaluation
    kernel_library library;
    cublaslt::handle products;
    cudnn::handle dnn;  // of `on`
    cudnn::target target;
    mutable cudnn::plan_cache plans;
    model_memory memory;
    event updated;  // after the latest change of parameters or statistics

    planned_program plan(const program_view& program, int batch, mode of) const;
};

class executor final : public backend::executor {
public:
    executor(const program_view& program, const executor_options& how, const options& device);
    ~executor() override;

    void read(state which, std::size_t index, std::span<float> values) const override;
    void write(state which, std::size_t index, std::span<const float> values) override;
    std::int64_t steps() const override { return steps_; }
    void set_steps(std::int64_t steps) override { steps_ = steps; }

    void configure(const optimizer& how, const softmax_cross_entropy& loss) override;
    std::unique_ptr<backend::resident_data> load(const dataset_view& data) override;
    void begin_epoch(const backend::resident_data& data, const backend::epoch_order& order) override;
    void step() override;
    bool collect(step_result& result, bool wait) override;
    evaluation evaluate(const backend::resident_data& data, std::span<const std::int64_t> rows, int batch_size,
                        const softmax_cross_entropy& loss) override;
    std::unique_ptr<backend::inference> make_inference(int batch_size) override;
    std::int64_t bytes_held() const override;

    const stream& on() const { return shared_->on; }  // where steps and evaluations run

    static constexpr int in_flight = 8;  // steps that may be enqueued and not yet reported

private:
    // One batch size and mode: its plans, and its captured step.
    struct compiled {
        int batch;
        mode of;
        planned_program plans;
        device_memory normalized_layers;  // the table of update_statistics
        std::int64_t channels = 0;        // of all batch norms
        device_memory row_results;
        bool ready = false;               // engines loaded, and the step captured
        captured_graph captured{};        // empty where steps are not captured
        float label_smoothing = 0;        // that was captured
    };
    // Rows in order on the device, and where a run over them stands.
    struct course {
        std::vector<std::int64_t> rows;
        std::vector<float> rates;
        kernels::step_state begin{};  // as it is uploaded
        device_memory row_table, rate_table, state;
        std::unique_ptr<row_ring> ring;  // where the data are not on the device
        std::int64_t ring_of = -1;       // resident_data::number
        bool streams = false;

        kernels::step_state* on_device() const { return reinterpret_cast<kernels::step_state*>(state.data()); }
    };

    compiled& program_for(int batch, mode of);
    compiled make_compiled(int batch, mode of);
    void make_layer_table(compiled& c);
    void bind(compiled& c);
    void prepare(compiled& c, const course& along, float label_smoothing);
    void enqueue(const compiled& c, const course& along, float label_smoothing) const;  // the whole step, operation by operation
    void commit(const compiled& c, const launch_context& context) const;  // enqueues what follows the gradients
    void upload(course& along, const resident_data& data, std::span<const std::int64_t> rows, std::span<const float> rates, int batch);
    void launch_at(course& along, const compiled& c, std::int64_t first) const;
    void check_rows(const dataset_view& data, std::span<const std::int64_t> rows) const;
    kernels::adam_settings adam_settings() const;
    void take_oldest();
    void drain();

    std::shared_ptr<shared_state> shared_;
    strata::program trains_;  // without a softmax at the end
    device_memory activations_, workspace_;
    std::vector<std::unique_ptr<compiled>> compiled_;  // a cache: the latest batch sizes and modes

    bool configured_ = false;
    optimizer optimizer_;
    softmax_cross_entropy loss_;
    std::int64_t steps_ = 0, slots_zero_at_ = 0;  // committed steps; how many there were when the slots were zero

    course training_, evaluating_;
    int batch_size_ = 0;
    std::size_t cursor_ = 0;
    std::int64_t launched_ = 0, taken_ = 0;  // steps launched over the model's life, and of them reported
    std::int64_t loaded_ = 0;                // data sets
    mapped_memory ring_;                     // in_flight reports
    std::vector<event> done_;                // in_flight events
    std::deque<step_result> published_;
};

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/executor.ipp>
#include <strata/backend/cuda/inference.hpp>  // make_inference
#endif
