// SPDX-License-Identifier: MIT
// A training step in a reduced precision against the oracle that rounds at the same places, and against one that rounds nowhere.
#pragma once

#include <strata/layers/avg_pool2d.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/dropout.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/leaky_relu.hpp>
#include <strata/layers/max_pool2d.hpp>
#include <strata/layers/relu.hpp>
#include <strata/layers/residual.hpp>
#include <strata/network/fusion.hpp>
#include <support/device_step.hpp>
#include <support/rounded_reference.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

namespace testing {

// Without batch norm, whose division by small deviations would hide how near the numbers are; with it, to see it at all.
inline strata::program reduced_network(bool normalised) {
    using namespace strata;
    program p({12, 12, 3});
    tensor x = build::relu(p, build::conv2d(p, p.input(), {.filters = 16, .win = same(3)}));
    x = build::max_pool2d(p, x, valid(2));
    x = build::leaky_relu(p, build::conv2d(p, x, {.filters = 24, .win = same(3), .use_bias = false}), 0.1f);
    if (normalised) x = build::batch_norm(p, x);
    tensor y = build::conv2d(p, x, {.filters = 24, .win = same(3)});
    x = build::add(p, x, y);
    x = build::avg_pool2d(p, x, valid(2));
    x = build::dropout(p, build::flatten(p, x), 0.25f);
    x = build::relu(p, build::dense(p, x, {.units = 32}));
    build::dense(p, x, {.units = 10});
    p.check();
    return p;
}

// Norm-relative distances of the device's step: the worst variable's, and the loss's.
struct reduced_errors {
    double gradients = 0, statistics = 0, loss = 0;
};

class reduced_step {
public:
    reduced_step(bool normalised, std::int64_t batch, std::uint64_t seed)
        : program_(reduced_network(normalised)),
          trained_(strata::training_program(strata::program(program_.view()))),
          case_(step_case::draw(program_.view(), batch, 0.1, seed, {})) {}

    const strata::program& program() const { return program_; }
    void run(strata::model& model) {
        write_state(model.executor(), case_.state);
        model.executor().configure(strata::sgd{.learning_rate = 0}, {.label_smoothing = 0.1f});
        loss_ = static_cast<double>(run_step(model.executor(), case_.data(program_.view()), 0).loss);
        gradients_ = read_all(model.executor(), program_.view(), strata::state::gradient);
        statistics_ = read_all(model.executor(), program_.view(), strata::state::statistic);
    }
    std::uint64_t seed() const { return case_.settings.seed; }

    reduced_errors against(rounding_places bits) const {
        const strata::program_view fused = trained_.view();
        rounded_reference reference(fused, case_.state, case_.settings, case_.batch, bits);
        const reference_loss loss = reference.step(to_doubles(case_.pictures), case_.targets(program_.view()), case_.smoothing);
        reduced_errors e{.loss = std::abs(loss_ - loss.loss) / loss.loss};
        for (std::size_t i = 0; i < gradients_.size(); ++i)
            e.gradients = std::max(e.gradients, relative_error(gradients_[i], reference.gradients()[i]));
        for (std::size_t i = 0; i < statistics_.size(); ++i)
            e.statistics = std::max(e.statistics, relative_error(statistics_[i], reference.statistics()[i]));
        return e;
    }

private:
    strata::program program_, trained_;
    step_case case_;
    double loss_ = 0;
    std::vector<std::vector<float>> gradients_, statistics_;
};

}  // namespace testing
