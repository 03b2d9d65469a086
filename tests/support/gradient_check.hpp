// SPDX-License-Identifier: MIT
// Numeric gradients: the loss of the oracle by central differences in double precision, for every value of the input and of every
// parameter, against the gradients that it computes from formulas. This proves the oracle; the devices are then held against it.
#pragma once

#include <support/reference.hpp>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace testing {

struct gradient_report {
    double worst = 0;   // || numeric - formula || / (|| formula || + 1e-3), the largest over the input and the parameters
    double margin = 0;  // a step of 1e-5 must not cross a kink
};

inline gradient_report check_gradients(const strata::program_view& program, std::int64_t batch, double smoothing, std::uint64_t seed,
                                       const reference_settings& settings) {
    constexpr double step_size = 1e-5;
    dice draw(seed);
    reference_state state = random_state(program, seed + 1);
    values input = draw.values(batch * program.input_shape().size(), -1, 1);
    const int classes = static_cast<int>(program.output_shape().size());
    std::vector<std::int32_t> labels;
    for (std::int64_t n = 0; n < batch; ++n) labels.push_back(draw.between(0, classes - 1));
    const values targets = one_hot_of(labels, classes);

    const reference_step at = step(program, state, input, targets, batch, smoothing, settings);
    const auto loss = [&] {
        const reference_run run = forward(program, state, input, batch, settings);
        return cross_entropy(batch, run.tensors[index(logits_of(program))], targets, smoothing).loss;
    };
    gradient_report report{.worst = 0, .margin = at.run.margin};
    const auto compare = [&](values& where, const values& formula) {
        values numeric(where.size());
        for (std::size_t i = 0; i < where.size(); ++i) {
            const double kept = where[i];
            where[i] = kept + step_size;
            const double above = loss();
            where[i] = kept - step_size;
            numeric[i] = (above - loss()) / (2 * step_size);
            where[i] = kept;
        }
        report.worst = std::max(report.worst, distance(numeric, formula) / (norm(formula) + 1e-3));
    };
    compare(input, at.gradients.tensors[0]);
    for (std::size_t p = 0; p < state.parameters.size(); ++p) compare(state.parameters[p], at.gradients.parameters[p]);
    return report;
}

}  // namespace testing
