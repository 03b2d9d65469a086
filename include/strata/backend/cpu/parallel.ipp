// SPDX-License-Identifier: MIT
// Thread counts through OpenMP's per-thread setting.
#pragma once

#include <strata/backend/cpu/parallel.hpp>

#include <omp.h>

namespace strata::inline STRATA_ABI::cpu {

STRATA_INLINE thread_scope::thread_scope(int threads) : before_(omp_get_max_threads()) { omp_set_num_threads(threads); }
STRATA_INLINE thread_scope::~thread_scope() { omp_set_num_threads(before_); }
STRATA_INLINE int default_threads() { return omp_get_max_threads(); }

}  // namespace strata::inline STRATA_ABI::cpu
