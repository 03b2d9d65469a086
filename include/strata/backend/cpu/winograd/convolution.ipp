// SPDX-License-Identifier: MIT
// Groups, blocks and the loops over them.
#pragma once

#include <strata/backend/cpu/parallel.hpp>
#include <strata/backend/cpu/winograd/convolution.hpp>
#include <strata/backend/cpu/winograd/lanes.hpp>
#include <strata/backend/cpu/winograd/product.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::cpu::winograd {

namespace detail {

// Bytes of transformed data and products of a group, and of transformed weights of a block: together they fit a last-level cache.
inline constexpr std::int64_t group_bytes = 20 << 20, block_bytes = 8 << 20, whole_block_bytes = 12 << 20;
inline constexpr std::int64_t chunk = 8;          // tiles per index of a transform, and the multiple of a group's tiles
inline constexpr std::int64_t columns_panels = 3;  // panels of columns per product

constexpr std::int64_t up_to_multiple(std::int64_t n, std::int64_t of) { return (n + of - 1) / of * of; }
constexpr std::int64_t panels_of(std::int64_t channels) { return (channels + width - 1) / width; }

// An odd number of cache lines, so that the matrices of a tile's products do not fall on the same sets of a cache.
constexpr std::int64_t spread(std::int64_t floats) {
    const std::int64_t lines = (floats + 15) / 16;
    return (lines | 1) * 16;
}
// The largest block of panels (a multiple of three) within the bytes; equal blocks where there are several.
constexpr std::int64_t block_of(std::int64_t panels, std::int64_t bytes_per_panel) {
    if (panels * bytes_per_panel <= whole_block_bytes) return panels;
    const std::int64_t most = std::max(block_bytes / bytes_per_panel / columns_panels * columns_panels, columns_panels);
    const std::int64_t blocks = (panels + most - 1) / most;
    return std::min(most, up_to_multiple((panels + blocks - 1) / blocks, columns_panels));
}
constexpr std::int64_t group_of(std::int64_t tiles, std::int64_t bytes_per_tile) {
    const std::int64_t most = std::max(group_bytes / bytes_per_tile / chunk * chunk, 4 * chunk);
    const std::int64_t groups = (tiles + most - 1) / most;
    return up_to_multiple((tiles + groups - 1) / groups, chunk);
}

inline tiling tiling_of(int height, int width, int channels, int step, int before_y, int before_x, int out_height, int out_width) {
    return {height,
            width,
            channels,
            step,
            before_y,
            before_x,
            (std::int64_t{out_height} + step - 1) / step,
            (std::int64_t{out_width} + step - 1) / step};
}

// Every chunk of the group's tiles with every panel: body(tile_range, panel).
template <typename Body>
void for_each_chunk(std::int64_t first, std::int64_t last, std::int64_t panels, const Body& body) {
    const std::int64_t chunks = (last - first + chunk - 1) / chunk;
    for_each_index(static_cast<std::size_t>(chunks * panels), [&](std::size_t i) {
        const std::int64_t from = first + static_cast<std::int64_t>(i) / panels * chunk;
        body(tile_range{from, std::min(from + chunk, last), first}, static_cast<std::int64_t>(i) % panels);
    });
}
// Every product f with every three panels of columns: body(f, first panel, panels).
template <typename Body>
void for_each_product(std::int64_t products, std::int64_t panels, const Body& body) {
    const std::int64_t columns = (panels + columns_panels - 1) / columns_panels;
    for_each_index(static_cast<std::size_t>(products * columns), [&](std::size_t i) {
        const std::int64_t panel = static_cast<std::int64_t>(i) % columns * columns_panels;
        body(static_cast<std::int64_t>(i) / columns, panel, static_cast<int>(std::min(columns_panels, panels - panel)));
    });
}

}  // namespace detail

