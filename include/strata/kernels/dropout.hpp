// SPDX-License-Identifier: MIT
// Inverted dropout: dst[j] = src[j] / (1 - rate) where the draw of value j is at least rate, else 0. No mask is stored: backward is
// the same kernel on the gradients, and draws the same numbers again. Index: a block of four values, one Philox block.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>
#include <strata/core/random.hpp>

#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

struct dropout {
    const float* src;     // (count), in (N, H, W, C) order: the draw's number is the value's
    float* dst;           // (count); may be src
    std::int64_t count;
    float rate;
    random_stream stream;

    static constexpr std::int64_t blocks(std::int64_t count) { return (count + 3) / 4; }

    STRATA_HOST_DEVICE void operator()(std::size_t b) const {
        const philox_counter draws = stream.block(b);
        const float scale = 1.0f / (1.0f - rate);
        const std::int64_t first = static_cast<std::int64_t>(b) * 4;
        const int values = count - first < 4 ? static_cast<int>(count - first) : 4;
        for (int j = 0; j < values; ++j) {
            const bool keep = random_stream::to_uniform(draws.word[j]) >= rate;
            dst[first + j] = keep ? src[first + j] * scale : 0.0f;
        }
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
