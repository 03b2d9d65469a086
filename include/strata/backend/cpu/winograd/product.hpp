// SPDX-License-Identifier: MIT
// The products of Winograd's convolution: C (rows, columns) = A (rows, depth) * B (depth, columns), f32, four rows and up to three
// panels of eight columns at a time, all of it in registers. Operands are in panels already, so nothing is packed or allocated:
//   B[panel][depth][8],  C[panel][row][8],  A[panel of depth][row][8] (by_depth) or A[depth][8], of which the rows are four (by_row).
#pragma once

#include <strata/core/config.hpp>

#include <cstdint>

namespace strata::inline STRATA_ABI::cpu::winograd {

struct product_operands {
    const float* a = nullptr;
    std::int64_t a_panel = 0;  // floats between panels of depth; by_depth only
    const float* b = nullptr;
    std::int64_t b_panel = 0;
    float* c = nullptr;
    std::int64_t c_panel = 0;
    std::int64_t depth = 0;    // by_depth: a multiple of eight
    int panels = 3;            // 1, 2 or 3
    bool adds = false;         // to what C holds
};

// Rows 0..3 of A are a[0], a[8], a[16], a[24] and so on: data times weights.
void product_by_depth(const product_operands& o);
// Rows 0..3 of A are a[0..3], each next depth eight floats further: gradient times data, summed over tiles.
void product_by_row(const product_operands& o);

}  // namespace strata::inline STRATA_ABI::cpu::winograd

#if !defined(STRATA_LINKED)
#include <strata/backend/cpu/winograd/product.ipp>
#endif