STRATA_INLINE data_pass::data_pass(const problem& p, kind which) : transforms_(transforms_of(p.tile, p.kernel)), kind_(which) {
    const int n = transforms_->points;
    if (which == kind::backward) {
        from_ =
            detail::tiling_of(p.out_height, p.out_width, p.filters, p.tile, p.kernel - 1 - p.top, p.kernel - 1 - p.left, p.height, p.width);
        to_ = detail::tiling_of(p.height, p.width, p.channels, p.tile, 0, 0, p.height, p.width);
    } else {
        from_ = detail::tiling_of(p.height, p.width, p.channels, p.tile, p.top, p.left, p.out_height, p.out_width);
        to_ = detail::tiling_of(p.out_height, p.out_width, p.filters, p.tile, 0, 0, p.out_height, p.out_width);
    }
    const std::int64_t products = std::int64_t{n} * n, floats = 4;
    tiles_ = p.batch * to_.rows * to_.columns;
    depth_ = from_.channels;
    outputs_ = to_.channels;
    panels_ = detail::panels_of(outputs_);
    const std::int64_t deep = depth_panels() * width;
    block_ = keeps_weights() ? panels_ : detail::block_of(panels_, products * deep * width * floats);
    group_ = detail::group_of(tiles_, products * (deep + block_ * width) * floats);
    v_floats_ = products * detail::spread(deep * group_);
    u_floats_ = products * detail::spread(deep * block_ * width);
    products_floats_ = products * detail::spread(block_ * width * group_);
}

STRATA_INLINE std::int64_t data_pass::depth_panels() const { return detail::panels_of(depth_); }

STRATA_INLINE void data_pass::transform_block(const float* weights, std::int64_t begin, std::int64_t count, float* to) const {
    const bool backward = kind_ == kind::backward;
    const std::int64_t products = std::int64_t{transforms_->points} * transforms_->points,
                       taps = std::int64_t{transforms_->kernel} * transforms_->kernel;
    const std::int64_t row = backward ? outputs_ : depth_;  // channels of the forward's src
    const std::int64_t pieces = depth_panels(), matrix = u_floats_ / products, panel_floats = pieces * width * width;
    for_each_index(static_cast<std::size_t>(count * pieces), [&](std::size_t i) {
        const std::int64_t panel = static_cast<std::int64_t>(i) / pieces, piece = static_cast<std::int64_t>(i) % pieces;
        const std::int64_t output = (begin + panel) * width;
        weight_source w{weights,
                        backward ? 1 : taps * row,
                        backward ? taps * row : 1,
                        row,
                        static_cast<int>(std::min<std::int64_t>(width, outputs_ - output)),
                        backward};
        w.data += output * w.lane;
        const panels u{to + panel * panel_floats, matrix, panel_floats};
        const std::int64_t from = piece * width, end = std::min(from + width, depth_);
        transforms_->weights(w, from, end, u);
        for (std::int64_t f = 0; end < from + width && f < products; ++f)  // depths that do not exist
            std::fill(u.data + f * matrix + end * width, u.data + f * matrix + (from + width) * width, 0.0f);
    });
}

STRATA_INLINE void data_pass::run(const float* src, const float* weights, const float* bias, float slope, float* dst,
                                  float* scratch) const {
    const std::int64_t products = std::int64_t{transforms_->points} * transforms_->points;
    const std::int64_t deep_panels = depth_panels(), deep = deep_panels * width;
    const panels v{scratch, v_floats_ / products, group_ * width};
    const panels sums{v.data + v_floats_, products_floats_ / products, group_ * width};
    float* const block = sums.data + products_floats_;  // where U of a block is made, unless it is there
    const float* const u = keeps_weights() ? weights : block;
    const std::int64_t u_matrix = u_floats_ / products, u_panel = deep * width;

    for (std::int64_t first = 0; first < tiles_; first += group_) {
        const std::int64_t last = std::min(first + group_, tiles_), rows = detail::up_to_multiple(last - first, 4);
        detail::for_each_chunk(first, last, deep_panels, [&](const tile_range& range, std::int64_t panel) {
            transforms_->input(src, from_, range, static_cast<int>(panel * width), v);
        });
        for (std::int64_t begin = 0; begin < panels_; begin += block_) {
            const std::int64_t count = std::min(block_, panels_ - begin);
            if (!keeps_weights() && (first == 0 || block_ < panels_)) transform_block(weights, begin, count, block);
            detail::for_each_product(products, count, [&](std::int64_t f, std::int64_t panel, int columns) {
                product_operands o{v.data + f * v.matrix,
                                   v.panel,
                                   u + f * u_matrix + panel * u_panel,
                                   u_panel,
                                   sums.data + f * sums.matrix + panel * sums.panel,
                                   sums.panel,
                                   deep,
                                   columns,
                                   false};
                for (std::int64_t t = 0; t < rows; t += 4, o.a += 4 * width, o.c += 4 * width) product_by_depth(o);
            });
            detail::for_each_chunk(first, last, count, [&](const tile_range& range, std::int64_t panel) {
                const panels from{sums.data - begin * sums.panel, sums.matrix, sums.panel};
                transforms_->output(from, to_, range, static_cast<int>((begin + panel) * width), bias, slope, dst);
            });
        }
    }
}

