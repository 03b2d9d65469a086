// SPDX-License-Identifier: MIT
// The forward pass, lowered: one function per operation, with the fused way first where there is one.
#pragma once

#include <strata/backend/cuda/batch_norm.hpp>
#include <strata/backend/custom_kernels.hpp>
#include <strata/core/config.hpp>
#include <strata/core/error.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cuda::detail {

class forward_lowering : protected batch_norm_lowering {
public:
    using batch_norm_lowering::batch_norm_lowering;

protected:
    void forward(const operation& op, forward_record& record) {
        array& dst = values_[index(op.dst)];
        switch (op.kind) {
            case op_kind::convolution: dst = convolution(op); break;
            case op_kind::dense: dst = dense(op); break;
            case op_kind::max_pool: dst = max_pool(op, record); break;
            case op_kind::avg_pool: dst = average_pool(op); break;
            case op_kind::batch_norm: dst = training() ? batch_norm(op, record) : normalized(op); break;
            case op_kind::relu:
            case op_kind::leaky_relu: dst = rectifier(op); break;
            case op_kind::dropout: dst = training() ? dropout(op) : values_[index(op.src[0])]; break;
            case op_kind::reshape: dst = values_[index(op.src[0])]; break;
            case op_kind::add: dst = sum(op); break;
            case op_kind::softmax: dst = softmax(op); break;
            case op_kind::custom: dst = custom(op); break;
        }
    }

    array convolution(const operation& op) {
        const array src = values_[index(op.src[0])], dst = fresh(out(op));
        const variable& weights = variable_of(op.weight);
        const auto product = [&](graph_writer& g, const cudnn::tensor& y) {
            g.graph().convolution_forward(g.picture(src, in(op)), g.filter(stored_parameter(op.weight), storage(), weights), y, window(op));
        };
        graph_writer fused = writer();
        if (op.bias < 0 && !op.activated) {
            product(fused, fused.picture(dst, out(op)));
            add(op, "convolution forward", either(way(fused.take())));
            return dst;
        }
        const cudnn::tensor between = fused.virtual_picture(out(op));
        product(fused, between);
        after_product(fused, op, between, dst);
        const array aside = fresh(out(op));  // takes bytes only where the fused way is refused
        graph_writer plain = writer(), rest = writer();
        product(plain, plain.picture(aside, out(op)));
        after_product(rest, op, rest.picture(aside, out(op)), dst);
        ways how = either(way(fused.take()), way(plain.take(), rest.take()));
        if (op.bias >= 0 && op.activated) {
            graph_writer alone = writer();
            product(alone, alone.picture(aside, out(op)));
            how.push_back(way(alone.take()));
            one_by_one(how.back(), op, aside, stored_parameter(op.bias), storage(), dst);
        }
        add(op, "convolution forward", std::move(how));
        return dst;
    }

    // The same as after_product, a graph each, appended to a way.
    void one_by_one(std::vector<call>& to, const operation& op, const array& product, const location& bias, cudnn::data_type bias_type,
                    const array& dst) {
        array last = product;
        if (op.bias >= 0) {
            last = op.activated ? fresh(out(op), dst.type) : dst;
            graph_writer g = writer();
            g.graph().add(g.picture(product, out(op)), g.per_channel(bias, bias_type, out(op).channels), g.picture(last, out(op)));
            to.emplace_back(g.take());
        }
        if (!op.activated) return;
        graph_writer g = writer();
        g.graph().relu(g.picture(last, out(op)), g.picture(dst, out(op)), op.rate);
        to.emplace_back(g.take());
    }

    // What follows a product: its bias and its rectifier.
    void after_product(graph_writer& g, const operation& op, const cudnn::tensor& product, const array& dst) {
        cudnn::tensor last = product;
        if (op.bias >= 0) {
            const cudnn::tensor bias = g.per_channel(stored_parameter(op.bias), storage(), out(op).channels);
            last = op.activated ? g.virtual_picture(out(op)) : g.picture(dst, out(op));
            g.graph().add(product, bias, last);
        }
        if (op.activated) g.graph().relu(last, g.picture(dst, out(op)), op.rate);
    }

