// SPDX-License-Identifier: MIT
// Max pooling of pictures in lanes (lanes.hpp), with a rectifier behind it: y = max over the window, the first of equals; padding never
// wins. Forward notes one byte per value, the place of the maximum in its window; backward sends the gradient there, after the rectifier's
// and a batch norm's share (batch_norm_lanes.hpp), in one pass.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>
#include <strata/kernels/batch_norm_lanes.hpp>
#include <strata/kernels/lanes.hpp>
#include <strata/kernels/simd.hpp>

#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

// Windows of at most 256 values; each holds at least one value of the picture.
struct lane_window {
    int rows = 1, columns = 1, row_stride = 1, column_stride = 1;
    int above = 0, left = 0;  // padding

    static constexpr int most = 256;

    // The rows or columns [first, last) of a window that lie in the picture; `place` is that of `first` in the window.
    struct span {
        std::int64_t first, last, place;
    };
    STRATA_HOST_DEVICE static constexpr span along(std::int64_t index, int stride, int before, int kernel, std::int64_t size) {
        const std::int64_t begin = index * stride - before, end = begin + kernel;
        const std::int64_t first = begin < 0 ? 0 : begin;
        return {first, end < size ? end : size, first - begin};
    }
    STRATA_HOST_DEVICE constexpr span rows_of(std::int64_t index, const lane_pictures& in) const {
        return along(index, row_stride, above, rows, in.height);
    }
    STRATA_HOST_DEVICE constexpr span columns_of(std::int64_t index, const lane_pictures& in) const {
        return along(index, column_stride, left, columns, in.width);
    }
};

// Lanes are taken so many at a time: the best so far stays in registers or the nearest cache.
inline constexpr int lane_tile = 32;

// Index: a row of dst, counted through all pictures.
struct max_pool_lanes {
    const float* src;     // as `in`
    float* dst;           // as `out`
    std::uint8_t* place;  // as `out`; or null
    lane_pictures in, out;
    lane_window window;
    float slope = 1;  // of the rectifier below 0; 1: there is none

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const auto row = static_cast<std::int64_t>(i);
        if (in.lanes % lane_tile == 0) {
            run<lane_tile>(row);
        } else if (in.lanes % 8 == 0) {
            run<8>(row);
        } else {
            run<1>(row);
        }
    }

private:
    template <int Tile>
    STRATA_HOST_DEVICE void run(std::int64_t row) const {
        const std::int64_t lanes = in.lanes;
        const float* const picture = src + row / out.height * in.picture_size();
        const lane_window::span down = window.rows_of(row % out.height, in);
        for (std::int64_t q = 0; q < out.width; ++q) {
            const lane_window::span across = window.columns_of(q, in);
            const std::int64_t to = row * out.row_size() + q * lanes;
            for (std::int64_t c = 0; c < lanes; c += Tile) tile<Tile>(picture + c, down, across, to + c);
        }
    }
    template <int Tile>
    STRATA_HOST_DEVICE void tile(const float* picture, const lane_window::span& down, const lane_window::span& across,
                                 std::int64_t to) const {
        float best[Tile];
        int at[Tile];
        const float* const first = picture + (down.first * in.width + across.first) * in.lanes;
        const int first_place = static_cast<int>(down.place * window.columns + across.place);
        STRATA_SIMD
        for (int l = 0; l < Tile; ++l) {
            best[l] = first[l];
            at[l] = first_place;
        }
        for (std::int64_t h = down.first; h < down.last; ++h) {
            const float* x = picture + (h * in.width + across.first) * in.lanes;
            int here = static_cast<int>((h - down.first + down.place) * window.columns + across.place);
            for (std::int64_t w = across.first; w < across.last; ++w, ++here, x += in.lanes) {
                STRATA_SIMD
                for (int l = 0; l < Tile; ++l) {
                    const int larger = x[l] > best[l] ? -1 : 0;  // as bits: a choice of what to store would become a branch
                    at[l] = (at[l] & ~larger) | (here & larger);
                    best[l] = x[l] > best[l] ? x[l] : best[l];
                }
            }
        }
        float* const y = dst + to;
        rectify(best, slope, Tile, best);
        STRATA_SIMD
        for (int l = 0; l < Tile; ++l) y[l] = best[l];
        if (place == nullptr) return;
        std::uint8_t* const kept = place + to;
        STRATA_SIMD
        for (int l = 0; l < Tile; ++l) kept[l] = static_cast<std::uint8_t>(at[l]);
    }
};

// Index: a picture. Windows may overlap, and what they leave out gets zero.
struct max_pool_lanes_backward {
    lane_gradient_chain chain;  // from what is given, as `out`, to the gradient of the maxima
    const std::uint8_t* place;  // as `out`
    lane_pictures in, out;
    lane_window window;
    float* grad_src;  // as `in`

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const auto picture = static_cast<std::int64_t>(i);
        if (in.lanes % lane_tile == 0) {
            run<lane_tile>(picture);
        } else if (in.lanes % 8 == 0) {
            run<8>(picture);
        } else {
            run<1>(picture);
        }
    }

private:
    template <int Tile>
    STRATA_HOST_DEVICE void run(std::int64_t picture) const {
        const std::int64_t lanes = in.lanes;
        float* const to = grad_src + picture * in.picture_size();
        std::int64_t cleared = 0;  // rows of the picture; each is cleared shortly before the first window adds to it
        for (std::int64_t p = 0; p < out.height; ++p) {
            const lane_window::span down = window.rows_of(p, in);
            cleared = clear(to, cleared, down.last);
            for (std::int64_t q = 0; q < out.width; ++q) {
                const lane_window::span across = window.columns_of(q, in);
                const std::int64_t from = ((picture * out.height + p) * out.width + q) * lanes;
                for (std::int64_t c = 0; c < lanes; c += Tile) tile<Tile>(to + c, down, across, from + c, of_channel(picture, c));
            }
        }
        clear(to, cleared, in.height);
    }
    STRATA_HOST_DEVICE std::int64_t of_channel(std::int64_t picture, std::int64_t lane) const { return out.first_channel(picture) + lane; }
    STRATA_HOST_DEVICE std::int64_t clear(float* to, std::int64_t first_row, std::int64_t end_row) const {
        const std::int64_t end = end_row * in.row_size();
        STRATA_SIMD
        for (std::int64_t j = first_row * in.row_size(); j < end; ++j) to[j] = 0;
        return first_row < end_row ? end_row : first_row;
    }
    template <int Tile>
    STRATA_HOST_DEVICE void tile(float* to, const lane_window::span& down, const lane_window::span& across, std::int64_t from,
                                 std::int64_t channel) const {
        float gradient[Tile];
        int at[Tile];
        chain(from, channel, Tile, gradient);
        const std::uint8_t* const kept = place + from;
        STRATA_SIMD
        for (int l = 0; l < Tile; ++l) at[l] = kept[l];
        for (std::int64_t h = down.first; h < down.last; ++h) {
            float* x = to + (h * in.width + across.first) * in.lanes;
            int here = static_cast<int>((h - down.first + down.place) * window.columns + across.place);
            for (std::int64_t w = across.first; w < across.last; ++w, ++here, x += in.lanes) {
                STRATA_SIMD
                for (int l = 0; l < Tile; ++l) x[l] += at[l] == here ? gradient[l] : 0.0f;
            }
        }
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
