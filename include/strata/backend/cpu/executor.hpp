// SPDX-License-Identifier: MIT
// A model on the CPU: its variables, and one lowered program per batch size and mode, made when first needed. All of them run one
// after the other and share one arena. A training step runs when it is enqueued.
#pragma once

#include <strata/backend/cpu/lowering.hpp>
#include <strata/backend/cpu/options.hpp>
#include <strata/backend/cpu/parallel.hpp>
#include <strata/backend/cpu/variables.hpp>
#include <strata/backend/device.hpp>
#include <strata/core/config.hpp>
#include <strata/network/builder.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cpu {

struct resident_data final : backend::resident_data {
    explicit resident_data(const dataset_view& v) : view(v) {}
    dataset_view view;  // the CPU reads the caller's arrays
};

// What the loss finds: one entry per row of a batch.
struct row_results {
    std::vector<float> loss, correct;
    std::vector<double> partial;

    explicit row_results(int batch);
    std::pair<double, int> totals();  // sum of losses, number of correct rows
};

// STRATA_INLINE where a function is virtual: see core/config.hpp.
class executor final : public backend::executor {
public:
    executor(const program_view& program, const executor_options& how, const options& device);

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
    STRATA_INLINE std::string kernel_choices() const override;

    // For profiles: who is told what a step does, in order; null: nobody.
    void observe(action_observer* who) { observer_ = who; }

    // Writes these rows of the data as the network's input, (rows, H, W, C).
    static void gather(const dataset_view& data, std::span<const std::int64_t> rows, float* to);

    // For inference objects: what they share with the model.
    struct shared_state {
        strata::program predicts;  // with its softmax
        variables variables_of_model;
        onednn::engine engine;
        executor_options how;
        options device;
        std::atomic<std::int64_t> version{0};  // counts changes of parameters and statistics
    };

private:
    struct compiled {
        int batch;
        onednn::pass pass;
        lowered_program lowered;
        row_results rows;
    };

    compiled& program_for(int batch, onednn::pass pass);
    std::pair<double, int> loss_of(compiled& c, const dataset_view& data, std::span<const std::int64_t> rows,
                                   const softmax_cross_entropy& loss, bool with_gradient) const;
    bool gradients_are_finite();
    static bool statistics_are_finite(const compiled& c);
    void update_parameters(float learning_rate);
    void update_statistics(const compiled& c);

    std::shared_ptr<shared_state> shared_;
    strata::program trains_;  // without a softmax at the end
    onednn::stream stream_;
    arena activations_, scratchpad_;
    std::vector<std::unique_ptr<compiled>> compiled_;  // a cache: the latest batch sizes and modes

    bool configured_ = false;
    optimizer optimizer_;
    softmax_cross_entropy loss_;
    std::int64_t steps_ = 0, slots_zero_at_ = 0;  // committed steps; how many there were when the slots were zero

    dataset_view data_{};  // of the epoch
    std::vector<std::int64_t> rows_;
    std::vector<float> learning_rates_;
    int batch_size_ = 0;
    std::size_t cursor_ = 0, epoch_step_ = 0;
    std::vector<std::uint8_t> non_finite_blocks_;  // of the gradients
    std::deque<step_result> published_;
    action_observer* observer_ = nullptr;
};

}  // namespace strata::inline STRATA_ABI::cpu

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/executor.ipp>
#endif
