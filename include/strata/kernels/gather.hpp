// SPDX-License-Identifier: MIT
// Collects the rows of a batch and turns stored values into the network's input: dst[n, j] = src[rows[n], j] * scale + offset.
// Index: the row n of the batch.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>
#include <strata/kernels/simd.hpp>

#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

template <typename T>
struct gather {
    const T* src;              // (data rows, size)
    const std::int64_t* rows;  // (batch): which data row
    float* dst;                // (batch, size)
    std::int64_t size;         // H * W * C
    float scale, offset;

    static constexpr std::int64_t count(std::int64_t batch) { return batch; }

    STRATA_HOST_DEVICE void operator()(std::size_t n) const {
        const T* from = src + rows[n] * size;
        float* to = dst + static_cast<std::int64_t>(n) * size;
        const float factor = scale, shift = offset;
        const std::int64_t values = size;
        STRATA_SIMD
        for (std::int64_t j = 0; j < values; ++j) to[j] = static_cast<float>(from[j]) * factor + shift;
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
