// SPDX-License-Identifier: MIT
// The CPU's launcher of the kernels in kernels/, and the number of threads that a call uses.
#pragma once

#include <strata/core/config.hpp>

#include <cstddef>
#include <cstdint>

#if !defined(_OPENMP) && !defined(STRATA_LINKED)
#error "strata/cpu.hpp in the header-only face needs OpenMP: compile and link with -fopenmp, or link the target strata::cpu"
#endif

namespace strata::inline STRATA_ABI::cpu {

// While it lives, OpenMP regions begun by this thread (oneDNN's too) use so many threads.
class thread_scope {
public:
    explicit thread_scope(int threads);
    ~thread_scope();
    thread_scope(const thread_scope&) = delete;
    thread_scope& operator=(const thread_scope&) = delete;

private:
    int before_;
};

int default_threads();

namespace detail {

// The turns [first, last) of a kernel, each a row, a block or a channel; and of an element-wise kernel, vectorised here. The copy tells
// the compiler that nothing the kernel writes changes the kernel.
template <typename Kernel>
void index_turns(const Kernel& kernel, std::size_t first, std::size_t last) {
    const Kernel local = kernel;
    for (std::size_t i = first; i < last; ++i) local(i);
}
template <typename Kernel>
void element_turns(const Kernel& kernel, std::size_t first, std::size_t last) {
    const Kernel local = kernel;
#pragma omp simd
    for (std::size_t i = first; i < last; ++i) local(i);
}

// The same compiled for AVX2, whatever the flags, and taken where the CPU has it. Without FMA, so that no product and sum are contracted:
// the same bits as without.
#if defined(__x86_64__) && defined(__GNUC__)
inline bool has_avx2() { return __builtin_cpu_supports("avx2") != 0; }
template <typename Kernel>
[[gnu::target("avx2"), gnu::flatten]] void index_turns_avx2(const Kernel& kernel, std::size_t first, std::size_t last) {
    index_turns(kernel, first, last);
}
template <typename Kernel>
[[gnu::target("avx2"), gnu::flatten]] void element_turns_avx2(const Kernel& kernel, std::size_t first, std::size_t last) {
    element_turns(kernel, first, last);
}
#else
inline bool has_avx2() { return false; }
template <typename Kernel>
void index_turns_avx2(const Kernel&, std::size_t, std::size_t) {}
template <typename Kernel>
void element_turns_avx2(const Kernel&, std::size_t, std::size_t) {}
#endif

}  // namespace detail

// For kernels whose index is a row, a block or a channel.
template <typename Kernel>
void for_each_index(std::size_t count, const Kernel& kernel) {
    constexpr std::size_t most = 256;
    const std::size_t chunk = (count + most - 1) / most;
    const auto chunks = static_cast<std::int64_t>(count == 0 ? 0 : (count + chunk - 1) / chunk);
    const bool avx2 = detail::has_avx2();
#pragma omp parallel for schedule(static) if (chunks > 1)
    for (std::int64_t c = 0; c < chunks; ++c) {
        const std::size_t first = static_cast<std::size_t>(c) * chunk;
        const std::size_t last = first + chunk < count ? first + chunk : count;
        avx2 ? detail::index_turns_avx2(kernel, first, last) : detail::index_turns(kernel, first, last);
    }
}

// For element-wise kernels: chunks of a fixed size, vectorised inside.
template <typename Kernel>
void for_each_element(std::size_t count, const Kernel& kernel) {
    constexpr std::size_t chunk = 4096;
    const auto chunks = static_cast<std::int64_t>((count + chunk - 1) / chunk);
    const bool avx2 = detail::has_avx2();
#pragma omp parallel for schedule(static) if (chunks > 1)
    for (std::int64_t c = 0; c < chunks; ++c) {
        const std::size_t first = static_cast<std::size_t>(c) * chunk;
        const std::size_t last = first + chunk < count ? first + chunk : count;
        avx2 ? detail::element_turns_avx2(kernel, first, last) : detail::element_turns(kernel, first, last);
    }
}

}  // namespace strata::inline STRATA_ABI::cpu

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/parallel.ipp>
#endif
