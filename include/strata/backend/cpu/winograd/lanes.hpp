// SPDX-License-Identifier: MIT
// Eight floats that are computed with at once. Functions marked STRATA_AVX2 are compiled for AVX2 and FMA whatever the flags of the
// project, and called only where the processor has both (available()). On other architectures they are plain code, never called.
#pragma once

#include <strata/core/config.hpp>

#include <cstddef>

#if defined(__x86_64__) && defined(__GNUC__)
#define STRATA_AVX2 __attribute__((target("avx2,fma")))
#define STRATA_AVX2_INLINE __attribute__((target("avx2,fma"), always_inline)) inline
#else
#define STRATA_AVX2
#define STRATA_AVX2_INLINE inline
#endif

namespace strata::inline STRATA_ABI::cpu::winograd {

inline constexpr int width = 8;
using lanes = float __attribute__((vector_size(32)));
using lanes_in_memory = float __attribute__((vector_size(32), aligned(4), may_alias));

inline bool available() {
#if defined(__x86_64__) && defined(__GNUC__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#else
    return false;
#endif
}

STRATA_AVX2_INLINE lanes load(const float* from) { return *reinterpret_cast<const lanes_in_memory*>(from); }
STRATA_AVX2_INLINE void store(float* to, const lanes& v) { *reinterpret_cast<lanes_in_memory*>(to) = v; }
STRATA_AVX2_INLINE lanes all(float x) { return lanes{x, x, x, x, x, x, x, x}; }
STRATA_AVX2_INLINE lanes multiply_add(const lanes& a, const lanes& b, const lanes& c) {
#if defined(__x86_64__) && defined(__GNUC__)
    return __builtin_ia32_vfmaddps256(a, b, c);  // contracted whatever -ffp-contract says
#else
    return a * b + c;
#endif
}
// The first `count` floats, zeros behind them.
STRATA_AVX2_INLINE lanes load(const float* from, int count) {
    if (count >= width) return load(from);
    lanes v{};
    for (int i = 0; i < count; ++i) v[i] = from[i];
    return v;
}
STRATA_AVX2_INLINE void store(float* to, const lanes& v, int count) {
    if (count >= width) return store(to, v);
    for (int i = 0; i < count; ++i) to[i] = v[i];
}

}  // namespace strata::inline STRATA_ABI::cpu::winograd
