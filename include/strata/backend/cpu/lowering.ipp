// SPDX-License-Identifier: MIT
// The whole of lowering: forward in the order of the program, backward in reverse, then the buffers are placed.
#pragma once

#include <strata/backend/cpu/backward.hpp>
#include <strata/backend/cpu/forward.hpp>
#include <strata/backend/cpu/lowering.hpp>
#include <strata/backend/cpu/tensors.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>
#include <span>
#include <utility>

namespace strata::inline STRATA_ABI::cpu {

namespace detail {

class lowering : backward_lowering {
public:
    using backward_lowering::backward_lowering;

    lowered_program run() {
        lowered_program result{.actions = graph(onednn::engine()), .input = {}, .output = {}, .output_gradient = {}, .statistics = {}};
        values_[0] = fresh(channels_last(program_.input_shape()));
        result.input = values_[0].native();
        graph_.touch(result.input);
        for (std::size_t i = 0; i < program_.operations.size(); ++i) {
            graph_.set_place(describe(program_, program_.operations[i]), static_cast<int>(i));
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
    void lower_backward(lowered_program& result) {
        held& top = gradients_[index(program_.output)];
        top = fresh(channels_last(program_.output_shape()));
        result.output_gradient = top.native();
        graph_.touch(result.output_gradient);
        for (std::size_t i = program_.operations.size(); i-- > 0;) {
            const operation& op = program_.operations[i];
            if (!needs_gradient(op.dst) || !gradients_[index(op.dst)].exists()) continue;
            graph_.set_place(describe(program_, op), static_cast<int>(i));
            backward(op, records_[i], gradients_[index(op.dst)]);
        }
        for (std::size_t i = 0; i < program_.operations.size(); ++i) {
            if (program_.operations[i].kind != op_kind::batch_norm) continue;
            graph_.touch(records_[i].mean);
            graph_.touch(records_[i].variance);
            result.statistics.push_back({static_cast<int>(i), records_[i].mean, records_[i].variance});
        }
    }
};

}  // namespace detail

STRATA_INLINE lowered_program lower(const program_view& program, const onednn::engine& engine, const variable_addresses& variables,
                                    std::span<const custom_kernels> kernels, const lowering_options& options) {
    return detail::lowering(program, engine, variables, kernels, options).run();
}

}  // namespace strata::inline STRATA_ABI::cpu
