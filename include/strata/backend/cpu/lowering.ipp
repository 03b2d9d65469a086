// SPDX-License-Identifier: MIT
// One function per operation and direction. A `held` is a tensor (or its gradient) in all the layouts that somebody asked for.
#pragma once

#include <strata/backend/cpu/lowering.hpp>
#include <strata/backend/cpu/parallel.hpp>
#include <strata/core/random.hpp>
#include <strata/kernels/dropout.hpp>
#include <strata/network/builder.hpp>
#include <strata/network/liveness.hpp>

#include <string>
#include <string_view>

namespace strata::inline STRATA_ABI::cpu {

namespace detail {

using onednn::layout;
using onednn::memory_desc;
using onednn::primitive_desc;

struct held {
    std::vector<value> forms;   // the same values in several layouts; the first is the one they were made in
    bool exclusive = false;     // nobody else names these bytes: they may be overwritten by the last reader

    bool exists() const { return !forms.empty(); }
    const value& native() const { return forms.front(); }
};

// What backward needs to know of an operation's forward.
struct forward_record {
    primitive_desc desc;
    value workspace, mean, variance;
};

class lowering {
public:
    lowering(const program_view& program, const onednn::engine& engine, const variable_addresses& variables,
             std::span<const custom_kernels> kernels, const lowering_options& options)
        : program_(program),
          variables_(variables),
          kernels_(kernels),
          options_(options),
          graph_(engine),
          values_(program.tensors.size()),
          gradients_(program.tensors.size()),
          parameters_(program.parameters.size()),
          records_(program.operations.size()) {}

    lowered_program run() {
        lowered_program result{.actions = graph(onednn::engine()), .input = {}, .output = {}, .output_gradient = {}, .statistics = {}};
        values_[0] = fresh(channels_last(program_.input_shape()));
        result.input = values_[0].native();
        graph_.touch(result.input);
        for (std::size_t i = 0; i < program_.operations.size(); ++i) {
            graph_.set_place(describe(program_, program_.operations[i]));
            forward(program_.operations[i], records_[i]);
        }
        result.output = adapt(values_[index(program_.output)], channels_last(program_.output_shape()));
        result.forward_end = graph_.size();
        graph_.touch(result.output);
        if (training()) lower_backward(result);
        graph_.finish();
        result.actions = std::move(graph_);
        return result;
    }

private:
    static std::size_t index(int number) { return static_cast<std::size_t>(number); }
    bool training() const { return options_.pass == onednn::pass::training; }

    memory_desc picture(const shape& s, layout how) const { return memory_desc::of({options_.batch, s.channels, s.height, s.width}, how); }
    memory_desc channels_last(const shape& s) const { return picture(s, layout::channels_last); }
    memory_desc rows(const shape& s) const { return memory_desc::of({options_.batch, s.size()}, layout::rows); }
    static memory_desc vector_of(std::int64_t size) { return memory_desc::of({size}, layout::rows); }
    // The same bytes under another description.
    static value view(value v, const memory_desc& desc) {
        v.desc = desc;
        return v;
    }

    held fresh(const memory_desc& desc) { return {{graph_.new_value(desc)}, true}; }

    // The values in this layout, reordered when nobody asked for it before.
    value adapt(held& h, const memory_desc& wanted) {
        for (const value& form : h.forms) {
            if (form.desc == wanted) return form;
        }
        const value to = graph_.new_value(wanted);
        graph_.add("reorder", graph_.make().reorder(h.native().desc, wanted), {{DNNL_ARG_FROM, h.native()}, {DNNL_ARG_TO, to}});
        h.forms.push_back(to);
        return to;
    }

    memory_desc canonical(const variable& v) const {
        if (v.rank == 4) return memory_desc::of({v.dims[0], v.dims[3], v.dims[1], v.dims[2]}, layout::channels_last);
        if (v.rank == 2) return memory_desc::of({v.dims[0], v.dims[1]}, layout::rows);
        return vector_of(v.size());
    }
    value parameter(int number) const {
        return graph::at(canonical(program_.parameters[index(number)]), variables_.parameters[index(number)]);
    }
    value gradient(int number) const {
        return graph::at(canonical(program_.parameters[index(number)]), variables_.gradients[index(number)]);
    }
    value statistic(int number) const {
        return graph::at(canonical(program_.statistics[index(number)]), variables_.statistics[index(number)]);
    }