STRATA_INLINE weights_pass::weights_pass(const problem& p) : transforms_(transforms_of(p.tile, p.kernel)) {
    const std::int64_t products = std::int64_t{transforms_->points} * transforms_->points, floats = 4;
    src_ = detail::tiling_of(p.height, p.width, p.channels, p.tile, p.top, p.left, p.out_height, p.out_width);
    dst_ = detail::tiling_of(p.out_height, p.out_width, p.filters, p.tile, 0, 0, p.out_height, p.out_width);
    tiles_ = p.batch * dst_.rows * dst_.columns;
    channel_panels_ = detail::panels_of(p.channels);
    filter_panels_ = detail::panels_of(p.filters);
    block_ = detail::block_of(filter_panels_, products * channel_panels_ * width * width * floats);
    group_ = detail::group_of(tiles_, products * (channel_panels_ + block_) * width * floats);
    v_floats_ = products * detail::spread(channel_panels_ * width * group_);
    gradient_floats_ = products * detail::spread(block_ * width * group_);
    sums_floats_ = products * detail::spread(channel_panels_ * width * block_ * width);
    bias_floats_ = (tiles_ + detail::chunk - 1) / detail::chunk * block_ * width;
}

STRATA_INLINE void weights_pass::run(const float* src, const float* grad_dst, float* grad_weights, float* grad_bias, float* scratch) const {
    const std::int64_t products = std::int64_t{transforms_->points} * transforms_->points;
    const int channels = src_.channels, filters = dst_.channels;
    const panels v{scratch, v_floats_ / products, group_ * width};
    const panels gradient{v.data + v_floats_, gradient_floats_ / products, group_ * width};
    const panels sums{gradient.data + gradient_floats_, sums_floats_ / products, block_ * width * width};
    float* const partial = sums.data + sums_floats_;  // (chunks, block)
    const std::int64_t chunks = (tiles_ + detail::chunk - 1) / detail::chunk;

    for (std::int64_t begin = 0; begin < filter_panels_; begin += block_) {
        const std::int64_t count = std::min(block_, filter_panels_ - begin);
        for (std::int64_t first = 0; first < tiles_; first += group_) {
            const std::int64_t last = std::min(first + group_, tiles_);
            if (begin == 0 || group_ < tiles_) {
                detail::for_each_chunk(first, last, channel_panels_, [&](const tile_range& range, std::int64_t panel) {
                    transforms_->input(src, src_, range, static_cast<int>(panel * width), v);
                });
            }
            detail::for_each_chunk(first, last, count, [&](const tile_range& range, std::int64_t panel) {
                const panels to{gradient.data - begin * gradient.panel, gradient.matrix, gradient.panel};
                transforms_->output_gradient(grad_dst, dst_, range, static_cast<int>((begin + panel) * width), to,
                                             partial + (range.first / detail::chunk * block_ + panel) * width);
            });
            detail::for_each_product(products, channel_panels_, [&](std::int64_t f, std::int64_t panel, int columns) {
                product_operands o{gradient.data + f * gradient.matrix,
                                   0,
                                   v.data + f * v.matrix + panel * v.panel,
                                   v.panel,
                                   sums.data + f * sums.matrix + panel * sums.panel,
                                   sums.panel,
                                   last - first,
                                   columns,
                                   first > 0};
                for (std::int64_t filter = 0; filter < count; ++filter, o.a += gradient.panel) {
                    product_operands half = o;
                    product_by_row(half);
                    half.a += 4;
                    half.c += 4 * width;
                    product_by_row(half);
                    o.c += width * width;
                }
            });
        }
        for_each_index(static_cast<std::size_t>(channel_panels_ * count), [&](std::size_t i) {
            const std::int64_t panel = static_cast<std::int64_t>(i) / count,
                               filter = (begin + static_cast<std::int64_t>(i) % count) * width;
            const panels from{sums.data + panel * sums.panel, sums.matrix, sums.panel};
            transforms_->weight_gradient(from, filter, std::min<std::int64_t>(filter + width, filters), begin * width,
                                         static_cast<int>(panel * width), channels, grad_weights);
        });
        if (grad_bias == nullptr) continue;
        for (std::int64_t k = 0; k < count * width && begin * width + k < filters; ++k) {
            double sum = 0;
            for (std::int64_t c = 0; c < chunks; ++c) sum += static_cast<double>(partial[c * block_ * width + k]);
            grad_bias[begin * width + k] = static_cast<float>(sum);
        }
    }
}

}  // namespace strata::inline STRATA_ABI::cpu::winograd
