// SPDX-License-Identifier: MIT
// The backward pass, lowered: one function per operation. Gradients of variables go to their places in f32, gradients of tensors to
// those who read them next.
#pragma once

#include <strata/backend/cuda/arrays.hpp>
#include <strata/backend/cuda/forward.hpp>
#include <strata/core/config.hpp>
#include <strata/core/error.hpp>
#include <strata/network/program.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cuda::detail {

class backward_lowering : protected forward_lowering {
public:
    using forward_lowering::forward_lowering;

protected:
    // A contribution to the gradient of a tensor; the second and later ones are added to what is there.
    void give(int tensor, const array& contribution) {
        if (!needs_gradient(tensor)) return;
        array& there = gradients_[index(tensor)];
        if (!there.exists()) {
            there = contribution;
            return;
        }
        const shape s = program_.shape_of(tensor);
        const array total = fresh(s);
        graph_writer g = writer();
        g.graph().add(g.picture(there, s), g.picture(contribution, s), g.picture(total, s));
        add("sum of gradients of tensor " + std::to_string(tensor), either(way(g.take())));
        there = total;
    }

    void backward(const operation& op, const forward_record& record, const array& gradient) {
        switch (op.kind) {
            case op_kind::convolution: return convolution_backward(op, gradient);
            case op_kind::dense: return dense_backward(op, gradient);
            case op_kind::max_pool: return max_pool_backward(op, record, gradient);
            case op_kind::avg_pool: return average_pool_backward(op, gradient);
            case op_kind::batch_norm: return give(op.src[0], batch_norm_gradient(op, record, gradient));
            case op_kind::relu:
            case op_kind::leaky_relu: return give(op.src[0], rectifier_backward(op, gradient));
            case op_kind::dropout: return dropout_backward(op, gradient);
            case op_kind::reshape: return give(op.src[0], gradient);
            case op_kind::add: give(op.src[0], gradient); return give(op.src[1], gradient);
            case op_kind::custom: return custom_backward_pass(op, gradient);
            case op_kind::softmax: break;  // refused on the way forward
        }
    }

    // The gradient before the rectifier, from the one after it. The rectifier's output has the sign of its input.
    array rectifier_backward(const operation& op, const array& gradient) {
        const array to = fresh(out(op));
        add(op, "rectifier backward", either(way(rectifier_backward_of(op, gradient, to))));
        return to;
    }
    graph_call rectifier_backward_of(const operation& op, const array& after, const array& before) const {
        graph_writer g = writer();
        g.graph().relu_backward(g.picture(after, out(op)), g.picture(values_[index(op.dst)], out(op)), g.picture(before, out(op)), op.rate);
        return g.take();
    }

    void bias_backward(const operation& op, const array& gradient_of_output) {
        if (op.bias < 0) return;
        // Max pooling hands each gradient to one value, so their sum is the same on the pooled side, which is smaller.
        const operation* pool = op.activated ? nullptr : only_reader(op.dst);
        const bool pooled = pool != nullptr && pool->kind == op_kind::max_pool;
        const array& from = pooled ? gradients_[index(pool->dst)] : gradient_of_output;
        graph_writer g = writer();
        g.graph().reduce_add(g.picture(from, pooled ? out(*pool) : out(op)),
                             g.per_channel(gradient(op.bias), cudnn::data_type::f32, out(op).channels));
        add(op, "bias gradient", either(way(g.take())));
    }

    void convolution_backward(const operation& op, const array& after) {
        const array before = op.activated ? rectifier_backward(op, after) : after;
        bias_backward(op, before);
        weights_backward(op, before);
        if (!needs_gradient(op.src[0])) return;
        const array to = fresh(in(op));
        graph_writer g = writer();
        g.graph().convolution_backward_data(g.picture(before, out(op)),
                                            g.filter(stored_parameter(op.weight), storage(), variable_of(op.weight)), g.picture(to, in(op)),
                                            window(op));
        add(op, "convolution backward by data", either(way(g.take())));
        give(op.src[0], to);
    }

    // cuDNN writes dW in the type of what it reads, so bf16 goes through an identity; where that is refused, through memory.
    void weights_backward(const operation& op, const array& before) {
        const variable& weights = variable_of(op.weight);
        const auto product = [&](graph_writer& g, const cudnn::tensor& dw) {
            g.graph().convolution_backward_filter(g.picture(values_[index(op.src[0])], in(op)), g.picture(before, out(op)), dw, window(op));
        };
        graph_writer direct = writer();
        if (!narrow()) {
            product(direct, direct.filter(gradient(op.weight), cudnn::data_type::f32, weights));
            add(op, "convolution backward by weights", either(way(direct.take())));
            return;
        }
        const cudnn::tensor between = direct.virtual_filter(weights);
        product(direct, between);
        direct.graph().identity(between, direct.filter(gradient(op.weight), cudnn::data_type::f32, weights));
        const location aside = fresh_bytes(weights.size() * 2), to = gradient(op.weight);
        graph_writer through = writer();
        product(through, through.filter(aside, cudnn::data_type::bf16, weights));
        add(op, "convolution backward by weights",
            either(way(direct.take()),
                   way(through.take(), kernel({aside}, [aside, to, count = weights.size()](const memory_map& m, const launch_context& c) {
                           c.launch(kernels::widen{m.as<const kernels::bf16>(aside), m.as<float>(to)}, count);
                       }))));
    }