    value adapt_parameter(int number, const memory_desc& wanted) {
        held& h = parameters_[index(number)];
        if (!h.exists()) h.forms.push_back(parameter(number));
        if (!options_.prepare_once) return adapt(h, wanted);
        for (const value& form : h.forms) {
            if (form.desc == wanted) return form;
        }
        const value to = graph_.new_value(wanted);
        graph_.add_preparation("reorder", graph_.make().reorder(h.native().desc, wanted), h.native(), to);
        h.forms.push_back(to);
        return to;
    }

    // Where an element-wise operation may write: over its input when it is the only reader and nobody needs the input again.
    held overwrite_or_fresh(const operation& op, const value& src) {
        const held& h = values_[index(op.src[0])];
        const bool free = h.exclusive && h.forms.size() == 1 && program_.readers_of(op.src[0]) == 1 && !producer_saves(op.src[0]);
        return free ? held{{src}, true} : fresh(src.desc);
    }
    bool producer_saves(int tensor) const {
        if (tensor == 0) return true;  // the input: not ours to overwrite
        for (const operation& op : program_.operations) {
            if (op.dst == tensor) return saves_dst(op);
        }
        return true;
    }

    onednn::window_dims window(const operation& op) const { return onednn::window_of(op.rows, op.columns); }
    float slope(const operation& op) const { return op.activated ? op.rate : -1.0f; }
    float epsilon(const operation& op) const { return op.epsilon == unset ? options_.batch_norm_epsilon : op.epsilon; }
    shape in(const operation& op) const { return program_.shape_of(op.src[0]); }
    shape out(const operation& op) const { return program_.shape_of(op.dst); }
    memory_desc bias_desc(const operation& op) const { return op.bias >= 0 ? vector_of(out(op).channels) : memory_desc(); }

    const custom_kernels& kernels_of(const operation& op) const {
        for (const custom_kernels& k : kernels_) {
            const bool same = k.operation != nullptr && std::string_view(k.operation->name) == op.custom->name;
            if (same && k.forward != nullptr && (k.backward != nullptr || !training())) return k;
        }
        throw unsupported(describe(program_, op) + ": the device was opened without a " +
                          (training() ? "forward and backward" : "forward") + " kernel for the custom operation '" + op.custom->name +
                          "'; give it in cpu::options::kernels");
    }

    // ---- forward ----

