// SPDX-License-Identifier: MIT
// Batch norm, lowered. In training: cuDNN's engine where it has one, else our own kernels (cuDNN 9.19 has none for channels that are no
// multiple of 16 bytes, and none at all before compute capability 8.0). In inference: a scale and a shift, as pointwise operations.
#pragma once

#include <strata/backend/cuda/arrays.hpp>
#include <strata/core/config.hpp>
#include <strata/kernels/batch_norm.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cuda::detail {

class batch_norm_lowering : protected arrays {
public:
    using arrays::arrays;

protected:
    array batch_norm(const operation& op, forward_record& record) {
        const std::int64_t channels = out(op).channels;
        record.mean = {area::batch_statistics, -1, batch_statistics_end_};
        record.inverse_deviation = {area::batch_statistics, -1, layout_.batch_statistic_bytes / 2 + batch_statistics_end_};
        batch_statistics_end_ += aligned(channels * 4);
        const array dst = fresh(out(op));
        graph_writer g = writer();
        const auto vector = [&](const location& at) { return g.per_channel(at, cudnn::data_type::f32, channels); };
        g.graph().batch_norm_training(g.picture(values_[index(op.src[0])], in(op)), vector(parameter(op.weight)),
                                      vector(parameter(op.bias)), g.picture(dst, out(op)), vector(record.mean),
                                      vector(record.inverse_deviation), static_cast<double>(epsilon(op)));
        add(op, "batch norm forward",
            either(way(g.take()), narrow() ? own_forward<kernels::bf16>(op, record, dst.at) : own_forward<float>(op, record, dst.at)));
        return dst;
    }

    // The gradient of what batch norm reads.
    array batch_norm_gradient(const operation& op, const forward_record& record, const array& gradient_of_output) {
        const std::int64_t channels = out(op).channels;
        const array to = fresh(in(op));
        graph_writer g = writer();
        const auto vector = [&](const location& at) { return g.per_channel(at, cudnn::data_type::f32, channels); };
        g.graph().batch_norm_backward(g.picture(values_[index(op.src[0])], in(op)), g.picture(gradient_of_output, out(op)),
                                      vector(parameter(op.weight)), vector(record.mean), vector(record.inverse_deviation),
                                      g.picture(to, in(op)), vector(gradient(op.weight)), vector(gradient(op.bias)));
        const location& from = gradient_of_output.at;
        add(op, "batch norm backward",
            either(way(g.take()),
                   narrow() ? own_backward<kernels::bf16>(op, record, from, to.at) : own_backward<float>(op, record, from, to.at)));
        return to;
    }

    // Batch norm with moving statistics: one scale and one shift per channel.
    array normalized(const operation& op) {
        const std::int64_t channels = out(op).channels;
        const location scale = fresh_bytes(channels * 4), shift = fresh_bytes(channels * 4);
        const location gamma = parameter(op.weight), beta = parameter(op.bias), mean = statistic(op.mean),
                       variance = statistic(op.variance);
        add(op, "batch norm folded", either(way(own({scale, shift}, channels, [=, epsilon = epsilon(op)](const memory_map& m) {
                return kernels::fold_batch_norm{.gamma = m.as<const float>(gamma),
                                                .beta = m.as<const float>(beta),
                                                .mean = m.as<const float>(mean),
                                                .variance = m.as<const float>(variance),
                                                .epsilon = epsilon,
                                                .scale = m.as<float>(scale),
                                                .shift = m.as<float>(shift)};
            }))));
        const array dst = fresh(out(op));
        graph_writer g = writer();
        const cudnn::tensor scaled = g.virtual_picture(out(op));
        g.graph().multiply(g.picture(values_[index(op.src[0])], in(op)), g.per_channel(scale, cudnn::data_type::f32, channels), scaled);
        g.graph().add(scaled, g.per_channel(shift, cudnn::data_type::f32, channels), g.picture(dst, out(op)));
        const array aside = fresh(out(op));  // takes bytes only where the fused way is refused
        graph_writer first = writer(), second = writer();
        first.graph().multiply(first.picture(values_[index(op.src[0])], in(op)), first.per_channel(scale, cudnn::data_type::f32, channels),
                               first.picture(aside, out(op)));
        second.graph().add(second.picture(aside, out(op)), second.per_channel(shift, cudnn::data_type::f32, channels),
                           second.picture(dst, out(op)));
        add(op, "batch norm inference", either(way(g.take()), way(first.take(), second.take())));
        return dst;
    }

private:
    // A kernel that is named in tables of plans. make: its body, from the memory_map.
    template <typename Make>
    static kernel_call own(std::vector<location> uses, std::int64_t count, Make make) {
        kernel_call call =
            kernel(std::move(uses), [count, make](const memory_map& m, const launch_context& c) { c.launch(make(m), count); });
        call.name = name_of(kernel_of<decltype(make(memory_map{}))>);
        return call;
    }
    kernels::dealt_rows dealt(const operation& op) const {
        const shape s = out(op);
        return kernels::dealt_rows::of(batch() * s.height * s.width, s.channels);
    }

