// SPDX-License-Identifier: MIT
// A model on the GPU. A training step is captured once per batch size and launched with nothing from the host: what changes from step
// to step lies in a step_state on the device. At most `steps_in_flight` steps are enqueued; each leaves its report in a ring that the host
// reads, behind an event. Evaluation runs in the same stream, prediction in streams of its own (inference.hpp).
#pragma once

#include <strata/backend/cuda/course.hpp>
#include <strata/backend/cuda/device_program.hpp>
#include <strata/backend/cuda/options.hpp>
#include <strata/backend/cuda/planned_program.hpp>
#include <strata/backend/cuda/runtime/graph.hpp>
#include <strata/backend/cuda/runtime/memory.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>
#include <strata/backend/cuda/shared_state.hpp>
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

// STRATA_INLINE where a function is virtual: see core/config.hpp.
class executor final : public backend::executor {
public:
    STRATA_INLINE executor(const program_view& program, const executor_options& how, const options& device);
    STRATA_INLINE ~executor() override;

    STRATA_INLINE void read(state which, std::size_t index, std::span<float> values) const override;
    STRATA_INLINE void write(state which, std::size_t index, std::span<const float> values) override;
    std::int64_t steps() const override { return steps_; }
    void set_steps(std::int64_t steps) override { steps_ = steps; }

    STRATA_INLINE void configure(const optimizer& how, const softmax_cross_entropy& loss) override;
    STRATA_INLINE std::unique_ptr<backend::resident_data> load(const dataset_view& data) override;
    STRATA_INLINE void begin_epoch(const backend::resident_data& data, const backend::epoch_order& order) override;
    STRATA_INLINE void step() override;
    STRATA_INLINE bool collect(step_result& result, bool wait) override;
    STRATA_INLINE evaluation evaluate(const backend::resident_data& data, std::span<const std::int64_t> rows, int batch_size,
                                      const softmax_cross_entropy& loss) override;
    STRATA_INLINE std::unique_ptr<backend::inference> make_inference(int batch_size) override;
    STRATA_INLINE std::int64_t bytes_held() const override;

    const stream& on() const { return shared_->on; }  // where steps and evaluations run

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
    compiled& program_for(int batch, mode of);
    compiled make_compiled(int batch, mode of);
    void make_layer_table(compiled& c);
    void bind(compiled& c);
    void prepare(compiled& c, const course& along, float label_smoothing);
    void prepare_all(const course& along, int batch_size, mode of, float label_smoothing);
    void enqueue(const compiled& c, const course& along, float label_smoothing) const;  // the whole step, operation by operation
    void commit(const compiled& c, const launch_context& context) const;  // enqueues what follows the gradients
    void launch_at(const course& along, const compiled& c, std::int64_t first) const;
    kernels::step_state beginning() const;
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
    std::int64_t cursor_ = 0;
    std::int64_t launched_ = 0, taken_ = 0;  // steps launched over the model's life, and of them reported
    std::int64_t loaded_ = 0;                // data sets
    mapped_memory ring_;                     // steps_in_flight reports
    std::vector<event> done_;                // steps_in_flight events
    std::deque<step_result> published_;
};

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/executor.ipp>
#include <strata/backend/cuda/inference.hpp>  // make_inference
#endif
