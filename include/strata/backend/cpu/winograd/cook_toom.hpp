// SPDX-License-Identifier: MIT
// Winograd's F(m, r) by Cook and Toom: m outputs of a correlation with r taps from n = m + r - 1 products, one per point. With points
// p_0 .. p_{n-2} and infinity,   y = A^T [(G g) . (B^T d)]:
//   A^T (m, n): p^i;   G (n, r): p^j / prod_{q != p} (p - q);   B^T (n, n): the coefficients of prod_{q != p} (x - q).
// Exact rationals at compile time; rows are scaled by powers of two so that no factor is large. Pairs of points p, -p stand side by
// side: their rows (or columns) differ in signs alone, and a factored map computes both from one even and one odd sum.
// After: Lavin, Gray, "Fast algorithms for convolutional neural networks", CVPR 2016; Barabasz et al., "Error analysis and improving
// the accuracy of Winograd convolution for deep neural networks", TOMS 2020 (which points).
#pragma once

#include <strata/core/config.hpp>

#include <cstdint>

namespace strata::inline STRATA_ABI::cpu::winograd {

struct rational {
    std::int64_t over = 0, under = 1;

    constexpr rational reduced() const {
        std::int64_t a = over < 0 ? -over : over, b = under < 0 ? -under : under;
        while (b != 0) {
            const std::int64_t rest = a % b;
            a = b;
            b = rest;
        }
        if (a == 0) return {0, 1};
        return under < 0 ? rational{-over / a, -under / a} : rational{over / a, under / a};
    }
    constexpr double value() const { return static_cast<double>(over) / static_cast<double>(under); }
    friend constexpr rational operator*(rational a, rational b) { return rational{a.over * b.over, a.under * b.under}.reduced(); }
    friend constexpr rational operator/(rational a, rational b) { return rational{a.over * b.under, a.under * b.over}.reduced(); }
    friend constexpr rational operator-(rational a, rational b) {
        return rational{a.over * b.under - b.over * a.under, a.under * b.under}.reduced();
    }
    constexpr bool operator==(const rational&) const = default;
};

template <int Rows, int Columns>
struct matrix {
    static constexpr int rows = Rows, columns = Columns;
    double at[Rows][Columns]{};

    constexpr matrix<Columns, Rows> transposed() const {
        matrix<Columns, Rows> t;
        for (int i = 0; i < Rows; ++i)
            for (int j = 0; j < Columns; ++j) t.at[j][i] = at[i][j];
        return t;
    }
    // The first column of this row that is not zero; Columns when there is none.
    constexpr int first(int row) const {
        for (int j = 0; j < Columns; ++j) {
            if (at[row][j] != 0) return j;
        }
        return Columns;
    }
};

// The finite points of n = 6, 8 or 9; infinity is the last. For 9, none is zero: four pairs have a fifth of the error of the best sets
// with it (measured for F(7, 3) and F(5, 5) over sets of small fractions).
template <int Points>
struct points;
template <>
struct points<6> {
    static constexpr rational at[] = {{0}, {1}, {-1}, {2}, {-2}};
};
template <>
struct points<8> {
    static constexpr rational at[] = {{0}, {1}, {-1}, {2}, {-2}, {1, 2}, {-1, 2}};
};
template <>
struct points<9> {
    static constexpr rational at[] = {{1}, {-1}, {1, 4}, {-1, 4}, {2, 3}, {-2, 3}, {2}, {-2}};
};

template <int M, int R>
struct cook_toom {
    static constexpr int n = M + R - 1;
    matrix<M, n> output{};   // A^T
    matrix<n, R> weights{};  // G
    matrix<n, n> input{};    // B^T

