// SPDX-License-Identifier: MIT
// Element types, and the precision of a run: what convolutions and dense layers compute in.
#pragma once

#include <strata/core/config.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI {

enum class dtype : unsigned char { u8, i32, f32, bf16 };

constexpr std::size_t bytes_of(dtype type) {
    switch (type) {
        case dtype::u8: return 1;
        case dtype::bf16: return 2;
        default: return 4;
    }
}

// fp32: strict, no TF32. tf32: f32 storage, TF32 products (CUDA). bf16: bfloat16 activations and products, f32 master weights.
enum class precision : unsigned char { fp32, tf32, bf16 };

constexpr const char* name_of(precision value) { return value == precision::fp32 ? "fp32" : value == precision::tf32 ? "tf32" : "bf16"; }
constexpr dtype storage_of(precision value) { return value == precision::bf16 ? dtype::bf16 : dtype::f32; }

}  // namespace strata::inline STRATA_ABI