    // Y (N, out) = X (N, in) * W (out, in)^T + b. The program's output is f32, in rows of 16 values: the loss reads it, and its gradient
    // is an operand whose rows are aligned.
    array dense(const operation& op) {
        const array src = values_[index(op.src[0])];
        const std::int64_t columns = out(op).size();
        const bool is_output = op.dst == program_.output && !op.activated;
        array dst;
        if (is_output) {
            const std::int64_t leading = (columns + 15) / 16 * 16;
            dst = {fresh_bytes(batch() * leading * 4), cudnn::data_type::f32, leading};
        } else {
            dst = fresh(out(op));
        }
        const bool has_bias = op.bias >= 0;
        const location bias = !has_bias ? location{} : is_output ? parameter(op.bias) : stored_parameter(op.bias);
        cublaslt::matmul problem{.what = describe(program_, op) + ": dense forward",
                                 .a = rows_of(src, in(op).size()),
                                 .b = weights_of(op),
                                 .d = rows_of(dst, columns),
                                 .compute = products(),
                                 .epilogue = has_bias ? cublaslt::epilogue::bias : cublaslt::epilogue::none};
        const matmul_call plain{problem, src.at, stored_parameter(op.weight), dst.at, bias};
        const array aside{fresh_bytes(batch() * rows_of(dst, columns).leading * cudnn::bytes_of(dst.type)), dst.type, dst.leading};
        matmul_call alone = plain;  // where even the bias is refused
        alone.problem.epilogue = cublaslt::epilogue::none;
        alone.bias = {};
        alone.d = aside.at;
        std::vector<call> separate = way(std::move(alone));
        one_by_one(separate, op, aside, bias, is_output ? cudnn::data_type::f32 : storage(), dst);
        if (!op.activated) {
            ways how = either(way(plain));
            if (has_bias) how.push_back(std::move(separate));
            add(op, "dense forward", std::move(how));
            return dst;
        }
        graph_writer rest = writer();
        rest.graph().relu(rest.picture(aside, out(op)), rest.picture(dst, out(op)), op.rate);
        matmul_call unfused = plain;
        unfused.d = aside.at;
        ways how;
        if (has_bias && op.rate == 0) {
            matmul_call fused = plain;
            fused.problem.epilogue = cublaslt::epilogue::relu_bias;
            if (masked(op)) {
                matmul_call with_mask = fused;
                with_mask.problem.epilogue = cublaslt::epilogue::relu_aux_bias;
                with_mask.problem.aux_leading = cublaslt::aux_leading_of(columns);
                with_mask.aux = fresh_bytes(cublaslt::aux_bytes_of(batch(), columns));
                masks_[index(op.dst)] = {with_mask.aux, static_cast<int>(result_.actions.size()), &op};
                how.push_back(way(std::move(with_mask)));
            }
            how.push_back(way(std::move(fused)));
        }
        how.push_back(way(std::move(unfused), rest.take()));
        if (has_bias) how.push_back(std::move(separate));
        add(op, "dense forward", std::move(how));
        return dst;
    }

    bool masked(const operation& dense) const {
        return training() && options_.relu_masks != nullptr && reader_of_rectified(program_, dense) != nullptr;
    }

    // A matrix (N, columns) of activations.
    cublaslt::operand rows_of(const array& a, std::int64_t columns) const {
        return {.type = a.type == cudnn::data_type::f32 ? dtype::f32 : dtype::bf16,
                .rows = batch(),
                .columns = columns,
                .leading = a.leading != 0 ? a.leading : columns};
    }
    cublaslt::operand weights_of(const operation& op) const {  // (out, in), read as its transpose
        return {.type = storage_of(options_.precision),
                .rows = out(op).size(),
                .columns = in(op).size(),
                .leading = in(op).size(),
                .transposed = true,
                .alignment = 128};
    }
    cublaslt::compute products() const { return options_.precision == precision::tf32 ? cublaslt::compute::tf32 : cublaslt::compute::f32; }

    array max_pool(const operation& op, forward_record& record) {
        const array src = values_[index(op.src[0])];
        const array dst = fresh(out(op), src.type);
        graph_writer g = writer();
        const cudnn::tensor x = g.picture(src, in(op)), y = g.picture(dst, out(op));
        if (training()) {
            record.index = fresh_bytes(batch() * out(op).size());
            const cudnn::tensor where = g.picture({record.index, cudnn::data_type::i8}, out(op));
            g.graph().max_pool_forward(x, y, &where, window(op));
        } else {
            g.graph().max_pool_forward(x, y, nullptr, window(op));
        }
        add(op, "max pooling forward", either(way(g.take())));
        return dst;
    }

    array average_pool(const operation& op) {
        const array dst = fresh(out(op));
        graph_writer g = writer();
        g.graph().average_pool_forward(g.picture(values_[index(op.src[0])], in(op)), g.picture(dst, out(op)), window(op), false);
        add(op, "average pooling forward", either(way(g.take())));
        return dst;
    }

    array rectifier(const operation& op) {
        const array dst = fresh(out(op));
        graph_writer g = writer();
        g.graph().relu(g.picture(values_[index(op.src[0])], in(op)), g.picture(dst, out(op)), op.rate);
        add(op, "rectifier forward", either(way(g.take())));
        return dst;
    }

