// SPDX-License-Identifier: MIT
// Winograd's matrices, in double precision: what they promise is the correlation itself, for every tile that there is.
#include <strata/backend/cpu/winograd/cook_toom.hpp>

#include <doctest/doctest.h>

#include <support/random_values.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

using namespace strata::cpu::winograd;
using namespace testing;

namespace {

template <int Rows, int Columns>
std::vector<double> times(const matrix<Rows, Columns>& m, const std::vector<double>& x) {
    std::vector<double> y(Rows);
    for (int i = 0; i < Rows; ++i)
        for (int j = 0; j < Columns; ++j) y[static_cast<std::size_t>(i)] += m.at[i][j] * x[static_cast<std::size_t>(j)];
    return y;
}

template <int Rows, int Columns>
std::vector<double> times(const factored<Rows, Columns>& f, std::vector<double> x) {
    const auto butterfly = [](std::vector<double>& v, std::size_t i) {
        const double a = v[i], b = v[i + 1];
        v[i] = a + b;
        v[i + 1] = a - b;
    };
    for (int j = 0; j < Columns; ++j)
        if (f.input_pair[j]) butterfly(x, static_cast<std::size_t>(j));
    std::vector<double> y = times(f.map, x);
    for (int i = 0; i < Rows; ++i)
        if (f.output_pair[i]) butterfly(y, static_cast<std::size_t>(i));
    return y;
}

template <int Rows, int Columns>
int factors(const matrix<Rows, Columns>& m) {
    int count = 0;
    for (const auto& row : m.at)
        for (const double x : row) count += x != 0;
    return count;
}

template <int M, int R>
void check() {
    INFO("F(" << M << ", " << R << ")");
    constexpr cook_toom<M, R> w{};
    using map = maps<M, R>;
    dice draw(M * 100 + R);
    for (int turn = 0; turn < 20; ++turn) {
        const auto d = draw.values(M + R - 1, -1, 1), g = draw.values(R, -1, 1), dy = draw.values(M, -1, 1);
        std::vector<double> wanted(M);
        for (std::size_t i = 0; i < M; ++i)
            for (std::size_t j = 0; j < R; ++j) wanted[i] += d[i + j] * g[j];
        std::vector<double> products = times(w.input, d);
        const std::vector<double> u = times(w.weights, g);
        for (std::size_t i = 0; i < products.size(); ++i) products[i] *= u[i];
        CHECK(relative_error(times(w.output, products), wanted) < 1e-12);

        CHECK(relative_error(times(map::input, d), times(w.input, d)) < 1e-12);
        CHECK(relative_error(times(map::weights, g), u) < 1e-12);
        CHECK(relative_error(times(map::output, products), wanted) < 1e-12);
        CHECK(relative_error(times(map::output_gradient, dy), times(w.output.transposed(), dy)) < 1e-12);
        CHECK(relative_error(times(map::weight_gradient, products), times(w.weights.transposed(), products)) < 1e-12);
    }
    // Pairs of points share their products: at most the zeros of a plain matrix are left out, and half of the rest.
    CHECK(factors(map::input.map) <= factors(w.input) * 2 / 3);
    CHECK(factors(map::output.map) <= factors(w.output) * 2 / 3);
    // Balanced: no row is far longer than another's counterpart.
    for (int k = 0; k < w.n; ++k) {
        double in = 0, out = 0, taps = 0;
        for (int i = 0; i < w.n; ++i) in += w.input.at[k][i] * w.input.at[k][i];
        for (int i = 0; i < M; ++i) out += w.output.at[i][k] * w.output.at[i][k];
        for (int i = 0; i < R; ++i) taps += w.weights.at[k][i] * w.weights.at[k][i];
        CHECK(std::max({in, out, taps}) < 32 * std::min({in, out, taps}));
    }
}

}  // namespace

TEST_CASE("each F(m, r) is the correlation, and its factored maps are its matrices with fewer factors") {
    check<4, 3>();
    check<6, 3>();
    check<7, 3>();
    check<4, 5>();
    check<5, 5>();
}

TEST_CASE("fractions are kept in lowest terms") {
    static_assert(rational{2, -6}.reduced() == rational{-1, 3});
    static_assert(rational{1, 2} - rational{1, 3} == rational{1, 6});
    static_assert(rational{2, 3} * rational{3, 4} / rational{1, 2} == rational{1, 1});
    static_assert((rational{1, 2} - rational{2, 4}) == rational{0, 1});
    CHECK(rational{3, 4}.value() == 0.75);
}