    // dW (out, in) = dY^T X, with dY's sums over the rows as the bias gradient; dX (N, in) = dY W.
    void dense_backward(const operation& op, const array& after) {
        const bool masked_already = masks_[index(op.dst)].exists();
        const array before = op.activated && !masked_already ? rectifier_backward(op, after) : after;
        const std::int64_t inputs = in(op).size(), outputs = out(op).size();
        cublaslt::operand transposed = rows_of(before, outputs);
        transposed.transposed = true;
        const array src = values_[index(op.src[0])];
        matmul_call by_weights{{.what = describe(program_, op) + ": dense backward by weights",
                                .a = transposed,
                                .b = rows_of(src, inputs),
                                .d = {.type = dtype::f32, .rows = outputs, .columns = inputs, .leading = inputs},
                                .compute = products(),
                                .epilogue = cublaslt::epilogue::none},
                               before.at,
                               src.at,
                               gradient(op.weight),
                               {}};
        if (op.bias < 0) {
            add(op, "dense backward by weights", either(way(std::move(by_weights))));
        } else {
            matmul_call fused = by_weights;
            fused.problem.epilogue = cublaslt::epilogue::bgrad_a;
            fused.bias = gradient(op.bias);
            graph_writer sums = writer();
            sums.graph().reduce_add(sums.picture(before, out(op)), sums.per_channel(gradient(op.bias), cudnn::data_type::f32, outputs));
            add(op, "dense backward by weights", either(way(std::move(fused)), way(std::move(by_weights), sums.take())));
        }
        if (!needs_gradient(op.src[0])) return;
        const mask_record& mask = masks_[index(op.src[0])];
        if (mask.exists()) return masked_backward(op, before, mask);
        const array to = fresh(in(op));
        add(op, "dense backward by data", either(way(by_data(op, before, to))));
        give(op.src[0], to);
    }

    matmul_call by_data(const operation& op, const array& before, const array& to) const {
        cublaslt::operand weights = weights_of(op);
        weights.transposed = false;
        return {{.what = describe(program_, op) + ": dense backward by data",
                 .a = rows_of(before, out(op).size()),
                 .b = weights,
                 .d = rows_of(to, in(op).size()),
                 .compute = products()},
                before.at,
                stored_parameter(op.weight),
                to.at};
    }

    // The gradient by data behind a rectified dense layer whose mask was kept: the product masks it, and with dropout between them scales
    // it too, so that it is the gradient before that rectifier. (drelu, not drelu_bgrad: the latter sums the bias gradient in the type of
    // D, in bf16 too short; the product by weights of that layer sums it in f32 for nothing.)
    void masked_backward(const operation& op, const array& before, const mask_record& mask) {
        const operation& rectified = *mask.rectified;
        const array to = fresh(in(op)), after_dropout = fresh(in(op)), after_relu = mask.dropped != nullptr ? fresh(in(op)) : after_dropout;
        matmul_call fused = by_data(op, before, to);
        fused.problem.epilogue = cublaslt::epilogue::drelu;
        fused.problem.aux_leading = cublaslt::aux_leading_of(in(op).size());
        fused.aux = mask.at;
        if (mask.dropped != nullptr) fused.problem.alpha = 1.0f / (1.0f - mask.dropped->rate);
        std::vector<call> separate = way(by_data(op, before, after_dropout));
        if (mask.dropped != nullptr) separate.emplace_back(dropout_of(*mask.dropped, after_dropout.at, after_relu.at));
        separate.emplace_back(rectifier_backward_of(rectified, after_relu, to));
        add(op, "dense backward by data", either(way(std::move(fused)), std::move(separate)));
        follow(mask);
        gradients_[index(rectified.dst)] = to;
    }

    void max_pool_backward(const operation& op, const forward_record& record, const array& gradient) {
        const array to = fresh(in(op));
        graph_writer g = writer();
        g.graph().max_pool_backward(g.picture(gradient, out(op)), g.picture({record.index, cudnn::data_type::i8}, out(op)),
                                    g.picture(to, in(op)), window(op));
        add(op, "max pooling backward", either(way(g.take())));
        give(op.src[0], to);
    }

    void average_pool_backward(const operation& op, const array& gradient) {
        const array to = fresh(in(op));
        graph_writer g = writer();
        g.graph().average_pool_backward(g.picture(gradient, out(op)), g.picture(to, in(op)), window(op), false);
        add(op, "average pooling backward", either(way(g.take())));
        give(op.src[0], to);
    }

    void custom_backward_pass(const operation& op, const array& gradient_of_output) {
        const array src = values_[index(op.src[0])], dst = values_[index(op.dst)];
        const bool wanted = needs_gradient(op.src[0]), weighted = op.weight >= 0;
        const array to = wanted ? fresh(in(op)) : array{};
        const location weight = weighted ? parameter(op.weight) : location{}, by_weight = weighted ? gradient(op.weight) : location{};
        const custom_backward fixed{
            .batch = batch(), .in = in(op), .out = out(op), .attribute = op.rate, .type = storage_of(options_.precision)};
        add(op, "custom backward",
            either(
                way(kernel({src.at, dst.at, gradient_of_output.at, to.at},
                           [=, from = gradient_of_output.at, run = kernels_of(op).backward](const memory_map& m, const launch_context& c) {
                               custom_backward call = fixed;
                               call.stream = c.on.get();
                               call.src = m.at(src.at);
                               call.dst = m.at(dst.at);
                               call.weight = m.as<const float>(weight);
                               call.grad_dst = m.at(from);
                               call.grad_src = m.at(to.at);
                               call.grad_weight = m.as<float>(by_weight);
                               run(call);
                           }))));
        if (wanted) give(op.src[0], to);
    }

    void dropout_backward(const operation& op, const array& gradient) {
        const array to = fresh(in(op));
        add(op, "dropout backward", either(way(dropout_of(op, gradient.at, to.at))));
        give(op.src[0], to);
    }
};

}  // namespace strata::inline STRATA_ABI::cuda::detail
