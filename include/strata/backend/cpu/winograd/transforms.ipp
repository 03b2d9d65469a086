// SPDX-License-Identifier: MIT
// The transforms, unrolled from the maps of cook_toom.hpp: each map once along the columns of a tile, once along its rows.
#pragma once

#include <strata/backend/cpu/winograd/cook_toom.hpp>
#include <strata/backend/cpu/winograd/lanes.hpp>
#include <strata/backend/cpu/winograd/transforms.hpp>

#include <cstdint>
#include <utility>

namespace strata::inline STRATA_ABI::cpu::winograd {

namespace detail {

template <int... I>
using sequence = std::integer_sequence<int, I...>;
template <int N>
using up_to = std::make_integer_sequence<int, N>;

// sum += map[Row][Column] * in[Column]
template <const auto& Map, int Row, int Column>
STRATA_AVX2_INLINE void add_term(lanes& sum, const lanes* in) {
    constexpr double factor = Map.map.at[Row][Column];
    if constexpr (factor == 0) {
    } else if constexpr (Map.map.first(Row) == Column) {
        if constexpr (factor == 1) sum = in[Column];
        else if constexpr (factor == -1) sum = -in[Column];
        else sum = in[Column] * all(static_cast<float>(factor));
    } else {
        if constexpr (factor == 1) sum = sum + in[Column];
        else if constexpr (factor == -1) sum = sum - in[Column];
        else sum = multiply_add(in[Column], all(static_cast<float>(factor)), sum);
    }
}
template <const auto& Map, int Row, int... Column>
STRATA_AVX2_INLINE void make_row(lanes& sum, const lanes* in, sequence<Column...>) {
    sum = lanes{};
    (add_term<Map, Row, Column>(sum, in), ...);
}
template <bool Pair>
STRATA_AVX2_INLINE void butterfly(lanes* at) {
    if constexpr (Pair) {
        const lanes sum = at[0] + at[1];
        at[1] = at[0] - at[1];
        at[0] = sum;
    }
}
template <const auto& Map, int... Row, int... Column>
STRATA_AVX2_INLINE void apply(lanes* out, lanes* in, sequence<Row...>, sequence<Column...> columns) {
    (butterfly<Map.input_pair[Column]>(in + Column), ...);
    (make_row<Map, Row>(out[Row], in, columns), ...);
    (butterfly<Map.output_pair[Row]>(out + Row), ...);
}
// out = Map * in; overwrites in.
template <const auto& Map>
STRATA_AVX2_INLINE void apply(lanes* out, lanes* in) {
    apply<Map>(out, in, up_to<Map.map.rows>(), up_to<Map.map.columns>());
}
template <int... I>
STRATA_AVX2_INLINE void copy(lanes* to, std::int64_t to_step, const lanes* from, std::int64_t from_step, sequence<I...>) {
    ((to[I * to_step] = from[I * from_step]), ...);
}
template <int... I>
STRATA_AVX2_INLINE void store_all(float* to, std::int64_t step, const lanes* from, sequence<I...>) {
    (store(to + I * step, from[I]), ...);
}
template <int... I>
STRATA_AVX2_INLINE void load_all(lanes* to, const float* from, std::int64_t step, sequence<I...>) {
    ((to[I] = load(from + I * step)), ...);
}

// A square window of a picture: what lies outside of it is zero.
struct window_at {
    const float* corner;
    std::int64_t row, column;  // floats from one to the next
    std::uint32_t rows, columns;
    int lanes;

