// SPDX-License-Identifier: MIT
// The version, the two faces of the library, and the name of the inline namespace.
//
// Header-only face (the default): the bodies of non-template functions, in the .ipp files, are compiled in place as inline
// functions. They obey the flags of the including project, so the inline namespace names the flags that change what they do:
// threading and floating-point contraction. Two translation units with other flags then hold two libraries, not one mixed at random.
// Linked face (STRATA_LINKED, set by the CMake targets strata::strata and strata::cpu): the bodies come from a small library.
#pragma once

#define STRATA_VERSION_MAJOR 0
#define STRATA_VERSION_MINOR 1
#define STRATA_VERSION_PATCH 0
#define STRATA_VERSION_STRING "0.1.0"

#if defined(_MSVC_LANG)
#define STRATA_CPLUSPLUS _MSVC_LANG
#else
#define STRATA_CPLUSPLUS __cplusplus
#endif
#if STRATA_CPLUSPLUS < 202002L
#error "strata needs C++20: compile with -std=c++20 or newer (g++ 12, clang 19 or nvcc 13 and later)"
#endif

#if defined(STRATA_LINKED)
#define STRATA_ABI v0_1_linked
#else
#if defined(_OPENMP)
#define STRATA_ABI_THREADS _openmp
#else
#define STRATA_ABI_THREADS _serial
#endif
#if defined(__FAST_MATH__)
#define STRATA_ABI_MATH _fast_math
#elif defined(__AVX512F__)
#define STRATA_ABI_MATH _avx512
#elif defined(__FMA__) || defined(__ARM_FEATURE_FMA)
#define STRATA_ABI_MATH _fma
#else
#define STRATA_ABI_MATH _plain
#endif
#define STRATA_ABI_JOIN(version, threads, math) version##threads##math
#define STRATA_ABI_NAME(version, threads, math) STRATA_ABI_JOIN(version, threads, math)
#define STRATA_ABI STRATA_ABI_NAME(v0_1, STRATA_ABI_THREADS, STRATA_ABI_MATH)
#endif

// In front of every function body in an .ipp file: inline in the header-only face, nothing in the linked library.
#if defined(STRATA_LINKED)
#define STRATA_INLINE
#else
#define STRATA_INLINE inline
#endif
