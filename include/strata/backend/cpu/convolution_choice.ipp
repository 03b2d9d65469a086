// SPDX-License-Identifier: MIT
// The shipped table, and how an answer is found.
#pragma once

#include <strata/backend/cpu/convolution_choice.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace strata::inline STRATA_ABI::cpu {

STRATA_INLINE std::string_view name_of(convolution_pass pass) {
    switch (pass) {
        case convolution_pass::forward: return "forward";
        case convolution_pass::backward_data: return "backward_data";
        case convolution_pass::backward_weights: return "backward_weights";
        case convolution_pass::inference: return "inference";
    }
    return "";
}
STRATA_INLINE std::string_view name_of(vector_width width) {
    return width == vector_width::avx512 ? "avx512" : width == vector_width::avx2 ? "avx2" : "baseline";
}
STRATA_INLINE std::optional<convolution_pass> convolution_pass_named(std::string_view word) {
    for (const auto pass :
         {convolution_pass::forward, convolution_pass::backward_data, convolution_pass::backward_weights, convolution_pass::inference}) {
        if (name_of(pass) == word) return pass;
    }
    return {};
}
STRATA_INLINE std::optional<vector_width> vector_width_named(std::string_view word) {
    for (const auto width : {vector_width::baseline, vector_width::avx2, vector_width::avx512}) {
        if (name_of(width) == word) return width;
    }
    return {};
}

STRATA_INLINE shape convolution_case::out() const { return {rows.output(in.height), columns.output(in.width), filters}; }

STRATA_INLINE std::span<const int> winograd_tiles(int kernel) {
    static constexpr std::array<int, 3> of_three{4, 6, 7};
    static constexpr std::array<int, 2> of_five{4, 5};
    if (kernel == 3) return of_three;
    if (kernel == 5) return of_five;
    return {};
}

STRATA_INLINE bool fits(const convolution_case& which, const convolution_way& way) {
    if (way.tile == 0) return true;
    if (which.width == vector_width::baseline) return false;
    const extent &rows = which.rows, &columns = which.columns;
    if (rows.kernel != columns.kernel || rows.stride != 1 || columns.stride != 1) return false;
    const std::span<const int> tiles = winograd_tiles(rows.kernel);
    return std::find(tiles.begin(), tiles.end(), way.tile) != tiles.end();
}

STRATA_INLINE bool keeps_weights(const convolution_case& which, const convolution_way& way) {
    constexpr std::int64_t most = 12 << 20;
    const std::int64_t points = way.tile + which.rows.kernel - 1;
    return which.pass == convolution_pass::inference && way.tile != 0 &&
           points * points * which.in.channels * which.filters * std::int64_t{sizeof(float)} <= most;
}

STRATA_INLINE convolution_way convolution_choices::find(const convolution_case& which) const {
    const auto entry_of = [&](const convolution_case& wanted) {
        return std::find_if(tuned.begin(), tuned.end(), [&](const entry& e) { return e.which == wanted; });
    };
    auto named = entry_of(which);
    if (named == tuned.end() && which.pass == convolution_pass::inference) {
        convolution_case trained = which;
        trained.pass = convolution_pass::forward;
        named = entry_of(trained);
    }
    const convolution_way way = named != tuned.end() ? named->way : otherwise ? *otherwise : shipped_convolution_way(which);
    return fits(which, way) ? way : convolution_way{};
}

STRATA_INLINE void convolution_choices::set(const convolution_case& which, const convolution_way& way) {
    const auto named = std::find_if(tuned.begin(), tuned.end(), [&](const entry& e) { return e.which == which; });
    if (named != tuned.end()) named->way = way;
    else tuned.push_back({which, way});
}

STRATA_INLINE convolution_way shipped_convolution_way(const convolution_case& which) {
    constexpr int fewest_channels = 32, fewest_tiles = 16;
    const shape to = which.out();
    const int kernel = which.rows.kernel;
    if (std::min(which.in.channels, which.filters) < fewest_channels) return {};
    // Products per pair of channels: oneDNN's own, and each tile's.
    std::int64_t least = std::int64_t{kernel} * kernel * to.height * to.width * 2 / 3;
    convolution_way best;
    for (const int tile : winograd_tiles(kernel)) {
        const std::int64_t tiles = ((to.height + tile - 1) / tile) * std::int64_t{(to.width + tile - 1) / tile};
        const std::int64_t products = tiles * (tile + kernel - 1) * (tile + kernel - 1);
        if (products >= least || (tiles * which.batch < fewest_tiles && !keeps_weights(which, {tile}))) continue;
        least = products;
        best = {tile};
    }
    return best;
}

}  // namespace strata::inline STRATA_ABI::cpu
