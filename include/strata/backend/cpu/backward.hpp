// SPDX-License-Identifier: MIT
// The backward pass, lowered: one function per operation. Gradients of variables go to their canonical places, gradients of tensors
// to those who read them next.
#pragma once

#include <strata/backend/cpu/forward.hpp>
#include <strata/backend/cpu/tensors.hpp>
#include <strata/core/config.hpp>
#include <strata/network/liveness.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cpu::detail {

class backward_lowering : protected forward_lowering {
public:
    using forward_lowering::forward_lowering;

protected:
    void backward(const operation& op, forward_record& record, held& gradient) {
        switch (op.kind) {
            case op_kind::convolution: return convolution_backward(op, record, gradient);
            case op_kind::dense: return dense_backward(op, record, gradient);
            case op_kind::max_pool:
                return pools_in_lanes(op) ? max_pool_backward(op, gradient) : pool_backward(op, record, gradient, onednn::pooling::max);
            case op_kind::avg_pool: return pool_backward(op, record, gradient, onednn::pooling::average);
            case op_kind::batch_norm: return batch_norm_backward(op, record, gradient);
            case op_kind::relu:
            case op_kind::leaky_relu:
                if (const operation* const pool = pooled_before(op)) return max_pool_backward(*pool, op, gradient);
                return give(op.src[0], rectifier_backward(op, record.desc, gradient));
            case op_kind::dropout: return dropout_backward(op, gradient);
            case op_kind::reshape:
                return give(op.src[0], {{view(adapt(gradient, channels_last(out(op))), channels_last(in(op)))}, gradient.exclusive});
            case op_kind::add: give(op.src[0], {gradient.forms, false}); return give(op.src[1], {gradient.forms, false});
            case op_kind::softmax: return softmax_backward(op, record, gradient);
            case op_kind::custom: return custom_backward_pass(op, gradient);
        }
    }

    // The gradient before the rectifier, from the one after it; in place where the bytes are ours alone.
    held rectifier_backward(const operation& op, const primitive_desc& forward, held& gradient) {
        const value dst = values_[index(op.dst)].native();
        const value from = adapt(gradient, dst.desc);
        const held to = gradient.exclusive ? held{{from}, true} : fresh(dst.desc);
        graph_.add("rectifier backward", graph_.make().rectifier_backward(dst.desc, dst.desc, op.rate, forward),
                   {{DNNL_ARG_DST, dst}, {DNNL_ARG_DIFF_DST, from}, {DNNL_ARG_DIFF_SRC, to.native()}});
        return to;
    }
    // The same for a rectifier that was fused into its producer.
    void undo_activation(const operation& op, held& gradient) {
        if (!op.activated || gradient.before_activation) return;
        const memory_desc desc = values_[index(op.dst)].native().desc;
        gradient = rectifier_backward(op, graph_.make().rectifier_forward(onednn::pass::training, desc, op.rate), gradient);
    }

    void convolution_backward(const operation& op, forward_record& record, held& gradient_held) {
        undo_activation(op, gradient_held);
        convolution_backward_weights(op, record, gradient_held);
        if (needs_gradient(op.src[0])) give(op.src[0], convolution_backward_data(op, record, gradient_held));
    }

