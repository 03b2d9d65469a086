// SPDX-License-Identifier: MIT
// Whether a number is finite, told from its bits: with -ffast-math or -ffinite-math-only a compiler takes std::isfinite(x) and x == x for
// true. A mask of the bits alone does not help: clang 19 knows it for the same question (llvm.is.fpclass) and answers it as well.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>

#include <cstdint>

namespace strata::inline STRATA_ABI {

namespace finite_detail {

// The same bits, and the compiler does not know that they are a number's.
template <typename Bits>
STRATA_HOST_DEVICE inline Bits hidden(Bits bits) {
#if defined(__GNUC__) && !defined(__CUDA_ARCH__)
    __asm__("" : "+r"(bits));
#endif
    return bits;
}

}  // namespace finite_detail

STRATA_HOST_DEVICE inline bool is_finite(float value) {
    return (finite_detail::hidden(__builtin_bit_cast(std::uint32_t, value)) & 0x7f800000u) != 0x7f800000u;
}
STRATA_HOST_DEVICE inline bool is_finite(double value) {
    constexpr std::uint64_t exponent = 0x7ff0000000000000u;
    return (finite_detail::hidden(__builtin_bit_cast(std::uint64_t, value)) & exponent) != exponent;
}
STRATA_HOST_DEVICE inline bool is_nan(float value) {
    return (finite_detail::hidden(__builtin_bit_cast(std::uint32_t, value)) & 0x7fffffffu) > 0x7f800000u;
}

// For loops over arrays, which the above would keep from being vectorised: the highest bit tells that the value is not finite (a carry
// out of the exponent), the others nothing. Results are joined by |.
STRATA_HOST_DEVICE inline std::uint32_t non_finite_bit(const float& value) {
    return (__builtin_bit_cast(std::uint32_t, value) & 0x7fffffffu) + 0x00800000u;
}
STRATA_HOST_DEVICE constexpr bool any_non_finite(std::uint32_t joined_bits) { return joined_bits >> 31 != 0; }

}  // namespace strata::inline STRATA_ABI
