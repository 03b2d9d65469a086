// SPDX-License-Identifier: MIT
// Max pooling and batch norm, lowered to kernels of ours that know their neighbours. Forward, a rectifier behind a pooling is applied on
// the way. Backward, the gradient goes through batch norm, the rectifier before it and the pooling before that in one pass: what lies
// between is neither written nor read.
#pragma once

#include <strata/backend/cpu/parallel.hpp>
#include <strata/backend/cpu/tensors.hpp>
#include <strata/core/config.hpp>
#include <strata/kernels/batch_norm_lanes.hpp>
#include <strata/kernels/lanes.hpp>
#include <strata/kernels/max_pool_lanes.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cpu::detail {

class normalization_lowering : protected tensors {
public:
    using tensors::tensors;

protected:
    // Layouts that our kernels work on: channels-last, and whole blocks of 8 or 16 channels. Anything else is reordered first.
    layout lanes_layout(const memory_desc& desc, const shape& s) const {
        for (const auto& [how, block] : {std::pair{layout::blocked8, 8}, std::pair{layout::blocked16, 16}}) {
            if (s.channels % block == 0 && desc == picture(s, how)) return how;
        }
        return layout::channels_last;
    }
    value in_lanes(held& h, const shape& s) { return adapt(h, picture(s, lanes_layout(h.native().desc, s))); }
    kernels::lane_pictures lanes_of(const shape& s, layout how) const {
        const std::int64_t lanes = how == layout::blocked8 ? 8 : how == layout::blocked16 ? 16 : s.channels;
        const std::int64_t blocks = s.channels / lanes;
        return {.pictures = options_.batch * blocks, .height = s.height, .width = s.width, .lanes = lanes, .blocks = blocks};
    }
    static kernels::lane_window lane_window_of(const operation& op) {
        return {.rows = op.rows.kernel,
                .columns = op.columns.kernel,
                .row_stride = op.rows.stride,
                .column_stride = op.columns.stride,
                .above = op.rows.before,
                .left = op.columns.before};
    }
    static bool pools_in_lanes(const operation& op) {
        return op.kind == op_kind::max_pool && std::int64_t{op.rows.kernel} * op.columns.kernel <= kernels::lane_window::most;
    }
    static bool is_rectifier(const operation& op) { return op.kind == op_kind::relu || op.kind == op_kind::leaky_relu; }
    static float slope_of(const operation& rectifier) { return rectifier.rate; }

    const operation* maker_of(int tensor) const {
        for (const operation& op : program_.operations) {
            if (op.dst == tensor) return &op;
        }
        return nullptr;
    }
    const operation* only_reader_of(int tensor) const {
        if (program_.readers_of(tensor) != 1) return nullptr;
        for (const operation& op : program_.operations) {
            if (op.src[0] == tensor) return &op;
        }
        return nullptr;
    }
    // The pooling that did this rectifier's work on the way; null where none did.
    const operation* pooled_before(const operation& rectifier) const {
        const operation* const pool = maker_of(rectifier.src[0]);
        return pool != nullptr && pools_in_lanes(*pool) && only_reader_of(pool->dst) == &rectifier ? pool : nullptr;
    }

    void max_pool(const operation& op, forward_record& record) {
        const value src = in_lanes(values_[index(op.src[0])], in(op));
        const layout how = lanes_layout(src.desc, in(op));
        const held dst = fresh(picture(out(op), how));
        if (training()) record.place = graph_.new_bytes(options_.batch * out(op).size());
        const operation* const behind = only_reader_of(op.dst);
        const bool rectified = behind != nullptr && is_rectifier(*behind);
        const value to = dst.native(), place = record.place;
        kernels::max_pool_lanes kernel{.src = nullptr,
                                       .dst = nullptr,
                                       .place = nullptr,
                                       .in = lanes_of(in(op), how),
                                       .out = lanes_of(out(op), how),
                                       .window = lane_window_of(op),
                                       .slope = rectified ? slope_of(*behind) : 1.0f};
        graph_.add_kernel("max pooling forward", {src, to, place}, [kernel, src, to, place](const graph& g, const run_context&) {
            kernels::max_pool_lanes k = kernel;
            k.src = g.data(src);
            k.dst = g.data(to);
            k.place = bytes(g, place);
            for_each_index(static_cast<std::size_t>(k.out.rows()), k);
        });
        values_[index(rectified ? behind->dst : op.dst)] = dst;
    }

    held batch_norm(const operation& op, forward_record& record) {
        const value src = in_lanes(values_[index(op.src[0])], in(op));
        const kernels::lane_pictures of = lanes_of(in(op), lanes_layout(src.desc, in(op)));
        const memory_desc channel = vector_of(out(op).channels);
        const auto channels = static_cast<std::size_t>(of.channels());
        record.mean = training() ? graph_.new_value(channel) : statistic(op.mean);
        record.variance = training() ? graph_.new_value(channel) : statistic(op.variance);
        record.factor = graph_.new_value(channel);
        const held dst = training() ? fresh(src.desc) : overwrite_or_fresh(op, src);
        const value to = dst.native(), mean = record.mean, variance = record.variance, factor = record.factor;
        const value gamma = parameter(op.weight), beta = parameter(op.bias);
        if (training()) {
            const value partial = partial_sums(of);
            graph_.add_kernel("batch norm statistics", {src, partial, mean, variance}, [=](const graph& g, const run_context&) {
                for_each_index(static_cast<std::size_t>(of.pictures), kernels::lane_moments{g.data(src), of, g.data(partial)});
                for_each_index(channels, kernels::lane_statistics{g.data(partial), of, g.data(mean), g.data(variance)});
            });
        }
        const float eps = epsilon(op);
        graph_.add_kernel("batch norm forward", {src, mean, variance, factor, to}, [=](const graph& g, const run_context&) {
            for_each_index(channels, kernels::lane_factor{g.data(gamma), g.data(variance), eps, g.data(factor)});
            for_each_index(static_cast<std::size_t>(of.rows()),
                           kernels::lane_normalize{g.data(src), g.data(mean), g.data(factor), g.data(beta), of, g.data(to)});
        });
        return dst;
    }

