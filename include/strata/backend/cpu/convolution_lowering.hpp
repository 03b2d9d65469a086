// SPDX-License-Identifier: MIT
// Convolutions, lowered: each pass either by oneDNN's own convolution or by Winograd's, as the choices of the device say. Winograd's work
// on channels-last pictures and on weights where they are; where any of a program's convolutions is one, oneDNN's are asked for
// channels-last pictures too, so that no reorders lie between layers.
#pragma once

#include <strata/backend/cpu/convolution_choice.hpp>
#include <strata/backend/cpu/normalization.hpp>
#include <strata/backend/cpu/parallel.hpp>
#include <strata/backend/cpu/tensors.hpp>
#include <strata/backend/cpu/tuning.hpp>
#include <strata/backend/cpu/vector_width.hpp>
#include <strata/backend/cpu/winograd/convolution.hpp>
#include <strata/core/config.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cpu::detail {

class convolution_lowering : protected normalization_lowering {
public:
    using normalization_lowering::normalization_lowering;

protected:
    held convolution(const operation& op, forward_record& record) {
        const graph::pass_scope within(graph_, forward_pass());
        if (const way chosen = way_of(op, forward_pass()); chosen.tile != 0) return winograd_forward(op, chosen);
        record.desc = direct_forward(op);
        const held dst = fresh(record.desc.dst());
        std::vector<std::pair<int, value>> arguments{{DNNL_ARG_SRC, adapt(values_[index(op.src[0])], record.desc.src())},
                                                     {DNNL_ARG_WEIGHTS, adapt_parameter(op.weight, record.desc.weights())},
                                                     {DNNL_ARG_DST, dst.native()}};
        if (op.bias >= 0) arguments.push_back({DNNL_ARG_BIAS, parameter(op.bias)});
        graph_.add("convolution forward", record.desc, std::move(arguments));
        return dst;
    }

    void convolution_backward_weights(const operation& op, forward_record& record, held& gradient_held) {
        const graph::pass_scope within(graph_, convolution_pass::backward_weights);
        if (const int tile = way_of(op, convolution_pass::backward_weights).tile) return winograd_weights(op, tile, gradient_held);
        const primitive_desc desc = graph_.make().convolution_backward_weights(in_desc(op), any_weights(op), bias_desc(op), out_desc(op),
                                                                               window(op), hint(op, record));
        const value written = gradient_in(op.weight, desc.diff_weights());
        std::vector<std::pair<int, value>> arguments{{DNNL_ARG_SRC, adapt(values_[index(op.src[0])], desc.src())},
                                                     {DNNL_ARG_DIFF_DST, adapt(gradient_held, desc.diff_dst())},
                                                     {DNNL_ARG_DIFF_WEIGHTS, written}};
        if (op.bias >= 0) arguments.push_back({DNNL_ARG_DIFF_BIAS, gradient(op.bias)});
        graph_.add("convolution backward by weights", desc, std::move(arguments));
        finish_gradient(op.weight, written);
    }

    held convolution_backward_data(const operation& op, forward_record& record, held& gradient_held) {
        const graph::pass_scope within(graph_, convolution_pass::backward_data);
        if (const int tile = way_of(op, convolution_pass::backward_data).tile) return winograd_data(op, tile, gradient_held);
        const primitive_desc desc =
            graph_.make().convolution_backward_data(in_desc(op), any_weights(op), out_desc(op), window(op), hint(op, record));
        const held to = fresh(desc.diff_src());
        graph_.add("convolution backward by data", desc,
                   {{DNNL_ARG_DIFF_DST, adapt(gradient_held, desc.diff_dst())},
                    {DNNL_ARG_WEIGHTS, adapt_parameter(op.weight, desc.weights())},
                    {DNNL_ARG_DIFF_SRC, to.native()}});
        return to;
    }

private:
    program_use use() const {
        return training() ? program_use::training : options_.prepare_once ? program_use::prediction : program_use::evaluation;
    }
    convolution_pass forward_pass() const {
        return use() == program_use::prediction ? convolution_pass::inference : convolution_pass::forward;
    }
    struct way {
        int tile = 0;  // 0: oneDNN's own
        bool keeps_weights = false;
    };
    using ways = std::array<way, convolution_passes>;
    std::vector<ways> chosen_ways() const {
        std::vector<ways> chosen(program_.operations.size());
        const convolution_choices shipped, &choices = options_.convolutions != nullptr ? *options_.convolutions : shipped;
        for (const auto& [operation, which] : convolution_cases(program_, options_.batch, use(), options_.threads, vector_width_here())) {
            const convolution_way found = choices.find(which);
            chosen[operation][static_cast<std::size_t>(which.pass)] = {found.tile, keeps_weights(which, found)};
        }
        return chosen;
    }
    bool any_winograd() const {
        return std::any_of(ways_.begin(), ways_.end(),
                           [](const ways& of) { return std::any_of(of.begin(), of.end(), [](const way& w) { return w.tile != 0; }); });
    }
    const way& way_of(const operation& op, convolution_pass pass) const {
        return ways_[static_cast<std::size_t>(&op - program_.operations.data())][static_cast<std::size_t>(pass)];
    }
    memory_desc in_desc(const operation& op) const { return picture(in(op), pictures_); }
    memory_desc out_desc(const operation& op) const { return picture(out(op), pictures_); }
    memory_desc any_weights(const operation& op) const {
        const variable& w = program_.parameters[index(op.weight)];
        return memory_desc::of({w.dims[0], w.dims[3], w.dims[1], w.dims[2]}, layout::any);
    }
    primitive_desc direct_forward(const operation& op) const {
        return graph_.make().convolution_forward(options_.pass, in_desc(op), any_weights(op), bias_desc(op), out_desc(op), window(op),
                                                 slope(op));
    }
    // oneDNN's backward wants the forward's description, even where the forward was not its own.
    const primitive_desc& hint(const operation& op, forward_record& record) const {
        if (record.desc.get() == nullptr) record.desc = direct_forward(op);
        return record.desc;
    }

