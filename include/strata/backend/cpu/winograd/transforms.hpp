// SPDX-License-Identifier: MIT
// Winograd's transforms of tiles, eight channels at a time. Transformed arrays hold one matrix per product f of the n x n: by panels
// of eight channels, V[f][channel / 8][tile][channel % 8], with a distance between matrices that spreads over the cache's sets.
// Pictures are (N, H, W, C), weights (K, R, S, C).
#pragma once

#include <strata/core/config.hpp>

#include <cstdint>

namespace strata::inline STRATA_ABI::cpu::winograd {

// How tiles lie over pictures: tile (y, x) of picture n has its window's corner at (y * step - before_y, x * step - before_x).
struct tiling {
    int height = 0, width = 0, channels = 0;  // of the pictures that are read or written
    int step = 1, before_y = 0, before_x = 0;
    std::int64_t rows = 1, columns = 1;       // tiles per picture
};

// A transformed array: the group of tiles (or the block of filters) that is in memory.
struct panels {
    float* data = nullptr;
    std::int64_t matrix = 0;  // floats from one product's matrix to the next
    std::int64_t panel = 0;   // floats from one panel to the next
};

// Work on the tiles [first, last) and one panel of channels; `base` is the tile that the group begins with.
struct tile_range {
    std::int64_t first = 0, last = 0, base = 0;
};

// Where the weights of a panel of eight outputs are: output lane l, depth d, tap (r, s): data[l * lane + d * depth + (r * R + s) * tap],
// with the taps in reverse order when `rotated`.
struct weight_source {
    const float* data = nullptr;
    std::int64_t lane = 0, depth = 0, tap = 0;
    int lanes = 0;  // of the panel that exist
    bool rotated = false;
};

struct transforms {
    int tile = 0, kernel = 0, points = 0;
    // Windows of n x n, zeros outside of the pictures, to V.
    void (*input)(const float* pictures, const tiling&, const tile_range&, int channel, const panels& to) = nullptr;
    // Windows of m x m of a gradient, to its place in the products; adds up its values per channel when sum is given (8 floats).
    void (*output_gradient)(const float* pictures, const tiling&, const tile_range&, int channel, const panels& to, float* sum) = nullptr;
    // Products to windows of m x m; adds the bias, if there is one; max(x, slope * x) when slope is not negative.
    void (*output)(const panels& from, const tiling&, const tile_range&, int channel, const float* bias, float slope,
                   float* pictures) = nullptr;
    // Depths [first, last) of one panel: U[f][panel][depth][8]; to.data is that panel's.
    void (*weights)(const weight_source&, std::int64_t first, std::int64_t last, const panels& to) = nullptr;
    // The gradient of filters [first, last), channels from `channel` on; from.data is that panel's, its rows are filters from `base` on.
    void (*weight_gradient)(const panels& from, std::int64_t first, std::int64_t last, std::int64_t base, int channel, int channels,
                            float* grad) = nullptr;
};

// Null where there is no such tile: the tiles are those of winograd_tiles.
const transforms* transforms_of(int tile, int kernel);

}  // namespace strata::inline STRATA_ABI::cpu::winograd

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/winograd/transforms.ipp>
#endif