    void batch_norm_backward(const operation& op, const forward_record& record, held& gradient_held) {
        const value src = in_lanes(values_[index(op.src[0])], in(op));
        const layout how = lanes_layout(src.desc, in(op));
        const kernels::lane_pictures of = lanes_of(in(op), how);
        const value grad = adapt(gradient_held, src.desc);
        const memory_desc channel = vector_of(out(op).channels);
        const value partial = partial_sums(of), along = graph_.new_value(channel), constant = graph_.new_value(channel);
        const value mean = record.mean, variance = record.variance, factor = record.factor;
        const value grad_gamma = gradient(op.weight), grad_beta = gradient(op.bias);
        const float eps = epsilon(op);
        graph_.add_kernel(
            "batch norm sums", {src, grad, mean, variance, factor, partial, along, constant}, [=](const graph& g, const run_context&) {
                for_each_index(static_cast<std::size_t>(of.pictures),
                               kernels::lane_gradient_sums{g.data(src), g.data(grad), g.data(mean), of, g.data(partial)});
                for_each_index(static_cast<std::size_t>(of.channels()),
                               kernels::lane_gradient_coefficients{g.data(partial), g.data(variance), g.data(factor), of, eps,
                                                                   g.data(grad_gamma), g.data(grad_beta), g.data(along), g.data(constant)});
            });
        if (!needs_gradient(op.src[0])) return;
        const chain_values chain{grad, src, mean, factor, along, constant};
        const operation* const before = only_reader_of(op.src[0]) == nullptr ? nullptr : maker_of(op.src[0]);
        if (before != nullptr && is_rectifier(*before)) {
            if (const operation* const pool = pooled_before(*before)) return through_pool(*pool, chain, slope_of(*before), how);
            return give(before->src[0], through(chain, slope_of(*before), of, gradient_held.exclusive));
        }
        if (before != nullptr && pools_in_lanes(*before)) return through_pool(*before, chain, 1, how);
        const bool activated = before != nullptr && before->activated;
        held result = through(chain, activated ? before->rate : 1.0f, of, gradient_held.exclusive);
        result.before_activation = activated;
        give(op.src[0], std::move(result));
    }

    void max_pool_backward(const operation& op, held& gradient_held) {
        const memory_desc dst = values_[index(op.dst)].native().desc;
        through_pool(op, {.grad = adapt(gradient_held, dst)}, 1, lanes_layout(dst, out(op)));
    }
    // Of a rectifier behind a pooling, which did its work.
    void max_pool_backward(const operation& pool, const operation& rectifier, held& gradient_held) {
        const value dst = values_[index(rectifier.dst)].native();
        through_pool(pool, {.grad = adapt(gradient_held, dst.desc), .src = dst}, slope_of(rectifier), lanes_layout(dst.desc, out(pool)));
    }

private:
    // kernels::lane_gradient_chain, before addresses are known.
    struct chain_values {
        value grad, src{}, mean{}, factor{}, along{}, constant{};

        std::vector<value> with(std::initializer_list<value> others) const {
            std::vector<value> all{grad, src, mean, factor, along, constant};
            all.insert(all.end(), others);
            return all;
        }
        kernels::lane_gradient_chain at(const graph& g, float slope) const {
            const auto of = [&g](const value& v) -> const float* { return v.exists() ? g.data(v) : nullptr; };
            return {.grad_dst = of(grad),
                    .src = of(src),
                    .mean = of(mean),
                    .factor = of(factor),
                    .along = of(along),
                    .constant = of(constant),
                    .slope = slope};
        }
    };

    static std::uint8_t* bytes(const graph& g, const value& v) {
        return v.buffer < 0 ? nullptr : reinterpret_cast<std::uint8_t*>(g.data(v));
    }
    value partial_sums(const kernels::lane_pictures& of) { return graph_.new_value(vector_of(of.pictures * 2 * of.lanes)); }

    held through(const chain_values& chain, float slope, const kernels::lane_pictures& of, bool in_place) {
        const held dst = in_place ? held{{chain.grad}, true} : fresh(chain.grad.desc);
        const value to = dst.native();
        graph_.add_kernel("batch norm backward", chain.with({to}), [chain, slope, of, to](const graph& g, const run_context&) {
            for_each_index(static_cast<std::size_t>(of.rows()), kernels::lane_gradient{chain.at(g, slope), of, g.data(to)});
        });
        return dst;
    }

    void through_pool(const operation& pool, const chain_values& chain, float slope, layout how) {
        if (!needs_gradient(pool.src[0])) return;
        const held dst = fresh(picture(in(pool), how));
        const value to = dst.native(), place = records_[static_cast<std::size_t>(&pool - program_.operations.data())].place;
        const kernels::lane_pictures from = lanes_of(in(pool), how), given = lanes_of(out(pool), how);
        const kernels::lane_window window = lane_window_of(pool);
        graph_.add_kernel("max pooling backward", chain.with({place, to}), [=](const graph& g, const run_context&) {
            for_each_index(static_cast<std::size_t>(from.pictures),
                           kernels::max_pool_lanes_backward{chain.at(g, slope), bytes(g, place), from, given, window, g.data(to)});
        });
        give(pool.src[0], dst);
    }
};

}  // namespace strata::inline STRATA_ABI::cpu::detail
