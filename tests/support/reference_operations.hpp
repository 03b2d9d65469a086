// SPDX-License-Identifier: MIT
// Every operation in plain loops and double precision, forward and backward, written from the formulas in the layers' headers and
// from nothing else: no fusion, no blocking, no order of summation that a backend might share.
// src (N, H, W, C), dst (N, P, Q, K), weights (K, R, S, C) or (out, in). Backward adds to what it is given.
#pragma once

#include <strata/core/random.hpp>
#include <strata/network/program.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace testing {

using values = std::vector<double>;

// Rounding, imitated: turns a value by up to one unit of f32 at random. Without one (null), the oracle is exact in doubles.
struct noise {
    std::uint64_t state = 1;
    double unit() {  // Knuth's linear congruential generator: speed matters here, quality does not
        state = state * 6364136223846793005u + 1442695040888963407u;
        return (static_cast<double>(state >> 32) * 0x1p-31 - 1) * 0x1p-23;
    }
};
inline double turned(double value, noise* by) { return by ? value * (1 + by->unit()) : value; }

// Where (n, h, w, c) lies.
struct layout {
    strata::shape s;
    std::size_t at(std::int64_t n, int h, int w, int c) const {
        return static_cast<std::size_t>(((n * s.height + h) * s.width + w) * s.channels + c);
    }
};

// Calls visit(n, p, q, h, w, r, s) for every place of the window that lies inside the picture.
template <typename Visit>
void for_each_window(const strata::operation& op, strata::shape in, strata::shape out, std::int64_t batch, Visit visit) {
    for (std::int64_t n = 0; n < batch; ++n)
        for (int p = 0; p < out.height; ++p)
            for (int q = 0; q < out.width; ++q)
                for (int r = 0; r < op.rows.kernel; ++r)
                    for (int s = 0; s < op.columns.kernel; ++s) {
                        const int h = p * op.rows.stride + r - op.rows.before, w = q * op.columns.stride + s - op.columns.before;
                        if (h >= 0 && h < in.height && w >= 0 && w < in.width) visit(n, p, q, h, w, r, s);
                    }
}

inline std::size_t weight_at(const strata::operation& op, int channels, int k, int r, int s, int c) {
    return static_cast<std::size_t>(((k * op.rows.kernel + r) * op.columns.kernel + s) * channels + c);
}

inline void convolution_forward(const strata::operation& op, strata::shape in, strata::shape out, std::int64_t batch, const values& src,
                                const values& weight, const values* bias, values& dst) {
    const layout from{in}, to{out};
    for (std::size_t i = 0; i < dst.size(); ++i) dst[i] = bias ? (*bias)[i % static_cast<std::size_t>(out.channels)] : 0;
    for_each_window(op, in, out, batch, [&](std::int64_t n, int p, int q, int h, int w, int r, int s) {
        for (int k = 0; k < out.channels; ++k)
            for (int c = 0; c < in.channels; ++c)
                dst[to.at(n, p, q, k)] += src[from.at(n, h, w, c)] * weight[weight_at(op, in.channels, k, r, s, c)];
    });
}

inline void convolution_backward(const strata::operation& op, strata::shape in, strata::shape out, std::int64_t batch, const values& src,
                                 const values& weight, const values& grad_dst, values& grad_src, values& grad_weight, values* grad_bias) {
    const layout from{in}, to{out};
    for_each_window(op, in, out, batch, [&](std::int64_t n, int p, int q, int h, int w, int r, int s) {
        for (int k = 0; k < out.channels; ++k)
            for (int c = 0; c < in.channels; ++c) {
                const double g = grad_dst[to.at(n, p, q, k)];
                grad_src[from.at(n, h, w, c)] += g * weight[weight_at(op, in.channels, k, r, s, c)];
                grad_weight[weight_at(op, in.channels, k, r, s, c)] += g * src[from.at(n, h, w, c)];
            }
    });
    if (grad_bias) {
        for (std::size_t i = 0; i < grad_dst.size(); ++i) (*grad_bias)[i % grad_bias->size()] += grad_dst[i];
    }
}

