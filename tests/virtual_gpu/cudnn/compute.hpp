// SPDX-License-Identifier: MIT
// The arithmetic of the virtual cuDNN and cuBLASLt: plain loops over dense floats, channels innermost.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace vgpu {

/// C (m, n) += A (m, k) * B (k, n), all row-major with leading dimensions; sums in float over blocks of 256.
void multiply_add(std::size_t m, std::size_t n, std::size_t k, const float* a, std::size_t lda, const float* b, std::size_t ldb, float* c,
                  std::size_t ldc);
/// (columns, rows) from (rows, columns).
std::vector<float> transposed(const float* source, std::size_t rows, std::size_t columns, std::size_t leading);

struct window {
    std::int64_t stride[2] = {1, 1}, before[2] = {0, 0}, dilation[2] = {1, 1};
    bool flipped = false;  // a convolution in the strict sense
};
struct picture {
    std::int64_t n, h, w, c;
    std::size_t count() const { return static_cast<std::size_t>(n * h * w * c); }
};

/// y (n, p, q, k) = convolution of x (n, h, w, c) with w (k, r, s, c).
std::vector<float> convolution_forward(const picture& x_shape, const float* x, const picture& w_shape, const float* w,
                                       const picture& y_shape, const window& how);
std::vector<float> convolution_backward_data(const picture& x_shape, const picture& w_shape, const float* w, const picture& y_shape,
                                             const float* dy, const window& how);
std::vector<float> convolution_backward_filter(const picture& x_shape, const float* x, const picture& w_shape, const picture& y_shape,
                                               const float* dy, const window& how);

}  // namespace vgpu
