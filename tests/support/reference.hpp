// SPDX-License-Identifier: MIT
// The oracle: a program interpreted operation by operation in double precision (reference_operations.hpp), in training or inference,
// with the loss and the gradients of every tensor and parameter. It knows fused operations, so that fusion can be held against it.
#pragma once

#include <strata/network/conventions.hpp>
#include <strata/network/program.hpp>
#include <support/random_values.hpp>
#include <support/reference_operations.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <vector>

namespace testing {

struct reference_state {
    std::vector<values> parameters, statistics;
};

// What a user's kernels do, in doubles.
struct custom_rule {
    const strata::custom_operation* operation = nullptr;
    std::function<void(const values& src, const values& weight, values& dst)> forward;
    std::function<void(const values& src, const values& weight, const values& grad_dst, values& grad_src, values& grad_weight)> backward;
};

struct reference_settings {
    strata::conventions conventions = strata::conventions::keras;
    bool training = true;
    std::uint64_t seed = 1;   // of dropout
    std::uint32_t step = 0;   // of dropout: training steps committed before this one
    std::vector<custom_rule> rules{};
    noise* rounding = nullptr;  // imitated: how far does it alone move the results?
};

// One forward pass. `margin` is how far the values are from a decision that rounding could turn: the least |x| that a rectifier
// sees, and the least lead of a maximum over the runner-up of its window.
struct reference_run {
    std::int64_t batch = 0;
    std::vector<values> tensors;
    std::vector<values> statistics;  // after
    std::vector<moments> used;       // by each batch norm, per operation
    double margin = HUGE_VAL;
};

struct reference_gradients {
    std::vector<values> tensors, parameters;  // a tensor that no gradient reaches has an empty one
};

struct reference_loss {
    double loss = 0;
    values gradient;  // of the logits
    int correct = 0;
    double margin = HUGE_VAL;  // the least lead of the largest logit
};

inline std::size_t index(int i) { return static_cast<std::size_t>(i); }

inline double epsilon_of(const strata::operation& op, const reference_settings& settings) {
    return op.epsilon == strata::unset ? settings.conventions.batch_norm_epsilon : op.epsilon;
}
inline double momentum_of(const strata::operation& op, const reference_settings& settings) {
    return op.momentum == strata::unset ? settings.conventions.batch_norm_momentum : op.momentum;
}

// A state that shows everything: no gamma of 1, no beta or bias of 0.
inline reference_state random_state(const strata::program_view& program, std::uint64_t seed) {
    dice draw(seed);
    reference_state state;
    for (const strata::variable& v : program.parameters) {
        const double limit = std::sqrt(3.0 / v.fan_in);
        state.parameters.push_back(v.initial == strata::initial_value::weights ? draw.values(v.size(), -limit, limit)
                                   : v.initial == strata::initial_value::ones  ? draw.values(v.size(), 0.5, 1.5)
                                                                               : draw.values(v.size(), -0.3, 0.3));
    }
    for (const strata::variable& v : program.statistics)
        state.statistics.push_back(v.initial == strata::initial_value::ones ? draw.values(v.size(), 0.5, 1.5)
                                                                            : draw.values(v.size(), -0.3, 0.3));
    return state;
}

// The tensor that the loss reads: the output, or what a softmax at the end reads.
inline int logits_of(const strata::program_view& program) {
    const strata::operation& last = program.operations.back();
    return last.kind == strata::op_kind::softmax && last.dst == program.output ? last.src[0] : program.output;
}

inline const custom_rule& rule_of(const strata::operation& op, const reference_settings& settings) {
    for (const custom_rule& rule : settings.rules) {
        if (rule.operation == op.custom) return rule;
    }
    throw std::logic_error("the reference has no rule for this custom operation");
}

inline void rectify(double slope, values& x, double& margin) {
    for (double& v : x) {
        margin = std::min(margin, std::abs(v));
        v = v > 0 ? v : slope * v;
    }
}

inline void turn(values& x, noise* by) {
    if (!by) return;
    for (double& v : x) v = turned(v, by);
}

inline double lead_of_maxima(const strata::operation& op, strata::shape in, strata::shape out, std::int64_t batch, const values& src,
                             const std::vector<std::size_t>& where) {
    double margin = HUGE_VAL;
    for_each_window(op, in, out, batch, [&](std::int64_t n, int p, int q, int h, int w, int, int) {
        for (int c = 0; c < in.channels; ++c) {
            const double lead = src[where[layout{out}.at(n, p, q, c)]] - src[layout{in}.at(n, h, w, c)];
            if (lead > 0) margin = std::min(margin, lead);  // equal ones are equal in float too: nothing to turn
        }
    });
    return margin;
}

// What batch norm uses, and where it moves the statistics in training.
inline moments batch_norm_moments(const strata::operation& op, const values& src, const reference_settings& settings, reference_run& run) {
    values &mean = run.statistics[index(op.mean)], &variance = run.statistics[index(op.variance)];
    if (!settings.training) return {mean, variance};
    moments m = moments_of(src, static_cast<int>(mean.size()));
    if (settings.rounding) {
        for (std::size_t c = 0; c < mean.size(); ++c)
            m.mean[c] += settings.rounding->unit() * std::sqrt(m.mean[c] * m.mean[c] + m.variance[c]);
        turn(m.variance, settings.rounding);
    }
    const double momentum = momentum_of(op, settings), rows = static_cast<double>(src.size() / mean.size());
    const double factor = settings.conventions.unbiased_moving_variance && rows > 1 ? rows / (rows - 1) : 1;
    for (std::size_t c = 0; c < mean.size(); ++c) {
        mean[c] = mean[c] * momentum + m.mean[c] * (1 - momentum);
        variance[c] = variance[c] * momentum + m.variance[c] * factor * (1 - momentum);
    }
    return m;
}

// input (batch, H, W, C)
inline reference_run forward(const strata::program_view& program, const reference_state& state, const values& input, std::int64_t batch,
                             const reference_settings& settings) {
    using strata::op_kind;
    reference_run run{.batch = batch,
                      .tensors = std::vector<values>(program.tensors.size()),
                      .statistics = state.statistics,
                      .used = std::vector<moments>(program.operations.size())};
    run.tensors[0] = input;
    for (std::size_t i = 0; i < program.operations.size(); ++i) {
        const strata::operation& op = program.operations[i];
        const strata::shape in = program.shape_of(op.src[0]), out = program.shape_of(op.dst);
        const values& src = run.tensors[index(op.src[0])];
        values& dst = run.tensors[index(op.dst)];
        dst.assign(static_cast<std::size_t>(batch * out.size()), 0);
        const auto parameter = [&](int p) { return p < 0 ? nullptr : &state.parameters[index(p)]; };
        switch (op.kind) {
            case op_kind::convolution: convolution_forward(op, in, out, batch, src, *parameter(op.weight), parameter(op.bias), dst); break;
            case op_kind::dense: dense_forward(batch, src, *parameter(op.weight), parameter(op.bias), dst); break;
            case op_kind::max_pool: {
                const auto where = first_maxima(op, in, out, batch, src);
                for (std::size_t k = 0; k < dst.size(); ++k) dst[k] = src[where[k]];
                run.margin = std::min(run.margin, lead_of_maxima(op, in, out, batch, src, where));
                break;
            }
            case op_kind::avg_pool: avg_pool_forward(op, in, out, batch, src, dst); break;
            case op_kind::batch_norm:
                run.used[i] = batch_norm_moments(op, src, settings, run);
                batch_norm_forward(src, *parameter(op.weight), *parameter(op.bias), run.used[i], epsilon_of(op, settings), dst);
                break;
            case op_kind::relu:
            case op_kind::leaky_relu:
                dst = src;
                rectify(op.kind == op_kind::relu ? 0 : op.rate, dst, run.margin);
                break;
            case op_kind::dropout:
                for (std::size_t k = 0; k < dst.size(); ++k)
                    dst[k] = src[k] * (settings.training ? dropout_factor(op, settings.seed, settings.step, k) : 1);
                break;
            case op_kind::reshape: dst = src; break;
            case op_kind::add:
                for (std::size_t k = 0; k < dst.size(); ++k) dst[k] = src[k] + run.tensors[index(op.src[1])][k];
                break;
            case op_kind::softmax: softmax_forward(batch, src, dst); break;
            case op_kind::custom: rule_of(op, settings).forward(src, op.weight < 0 ? values{} : *parameter(op.weight), dst); break;
        }
        if (op.activated) rectify(op.rate, dst, run.margin);
        turn(dst, settings.rounding);
    }
    return run;
}

// From the gradient of tensor `from` (the logits).
inline reference_gradients backward(const strata::program_view& program, const reference_state& state, const reference_run& run, int from,
                                    const values& gradient, const reference_settings& settings) {
    using strata::op_kind;
    reference_gradients grads{std::vector<values>(program.tensors.size()), {}};
    for (const strata::variable& v : program.parameters) grads.parameters.emplace_back(static_cast<std::size_t>(v.size()), 0.0);
    grads.tensors[index(from)] = gradient;
    const auto reach = [&](int tensor) -> values& {
        values& g = grads.tensors[index(tensor)];
        if (g.empty()) g.assign(run.tensors[index(tensor)].size(), 0);
        return g;
    };
    for (std::size_t i = program.operations.size(); i-- > 0;) {
        const strata::operation& op = program.operations[i];
        if (grads.tensors[index(op.dst)].empty()) continue;
        const strata::shape in = program.shape_of(op.src[0]), out = program.shape_of(op.dst);
        const values &src = run.tensors[index(op.src[0])], &dst = run.tensors[index(op.dst)];
        values grad_dst = grads.tensors[index(op.dst)];
        turn(grad_dst, settings.rounding);
        if (op.activated) {
            for (std::size_t k = 0; k < dst.size(); ++k) grad_dst[k] *= dst[k] > 0 ? 1 : op.rate;
        }
        values& grad_src = reach(op.src[0]);
        const auto weight = [&]() -> const values& { return state.parameters[index(op.weight)]; };
        const auto grad_of = [&](int p) { return p < 0 ? nullptr : &grads.parameters[index(p)]; };
        switch (op.kind) {
            case op_kind::convolution:
                convolution_backward(op, in, out, run.batch, src, weight(), grad_dst, grad_src, *grad_of(op.weight), grad_of(op.bias));
                break;
            case op_kind::dense: dense_backward(run.batch, src, weight(), grad_dst, grad_src, *grad_of(op.weight), grad_of(op.bias)); break;
            case op_kind::max_pool: {
                const auto where = first_maxima(op, in, out, run.batch, src);
                for (std::size_t k = 0; k < dst.size(); ++k) grad_src[where[k]] += grad_dst[k];
                break;
            }
            case op_kind::avg_pool: avg_pool_backward(op, in, out, run.batch, grad_dst, grad_src); break;
            case op_kind::batch_norm:
                batch_norm_backward(src, weight(), run.used[i], epsilon_of(op, settings), grad_dst, grad_src, *grad_of(op.weight),
                                    *grad_of(op.bias), settings.rounding);
                break;
            case op_kind::relu:
                for (std::size_t k = 0; k < dst.size(); ++k) grad_src[k] += src[k] > 0 ? grad_dst[k] : 0;
                break;
            case op_kind::leaky_relu:
                for (std::size_t k = 0; k < dst.size(); ++k) grad_src[k] += grad_dst[k] * (src[k] > 0 ? 1 : op.rate);
                break;
            case op_kind::dropout:
                for (std::size_t k = 0; k < dst.size(); ++k)
                    grad_src[k] += grad_dst[k] * dropout_factor(op, settings.seed, settings.step, k);
                break;
            case op_kind::reshape:
                for (std::size_t k = 0; k < dst.size(); ++k) grad_src[k] += grad_dst[k];
                break;
            case op_kind::add: {
                for (std::size_t k = 0; k < dst.size(); ++k) grad_src[k] += grad_dst[k];
                values& other = reach(op.src[1]);
                for (std::size_t k = 0; k < dst.size(); ++k) other[k] += grad_dst[k];
                break;
            }
            case op_kind::softmax: softmax_backward(run.batch, dst, grad_dst, grad_src); break;
            case op_kind::custom: {
                values none;
                rule_of(op, settings)
                    .backward(src, op.weight < 0 ? none : weight(), grad_dst, grad_src, op.weight < 0 ? none : *grad_of(op.weight));
                break;
            }
        }
    }
    return grads;
}

// Softmax cross-entropy of logits (batch, classes) and targets of the same size (one-hot rows), the mean over the rows.
inline reference_loss cross_entropy(std::int64_t batch, const values& logits, const values& one_hot, double smoothing) {
    reference_loss result{.gradient = values(logits.size(), 0)};
    values probabilities(logits.size(), 0);
    softmax_forward(batch, logits, probabilities);
    const std::size_t classes = logits.size() / static_cast<std::size_t>(batch);
    for (std::size_t first = 0; first < logits.size(); first += classes) {
        double most = logits[first], sum = 0;
        std::size_t best = 0, label = 0;
        for (std::size_t c = 1; c < classes; ++c) {
            if (logits[first + c] > most) {
                best = c;
                most = logits[first + c];
            }
            if (one_hot[first + c] > one_hot[first + label]) label = c;
        }
        result.correct += best == label;
        for (std::size_t c = 0; c < classes; ++c) {
            if (c != best) result.margin = std::min(result.margin, most - logits[first + c]);
            sum += std::exp(logits[first + c] - most);
        }
        for (std::size_t c = 0; c < classes; ++c) {
            const double target = one_hot[first + c] * (1 - smoothing) + smoothing / static_cast<double>(classes);
            result.loss -= target * (logits[first + c] - most - std::log(sum)) / static_cast<double>(batch);
            result.gradient[first + c] = (probabilities[first + c] - target) / static_cast<double>(batch);
        }
    }
    return result;
}

inline values one_hot_of(const std::vector<std::int32_t>& labels, int classes) {
    values rows(labels.size() * index(classes), 0);
    for (std::size_t n = 0; n < labels.size(); ++n) rows[n * index(classes) + index(labels[n])] = 1;
    return rows;
}

// A whole training step but its update.
struct reference_step {
    reference_run run;
    reference_loss loss;
    reference_gradients gradients;
    double margin() const { return std::min(run.margin, loss.margin); }
};
inline reference_step step(const strata::program_view& program, const reference_state& state, const values& input, const values& one_hot,
                           std::int64_t batch, double smoothing, const reference_settings& settings) {
    reference_step s{forward(program, state, input, batch, settings), {}, {}};
    const int logits = logits_of(program);
    s.loss = cross_entropy(batch, s.run.tensors[index(logits)], one_hot, smoothing);
    s.gradients = backward(program, state, s.run, logits, s.loss.gradient, settings);
    return s;
}

}  // namespace testing
