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

// One index per turn, for kernels whose index is a row, a block or a channel.
template <typename Kernel>
void for_each_index(std::size_t count, const Kernel& kernel) {
#pragma omp parallel for schedule(static) if (count > 1)
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(count); ++i) kernel(static_cast<std::size_t>(i));
}

// For element-wise kernels: chunks of a fixed size, vectorised inside.
template <typename Kernel>
void for_each_element(std::size_t count, const Kernel& kernel) {
    constexpr std::size_t chunk = 4096;
    const auto chunks = static_cast<std::int64_t>((count + chunk - 1) / chunk);
#pragma omp parallel for schedule(static) if (chunks > 1)
    for (std::int64_t c = 0; c < chunks; ++c) {
        const std::size_t first = static_cast<std::size_t>(c) * chunk;
        const std::size_t last = first + chunk < count ? first + chunk : count;
        const Kernel local = kernel;
#pragma omp simd
        for (std::size_t i = first; i < last; ++i) local(i);
    }
}

}  // namespace strata::inline STRATA_ABI::cpu

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/parallel.ipp>
#endif
