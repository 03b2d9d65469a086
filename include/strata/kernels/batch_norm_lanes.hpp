// SPDX-License-Identifier: MIT
// Batch norm over pictures in lanes (lanes.hpp), the channels of a pixel side by side; m = batch * height * width values per channel:
//   y = (x - mean) factor + beta,  factor = gamma / sqrt(biased variance + epsilon)
//   dbeta = sum(dy),  dgamma = sum(dy (x - mean)) / sqrt(variance + epsilon),  dx = factor dy - along (x - mean) - constant
//   along = factor dgamma / (m sqrt(variance + epsilon)),  constant = factor dbeta / m
// Each picture is summed in float, pictures in double and in order: the same bits at any number of threads. Squares are summed about a
// picture's own mean, and joined about the common one (Chan, Golub, LeVeque 1979).
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>
#include <strata/kernels/lanes.hpp>
#include <strata/kernels/simd.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

// Values are scaled by a rectifier's slope where `sign` is not positive; slope 1: there is no rectifier. A product is computed in a loop
// of its own: compilers choose between values without a branch, but not whether to compute.
STRATA_HOST_DEVICE inline void rectify(const float* sign, float slope, std::int64_t count, float* values) {
    if (slope == 1) return;
    if (slope == 0) {
        STRATA_SIMD
        for (std::int64_t l = 0; l < count; ++l) values[l] = sign[l] > 0 ? values[l] : 0.0f;
        return;
    }
    constexpr std::int64_t tile = 32;
    for (std::int64_t first = 0; first < count; first += tile) {
        const std::int64_t end = count - first < tile ? count - first : tile;
        const float* const x = sign + first;
        float* const y = values + first;
        float scaled[tile];
        STRATA_SIMD
        for (std::int64_t l = 0; l < end; ++l) scaled[l] = y[l] * slope;
        STRATA_SIMD
        for (std::int64_t l = 0; l < end; ++l) y[l] = x[l] > 0 ? y[l] : scaled[l];
    }
}

// Index: a picture.
struct lane_moments {
    const float* src;  // as `of`
    lane_pictures of;
    float* partial;  // (pictures, 2, lanes): mean, and sum of (x - mean)^2

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const auto picture = static_cast<std::int64_t>(i);
        const std::int64_t lanes = of.lanes, pixels = of.pixels();
        const float* const first = src + picture * of.picture_size();
        float* const mean = partial + picture * 2 * lanes;
        float* const squares = mean + lanes;
        for (std::int64_t l = 0; l < 2 * lanes; ++l) mean[l] = 0;
        for (std::int64_t p = 0; p < pixels; ++p) {
            const float* const x = first + p * lanes;
            STRATA_SIMD
            for (std::int64_t l = 0; l < lanes; ++l) mean[l] += x[l];
        }
        const float count = static_cast<float>(pixels);
        STRATA_SIMD
        for (std::int64_t l = 0; l < lanes; ++l) mean[l] /= count;
        for (std::int64_t p = 0; p < pixels; ++p) {
            const float* const x = first + p * lanes;
            STRATA_SIMD
            for (std::int64_t l = 0; l < lanes; ++l) squares[l] += (x[l] - mean[l]) * (x[l] - mean[l]);
        }
    }
};

// Index: a channel.
struct lane_statistics {
    const float* partial;  // of lane_moments
    lane_pictures of;
    float* mean;      // (channels)
    float* variance;  // (channels), biased

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const auto c = static_cast<std::int64_t>(i);
        const std::int64_t stride = of.blocks * 2 * of.lanes, batch = of.batch();
        const float* const means = partial + c / of.lanes * 2 * of.lanes + c % of.lanes;
        const float* const squares = means + of.lanes;
        const double rows = static_cast<double>(batch), pixels = static_cast<double>(of.pixels());
        double sum = 0, about = 0;
        for (std::int64_t n = 0; n < batch; ++n) sum += static_cast<double>(means[n * stride]);
        const double centre = sum / rows;
        for (std::int64_t n = 0; n < batch; ++n) {
            const double distance = static_cast<double>(means[n * stride]) - centre;
            about += static_cast<double>(squares[n * stride]) + pixels * distance * distance;
        }
        mean[c] = static_cast<float>(centre);
        variance[c] = static_cast<float>(about / (rows * pixels));
    }
};

// Index: a channel.
struct lane_factor {
    const float *gamma, *variance;  // (channels)
    float epsilon;
    float* factor;  // (channels)

    STRATA_HOST_DEVICE void operator()(std::size_t c) const {
        factor[c] =
            static_cast<float>(static_cast<double>(gamma[c]) / std::sqrt(static_cast<double>(variance[c]) + static_cast<double>(epsilon)));
    }
};