    window_at(const float* pictures, const tiling& t, std::int64_t tile, int channel, int size) : row(0), column(t.channels) {
        const std::int64_t per_picture = t.rows * t.columns, picture = tile / per_picture, inside = tile % per_picture;
        const int y = static_cast<int>(inside / t.columns) * t.step - t.before_y;
        const int x = static_cast<int>(inside % t.columns) * t.step - t.before_x;
        row = std::int64_t{t.width} * t.channels;
        corner = pictures + picture * t.height * row + y * row + std::int64_t{x} * column + channel;
        rows = inside_of(y, size, t.height);
        columns = inside_of(x, size, t.width);
        lanes = t.channels - channel;
    }
    static std::uint32_t inside_of(int from, int size, int extent) {  // bit i: from + i is inside
        const int first = from < 0 ? (-from < size ? -from : size) : 0;
        const int last = extent - from < size ? (extent - from > first ? extent - from : first) : size;
        return (1u << last) - (1u << first);
    }
    bool has(int i, int j) const { return ((rows >> i) & (columns >> j) & 1u) != 0; }
};

STRATA_AVX2_INLINE void read(lanes& to, const window_at& w, int i, int j) {
    to = lanes{};
    if (w.has(i, j)) to = load(w.corner + i * w.row + j * w.column, w.lanes);
}
template <int... I>
STRATA_AVX2_INLINE void read_column(lanes* to, const window_at& w, int j, sequence<I...>) {
    (read(to[I], w, I, j), ...);
}
template <int... I>
STRATA_AVX2_INLINE void add_column(lanes& sum, const lanes* in, sequence<I...>) {
    ((sum = sum + in[I]), ...);
}

// Windows of the map's columns, transformed along both axes.
template <const auto& Map, bool Sums>
STRATA_AVX2 void from_pictures(const float* pictures, const tiling& t, const tile_range& range, int channel, const panels& to, float* sum) {
    constexpr int in_size = Map.map.columns, out_size = Map.map.rows;
    lanes total{};
    for (std::int64_t tile = range.first; tile < range.last; ++tile) {
        const window_at window(pictures, t, tile, channel, in_size);
        lanes middle[out_size * in_size];
        for (int j = 0; j < in_size; ++j) {
            lanes in[in_size], out[out_size];
            read_column(in, window, j, up_to<in_size>());
            if constexpr (Sums) add_column(total, in, up_to<in_size>());
            apply<Map>(out, in);
            copy(middle + j, in_size, out, 1, up_to<out_size>());
        }
        float* place = to.data + (channel / width) * to.panel + (tile - range.base) * width;
        for (int i = 0; i < out_size; ++i, place += out_size * to.matrix) {
            lanes in[in_size], out[out_size];
            copy(in, 1, middle + i * in_size, 1, up_to<in_size>());
            apply<Map>(out, in);
            store_all(place, to.matrix, out, up_to<out_size>());
        }
    }
    if constexpr (Sums) {
        if (sum != nullptr) store(sum, total);
    }
}

template <const auto& Map>
STRATA_AVX2 void to_pictures(const panels& from, const tiling& t, const tile_range& range, int channel, const float* bias, float slope,
                             float* pictures) {
    constexpr int in_size = Map.map.columns, out_size = Map.map.rows;
    const int count = t.channels - channel;
    const lanes shift = bias != nullptr ? load(bias + channel, count) : lanes{};
    for (std::int64_t tile = range.first; tile < range.last; ++tile) {
        lanes middle[in_size * out_size];  // rows are still products
        const float* place = from.data + (channel / width) * from.panel + (tile - range.base) * width;
        for (int i = 0; i < in_size; ++i, place += in_size * from.matrix) {
            lanes in[in_size], out[out_size];
            load_all(in, place, from.matrix, up_to<in_size>());
            apply<Map>(out, in);
            copy(middle + i * out_size, 1, out, 1, up_to<out_size>());
        }
        const window_at window(pictures, t, tile, channel, out_size);
        float* corner = pictures + (window.corner - pictures);
        for (int j = 0; j < out_size; ++j) {
            if (((window.columns >> j) & 1u) == 0) continue;
            lanes in[in_size], out[out_size];
            copy(in, 1, middle + j, out_size, up_to<in_size>());
            apply<Map>(out, in);
            for (int i = 0; i < out_size; ++i) {
                if (((window.rows >> i) & 1u) == 0) continue;
                lanes y = out[i] + shift;
                if (slope >= 0) y = y > lanes{} ? y : y * all(slope);
                store(corner + i * window.row + j * window.column, y, count);
            }
        }
    }
}

STRATA_AVX2_INLINE void read_tap(lanes& to, const weight_source& w, const float* at) {
    if (w.lane == 1) {
        to = load(at, w.lanes);
        return;
    }
    to = lanes{};
    if (w.lanes >= width) {
        to = lanes{at[0], at[w.lane], at[2 * w.lane], at[3 * w.lane], at[4 * w.lane], at[5 * w.lane], at[6 * w.lane], at[7 * w.lane]};
        return;
    }
    for (int l = 0; l < w.lanes; ++l) to[l] = at[l * w.lane];
}

template <const auto& Map>
STRATA_AVX2 void from_weights(const weight_source& w, std::int64_t first, std::int64_t last, const panels& to) {
    constexpr int in_size = Map.map.columns, out_size = Map.map.rows;
    const std::int64_t step = w.rotated ? -w.tap : w.tap;
    for (std::int64_t depth = first; depth < last; ++depth) {
        const float* at = w.data + depth * w.depth + (w.rotated ? (in_size * in_size - 1) * w.tap : 0);
        lanes middle[out_size * in_size];
        for (int j = 0; j < in_size; ++j) {
            lanes in[in_size], out[out_size];
            for (int i = 0; i < in_size; ++i) read_tap(in[i], w, at + (i * in_size + j) * step);
            apply<Map>(out, in);
            copy(middle + j, in_size, out, 1, up_to<out_size>());
        }
        float* place = to.data + depth * width;
        for (int i = 0; i < out_size; ++i, place += out_size * to.matrix) {
            lanes in[in_size], out[out_size];
            copy(in, 1, middle + i * in_size, 1, up_to<in_size>());
            apply<Map>(out, in);
            store_all(place, to.matrix, out, up_to<out_size>());
        }
    }
}

template <const auto& Map>
STRATA_AVX2 void to_weight_gradient(const panels& from, std::int64_t first, std::int64_t last, std::int64_t base, int channel, int channels,
                                    float* grad) {
    constexpr int in_size = Map.map.columns, out_size = Map.map.rows;
    for (std::int64_t filter = first; filter < last; ++filter) {
        lanes middle[in_size * out_size];
        const float* place = from.data + (filter - base) * width;
        for (int i = 0; i < in_size; ++i, place += in_size * from.matrix) {
            lanes in[in_size], out[out_size];
            load_all(in, place, from.matrix, up_to<in_size>());
            apply<Map>(out, in);
            copy(middle + i * out_size, 1, out, 1, up_to<out_size>());
        }
        float* at = grad + filter * out_size * out_size * channels + channel;
        for (int j = 0; j < out_size; ++j) {
            lanes in[in_size], out[out_size];
            copy(in, 1, middle + j, out_size, up_to<in_size>());
            apply<Map>(out, in);
            for (int i = 0; i < out_size; ++i) store(at + std::int64_t{i * out_size + j} * channels, out[i], channels - channel);
        }
    }
}

template <int M, int R>
struct transforms_for {
    using maps = winograd::maps<M, R>;
    static void input(const float* pictures, const tiling& t, const tile_range& range, int channel, const panels& to) {
        from_pictures<maps::input, false>(pictures, t, range, channel, to, nullptr);
    }
    static constexpr transforms list{M,
                                     R,
                                     M + R - 1,
                                     input,
                                     from_pictures<maps::output_gradient, true>,
                                     to_pictures<maps::output>,
                                     from_weights<maps::weights>,
                                     to_weight_gradient<maps::weight_gradient>};
};

}  // namespace detail

STRATA_INLINE const transforms* transforms_of(int tile, int kernel) {
    for (const transforms* t :
         {&detail::transforms_for<4, 3>::list, &detail::transforms_for<6, 3>::list, &detail::transforms_for<7, 3>::list,
          &detail::transforms_for<4, 5>::list, &detail::transforms_for<5, 5>::list}) {
        if (t->tile == tile && t->kernel == kernel) return t;
    }
    return nullptr;
}

}  // namespace strata::inline STRATA_ABI::cpu::winograd
