// SPDX-License-Identifier: MIT
// The oracle of reduced precision: a fused program in plain loops that rounds exactly where a GPU has to: every array that is stored, and
// every operand of a convolution or a product. Sums stay exact, gradients of variables and the output (N, classes) are not rounded.
#pragma once

#include <strata/network/program.hpp>
#include <support/reference.hpp>

#include <bit>
#include <cstdint>
#include <stdexcept>
#include <vector>

namespace testing {

// To so many bits behind the leading one, to the nearest, ties to even: 7 is bf16, 10 is tf32.
inline double rounded_to(double value, int bits) {
    if (bits >= 23) return static_cast<double>(static_cast<float>(value));
    const int dropped = 23 - bits;
    const auto word = std::bit_cast<std::uint32_t>(static_cast<float>(value));
    const std::uint32_t half = (1u << (dropped - 1)) - 1 + (word >> dropped & 1u);
    return static_cast<double>(std::bit_cast<float>((word + half) >> dropped << dropped));
}
inline values rounded_to(values list, int bits) {
    for (double& v : list) v = rounded_to(v, bits);
    return list;
}

struct rounding_places {
    int stored = 23, operands = 23;  // bits of what lies in memory, and of what products read
};

class rounded_reference {
public:
    rounded_reference(const strata::program_view& fused, const reference_state& state, const reference_settings& settings,
                      std::int64_t batch, rounding_places bits)
        : program_(fused), state_(state), settings_(settings), batch_(batch), bits_(bits) {
        run_.tensors.resize(fused.tensors.size());
        run_.used.resize(fused.operations.size());
        run_.statistics = state.statistics;
        for (const strata::variable& v : fused.parameters) gradients_.emplace_back(static_cast<std::size_t>(v.size()), 0.0);
    }

    reference_loss step(const values& pictures, const values& targets, double smoothing) {
        run_.tensors[0] = stored(pictures);
        for (std::size_t i = 0; i < program_.operations.size(); ++i) forward(program_.operations[i], i);
        reference_loss loss = cross_entropy(batch_, run_.tensors[index(program_.output)], targets, smoothing);
        std::vector<values> grads(program_.tensors.size());
        grads[index(program_.output)] = stored(loss.gradient);
        for (std::size_t i = program_.operations.size(); i-- > 0;) {
            const strata::operation& op = program_.operations[i];
            if (!grads[index(op.dst)].empty()) backward(op, i, grads);
        }
        return loss;
    }
    const std::vector<values>& gradients() const { return gradients_; }
    const std::vector<values>& statistics() const { return run_.statistics; }

private:
    values stored(values list) const { return rounded_to(std::move(list), bits_.stored); }
    values operand(const values& list) const { return rounded_to(list, bits_.operands); }
    values weight_of(const strata::operation& op) const { return operand(stored(state_.parameters[index(op.weight)])); }

    void forward(const strata::operation& op, std::size_t number) {
        using strata::op_kind;
        const strata::shape in = program_.shape_of(op.src[0]), out = program_.shape_of(op.dst);
        const values& src = run_.tensors[index(op.src[0])];
        values dst(static_cast<std::size_t>(batch_ * out.size()), 0);
        const bool is_output = op.dst == program_.output;
        values bias;
        if (op.bias >= 0) bias = is_output ? state_.parameters[index(op.bias)] : stored(state_.parameters[index(op.bias)]);
        const values* with = op.bias < 0 ? nullptr : &bias;
        switch (op.kind) {
            case op_kind::convolution: convolution_forward(op, in, out, batch_, operand(src), weight_of(op), with, dst); break;
            case op_kind::dense: dense_forward(batch_, operand(src), weight_of(op), with, dst); break;
            case op_kind::max_pool: {
                const auto where = first_maxima(op, in, out, batch_, src);
                for (std::size_t k = 0; k < dst.size(); ++k) dst[k] = src[where[k]];
                break;
            }
            case op_kind::avg_pool: avg_pool_forward(op, in, out, batch_, src, dst); break;
            case op_kind::batch_norm:
                run_.used[number] = batch_norm_moments(op, src, settings_, run_);
                batch_norm_forward(src, state_.parameters[index(op.weight)], bias_exact(op), run_.used[number], epsilon_of(op, settings_),
                                   dst);
                break;
            case op_kind::relu:
            case op_kind::leaky_relu:
                dst = src;
                rectify(op.kind == op_kind::relu ? 0 : op.rate, dst, run_.margin);
                break;
            case op_kind::dropout:
                for (std::size_t k = 0; k < dst.size(); ++k) dst[k] = src[k] * dropout_factor(op, settings_.seed, settings_.step, k);
                break;
            case op_kind::reshape: dst = src; break;
            case op_kind::add:
                for (std::size_t k = 0; k < dst.size(); ++k) dst[k] = src[k] + run_.tensors[index(op.src[1])][k];
                break;
            default: throw std::logic_error("the rounded oracle does not know this operation");
        }
        if (op.activated) rectify(op.rate, dst, run_.margin);
        run_.tensors[index(op.dst)] = is_output ? dst : stored(std::move(dst));
    }
    // What max pooling makes of the operation's output, where nothing else reads it; -1: it does not.
    int pooled_by(const strata::operation& op) const {
        if (op.activated || program_.readers_of(op.dst) != 1) return -1;
        for (const strata::operation& reader : program_.operations)
            if (reader.kind == strata::op_kind::max_pool && reader.src[0] == op.dst) return reader.dst;
        return -1;
    }
    const values& bias_exact(const strata::operation& op) const { return state_.parameters[index(op.bias)]; }