inline void dense_forward(std::int64_t batch, const values& src, const values& weight, const values* bias, values& dst) {
    const std::size_t in = src.size() / static_cast<std::size_t>(batch), out = dst.size() / static_cast<std::size_t>(batch);
    for (std::size_t n = 0; n < static_cast<std::size_t>(batch); ++n)
        for (std::size_t o = 0; o < out; ++o) {
            double sum = bias ? (*bias)[o] : 0;
            for (std::size_t i = 0; i < in; ++i) sum += src[n * in + i] * weight[o * in + i];
            dst[n * out + o] = sum;
        }
}

inline void dense_backward(std::int64_t batch, const values& src, const values& weight, const values& grad_dst, values& grad_src,
                           values& grad_weight, values* grad_bias) {
    const std::size_t in = src.size() / static_cast<std::size_t>(batch), out = grad_dst.size() / static_cast<std::size_t>(batch);
    for (std::size_t n = 0; n < static_cast<std::size_t>(batch); ++n)
        for (std::size_t o = 0; o < out; ++o) {
            const double g = grad_dst[n * out + o];
            for (std::size_t i = 0; i < in; ++i) {
                grad_src[n * in + i] += g * weight[o * in + i];
                grad_weight[o * in + i] += g * src[n * in + i];
            }
            if (grad_bias) (*grad_bias)[o] += g;
        }
}

// The place of the first maximum of each window, in the order of rows, then columns.
inline std::vector<std::size_t> first_maxima(const strata::operation& op, strata::shape in, strata::shape out, std::int64_t batch,
                                             const values& src) {
    constexpr std::size_t none = ~std::size_t{0};
    const layout from{in}, to{out};
    std::vector<std::size_t> where(static_cast<std::size_t>(batch * out.size()), none);
    for_each_window(op, in, out, batch, [&](std::int64_t n, int p, int q, int h, int w, int, int) {
        for (int c = 0; c < in.channels; ++c) {
            std::size_t& best = where[to.at(n, p, q, c)];
            const std::size_t here = from.at(n, h, w, c);
            if (best == none || src[here] > src[best]) best = here;
        }
    });
    return where;
}

// How many values of the picture each window covers: padding does not count in the mean.
inline values covered(const strata::operation& op, strata::shape in, strata::shape out) {
    const strata::shape plane{out.height, out.width, 1};
    values count(static_cast<std::size_t>(plane.size()), 0);
    for_each_window(op, in, out, 1, [&](std::int64_t, int p, int q, int, int, int, int) { count[layout{plane}.at(0, p, q, 0)] += 1; });
    return count;
}

inline void avg_pool_forward(const strata::operation& op, strata::shape in, strata::shape out, std::int64_t batch, const values& src,
                             values& dst) {
    const layout from{in}, to{out};
    const values count = covered(op, in, out);
    for_each_window(op, in, out, batch, [&](std::int64_t n, int p, int q, int h, int w, int, int) {
        for (int c = 0; c < in.channels; ++c)
            dst[to.at(n, p, q, c)] += src[from.at(n, h, w, c)] / count[static_cast<std::size_t>(p * out.width + q)];
    });
}

inline void avg_pool_backward(const strata::operation& op, strata::shape in, strata::shape out, std::int64_t batch, const values& grad_dst,
                              values& grad_src) {
    const layout from{in}, to{out};
    const values count = covered(op, in, out);
    for_each_window(op, in, out, batch, [&](std::int64_t n, int p, int q, int h, int w, int, int) {
        for (int c = 0; c < in.channels; ++c)
            grad_src[from.at(n, h, w, c)] += grad_dst[to.at(n, p, q, c)] / count[static_cast<std::size_t>(p * out.width + q)];
    });
}

