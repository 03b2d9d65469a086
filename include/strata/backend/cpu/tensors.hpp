// SPDX-License-Identifier: MIT
// What lowering works with: the tensors of a program, each in all the layouts that somebody asked for, their gradients, and the
// variables. Part of lowering.ipp; forward.hpp and backward.hpp build on it.
#pragma once

#include <strata/backend/cpu/graph.hpp>
#include <strata/backend/cpu/lowered_program.hpp>
#include <strata/backend/cpu/options.hpp>
#include <strata/core/config.hpp>
#include <strata/network/liveness.hpp>
#include <strata/network/program.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cpu::detail {

using onednn::layout;
using onednn::memory_desc;
using onednn::primitive_desc;

struct held {
    std::vector<value> forms;   // the same values in several layouts; the first is the one they were made in
    bool exclusive = false;     // nobody else names these bytes: they may be overwritten by the last reader
    bool before_activation = false;  // of a gradient: it went through the rectifier of the tensor's producer already

    bool exists() const { return !forms.empty(); }
    const value& native() const { return forms.front(); }
};

// What backward needs to know of an operation's forward.
struct forward_record {
    primitive_desc desc;
    value workspace, mean, variance;
    value factor;  // of batch norm: gamma / sqrt(variance + epsilon)
    value place;   // of max pooling: a byte per value, where in its window the maximum was
};

class tensors {
public:
    tensors(const program_view& program, const onednn::engine& engine, const variable_addresses& variables,
            std::span<const custom_kernels> kernels, const lowering_options& options)
        : program_(program),
          variables_(variables),
          kernels_(kernels),
          options_(options),
          graph_(engine),
          values_(program.tensors.size()),
          gradients_(program.tensors.size()),
          parameters_(program.parameters.size()),
          records_(program.operations.size()),
          gradient_needed_(program.tensors.size()) {
        find_gradients(program, gradient_needed_);
    }

protected:
    static std::size_t index(int number) { return static_cast<std::size_t>(number); }
    bool training() const { return options_.pass == onednn::pass::training; }

    bool needs_gradient(int tensor) const { return gradient_needed_[index(tensor)]; }

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
        graph_.add_reorder("reorder", h.native(), to);
        h.forms.push_back(to);
        return to;
    }

    // A contribution to the gradient of a tensor; the second and later ones are added to what is there.
    void give(int tensor, held contribution) {
        if (!needs_gradient(tensor)) return;
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
        graph_.add_preparation(h.native(), to);
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

    const program_view& program_;
    const variable_addresses& variables_;
    std::span<const custom_kernels> kernels_;
    const lowering_options& options_;
    graph graph_;
    std::vector<held> values_, gradients_, parameters_;
    std::vector<forward_record> records_;
    std::vector<bool> gradient_needed_;  // per tensor
};

}  // namespace strata::inline STRATA_ABI::cpu::detail
