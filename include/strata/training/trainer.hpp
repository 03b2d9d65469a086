// SPDX-License-Identifier: MIT
// The trainer: fit() with Keras's meaning of every word, evaluate(), and train_step() for people who write their own loop.
// Silent: progress is what the callbacks make of it.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/function_ref.hpp>
#include <strata/data/dataset.hpp>
#include <strata/data/split.hpp>
#include <strata/losses/softmax_cross_entropy.hpp>
#include <strata/optimizers/optimizer.hpp>
#include <strata/optimizers/schedule.hpp>
#include <strata/training/history.hpp>
#include <strata/training/model.hpp>

#include <cstdint>
#include <memory>
#include <optional>

namespace strata::inline STRATA_ABI {

// What a callback answers.
enum class flow : bool { go_on, stop };

// After a training step: the running means of the epoch so far (Keras's progress line).
struct batch_result {
    int epoch = 0;
    std::int64_t step = 0, steps = 0;  // of the epoch, counted from 1; planned steps of the epoch
    double loss = 0, accuracy = 0;     // running means, weighted by rows
    step_result last{};
};

using epoch_callback = function_ref<flow(const epoch_result&)>;
using batch_callback = function_ref<flow(const batch_result&)>;
// Between the parts, some hundred rows each, of a validation or an evaluation: the figures of the rows so far.
using evaluation_callback = function_ref<flow(const evaluation&)>;

struct fit_options {
    int epochs = 1;
    int batch_size = 32;
    double validation_split = 0;             // the share of rows that validates
    split_mode split = split_mode::tail;     // tail: the last rows in given order, before any shuffle, as Keras
    dataset_view validation{};               // given rows; then validation_split must be 0
    int validation_batch_size = 0;           // 0: batch_size
    bool shuffle = true;                     // a new permutation each epoch, a function of seed and epoch
    std::optional<std::uint64_t> seed{};     // of split and shuffling; the model's when not given
    int initial_epoch = 0;                   // numbers epochs, and their permutations, from here; as in Keras, `epochs` is then the end
    schedule learning_rate{};  // by global step, counted from 0; else the optimizer's
};

class trainer {
public:
    // The model must outlive the trainer. A trainer with an optimizer of another kind begins with fresh optimizer state when it trains.
    // Throws invalid_input for optimizer values and label smoothing that no update can have.
    trainer(model& model, const optimizer& optimizer = adam{}, const softmax_cross_entropy& loss = {});

    // Trains. Throws invalid_input for options and data that do not fit, non_finite_loss when a loss or a gradient is NaN or infinite
    // (what was trained before stays, and so does history()). A callback that answers stop ends the run after the steps in flight;
    // epochs that were begun are reported, those that a batch or evaluation callback stopped without validation. The view's arrays must
    // stay until it returns.
    strata::history fit(const dataset_view& data, const fit_options& options, epoch_callback on_epoch = {}, batch_callback on_batch = {},
                        evaluation_callback on_validation = {});

    // Loss and accuracy in inference mode. A callback that answers stop ends it: then they are those of the first result.rows rows.
    evaluation evaluate(const dataset_view& data, int batch_size = 32, evaluation_callback on_part = {});

    // One step on the rows of `batch`, in given order. Throws non_finite_loss, and then nothing was changed.
    step_result train_step(const dataset_view& batch);

    // Of the last fit, also when it threw.
    const strata::history& history() const { return history_; }

    const strata::optimizer& optimizer() const { return optimizer_; }
    void set_learning_rate(float rate) { optimizer_.learning_rate = rate; }

private:
    model& model_;
    strata::optimizer optimizer_;
    softmax_cross_entropy loss_;
    strata::history history_;
};

}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/training/trainer.ipp>
#endif