// Mean and biased variance per channel over (N, H, W).
struct moments {
    values mean, variance;
};
inline moments moments_of(const values& src, int channels) {
    const auto count = static_cast<std::size_t>(channels);
    const double rows = static_cast<double>(src.size() / count);
    moments m{values(count, 0), values(count, 0)};
    for (std::size_t i = 0; i < src.size(); ++i) m.mean[i % count] += src[i] / rows;
    for (std::size_t i = 0; i < src.size(); ++i)
        m.variance[i % count] += (src[i] - m.mean[i % count]) * (src[i] - m.mean[i % count]) / rows;
    return m;
}

inline void batch_norm_forward(const values& src, const values& gamma, const values& beta, const moments& m, double epsilon, values& dst) {
    const std::size_t channels = gamma.size();
    for (std::size_t i = 0; i < src.size(); ++i) {
        const std::size_t c = i % channels;
        dst[i] = gamma[c] * (src[i] - m.mean[c]) / std::sqrt(m.variance[c] + epsilon) + beta[c];
    }
}

// Through the batch's own mean and variance. With x' = (x - mean) / sqrt(variance + epsilon) and means over (N, H, W):
// dx = gamma / sqrt(variance + epsilon) * (dy - mean(dy) - x' * mean(dy * x')).
inline void batch_norm_backward(const values& src, const values& gamma, const moments& m, double epsilon, const values& grad_dst,
                                values& grad_src, values& grad_gamma, values& grad_beta, noise* by = nullptr) {
    const std::size_t channels = gamma.size();
    const double rows = static_cast<double>(src.size() / channels);
    const auto normalised = [&](std::size_t i) { return (src[i] - m.mean[i % channels]) / std::sqrt(m.variance[i % channels] + epsilon); };
    values sum(channels, 0), product(channels, 0);
    for (std::size_t i = 0; i < src.size(); ++i) {
        sum[i % channels] += turned(grad_dst[i], by);
        product[i % channels] += turned(grad_dst[i] * normalised(i), by);
    }
    for (std::size_t c = 0; c < channels; ++c) {
        grad_gamma[c] += product[c];
        grad_beta[c] += sum[c];
    }
    for (std::size_t i = 0; i < src.size(); ++i) {
        const std::size_t c = i % channels;
        const double centred = grad_dst[i] - turned(sum[c] / rows, by) - turned(normalised(i) * product[c] / rows, by);
        grad_src[i] += gamma[c] / std::sqrt(m.variance[c] + epsilon) * centred;
    }
}

// 0 where a value is dropped, 1 / (1 - rate) where it is kept: the documented draw, uniform < rate drops.
inline double dropout_factor(const strata::operation& op, std::uint64_t seed, std::uint32_t step, std::size_t index) {
    const strata::random_stream stream{
        .seed = seed, .purpose = strata::random_purpose::dropout, .layer = static_cast<std::uint32_t>(op.layer), .step = step};
    return stream.uniform(index) < op.rate ? 0.0 : 1.0 / (1.0 - static_cast<double>(op.rate));
}

inline void softmax_forward(std::int64_t batch, const values& src, values& dst) {
    const std::size_t classes = src.size() / static_cast<std::size_t>(batch);
    for (std::size_t first = 0; first < src.size(); first += classes) {
        double most = src[first], sum = 0;
        for (std::size_t c = 0; c < classes; ++c) most = std::max(most, src[first + c]);
        for (std::size_t c = 0; c < classes; ++c) sum += dst[first + c] = std::exp(src[first + c] - most);
        for (std::size_t c = 0; c < classes; ++c) dst[first + c] /= sum;
    }
}

inline void softmax_backward(std::int64_t batch, const values& dst, const values& grad_dst, values& grad_src) {
    const std::size_t classes = dst.size() / static_cast<std::size_t>(batch);
    for (std::size_t first = 0; first < dst.size(); first += classes) {
        double sum = 0;
        for (std::size_t c = 0; c < classes; ++c) sum += dst[first + c] * grad_dst[first + c];
        for (std::size_t c = 0; c < classes; ++c) grad_src[first + c] += dst[first + c] * (grad_dst[first + c] - sum);
    }
}

}  // namespace testing