// Index: a row of a picture, counted through all pictures.
struct lane_normalize {
    const float* src;                     // as `of`
    const float *mean, *factor, *beta;    // (channels)
    lane_pictures of;
    float* dst;  // as `of`; may be src

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const auto row = static_cast<std::int64_t>(i);
        const std::int64_t lanes = of.lanes, first = of.first_channel(row / of.height);
        const float *const centre = mean + first, *const scale = factor + first, *const shift = beta + first;
        for (std::int64_t w = 0; w < of.width; ++w) {
            const float* const x = src + row * of.row_size() + w * lanes;
            float* const y = dst + row * of.row_size() + w * lanes;
            STRATA_SIMD
            for (std::int64_t l = 0; l < lanes; ++l) y[l] = (x[l] - centre[l]) * scale[l] + shift[l];
        }
    }
};

// Index: a picture.
struct lane_gradient_sums {
    const float* src;       // as `of`
    const float* grad_dst;  // as `of`
    const float* mean;      // (channels)
    lane_pictures of;
    float* partial;  // (pictures, 2, lanes): sums of dy, and of dy (x - mean)

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const auto picture = static_cast<std::int64_t>(i);
        const std::int64_t lanes = of.lanes, pixels = of.pixels(), first = picture * of.picture_size();
        const float* const centre = mean + of.first_channel(picture);
        float* const plain = partial + picture * 2 * lanes;
        float* const product = plain + lanes;
        for (std::int64_t l = 0; l < 2 * lanes; ++l) plain[l] = 0;
        for (std::int64_t p = 0; p < pixels; ++p) {
            const float *const x = src + first + p * lanes, *const dy = grad_dst + first + p * lanes;
            STRATA_SIMD
            for (std::int64_t l = 0; l < lanes; ++l) {
                plain[l] += dy[l];
                product[l] += dy[l] * (x[l] - centre[l]);
            }
        }
    }
};

// Index: a channel.
struct lane_gradient_coefficients {
    const float* partial;              // of lane_gradient_sums
    const float *variance, *factor;    // (channels)
    lane_pictures of;
    float epsilon;
    float *grad_gamma, *grad_beta;  // (channels)
    float *along, *constant;        // (channels)

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const auto c = static_cast<std::int64_t>(i);
        const std::int64_t stride = of.blocks * 2 * of.lanes, batch = of.batch();
        const float* const sums = partial + c / of.lanes * 2 * of.lanes + c % of.lanes;
        double plain = 0, product = 0;
        for (std::int64_t n = 0; n < batch; ++n) {
            plain += static_cast<double>(sums[n * stride]);
            product += static_cast<double>(sums[n * stride + of.lanes]);
        }
        const double values = static_cast<double>(batch * of.pixels()), scale = static_cast<double>(factor[c]);
        const double inverse = 1.0 / std::sqrt(static_cast<double>(variance[c]) + static_cast<double>(epsilon));
        grad_beta[c] = static_cast<float>(plain);
        grad_gamma[c] = static_cast<float>(product * inverse);
        along[c] = static_cast<float>(scale * product * inverse * inverse / values);
        constant[c] = static_cast<float>(scale * plain / values);
    }
};

// The gradient of what lies before a rectifier and the batch norm that reads it; either may be missing.
struct lane_gradient_chain {
    const float* grad_dst;                            // as the pictures
    const float* src = nullptr;                       // what the rectifier wrote and batch norm read; null where neither is
    const float *mean = nullptr, *factor = nullptr;   // (channels), null without batch norm
    const float *along = nullptr, *constant = nullptr;
    float slope = 1;  // of the rectifier below 0; 1: there is none

    // dst[l] for `count` values from `at`, the first of which is of this channel.
    STRATA_HOST_DEVICE void operator()(std::int64_t at, std::int64_t channel, std::int64_t count, float* dst) const {
        const float *const dy = grad_dst + at, *const x = src + at;
        if (mean != nullptr) {
            const float *const centre = mean + channel, *const scale = factor + channel;
            const float *const a = along + channel, *const b = constant + channel;
            STRATA_SIMD
            for (std::int64_t l = 0; l < count; ++l) dst[l] = dy[l] * scale[l] - (x[l] - centre[l]) * a[l] - b[l];
        } else {
            STRATA_SIMD
            for (std::int64_t l = 0; l < count; ++l) dst[l] = dy[l];
        }
        rectify(x, slope, count, dst);
    }
};

// Index: a row of a picture, counted through all pictures.
struct lane_gradient {
    lane_gradient_chain chain;
    lane_pictures of;
    float* grad_src;  // as `of`; may be chain.grad_dst

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const auto row = static_cast<std::int64_t>(i);
        const std::int64_t channel = of.first_channel(row / of.height);
        for (std::int64_t w = 0; w < of.width; ++w) {
            const std::int64_t at = row * of.row_size() + w * of.lanes;
            chain(at, channel, of.lanes, grad_src + at);
        }
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
