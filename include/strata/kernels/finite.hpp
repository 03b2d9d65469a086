// SPDX-License-Identifier: MIT
// Whether an array holds NaN or infinity, in stages of a fixed shape. A loss can be finite where gradients are not: a rectifier turns
// NaN into 0, and the weights before it would get the NaN. Index of non_finite_stage: a block of values.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/finite.hpp>
#include <strata/core/host_device.hpp>

#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

struct non_finite_stage {
    const float* src;     // (count)
    std::int64_t count;
    std::uint8_t* found;  // (blocks(count)): 1 where a block holds NaN or infinity, else 0

    static constexpr std::int64_t block = 4096;
    static constexpr std::int64_t blocks(std::int64_t count) { return (count + block - 1) / block; }

    STRATA_HOST_DEVICE void operator()(std::size_t b) const {
        const std::int64_t first = static_cast<std::int64_t>(b) * block;
        const std::int64_t last = first + block < count ? first + block : count;
        std::uint32_t bits = 0;
        for (std::int64_t i = first; i < last; ++i) bits |= non_finite_bit(src[i]);
        found[b] = any_non_finite(bits) ? 1 : 0;
    }

    STRATA_HOST_DEVICE static constexpr bool any(const std::uint8_t* found, std::int64_t blocks) {
        for (std::int64_t b = 0; b < blocks; ++b) {
            if (found[b] != 0) return true;
        }
        return false;
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
