// SPDX-License-Identifier: MIT
// Twelve accumulators, three vectors of B and one value of A: sixteen registers.
#pragma once

#include <strata/backend/cpu/winograd/lanes.hpp>
#include <strata/backend/cpu/winograd/product.hpp>

#include <cstdint>
#include <utility>

namespace strata::inline STRATA_ABI::cpu::winograd {

namespace detail {

inline constexpr int product_rows = 4;

template <int Panels, int RowStep, int... I>  // I = row * Panels + panel
STRATA_AVX2_INLINE void multiply_step(lanes* sums, const float* a, const lanes* b, std::integer_sequence<int, I...>) {
    ((sums[I] = multiply_add(all(a[(I / Panels) * RowStep]), b[I % Panels], sums[I])), ...);
}
template <int Panels, int RowStep, int... P>
STRATA_AVX2_INLINE void multiply_step(lanes* sums, const float* a, const float* b, std::int64_t b_panel, std::integer_sequence<int, P...>) {
    const lanes columns[Panels]{load(b + P * b_panel)...};
    multiply_step<Panels, RowStep>(sums, a, columns, std::make_integer_sequence<int, product_rows * Panels>());
}
// Eight depths of one panel.
template <int Panels, int... D>
STRATA_AVX2_INLINE void multiply_panel(lanes* sums, const float* a, const float* b, std::int64_t b_panel,
                                       std::integer_sequence<int, D...>) {
    (multiply_step<Panels, width>(sums, a + D, b + D * width, b_panel, std::make_integer_sequence<int, Panels>()), ...);
}
template <int Panels, int... I>
STRATA_AVX2_INLINE void begin_sums(lanes* sums, const product_operands& o, std::integer_sequence<int, I...>) {
    ((sums[I] = o.adds ? load(o.c + (I % Panels) * o.c_panel + (I / Panels) * width) : lanes{}), ...);
}
template <int Panels, int... I>
STRATA_AVX2_INLINE void end_sums(const lanes* sums, const product_operands& o, std::integer_sequence<int, I...>) {
    (store(o.c + (I % Panels) * o.c_panel + (I / Panels) * width, sums[I]), ...);
}

template <int Panels, bool ByDepth>
STRATA_AVX2 void product(const product_operands& o) {
    constexpr std::make_integer_sequence<int, product_rows * Panels> each{};
    lanes sums[product_rows * Panels];
    begin_sums<Panels>(sums, o, each);
    const float *a = o.a, *b = o.b;
    if constexpr (ByDepth) {
        for (std::int64_t d = 0; d < o.depth; d += width, a += o.a_panel, b += width * width)
            multiply_panel<Panels>(sums, a, b, o.b_panel, std::make_integer_sequence<int, width>());
    } else {
        for (std::int64_t d = 0; d < o.depth; ++d, a += width, b += width)
            multiply_step<Panels, 1>(sums, a, b, o.b_panel, std::make_integer_sequence<int, Panels>());
    }
    end_sums<Panels>(sums, o, each);
}

}  // namespace detail

STRATA_INLINE void product_by_depth(const product_operands& o) {
    if (o.panels == 3) return detail::product<3, true>(o);
    if (o.panels == 2) return detail::product<2, true>(o);
    return detail::product<1, true>(o);
}
STRATA_INLINE void product_by_row(const product_operands& o) {
    if (o.panels == 3) return detail::product<3, false>(o);
    if (o.panels == 2) return detail::product<2, false>(o);
    return detail::product<1, false>(o);
}

}  // namespace strata::inline STRATA_ABI::cpu::winograd
