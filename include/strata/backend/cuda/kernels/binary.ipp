// SPDX-License-Identifier: MIT
#pragma once

#include <strata/backend/cuda/kernels/binary.hpp>

namespace strata::inline STRATA_ABI::cuda {

namespace detail {

inline constexpr std::uint64_t kernel_words[] = {
#include <strata/backend/cuda/kernels/fat_binary.inc>
};

}  // namespace detail

STRATA_INLINE std::span<const std::uint64_t> kernel_binary() { return detail::kernel_words; }

}  // namespace strata::inline STRATA_ABI::cuda