    // With a mask, what is dropped leaves it too.
    template <typename T>
    kernel_call dropout_of(const operation& op, const location& from, const location& to, const location& mask) const {
        const std::int64_t count = batch() * out(op).size(), columns = out(op).size();
        std::vector<location> uses{from, to};
        kernels::relu_mask clears{.columns = columns, .leading = cublaslt::aux_leading_of(columns)};
        if (mask.exists()) {
            uses.push_back(mask);
            clears.order = *options_.relu_masks;
        }
        return kernel(std::move(uses),
                      [=, rate = op.rate, layer = static_cast<std::uint32_t>(op.layer)](const memory_map& m, const launch_context& c) {
                          using body = kernels::step_dropout<T>;
                          kernels::relu_mask bits = clears;
                          bits.words = m.as<std::uint32_t>(mask);
                          c.launch(body{c.state, m.as<const T>(from), m.as<T>(to), count, rate, layer, bits}, body::blocks(count));
                      });
    }
    kernel_call dropout_of(const operation& op, const location& from, const location& to, const location& mask = {}) const {
        return narrow() ? dropout_of<kernels::bf16>(op, from, to, mask) : dropout_of<float>(op, from, to, mask);
    }
    array dropout(const operation& op) {
        const location from = values_[index(op.src[0])].at;
        const array dst = fresh(out(op));
        mask_record mask = masks_[index(op.src[0])];
        if (!mask.exists()) {
            add(op, "dropout forward", either(way(dropout_of(op, from, dst.at))));
            return dst;
        }
        add(op, "dropout forward", either(way(dropout_of(op, from, dst.at, mask.at)), way(dropout_of(op, from, dst.at))));
        follow(mask);
        mask.dropped = &op;
        masks_[index(op.dst)] = mask;
        return dst;
    }
    // The first way of the action that was added last uses the mask.
    void follow(const mask_record& mask) {
        result_.actions.back().after = mask.action;
        result_.actions.back().following = 1;
    }

    array sum(const operation& op) {
        const array dst = fresh(out(op));
        graph_writer g = writer();
        g.graph().add(g.picture(values_[index(op.src[0])], in(op)), g.picture(values_[index(op.src[1])], in(op)), g.picture(dst, out(op)));
        add(op, "add", either(way(g.take())));
        return dst;
    }

    // As f32: where it was made in bf16, a copy.
    array widened(const operation& op, const array& a, std::int64_t count) {
        if (a.type == cudnn::data_type::f32) return a;
        const array to{fresh_bytes(count * 4), cudnn::data_type::f32};
        add(op, "widen", either(way(kernel({a.at, to.at}, [from = a.at, to = to.at, count](const memory_map& m, const launch_context& c) {
                c.launch(kernels::widen{m.as<const kernels::bf16>(from), m.as<float>(to)}, count);
            }))));
        return to;
    }

    array softmax(const operation& op) {
        if (op.dst != program_.output)
            throw unsupported(describe(program_, op) + ": softmax inside a network has no CUDA kernel; it is known as the last layer");
        const array src = widened(op, values_[index(op.src[0])], batch() * in(op).size());
        const std::int64_t classes = in(op).size(), leading = src.leading != 0 ? src.leading : classes;
        const array dst{fresh_bytes(batch() * classes * 4), cudnn::data_type::f32};
        add(op, "softmax", either(way(kernel({src.at, dst.at}, [=, rows = batch()](const memory_map& m, const launch_context& c) {
                c.launch(kernels::softmax_rows{m.as<const float>(src.at), leading, static_cast<int>(classes), m.as<float>(dst.at)}, rows);
            }))));
        return dst;
    }

    array custom(const operation& op) {
        const array src = values_[index(op.src[0])], dst = fresh(out(op));
        const location weight = op.weight >= 0 ? parameter(op.weight) : location{};
        const custom_forward fixed{
            .batch = batch(), .in = in(op), .out = out(op), .attribute = op.rate, .type = storage_of(options_.precision)};
        add(op, "custom forward",
            either(way(kernel({src.at, dst.at}, [=, run = kernels_of(op).forward](const memory_map& m, const launch_context& c) {
                custom_forward call = fixed;
                call.stream = c.on.get();
                call.src = m.at(src.at);
                call.weight = m.as<const float>(weight);
                call.dst = m.at(dst.at);
                run(call);
            }))));
        return dst;
    }

    const custom_kernels& kernels_of(const operation& op) const {
        return kernels_for(program_, op, options_.kernels, training(), "cuda::options::kernels");
    }
};

}  // namespace strata::inline STRATA_ABI::cuda::detail
