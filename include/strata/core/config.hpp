// SPDX-License-Identifier: MIT
// The version, the two faces of the library, and the name of the inline namespace.
//
// Header-only face (the default): the bodies of non-template functions, in the .ipp files, are compiled in place as inline
// functions. They obey the flags of the including project, so the inline namespace names the flags that change what they do and that
// the compiler tells: threading, instruction set, contraction, fast math, whether it optimises at all. Two translation units with
// other flags then hold two libraries, not one mixed at random. Flags that no macro tells (-ffp-contract=off, -fopenmp-simd, -O2 beside
// -O3): define STRATA_ABI_TAG, any identifier, for the units that have them.
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
// A compiler that will not do gets one sentence. After #error g++ goes on, and says hundreds more; every compiler stops at an include
// that is not there, so the sentence comes as the name of one.
#if STRATA_CPLUSPLUS < 202002L
#include "#error strata needs C++20: compile with -std=c++20 or newer (g++ 12, clang 19 or nvcc 13 and later)"
#error "strata needs C++20: compile with -std=c++20 or newer (g++ 12, clang 19 or nvcc 13 and later)"
#endif
#if defined(__apple_build_version__)  // counts differently, and has not been tried
#elif defined(__clang__) ? __clang_major__ < 19 : defined(__GNUC__) && __GNUC__ < 12
#include "#error strata needs g++ 12, clang 19 or nvcc 13, or later: this compiler is older"
#error "strata needs g++ 12, clang 19 or nvcc 13, or later: this compiler is older"
#endif

// ---- the name of the inline namespace

#include <cstddef>  // which standard library this is

// What changes the layout of the standard library's types: in both faces, so that a unit which disagrees with the library does not link.
#if defined(_GLIBCXX_DEBUG)
#define STRATA_ABI_LAYOUT _debug
#elif defined(_GLIBCXX_USE_CXX11_ABI) && !_GLIBCXX_USE_CXX11_ABI
#define STRATA_ABI_LAYOUT _cxx98
#elif defined(_LIBCPP_VERSION)
#define STRATA_ABI_LAYOUT _libcpp
#else
#define STRATA_ABI_LAYOUT
#endif

#if defined(STRATA_LINKED)
#define STRATA_ABI_THREADS _linked
#define STRATA_ABI_ISA
#define STRATA_ABI_MATH
#else
#if defined(_OPENMP)
#define STRATA_ABI_THREADS _openmp
#else
#define STRATA_ABI_THREADS _serial
#endif
// The instruction set, and whether the compiler may fuse a multiplication and an addition into one rounding.
#if defined(__AVX512F__) && defined(__AVX512VL__) && defined(__AVX512BW__) && defined(__AVX512DQ__)
#define STRATA_ABI_ISA _avx512
#elif defined(__AVX512F__)
#define STRATA_ABI_ISA _avx512f
#elif defined(__AVX2__) && defined(__FMA__)
#define STRATA_ABI_ISA _avx2_fma
#elif defined(__AVX2__)
#define STRATA_ABI_ISA _avx2
#elif defined(__AVX__) && (defined(__FMA__) || defined(__FMA4__))
#define STRATA_ABI_ISA _avx_fma
#elif defined(__AVX__)
#define STRATA_ABI_ISA _avx
#elif defined(__SSE4_2__)
#define STRATA_ABI_ISA _sse42
#elif defined(__SSE3__)
#define STRATA_ABI_ISA _sse3
#elif defined(__ARM_FEATURE_SVE)
#define STRATA_ABI_ISA _sve
#elif defined(__ARM_FEATURE_FMA)
#define STRATA_ABI_ISA _fma
#else
#define STRATA_ABI_ISA _plain
#endif
// clang tells only -ffast-math and -ffinite-math-only.
#if defined(__FAST_MATH__)
#define STRATA_ABI_MATH _fast
#elif defined(__ASSOCIATIVE_MATH__) || defined(__RECIPROCAL_MATH__) || defined(__NO_SIGNED_ZEROS__)
#define STRATA_ABI_MATH _unsafe
#elif defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#define STRATA_ABI_MATH _finite
#else
#define STRATA_ABI_MATH
#endif
#endif
#if defined(STRATA_LINKED) || defined(__OPTIMIZE__) || !defined(__GNUC__)
#define STRATA_ABI_EFFORT
#else
#define STRATA_ABI_EFFORT _o0
#endif
#if !defined(STRATA_ABI_TAG)
#define STRATA_ABI_TAG
#endif
#define STRATA_ABI_JOIN(version, threads, isa, math, effort, layout, tag) version##threads##isa##math##effort##layout##tag
#define STRATA_ABI_NAME(version, threads, isa, math, effort, layout, tag) STRATA_ABI_JOIN(version, threads, isa, math, effort, layout, tag)
#define STRATA_ABI \
    STRATA_ABI_NAME(v0_1, STRATA_ABI_THREADS, STRATA_ABI_ISA, STRATA_ABI_MATH, STRATA_ABI_EFFORT, STRATA_ABI_LAYOUT, STRATA_ABI_TAG)

// In front of every function body in an .ipp file: inline in the header-only face, nothing in the linked library. In a class also in
// front of its virtual functions' declarations: where one is not inline, every translation unit that sees its body compiles all of them.
#if defined(STRATA_LINKED)
#define STRATA_INLINE
#else
#define STRATA_INLINE inline
#endif
