// SPDX-License-Identifier: MIT
// Matrix product and convolutions. A convolution is a product with the picture's patches laid out as rows, one picture at a time.
#include "compute.hpp"

#include <algorithm>
#include <cstring>

namespace vgpu {
namespace {

constexpr std::size_t inner_block = 256, rows_block = 4, columns_block = 16;

// A tile of 4 x 16 over one block of k; its sums start at zero and are added to c once.
void plain_tile(std::size_t k, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c, std::size_t ldc) {
    float sums[rows_block * columns_block] = {};
    for (std::size_t i = 0; i < k; ++i)
        for (std::size_t row = 0; row < rows_block; ++row)
            for (std::size_t column = 0; column < columns_block; ++column)
                sums[row * columns_block + column] += a[row * lda + i] * b[i * ldb + column];
    for (std::size_t row = 0; row < rows_block; ++row)
        for (std::size_t column = 0; column < columns_block; ++column) c[row * ldc + column] += sums[row * columns_block + column];
}

#if defined(__x86_64__) && defined(__GNUC__)
using lanes = float __attribute__((vector_size(32)));

// The same, written out, so that the sums stay in registers.
__attribute__((target("avx2,fma"))) void wide_tile(std::size_t k, const float* a, std::size_t lda, const float* b, std::size_t ldb,
                                                   float* c, std::size_t ldc) {
    lanes s00 = {}, s01 = {}, s10 = {}, s11 = {}, s20 = {}, s21 = {}, s30 = {}, s31 = {};
    for (std::size_t i = 0; i < k; ++i) {
        lanes r0, r1;
        std::memcpy(&r0, b + i * ldb, sizeof r0);
        std::memcpy(&r1, b + i * ldb + 8, sizeof r1);
        const float l0 = a[i], l1 = a[lda + i], l2 = a[2 * lda + i], l3 = a[3 * lda + i];
        s00 += l0 * r0, s01 += l0 * r1, s10 += l1 * r0, s11 += l1 * r1;
        s20 += l2 * r0, s21 += l2 * r1, s30 += l3 * r0, s31 += l3 * r1;
    }
    float sums[rows_block * columns_block];
    std::memcpy(sums, &s00, sizeof s00), std::memcpy(sums + 8, &s01, sizeof s01), std::memcpy(sums + 16, &s10, sizeof s10);
    std::memcpy(sums + 24, &s11, sizeof s11), std::memcpy(sums + 32, &s20, sizeof s20), std::memcpy(sums + 40, &s21, sizeof s21);
    std::memcpy(sums + 48, &s30, sizeof s30), std::memcpy(sums + 56, &s31, sizeof s31);
    for (std::size_t row = 0; row < rows_block; ++row)
        for (std::size_t column = 0; column < columns_block; ++column) c[row * ldc + column] += sums[row * columns_block + column];
}

using tile_function = void (*)(std::size_t, const float*, std::size_t, const float*, std::size_t, float*, std::size_t);
const tile_function tile = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0 ? wide_tile : plain_tile;
#else
constexpr auto tile = plain_tile;
#endif

void edge(std::size_t m, std::size_t n, std::size_t k, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c,
          std::size_t ldc) {
    float left[rows_block * inner_block] = {}, right[inner_block * columns_block] = {}, sum[rows_block * columns_block] = {};
    for (std::size_t row = 0; row < m; ++row) std::copy_n(a + row * lda, k, left + row * inner_block);
    for (std::size_t i = 0; i < k; ++i) std::copy_n(b + i * ldb, n, right + i * columns_block);
    tile(k, left, inner_block, right, columns_block, sum, columns_block);
    for (std::size_t row = 0; row < m; ++row)
        for (std::size_t column = 0; column < n; ++column) c[row * ldc + column] += sum[row * columns_block + column];
}

// rows (p * q, r * s * c) from one picture (h, w, c); zeros outside.
struct patches {
    const picture& x;
    const picture& filter;
    const picture& y;
    const window& how;
    std::size_t rows() const { return static_cast<std::size_t>(y.h * y.w); }
    std::size_t columns() const { return static_cast<std::size_t>(filter.h * filter.w * filter.c); }