    // Where a weight gradient is written: at its place when the layout is canonical, else aside, and reordered by finish_gradient.
    value gradient_in(int number, const memory_desc& wanted) {
        const value target = gradient(number);
        return target.desc == wanted ? target : graph_.new_value(wanted);
    }
    void finish_gradient(int number, const value& written) {
        if (written.fixed != nullptr) return;
        graph_.add_reorder("reorder of a weight gradient", written, gradient(number));
    }

    winograd::problem problem_of(const operation& op, int tile) const {
        const shape from = in(op), to = out(op);
        return {.batch = options_.batch,
                .height = from.height,
                .width = from.width,
                .channels = from.channels,
                .filters = to.channels,
                .kernel = op.rows.kernel,
                .tile = tile,
                .top = op.rows.before,
                .left = op.columns.before,
                .out_height = to.height,
                .out_width = to.width};
    }
    held winograd_forward(const operation& op, const way& chosen) {
        using winograd::data_pass;
        const winograd::problem problem = problem_of(op, chosen.tile);
        const data_pass pass = chosen.keeps_weights ? data_pass::inference(problem) : data_pass::forward(problem);
        const value src = adapt(values_[index(op.src[0])], channels_last(in(op)));
        const value scratch = graph_.new_bytes(pass.scratch_bytes());
        const value weights = chosen.keeps_weights ? transformed_weights(op, pass) : parameter(op.weight);
        const value bias = op.bias >= 0 ? parameter(op.bias) : value{};
        const held dst = fresh(channels_last(out(op)));
        graph_.add_kernel(
            "convolution forward, winograd", {src, dst.native(), scratch},
            [pass, src, weights, bias, scratch, to = dst.native(), rectifier = slope(op)](const graph& g, const run_context&) {
                pass.run(g.data(src), g.data(weights), bias.fixed, rectifier, g.data(to), g.data(scratch));
            });
        return dst;
    }
    value transformed_weights(const operation& op, const winograd::data_pass& pass) {
        const value from = parameter(op.weight), to = graph_.new_bytes(pass.transformed_bytes());
        graph_.add_preparation_kernel("transform of weights", to, [pass, from, to](const graph& g, const run_context&) {
            pass.transform_weights(from.fixed, g.data(to));
        });
        return to;
    }
    held winograd_data(const operation& op, int tile, held& gradient_held) {
        const winograd::data_pass pass = winograd::data_pass::backward(problem_of(op, tile));
        const value from = adapt(gradient_held, channels_last(out(op)));
        const value scratch = graph_.new_bytes(pass.scratch_bytes()), weights = parameter(op.weight);
        const held to = fresh(channels_last(in(op)));
        graph_.add_kernel("convolution backward by data, winograd", {from, to.native(), scratch},
                          [pass, from, weights, scratch, dst = to.native()](const graph& g, const run_context&) {
                              pass.run(g.data(from), weights.fixed, nullptr, -1.0f, g.data(dst), g.data(scratch));
                          });
        return to;
    }
    void winograd_weights(const operation& op, int tile, held& gradient_held) {
        const winograd::weights_pass pass(problem_of(op, tile));
        const value src = adapt(values_[index(op.src[0])], channels_last(in(op))), from = adapt(gradient_held, channels_last(out(op)));
        const value scratch = graph_.new_bytes(pass.scratch_bytes()), to = gradient(op.weight);
        const value bias = op.bias >= 0 ? gradient(op.bias) : value{};
        graph_.add_kernel("convolution backward by weights, winograd", {src, from, scratch},
                          [pass, src, from, to, bias, scratch](const graph& g, const run_context&) {
                              pass.run(g.data(src), g.data(from), to.fixed, bias.fixed, g.data(scratch));
                          });
    }

    const std::vector<ways> ways_ = chosen_ways();
    const layout pictures_ = any_winograd() ? layout::channels_last : layout::any;
};

}  // namespace strata::inline STRATA_ABI::cpu::detail
