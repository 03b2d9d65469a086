// SPDX-License-Identifier: MIT
// The whole of lowering: gather, forward in the order of the program, the loss, backward in reverse.
#pragma once

#include <strata/backend/cuda/lowering.hpp>

#include <strata/backend/cuda/arrays.hpp>
#include <strata/backend/cuda/backward.hpp>
#include <strata/backend/cuda/forward.hpp>
#include <strata/network/builder.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

STRATA_INLINE variable_layout layout_of(const program_view& program) {
    variable_layout layout;
    layout.parameter_bytes = lay_out(program.parameters, [&](std::int64_t at) { layout.parameters.push_back(at); });
    layout.statistic_bytes = lay_out(program.statistics, [&](std::int64_t at) { layout.statistics.push_back(at); });
    for (const operation& op : program.operations) {
        if (op.kind == op_kind::batch_norm)
            layout.batch_statistic_bytes += 2 * aligned(program.shape_of(op.dst).channels * std::int64_t{4});
    }
    return layout;
}

namespace detail {

class lowering : backward_lowering {
public:
    using backward_lowering::backward_lowering;

    device_program run() {
        gather();
        for (std::size_t i = 0; i < program_.operations.size(); ++i) forward(program_.operations[i], records_[i]);
        array output = values_[index(program_.output)];
        const std::int64_t classes = program_.output_shape().size();
        if (output.type != cudnn::data_type::f32) output = widened(program_.operations.back(), output, batch() * classes);
        result_.output = output.at;
        result_.output_leading = output.leading != 0 ? output.leading : classes;
        if (options_.mode != mode::prediction) loss(output);
        if (training()) lower_backward();
        return std::move(result_);
    }

private:
    template <typename T>
    kernel_call gather_into(const location& to) const {
        const std::int64_t size = program_.input_shape().size(), count = batch() * size;
        return kernel({to}, [to, size, count](const memory_map& m, const launch_context& c) {
            c.launch(kernels::gather_batch<T>{c.state, m.as<T>(to), size}, count);
        });
    }
    void gather() {
        values_[0] = fresh(program_.input_shape());
        const location to = values_[0].at;
        add("gather", either(way(narrow() ? gather_into<kernels::bf16>(to) : gather_into<float>(to))));
    }

    // The loss of each row, and in training the gradient of the output, in rows as long as the output's.
    template <typename T>
    kernel_call loss_of(const location& output, const location& gradient) const {
        std::vector<location> uses{output};
        if (gradient.exists()) uses.push_back(gradient);
        return kernel(std::move(uses),
                      [=, loss = row_loss, correct = row_correct(batch()), leading = result_.output_leading, rows = batch(),
                       classes = static_cast<int>(program_.output_shape().size())](const memory_map& m, const launch_context& c) {
                          c.launch(kernels::loss_rows<T>{.state = c.state,
                                                         .logits = m.as<const float>(output),
                                                         .leading = leading,
                                                         .classes = classes,
                                                         .smoothing = c.label_smoothing,
                                                         .grad_scale = 1.0f / static_cast<float>(rows),
                                                         .grad = m.as<T>(gradient),
                                                         .row_loss = m.as<float>(loss),
                                                         .row_correct = m.as<float>(correct)},
                                   rows);
                      });
    }
    void loss(const array& output) {
        array& gradient = gradients_[index(program_.output)];
        if (training()) gradient = {fresh_bytes(batch() * result_.output_leading * cudnn::bytes_of(storage())), storage(), output.leading};
        add("loss", either(way(narrow() ? loss_of<kernels::bf16>(output.at, gradient.at) : loss_of<float>(output.at, gradient.at))));
    }

    void lower_backward() {
        for (std::size_t i = program_.operations.size(); i-- > 0;) {
            const operation& op = program_.operations[i];
            const array gradient = gradients_[index(op.dst)];
            if (needs_gradient(op.dst) && gradient.exists()) backward(op, records_[i], gradient);
        }
        for (std::size_t i = 0; i < program_.operations.size(); ++i) {
            if (program_.operations[i].kind == op_kind::batch_norm)
                result_.batch_norms.push_back({static_cast<int>(i), records_[i].mean, records_[i].inverse_deviation});
        }
    }
};

}  // namespace detail

STRATA_INLINE bool wants_relu_masks(const program_view& program) {
    for (const operation& op : program.operations) {
        if (detail::reader_of_rectified(program, op) != nullptr) return true;
    }
    return false;
}

STRATA_INLINE device_program lower(const program_view& program, const lowering_options& options) {
    return detail::lowering(program, options).run();
}

}  // namespace strata::inline STRATA_ABI::cuda