    template <class Visit>  // visit(row, tap, offset of the pixel's first channel in the picture, or -1 outside)
    void each(const Visit& visit) const {
        for (std::int64_t p = 0; p < y.h; ++p)
            for (std::int64_t q = 0; q < y.w; ++q)
                for (std::int64_t r = 0; r < filter.h; ++r)
                    for (std::int64_t s = 0; s < filter.w; ++s) {
                        const std::int64_t tap_r = how.flipped ? filter.h - 1 - r : r, tap_s = how.flipped ? filter.w - 1 - s : s;
                        const std::int64_t row = p * how.stride[0] - how.before[0] + tap_r * how.dilation[0];
                        const std::int64_t column = q * how.stride[1] - how.before[1] + tap_s * how.dilation[1];
                        const bool inside = row >= 0 && row < x.h && column >= 0 && column < x.w;
                        visit(static_cast<std::size_t>(p * y.w + q), static_cast<std::size_t>(r * filter.w + s),
                              inside ? (row * x.w + column) * x.c : -1);
                    }
    }
    void gather(const float* image, float* out) const {
        const auto c = static_cast<std::size_t>(filter.c);
        each([&](std::size_t row, std::size_t tap, std::int64_t at) {
            float* const to = out + row * columns() + tap * c;
            if (at < 0) std::fill_n(to, c, 0.0F);
            else std::copy_n(image + at, c, to);
        });
    }
    void scatter_add(const float* rows_of, float* image) const {
        const auto c = static_cast<std::size_t>(filter.c);
        each([&](std::size_t row, std::size_t tap, std::int64_t at) {
            if (at < 0) return;
            const float* const from = rows_of + row * columns() + tap * c;
            for (std::size_t i = 0; i < c; ++i) image[static_cast<std::size_t>(at) + i] += from[i];
        });
    }
};

}  // namespace

void multiply_add(std::size_t m, std::size_t n, std::size_t k, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c,
                  std::size_t ldc) {
    std::vector<float> panel(inner_block * columns_block);
    for (std::size_t at = 0; at < k; at += inner_block) {
        const std::size_t depth = std::min(inner_block, k - at);
        for (std::size_t column = 0; column < n; column += columns_block) {
            const std::size_t width = std::min(columns_block, n - column);
            for (std::size_t i = 0; i < depth; ++i) {  // B's panel, packed
                float* const to = panel.data() + i * columns_block;
                std::copy_n(b + (at + i) * ldb + column, width, to);
                std::fill(to + width, to + columns_block, 0.0F);
            }
            for (std::size_t row = 0; row < m; row += rows_block) {
                const std::size_t height = std::min(rows_block, m - row);
                const float* const left = a + row * lda + at;
                if (height == rows_block && width == columns_block)
                    tile(depth, left, lda, panel.data(), columns_block, c + row * ldc + column, ldc);
                else edge(height, width, depth, left, lda, panel.data(), columns_block, c + row * ldc + column, ldc);
            }
        }
    }
}

std::vector<float> transposed(const float* source, std::size_t rows, std::size_t columns, std::size_t leading) {
    std::vector<float> result(rows * columns);
    for (std::size_t row = 0; row < rows; ++row)
        for (std::size_t column = 0; column < columns; ++column) result[column * rows + row] = source[row * leading + column];
    return result;
}

std::vector<float> convolution_forward(const picture& x_shape, const float* x, const picture& w_shape, const float* w,
                                       const picture& y_shape, const window& how) {
    const patches all{x_shape, w_shape, y_shape, how};
    const std::size_t taps = all.columns(), filters = static_cast<std::size_t>(w_shape.n);
    const std::vector<float> right = transposed(w, filters, taps, taps);
    std::vector<float> left(all.rows() * taps), y(y_shape.count(), 0.0F);
    for (std::int64_t n = 0; n < x_shape.n; ++n) {
        all.gather(x + static_cast<std::size_t>(n * x_shape.h * x_shape.w * x_shape.c), left.data());
        multiply_add(all.rows(), filters, taps, left.data(), taps, right.data(), filters,
                     y.data() + static_cast<std::size_t>(n) * all.rows() * filters, filters);
    }
    return y;
}

std::vector<float> convolution_backward_data(const picture& x_shape, const picture& w_shape, const float* w, const picture& y_shape,
                                             const float* dy, const window& how) {
    const patches all{x_shape, w_shape, y_shape, how};
    const std::size_t taps = all.columns(), filters = static_cast<std::size_t>(w_shape.n);
    std::vector<float> rows(all.rows() * taps), dx(x_shape.count(), 0.0F);
    for (std::int64_t n = 0; n < x_shape.n; ++n) {
        std::fill(rows.begin(), rows.end(), 0.0F);
        multiply_add(all.rows(), taps, filters, dy + static_cast<std::size_t>(n) * all.rows() * filters, filters, w, taps, rows.data(),
                     taps);
        all.scatter_add(rows.data(), dx.data() + static_cast<std::size_t>(n * x_shape.h * x_shape.w * x_shape.c));
    }
    return dx;
}

std::vector<float> convolution_backward_filter(const picture& x_shape, const float* x, const picture& w_shape, const picture& y_shape,
                                               const float* dy, const window& how) {
    const patches all{x_shape, w_shape, y_shape, how};
    const std::size_t taps = all.columns(), filters = static_cast<std::size_t>(w_shape.n);
    std::vector<float> rows(all.rows() * taps), dw(filters * taps, 0.0F);
    for (std::int64_t n = 0; n < x_shape.n; ++n) {
        all.gather(x + static_cast<std::size_t>(n * x_shape.h * x_shape.w * x_shape.c), rows.data());
        const std::vector<float> left = transposed(dy + static_cast<std::size_t>(n) * all.rows() * filters, all.rows(), filters, filters);
        multiply_add(filters, taps, all.rows(), left.data(), all.rows(), rows.data(), taps, dw.data(), taps);
    }
    return dw;
}

}  // namespace vgpu
