// SPDX-License-Identifier: MIT
// The forward pass, lowered: one function per operation.
#pragma once

#include <strata/backend/cpu/convolution_lowering.hpp>
#include <strata/backend/cpu/normalization.hpp>
#include <strata/backend/cpu/parallel.hpp>
#include <strata/backend/cpu/tensors.hpp>
#include <strata/backend/custom_kernels.hpp>
#include <strata/core/config.hpp>
#include <strata/core/error.hpp>
#include <strata/core/random.hpp>
#include <strata/kernels/dropout.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cpu::detail {

class forward_lowering : protected convolution_lowering {
public:
    using convolution_lowering::convolution_lowering;

protected:
    void forward(const operation& op, forward_record& record) {
        held& dst = values_[index(op.dst)];
        if (dst.exists()) return;  // a rectifier whose work a pooling did on the way
        switch (op.kind) {
            case op_kind::convolution: dst = convolution(op, record); break;
            case op_kind::dense: dst = dense(op, record); break;
            case op_kind::max_pool:
                if (pools_in_lanes(op)) return max_pool(op, record);
                dst = pool(op, record, onednn::pooling::max);
                break;
            case op_kind::avg_pool: dst = pool(op, record, onednn::pooling::average); break;
            case op_kind::batch_norm: dst = batch_norm(op, record); break;
            case op_kind::relu:
            case op_kind::leaky_relu: dst = rectifier(op, record); break;
            case op_kind::dropout: dst = dropout(op); break;
            case op_kind::reshape: dst = reshape(op); break;
            case op_kind::add: dst = add(op); break;
            case op_kind::softmax: dst = softmax(op, record); break;
            case op_kind::custom: dst = custom(op); break;
        }
    }

    // Dense layers work on plain rows: a product with weights as they lie, and only activations are ever reordered.
    value flat_rows(held& h, const shape& s) { return view(adapt(h, channels_last(s)), rows(s)); }

    held dense(const operation& op, forward_record& record) {
        const graph::pass_scope within(graph_, convolution_pass::forward);
        record.desc =
            graph_.make().dense_forward(options_.pass, rows(in(op)), parameter(op.weight).desc, bias_desc(op), rows(out(op)), slope(op));
        const held dst = fresh(channels_last(out(op)));
        std::vector<std::pair<int, value>> arguments{{DNNL_ARG_SRC, flat_rows(values_[index(op.src[0])], in(op))},
                                                     {DNNL_ARG_WEIGHTS, parameter(op.weight)},
                                                     {DNNL_ARG_DST, view(dst.native(), rows(out(op)))}};
        if (op.bias >= 0) arguments.push_back({DNNL_ARG_BIAS, parameter(op.bias)});
        graph_.add("dense forward", record.desc, std::move(arguments));
        return dst;
    }

    held pool(const operation& op, forward_record& record, onednn::pooling how) {
        const value src = values_[index(op.src[0])].native();
        record.desc = graph_.make().pool_forward(options_.pass, how, src.desc, picture(out(op), layout::any), window(op));
        const held dst = fresh(record.desc.dst());
        std::vector<std::pair<int, value>> arguments{{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst.native()}};
        if (const memory_desc workspace = record.desc.workspace(); workspace.bytes() > 0) {
            record.workspace = graph_.new_value(workspace);
            arguments.push_back({DNNL_ARG_WORKSPACE, record.workspace});
        }
        graph_.add("pooling forward", record.desc, std::move(arguments));
        return dst;
    }

    held rectifier(const operation& op, forward_record& record) {
        const value src = values_[index(op.src[0])].native();
        record.desc = graph_.make().rectifier_forward(options_.pass, src.desc, op.rate);
        const held dst = overwrite_or_fresh(op, src);
        graph_.add("rectifier forward", record.desc, {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, dst.native()}});
        return dst;
    }

    // dst = src with the values of this operation's draws dropped: forward on activations, backward on gradients.
    void apply_dropout(const char* what, const operation& op, const value& src, const value& dst) {
        const std::int64_t count = options_.batch * out(op).size();
        graph_.add_kernel(what, {src, dst},
                          [layer = op.layer, rate = op.rate, src, dst, count](const graph& g, const run_context& context) {
                              const random_stream stream{context.seed, random_purpose::dropout, static_cast<std::uint32_t>(layer),
                                                         static_cast<std::uint32_t>(context.step)};
                              const kernels::dropout kernel{g.data(src), g.data(dst), count, rate, stream};
                              for_each_index(static_cast<std::size_t>(kernels::dropout::blocks(count)), kernel);
                          });
    }

    held dropout(const operation& op) {
        held& src = values_[index(op.src[0])];
        if (!training()) return {src.forms, false};
        const value from = adapt(src, channels_last(in(op)));
        const held dst = overwrite_or_fresh(op, from);
        apply_dropout("dropout forward", op, from, dst.native());
        return dst;
    }

    held reshape(const operation& op) {
        const value src = adapt(values_[index(op.src[0])], channels_last(in(op)));
        return {{view(src, channels_last(out(op)))}, false};
    }

    held add(const operation& op) {
        const value a = values_[index(op.src[0])].native();
        const value b = adapt(values_[index(op.src[1])], a.desc);
        const held dst = fresh(a.desc);
        graph_.add("add", graph_.make().sum(a.desc, b.desc, a.desc),
                   {{DNNL_ARG_SRC_0, a}, {DNNL_ARG_SRC_1, b}, {DNNL_ARG_DST, dst.native()}});
        return dst;
    }

    held softmax(const operation& op, forward_record& record) {
        const value src = flat_rows(values_[index(op.src[0])], in(op));
        record.desc = graph_.make().softmax_forward(options_.pass, src.desc);
        const held dst = fresh(channels_last(out(op)));
        graph_.add("softmax forward", record.desc, {{DNNL_ARG_SRC, src}, {DNNL_ARG_DST, view(dst.native(), src.desc)}});
        return dst;
    }

    held custom(const operation& op) {
        const value src = adapt(values_[index(op.src[0])], channels_last(in(op)));
        const held dst = fresh(channels_last(out(op)));
        const value weight = op.weight >= 0 ? parameter(op.weight) : value{};
        const auto weight_size = op.weight >= 0 ? program_.parameters[index(op.weight)].size() : 0;
        graph_.add_kernel("custom forward", {src, dst.native()},
                          [kernel = kernels_of(op).forward, call = custom_call(op), src, to = dst.native(), weight, weight_size](
                              const graph& g, const run_context&) {
                              kernel({.batch = call.batch,
                                      .in = call.in,
                                      .out = call.out,
                                      .attribute = call.attribute,
                                      .src = span_of(g, src, call.batch * call.in.size()),
                                      .weight = span_of(g, weight, weight_size),
                                      .dst = span_of(g, to, call.batch * call.out.size())});
                          });
        return dst;
    }

    const custom_kernels& kernels_of(const operation& op) const {
        return kernels_for(program_, op, kernels_, training(), "cpu::options::kernels");
    }

    struct call_shapes {
        std::int64_t batch;
        shape in, out;
        float attribute;
    };
    call_shapes custom_call(const operation& op) const { return {options_.batch, in(op), out(op), op.rate}; }
    static std::span<float> span_of(const graph& g, const value& v, std::int64_t size) {
        return size == 0 ? std::span<float>() : std::span<float>(g.data(v), static_cast<std::size_t>(size));
    }
};

}  // namespace strata::inline STRATA_ABI::cpu::detail