    // A contribution is stored; a second one is added to it, and the sum stored.
    void give(std::vector<values>& grads, int tensor, values contribution) const {
        contribution = stored(std::move(contribution));
        values& there = grads[index(tensor)];
        if (there.empty()) {
            there = std::move(contribution);
            return;
        }
        for (std::size_t k = 0; k < there.size(); ++k) there[k] = rounded_to(there[k] + contribution[k], bits_.stored);
    }

    void backward(const strata::operation& op, std::size_t number, std::vector<values>& grads) {
        using strata::op_kind;
        const strata::shape in = program_.shape_of(op.src[0]), out = program_.shape_of(op.dst);
        const values &src = run_.tensors[index(op.src[0])], &dst = run_.tensors[index(op.dst)];
        values grad = grads[index(op.dst)], to(src.size(), 0);
        const auto pass = [&](double slope) {
            for (std::size_t k = 0; k < dst.size(); ++k) grad[k] = rounded_to(dst[k] > 0 ? grad[k] : grad[k] * slope, bits_.stored);
        };
        if (op.activated) pass(op.rate);
        values* by_bias = op.bias < 0 ? nullptr : &gradients_[index(op.bias)];
        switch (op.kind) {
            case op_kind::convolution:
            case op_kind::dense:
                if (by_bias) {  // sums what is stored, not what products read; of a pooled convolution, the gradients behind the pooling
                    const values& summed = pooled_by(op) >= 0 ? grads[index(pooled_by(op))] : grad;
                    for (std::size_t k = 0; k < summed.size(); ++k) (*by_bias)[k % by_bias->size()] += summed[k];
                }
                if (op.kind == op_kind::dense) {
                    dense_backward(batch_, operand(src), weight_of(op), operand(grad), to, gradients_[index(op.weight)], nullptr);
                } else {
                    convolution_backward(op, in, out, batch_, operand(src), weight_of(op), operand(grad), to, gradients_[index(op.weight)],
                                         nullptr);
                    // cuDNN fuses the widening of a weight gradient only with more than 3 channels; others pass through memory.
                    if (in.channels <= 3) gradients_[index(op.weight)] = stored(gradients_[index(op.weight)]);
                }
                break;
            case op_kind::max_pool: {
                const auto where = first_maxima(op, in, out, batch_, src);
                for (std::size_t k = 0; k < dst.size(); ++k) to[where[k]] += grad[k];
                break;
            }
            case op_kind::avg_pool: avg_pool_backward(op, in, out, batch_, grad, to); break;
            case op_kind::batch_norm:
                batch_norm_backward(src, state_.parameters[index(op.weight)], run_.used[number], epsilon_of(op, settings_), grad, to,
                                    gradients_[index(op.weight)], *by_bias);
                break;
            case op_kind::relu:
            case op_kind::leaky_relu:
                pass(op.kind == op_kind::relu ? 0 : op.rate);
                to = grad;
                break;
            case op_kind::dropout:
                for (std::size_t k = 0; k < to.size(); ++k) to[k] = grad[k] * dropout_factor(op, settings_.seed, settings_.step, k);
                break;
            case op_kind::reshape: to = grad; break;
            case op_kind::add:
                give(grads, op.src[1], grad);
                to = grad;
                break;
            default: throw std::logic_error("the rounded oracle does not know this operation");
        }
        give(grads, op.src[0], std::move(to));
    }

    const strata::program_view& program_;
    const reference_state& state_;
    const reference_settings& settings_;
    std::int64_t batch_;
    rounding_places bits_;
    reference_run run_;
    std::vector<values> gradients_;
};

}  // namespace testing