    template <typename T>
    std::vector<call> own_forward(const operation& op, const forward_record& record, const location& dst) {
        using kernels::channel_moments;
        const auto each = static_cast<std::int64_t>(sizeof(channel_moments));
        const kernels::dealt_rows of = dealt(op);
        const std::int64_t channels = of.channels, stride = kernels::batch_norm_stride(of.rows, channels);
        const location src = values_[index(op.src[0])].at, gamma = parameter(op.weight), beta = parameter(op.bias), mean = record.mean,
                       inverse = record.inverse_deviation, parts = fresh_bytes(of.parts * channels * each),
                       groups = of.grouped() ? fresh_bytes(of.groups * channels * each) : parts;
        std::vector<call> list = way(own({src, parts}, of.parts * channels, [=](const memory_map& m) {
            return kernels::batch_norm_moments<T>{m.as<const T>(src), of, m.as<channel_moments>(parts)};
        }));
        if (of.grouped()) {
            list.emplace_back(own({parts, groups}, of.groups * channels, [=](const memory_map& m) {
                return kernels::batch_norm_group_moments{m.as<const channel_moments>(parts), of, m.as<channel_moments>(groups)};
            }));
        }
        list.emplace_back(own({groups}, channels, [=, epsilon = epsilon(op)](const memory_map& m) {
            return kernels::batch_norm_statistics{m.as<const channel_moments>(groups), of, epsilon, m.as<float>(mean),
                                                  m.as<float>(inverse)};
        }));
        list.emplace_back(own({src, dst}, stride, [=](const memory_map& m) {
            return kernels::batch_norm_forward<T>{.src = m.as<const T>(src),
                                                  .gamma = m.as<const float>(gamma),
                                                  .beta = m.as<const float>(beta),
                                                  .mean = m.as<const float>(mean),
                                                  .inverse_deviation = m.as<const float>(inverse),
                                                  .values = of.values(),
                                                  .channels = channels,
                                                  .stride = stride,
                                                  .dst = m.as<T>(dst)};
        }));
        return list;
    }

    template <typename T>
    std::vector<call> own_backward(const operation& op, const forward_record& record, const location& grad_dst, const location& grad_src) {
        using kernels::channel_sums;
        const auto each = static_cast<std::int64_t>(sizeof(channel_sums));
        const kernels::dealt_rows of = dealt(op);
        const std::int64_t channels = of.channels, stride = kernels::batch_norm_stride(of.rows, channels);
        const location src = values_[index(op.src[0])].at, gamma = parameter(op.weight), mean = record.mean,
                       inverse = record.inverse_deviation, grad_gamma = gradient(op.weight), grad_beta = gradient(op.bias),
                       parts = fresh_bytes(of.parts * channels * each),
                       groups = of.grouped() ? fresh_bytes(of.groups * channels * each) : parts;
        std::vector<call> list = way(own({src, grad_dst, parts}, of.parts * channels, [=](const memory_map& m) {
            return kernels::batch_norm_sums<T>{.src = m.as<const T>(src),
                                               .grad_dst = m.as<const T>(grad_dst),
                                               .mean = m.as<const float>(mean),
                                               .inverse_deviation = m.as<const float>(inverse),
                                               .of = of,
                                               .dst = m.as<channel_sums>(parts)};
        }));
        if (of.grouped()) {
            list.emplace_back(own({parts, groups}, of.groups * channels, [=](const memory_map& m) {
                return kernels::batch_norm_group_sums{m.as<const channel_sums>(parts), of, m.as<channel_sums>(groups)};
            }));
        }
        list.emplace_back(own({groups}, channels, [=](const memory_map& m) {
            return kernels::batch_norm_parameters{m.as<const channel_sums>(groups), of, m.as<float>(grad_gamma), m.as<float>(grad_beta)};
        }));
        if (!needs_gradient(op.src[0])) return list;
        list.emplace_back(own({src, grad_dst, grad_src}, stride, [=](const memory_map& m) {
            return kernels::batch_norm_backward<T>{.src = m.as<const T>(src),
                                                   .grad_dst = m.as<const T>(grad_dst),
                                                   .gamma = m.as<const float>(gamma),
                                                   .mean = m.as<const float>(mean),
                                                   .inverse_deviation = m.as<const float>(inverse),
                                                   .grad_gamma = m.as<const float>(grad_gamma),
                                                   .grad_beta = m.as<const float>(grad_beta),
                                                   .values = of.values(),
                                                   .channels = channels,
                                                   .stride = stride,
                                                   .grad_src = m.as<T>(grad_src)};
        }));
        return list;
    }

    std::int64_t batch_statistics_end_ = 0;  // of the means
};

}  // namespace strata::inline STRATA_ABI::cuda::detail