    constexpr cook_toom() {
        const auto& p = points<n>::at;
        for (int k = 0; k < n; ++k) {
            const bool finite = k < n - 1;
            rational product[n]{{1}}, norm{1};  // prod (x - q) over the other finite points, lowest power first
            int degree = 0;
            for (int q = 0; q < n - 1; ++q) {
                if (q == k) continue;
                for (int i = ++degree; i >= 0; --i) product[i] = (i > 0 ? product[i - 1] : rational{}) - p[q] * product[i];
                if (finite) norm = norm * (p[k] - p[q]);
            }
            for (int i = 0; i < n; ++i) input.at[k][i] = product[i].value();
            rational power{1};
            for (int i = 0; i < (M > R ? M : R); ++i) {
                if (i < M) output.at[i][k] = finite ? power.value() : i == M - 1 ? 1 : 0;
                if (i < R) weights.at[k][i] = finite ? (power / norm).value() : i == R - 1 ? 1 : 0;
                if (finite) power = power * p[k];
            }
            balance(k);
        }
    }

private:
    // The three vectors of point k to about the same length, by powers of two whose product is one.
    constexpr void balance(int k) {
        double in = 0, w = 0, out = 0;
        for (int i = 0; i < n; ++i) in += input.at[k][i] * input.at[k][i];
        for (int i = 0; i < R; ++i) w += weights.at[k][i] * weights.at[k][i];
        for (int i = 0; i < M; ++i) out += output.at[i][k] * output.at[i][k];
        // Squared lengths: scale a vector by 2 while its cube is below a quarter of the product of the three.
        const auto scale_of = [product = in * w * out](double length) {
            double scale = 1;
            while (length * length * length * scale * scale * scale * scale * scale * scale > product * 8) scale /= 2;
            while (length * length * length * scale * scale * scale * scale * scale * scale < product / 8) scale *= 2;
            return scale;
        };
        const double input_scale = scale_of(in), weights_scale = scale_of(w);
        for (int i = 0; i < n; ++i) input.at[k][i] *= input_scale;
        for (int i = 0; i < R; ++i) weights.at[k][i] *= weights_scale;
        for (int i = 0; i < M; ++i) output.at[i][k] /= input_scale * weights_scale;
    }
};

// A matrix as butterflies on pairs of inputs, a sparser matrix, and butterflies (a + b, a - b) on pairs of outputs.
template <int Rows, int Columns>
struct factored {
    matrix<Rows, Columns> map{};
    bool input_pair[Columns]{}, output_pair[Rows]{};  // whether the pair (i, i + 1) begins here

    constexpr explicit factored(const matrix<Rows, Columns>& m) : map(m) {
        for (int i = 0; i + 1 < Rows; ++i) {
            if (!paired(m.at[i], m.at[i + 1])) continue;
            output_pair[i] = true;
            for (int j = 0; j < Columns; ++j) split(m.at[i][j], m.at[i + 1][j], map.at[i][j], map.at[i + 1][j]);
            ++i;
        }
        for (const bool pair : output_pair) {
            if (pair) return;
        }
        const matrix<Columns, Rows> t = m.transposed();
        for (int j = 0; j + 1 < Columns; ++j) {
            if (!paired(t.at[j], t.at[j + 1])) continue;
            input_pair[j] = true;
            for (int i = 0; i < Rows; ++i) split(m.at[i][j], m.at[i][j + 1], map.at[i][j], map.at[i][j + 1]);
            ++j;
        }
    }

private:
    template <int N>
    static constexpr bool paired(const double (&a)[N], const double (&b)[N]) {
        bool same = false, opposite = false;
        for (int i = 0; i < N; ++i) {
            if (a[i] != b[i] && a[i] != -b[i]) return false;
            same = same || (a[i] == b[i] && a[i] != 0);
            opposite = opposite || (a[i] == -b[i] && a[i] != 0);
        }
        return same && opposite;
    }
    static constexpr void split(double a, double b, double& even, double& odd) {
        even = a == b ? a : 0;
        odd = a == b ? 0 : a;
    }
};

// What is applied along each axis of a tile. The gradients' maps are the transposes, so that each pass is the exact adjoint.
template <int M, int R>
struct maps {
    static constexpr int n = M + R - 1;
    static constexpr cook_toom<M, R> exact{};
    static constexpr factored<n, n> input{exact.input};                             // d -> B^T d
    static constexpr factored<n, R> weights{exact.weights};                         // g -> G g
    static constexpr factored<M, n> output{exact.output};                           // products -> A^T products
    static constexpr factored<n, M> output_gradient{exact.output.transposed()};     // dy -> A dy
    static constexpr factored<R, n> weight_gradient{exact.weights.transposed()};    // products -> G^T products
};

}  // namespace strata::inline STRATA_ABI::cpu::winograd
