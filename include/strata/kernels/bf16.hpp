// SPDX-License-Identifier: MIT
// bfloat16 as storage: the upper half of a float, rounded to the nearest, ties to even. Host and device; arithmetic is done in float.
// (__builtin_bit_cast: nvcc lets device code call no constexpr function of the host, and std::bit_cast is one.)
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>

#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

struct bf16 {
    std::uint16_t bits;

    bf16() = default;
    STRATA_HOST_DEVICE constexpr explicit bf16(float value) : bits(rounded(__builtin_bit_cast(std::uint32_t, value))) {}
    STRATA_HOST_DEVICE constexpr explicit operator float() const { return __builtin_bit_cast(float, std::uint32_t{bits} << 16); }

private:
    STRATA_HOST_DEVICE static constexpr std::uint16_t rounded(std::uint32_t word) {
        if ((word & 0x7fffffffu) > 0x7f800000u) return static_cast<std::uint16_t>(word >> 16 | 0x40u);  // NaN stays NaN
        return static_cast<std::uint16_t>((word + 0x7fffu + (word >> 16 & 1u)) >> 16);
    }
};
static_assert(sizeof(bf16) == 2);

// dst[i] = src[i], in the other type. Index: the value.
struct narrow {
    const float* src;
    bf16* dst;

    STRATA_HOST_DEVICE void operator()(std::size_t i) const { dst[i] = bf16(src[i]); }
};

struct widen {
    const bf16* src;
    float* dst;

    STRATA_HOST_DEVICE void operator()(std::size_t i) const { dst[i] = static_cast<float>(src[i]); }
};

}  // namespace strata::inline STRATA_ABI::kernels
