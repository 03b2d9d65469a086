// SPDX-License-Identifier: MIT
// What a backend must offer: a device makes an executor for a program; the executor holds the model's state, trains and evaluates;
// inference objects run the program with an arena of their own. Everything here speaks canonical layouts: pictures (N, H, W, C),
// convolution weights (K, R, S, C), dense weights (out, in); what a backend keeps inside is its own business.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/dtype.hpp>
#include <strata/data/dataset.hpp>
#include <strata/losses/softmax_cross_entropy.hpp>
#include <strata/network/conventions.hpp>
#include <strata/network/program.hpp>
#include <strata/optimizers/optimizer.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace strata::inline STRATA_ABI {

// The four kinds of state of a model, each a list of arrays in canonical layouts.
enum class state : unsigned char {
    parameter,   // one per program_view::parameters
    statistic,   // one per program_view::statistics
    gradient,    // of the last training step, one per parameter
    slot0,
    slot1 // the optimizer's: adam m and v; sgd velocity
};

// What one training step reports, in the order of the steps.
struct step_result {
    std::int64_t step = 0;  // counted from 1 over the model's life
    float loss = 0;         // the mean over the step's rows, before the update
    int rows = 0;
    int correct = 0;        // rows whose largest logit is the label's
    bool non_finite = false; // the loss or a gradient is NaN or infinite: nothing of the step was committed
};

struct evaluation {
    double loss = 0, accuracy = 0;
    std::int64_t rows = 0;
};

struct executor_options {
    strata::conventions conventions = conventions::keras;
    strata::precision precision = precision::fp32;
    std::uint64_t seed = 1;
};

namespace backend {

// A data set where the device can read it. Created by an executor; the view that it was made from must outlive it.
struct resident_data {
    virtual ~resident_data() = default;
};

// Prediction with an arena of its own: one per thread.
struct inference {
    virtual ~inference() = default;
    // Runs the first `rows` rows of the view (at most the batch size); out receives (rows, classes): what the program gives.
    virtual void run(const dataset_view& pictures, std::span<float> out) = 0;
};

// How the rows of an epoch are taken. `rows` and `learning_rates` are copied.
struct epoch_order {
    std::span<const std::int64_t> rows;         // row numbers of the data, in the order of the steps
    int batch_size = 32;                        // the last step takes what is left
    std::span<const float> learning_rates;      // one per step
};

struct executor {
    virtual ~executor() = default;

    // State. Sizes are those of the program's variables. A write counts as an update for predictors.
    virtual void read(state which, std::size_t index, std::span<float> values) const = 0;
    virtual void write(state which, std::size_t index, std::span<const float> values) = 0;
    virtual std::int64_t steps() const = 0;  // committed training steps
    virtual void set_steps(std::int64_t steps) = 0;

    // Training. The optimizer's slots are zero after the first call, and kept while the kind stays the same; Adam's count of updates
    // begins where its slots were zero.
    virtual void configure(const optimizer& how, const softmax_cross_entropy& loss) = 0;
    virtual std::unique_ptr<resident_data> load(const dataset_view& data) = 0;
    virtual void begin_epoch(const resident_data& data, const epoch_order& order) = 0;
    // Enqueues the epoch's next step; may return before it ran.
    virtual void step() = 0;
    // The next result in order, or false when none has been published yet. With `wait` it waits for one in flight.
    virtual bool collect(step_result& result, bool wait) = 0;

    // Inference mode (moving statistics, no dropout) over rows of the data, mean loss and accuracy.
    virtual evaluation evaluate(const resident_data& data, std::span<const std::int64_t> rows, int batch_size,
                                const softmax_cross_entropy& loss) = 0;

    virtual std::unique_ptr<inference> make_inference(int batch_size) = 0;

    // Bytes that the executor holds now, arenas and scratchpads, without data sets.
    virtual std::int64_t bytes_held() const = 0;

    // Where the device chooses among algorithms that give other bits: which one computed what so far, a JSON array for files; else "".
    virtual std::string kernel_choices() const { return {}; }
};

struct device {
    virtual ~device() = default;
    virtual std::string name() const = 0;    // "cpu: AMD EPYC, AVX2, 2 threads, oneDNN 2.6.3"
    virtual std::string reason() const = 0;  // why it was chosen, a sentence
    virtual bool supports(precision value) const = 0;
    // Throws unsupported, naming the layer, when the device cannot run the program.
    virtual std::unique_ptr<executor> make_executor(const program_view& program, const executor_options& options) const = 0;
};

}  // namespace backend

// A device as a value; copies share it.
class device {
public:
    explicit device(std::shared_ptr<const backend::device> implementation) : implementation_(std::move(implementation)) {}

    std::string name() const { return implementation_->name(); }
    std::string reason() const { return implementation_->reason(); }
    bool supports(precision value) const { return implementation_->supports(value); }
    const backend::device& operator*() const { return *implementation_; }
    const backend::device* operator->() const { return implementation_.get(); }

private:
    std::shared_ptr<const backend::device> implementation_;
};

}  // namespace strata::inline STRATA_ABI