    void forward(const operation& op, forward_record& record) {
        held& dst = values_[index(op.dst)];
        switch (op.kind) {
            case op_kind::convolution: dst = convolution(op, record); break;
            case op_kind::dense: dst = dense(op, record); break;
            case op_kind::max_pool: dst = pool(op, record, onednn::pooling::max); break;
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

    held convolution(const operation& op, forward_record& record) {
        const variable& w = program_.parameters[index(op.weight)];
        const memory_desc weights = memory_desc::of({w.dims[0], w.dims[3], w.dims[1], w.dims[2]}, layout::any);
        record.desc = graph_.make().convolution_forward(options_.pass, picture(in(op), layout::any), weights, bias_desc(op),
                                                        picture(out(op), layout::any), window(op), slope(op));
        const held dst = fresh(record.desc.dst());
        std::vector<std::pair<int, value>> arguments{{DNNL_ARG_SRC, adapt(values_[index(op.src[0])], record.desc.src())},
                                                     {DNNL_ARG_WEIGHTS, adapt_parameter(op.weight, record.desc.weights())},
                                                     {DNNL_ARG_DST, dst.native()}};
        if (op.bias >= 0) arguments.push_back({DNNL_ARG_BIAS, parameter(op.bias)});
        graph_.add("convolution forward", record.desc, std::move(arguments));
        return dst;
    }

    // Dense layers work on plain rows: a product with weights as they lie, and only activations are ever reordered.
    value flat_rows(held& h, const shape& s) { return view(adapt(h, channels_last(s)), rows(s)); }

    held dense(const operation& op, forward_record& record) {
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

    held batch_norm(const operation& op, forward_record& record) {
        const value src = values_[index(op.src[0])].native();
        record.desc = graph_.make().batch_norm_forward(options_.pass, src.desc, epsilon(op));
        const memory_desc channel = vector_of(out(op).channels);
        record.mean = training() ? graph_.new_value(channel) : statistic(op.mean);
        record.variance = training() ? graph_.new_value(channel) : statistic(op.variance);
        const held dst = fresh(src.desc);
        graph_.add("batch norm forward", record.desc,
                   {{DNNL_ARG_SRC, src},
                    {DNNL_ARG_SCALE, parameter(op.weight)},
                    {DNNL_ARG_SHIFT, parameter(op.bias)},
                    {DNNL_ARG_MEAN, record.mean},
                    {DNNL_ARG_VARIANCE, record.variance},
                    {DNNL_ARG_DST, dst.native()}});
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
        graph_.add(what, {src, dst}, [layer = op.layer, rate = op.rate, src, dst, count](const graph& g, const run_context& context) {
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
        graph_.add("custom forward", {src, dst.native()},
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

    struct call_shapes {
        std::int64_t batch;
        shape in, out;
        float attribute;
    };
    call_shapes custom_call(const operation& op) const { return {options_.batch, in(op), out(op), op.rate}; }
    static std::span<float> span_of(const graph& g, const value& v, std::int64_t size) {
        return size == 0 ? std::span<float>() : std::span<float>(g.data(v), static_cast<std::size_t>(size));
    }

    // ---- backward ----

    void lower_backward(lowered_program& result) {
        held& top = gradients_[index(program_.output)];
        top = fresh(channels_last(program_.output_shape()));
        result.output_gradient = top.native();
        graph_.touch(result.output_gradient);
        for (std::size_t i = program_.operations.size(); i-- > 0;) {
            const operation& op = program_.operations[i];
            if (!needs_gradient(program_, op.dst) || !gradients_[index(op.dst)].exists()) continue;
            graph_.set_place(describe(program_, op));
            backward(op, records_[i], gradients_[index(op.dst)]);
        }
        for (std::size_t i = 0; i < program_.operations.size(); ++i) {
            if (program_.operations[i].kind != op_kind::batch_norm) continue;
            graph_.touch(records_[i].mean);
            graph_.touch(records_[i].variance);
            result.statistics.push_back({static_cast<int>(i), records_[i].mean, records_[i].variance});
        }
    }

    // A contribution to the gradient of a tensor; the second and later ones are added to what is there.
    void give(int tensor, held contribution) {
        if (!needs_gradient(program_, tensor)) return;
        held& there = gradients_[index(tensor)];
        if (!there.exists()) {
            there = std::move(contribution);
            return;
        }
        const value a = there.native();
        const value b = adapt(contribution, a.desc);
        const held sum = fresh(a.desc);
        graph_.add("sum of gradients", graph_.make().sum(a.desc, b.desc, a.desc),
                   {{DNNL_ARG_SRC_0, a}, {DNNL_ARG_SRC_1, b}, {DNNL_ARG_DST, sum.native()}});
        there = sum;
    }

    void backward(const operation& op, forward_record& record, held& gradient) {
        switch (op.kind) {
            case op_kind::convolution: return convolution_backward(op, record, gradient);
            case op_kind::dense: return dense_backward(op, record, gradient);
            case op_kind::max_pool: return pool_backward(op, record, gradient, onednn::pooling::max);
            case op_kind::avg_pool: return pool_backward(op, record, gradient, onednn::pooling::average);
            case op_kind::batch_norm: return batch_norm_backward(op, record, gradient);
            case op_kind::relu:
            case op_kind::leaky_relu: return give(op.src[0], rectifier_backward(op, record.desc, gradient));
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
        if (!op.activated) return;
        const memory_desc desc = values_[index(op.dst)].native().desc;
        gradient = rectifier_backward(op, graph_.make().rectifier_forward(onednn::pass::training, desc, op.rate), gradient);
    }

    // Where a weight gradient is written: at its place when the layout is canonical, else aside, and reordered by finish_gradient.
    value gradient_in(int number, const memory_desc& wanted) {
        const value target = gradient(number);
        return target.desc == wanted ? target : graph_.new_value(wanted);
    }
    void finish_gradient(int number, const value& written) {
        if (written.fixed != nullptr) return;
        const value target = gradient(number);
        graph_.add("reorder of a weight gradient", graph_.make().reorder(written.desc, target.desc),
                   {{DNNL_ARG_FROM, written}, {DNNL_ARG_TO, target}});
    }

    void convolution_backward(const operation& op, const forward_record& record, held& gradient_held) {
        undo_activation(op, gradient_held);
        const variable& w = program_.parameters[index(op.weight)];
        const memory_desc any_weights = memory_desc::of({w.dims[0], w.dims[3], w.dims[1], w.dims[2]}, layout::any);
        const memory_desc any_in = picture(in(op), layout::any), any_out = picture(out(op), layout::any);
        const primitive_desc by_weights =
            graph_.make().convolution_backward_weights(any_in, any_weights, bias_desc(op), any_out, window(op), record.desc);
        const value written = gradient_in(op.weight, by_weights.diff_weights());
        std::vector<std::pair<int, value>> arguments{{DNNL_ARG_SRC, adapt(values_[index(op.src[0])], by_weights.src())},
                                                     {DNNL_ARG_DIFF_DST, adapt(gradient_held, by_weights.diff_dst())},
                                                     {DNNL_ARG_DIFF_WEIGHTS, written}};
        if (op.bias >= 0) arguments.push_back({DNNL_ARG_DIFF_BIAS, gradient(op.bias)});
        graph_.add("convolution backward by weights", by_weights, std::move(arguments));
        finish_gradient(op.weight, written);
        if (!needs_gradient(program_, op.src[0])) return;
        const primitive_desc by_data = graph_.make().convolution_backward_data(any_in, any_weights, any_out, window(op), record.desc);
        const held to = fresh(by_data.diff_src());
        graph_.add("convolution backward by data", by_data,
                   {{DNNL_ARG_DIFF_DST, adapt(gradient_held, by_data.diff_dst())},
                    {DNNL_ARG_WEIGHTS, adapt_parameter(op.weight, by_data.weights())},
                    {DNNL_ARG_DIFF_SRC, to.native()}});
        give(op.src[0], to);
    }

    void dense_backward(const operation& op, const forward_record& record, held& gradient_held) {
        undo_activation(op, gradient_held);
        const value diff_dst = flat_rows(gradient_held, out(op));
        const memory_desc src = rows(in(op)), weights = parameter(op.weight).desc;
        const primitive_desc by_weights = graph_.make().dense_backward_weights(src, weights, bias_desc(op), diff_dst.desc, record.desc);
        std::vector<std::pair<int, value>> arguments{{DNNL_ARG_SRC, flat_rows(values_[index(op.src[0])], in(op))},
                                                     {DNNL_ARG_DIFF_DST, diff_dst},
                                                     {DNNL_ARG_DIFF_WEIGHTS, gradient(op.weight)}};
        if (op.bias >= 0) arguments.push_back({DNNL_ARG_DIFF_BIAS, gradient(op.bias)});
        graph_.add("dense backward by weights", by_weights, std::move(arguments));
        if (!needs_gradient(program_, op.src[0])) return;
        const held to = fresh(channels_last(in(op)));
        graph_.add("dense backward by data", graph_.make().dense_backward_data(src, weights, diff_dst.desc, record.desc),
                   {{DNNL_ARG_DIFF_DST, diff_dst}, {DNNL_ARG_WEIGHTS, parameter(op.weight)}, {DNNL_ARG_DIFF_SRC, view(to.native(), src)}});
        give(op.src[0], to);
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

    void batch_norm_backward(const operation& op, const forward_record& record, held& gradient_held) {
        const value src = values_[index(op.src[0])].native();
        const held to = fresh(src.desc);
        std::vector<std::pair<int, value>> arguments{{DNNL_ARG_SRC, src},
                                                     {DNNL_ARG_MEAN, record.mean},
                                                     {DNNL_ARG_VARIANCE, record.variance},
                                                     {DNNL_ARG_DIFF_DST, adapt(gradient_held, src.desc)},
                                                     {DNNL_ARG_SCALE, parameter(op.weight)},
                                                     {DNNL_ARG_DIFF_SRC, to.native()},
                                                     {DNNL_ARG_DIFF_SCALE, gradient(op.weight)},
                                                     {DNNL_ARG_DIFF_SHIFT, gradient(op.bias)}};
        if (onednn::batch_norm_backward_reads_shift) arguments.push_back({DNNL_ARG_SHIFT, parameter(op.bias)});
        graph_.add("batch norm backward", graph_.make().batch_norm_backward(src.desc, src.desc, epsilon(op), record.desc),
                   std::move(arguments));
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
        const bool wanted = needs_gradient(program_, op.src[0]);
        const held to = wanted ? fresh(channels_last(in(op))) : held{};
        const value diff_src = wanted ? to.native() : value{};
        const value weight = op.weight >= 0 ? parameter(op.weight) : value{}, diff_weight = op.weight >= 0 ? gradient(op.weight) : value{};
        const auto weight_size = op.weight >= 0 ? program_.parameters[index(op.weight)].size() : 0;
        graph_.add("custom backward", {src, dst, diff_dst, diff_src},
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

    const program_view& program_;
    const variable_addresses& variables_;
    std::span<const custom_kernels> kernels_;
    const lowering_options& options_;
    graph graph_;
    std::vector<held> values_, gradients_, parameters_;
    std::vector<forward_record> records_;
};

}  // namespace detail

STRATA_INLINE lowered_program lower(const program_view& program, const onednn::engine& engine, const variable_addresses& variables,
                                    std::span<const custom_kernels> kernels, const lowering_options& options) {
    return detail::lowering(program, engine, variables, kernels, options).run();
}

}  // namespace strata::inline STRATA_ABI::cpu