    void dense_backward(const operation& op, const forward_record& record, held& gradient_held) {
        undo_activation(op, gradient_held);
        dense_backward_weights(op, record, gradient_held);
        if (needs_gradient(op.src[0])) give(op.src[0], dense_backward_data(op, record, gradient_held));
    }
    void dense_backward_weights(const operation& op, const forward_record& record, held& gradient_held) {
        const graph::pass_scope within(graph_, convolution_pass::backward_weights);
        const value diff_dst = flat_rows(gradient_held, out(op));
        const memory_desc src = rows(in(op));
        const primitive_desc by_weights =
            graph_.make().dense_backward_weights(src, parameter(op.weight).desc, bias_desc(op), diff_dst.desc, record.desc);
        std::vector<std::pair<int, value>> arguments{{DNNL_ARG_SRC, flat_rows(values_[index(op.src[0])], in(op))},
                                                     {DNNL_ARG_DIFF_DST, diff_dst},
                                                     {DNNL_ARG_DIFF_WEIGHTS, gradient(op.weight)}};
        if (op.bias >= 0) arguments.push_back({DNNL_ARG_DIFF_BIAS, gradient(op.bias)});
        graph_.add("dense backward by weights", by_weights, std::move(arguments));
    }
    held dense_backward_data(const operation& op, const forward_record& record, held& gradient_held) {
        const graph::pass_scope within(graph_, convolution_pass::backward_data);
        const value diff_dst = flat_rows(gradient_held, out(op)), weights = parameter(op.weight);
        const memory_desc src = rows(in(op));
        const held to = fresh(channels_last(in(op)));
        graph_.add("dense backward by data", graph_.make().dense_backward_data(src, weights.desc, diff_dst.desc, record.desc),
                   {{DNNL_ARG_DIFF_DST, diff_dst}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DIFF_SRC, view(to.native(), src)}});
        return to;
    }

    void pool_backward(const operation& op, const forward_record& record, held& gradient_held, onednn::pooling how) {
        const memory_desc src = values_[index(op.src[0])].native().desc, dst = values_[index(op.dst)].native().desc;
        const primitive_desc desc = graph_.make().pool_backward(how, src, dst, window(op), record.desc);
        const held to = fresh(src);
        std::vector<std::pair<int, value>> arguments{{DNNL_ARG_DIFF_DST, adapt(gradient_held, dst)}, {DNNL_ARG_DIFF_SRC, to.native()}};
        if (record.workspace.exists()) arguments.push_back({DNNL_ARG_WORKSPACE, record.workspace});
        graph_.add("pooling backward", desc, std::move(arguments));
        give(op.src[0], to);
    }

    void dropout_backward(const operation& op, held& gradient_held) {
        const value from = adapt(gradient_held, channels_last(out(op)));
        const held to = gradient_held.exclusive ? held{{from}, true} : fresh(from.desc);
        apply_dropout("dropout backward", op, from, to.native());
        give(op.src[0], to);
    }

    void softmax_backward(const operation& op, const forward_record& record, held& gradient_held) {
        const value dst = flat_rows(values_[index(op.dst)], out(op));
        const value diff_dst = flat_rows(gradient_held, out(op));
        const held to = fresh(channels_last(in(op)));
        graph_.add("softmax backward", graph_.make().softmax_backward(dst.desc, dst.desc, record.desc),
                   {{DNNL_ARG_DST, dst}, {DNNL_ARG_DIFF_DST, diff_dst}, {DNNL_ARG_DIFF_SRC, view(to.native(), dst.desc)}});
        give(op.src[0], to);
    }

    void custom_backward_pass(const operation& op, held& gradient_held) {
        const value src = adapt(values_[index(op.src[0])], channels_last(in(op)));
        const value dst = adapt(values_[index(op.dst)], channels_last(out(op)));
        const value diff_dst = adapt(gradient_held, channels_last(out(op)));
        const bool wanted = needs_gradient(op.src[0]);
        const held to = wanted ? fresh(channels_last(in(op))) : held{};
        const value diff_src = wanted ? to.native() : value{};
        const value weight = op.weight >= 0 ? parameter(op.weight) : value{}, diff_weight = op.weight >= 0 ? gradient(op.weight) : value{};
        const auto weight_size = op.weight >= 0 ? program_.parameters[index(op.weight)].size() : 0;
        graph_.add_kernel("custom backward", {src, dst, diff_dst, diff_src},
                          [kernel = kernels_of(op).backward, call = custom_call(op), src, dst, diff_dst, diff_src, weight, diff_weight,
                           weight_size, wanted](const graph& g, const run_context&) {
                              const std::int64_t ins = call.batch * call.in.size(), outs = call.batch * call.out.size();
                              kernel({.batch = call.batch,
                                      .in = call.in,
                                      .out = call.out,
                                      .attribute = call.attribute,
                                      .src = span_of(g, src, ins),
                                      .dst = span_of(g, dst, outs),
                                      .weight = span_of(g, weight, weight_size),
                                      .grad_dst = span_of(g, diff_dst, outs),
                                      .grad_src = span_of(g, diff_src, wanted ? ins : 0),
                                      .grad_weight = span_of(g, diff_weight, weight_size)});
                          });
        if (wanted) give(op.src[0], to);
    }
};

}  // namespace strata::inline STRATA_ABI::cpu::detail
