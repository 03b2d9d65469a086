// SPDX-License-Identifier: MIT
// Batch norm in training over x (rows, channels), rows = N * H * W, for any number of channels: for where cuDNN has no engine.
//   y = x' gamma + beta,  x' = (x - mean) inverse_deviation,  inverse_deviation = 1 / sqrt(biased variance + epsilon)
//   dbeta = sum(dy),  dgamma = sum(dy x'),  dx = gamma inverse_deviation (dy - dbeta / rows - x' dgamma / rows)
// Sums go in stages whose shape follows from rows and channels alone: the same bits on any device. Squares are summed about a value
// of their own part, and parts joined about their common mean (Chan, Golub, LeVeque 1979): nothing large cancels.
// x, y and their gradients are float or bf16, all else is f32.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

// Rows are dealt to parts in turn, and parts to groups in the same way: part p has the rows p, p + parts, p + 2 * parts ... So index i
// of parts * channels begins with value i, which is of channel i % channels, and goes on in strides that keep the channel; and indexes
// side by side read values side by side, however few channels there are.
struct dealt_rows {
    std::int64_t rows = 0, channels = 0, parts = 0, groups = 0;

    // As many parts as keep a part short, and as many groups as groups have parts; few parts are not grouped.
    static constexpr dealt_rows of(std::int64_t rows, std::int64_t channels) {
        constexpr std::int64_t rows_of_part = 32, ungrouped = 64;
        dealt_rows dealt{rows, channels, (rows + rows_of_part - 1) / rows_of_part, 1};
        if (dealt.parts <= ungrouped) dealt.groups = dealt.parts;
        while (dealt.groups * dealt.groups < dealt.parts) ++dealt.groups;
        return dealt;
    }
    constexpr bool grouped() const { return groups < parts; }
    STRATA_HOST_DEVICE constexpr std::int64_t values() const { return rows * channels; }
};

// Of some rows of one channel.
struct channel_moments {
    float rows, mean;
    float squares;  // the sum of (x - mean)^2
};

// Index: a part and channel.
template <typename T>
struct batch_norm_moments {
    const T* src;  // (rows, channels)
    dealt_rows of;
    channel_moments* dst;  // (parts, channels)

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const std::int64_t stride = of.parts * of.channels, end = of.values();
        const float origin = static_cast<float>(src[i]);
        float rows = 0, sum = 0, squares = 0;
        for (auto at = static_cast<std::int64_t>(i); at < end; at += stride) {
            const float distance = static_cast<float>(src[at]) - origin;
            rows += 1;
            sum += distance;
            squares += distance * distance;
        }
        const float mean = sum / rows, about_mean = squares - sum * mean;
        dst[i] = {rows, origin + mean, about_mean < 0 ? 0.0f : about_mean};  // NaN stays NaN
    }
};

struct joined_moments {
    double rows = 0, mean = 0, squares = 0;
};
// Those at first, first + stride ... below end.
STRATA_HOST_DEVICE inline joined_moments joined(const channel_moments* src, std::int64_t first, std::int64_t stride, std::int64_t end) {
    joined_moments all;
    for (std::int64_t at = first; at < end; at += stride) {
        all.rows += static_cast<double>(src[at].rows);
        all.mean += static_cast<double>(src[at].rows) * static_cast<double>(src[at].mean);
    }
    all.mean /= all.rows;
    for (std::int64_t at = first; at < end; at += stride) {
        const double distance = static_cast<double>(src[at].mean) - all.mean;
        all.squares += static_cast<double>(src[at].squares) + static_cast<double>(src[at].rows) * distance * distance;
    }
    return all;
}

// Index: a group and channel.
struct batch_norm_group_moments {
    const channel_moments* src;  // (parts, channels)
    dealt_rows of;
    channel_moments* dst;  // (groups, channels)

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const joined_moments all = joined(src, static_cast<std::int64_t>(i), of.groups * of.channels, of.parts * of.channels);
        dst[i] = {static_cast<float>(all.rows), static_cast<float>(all.mean), static_cast<float>(all.squares)};
    }
};

// Index: a channel.
struct batch_norm_statistics {
    const channel_moments* src;  // (groups, channels)
    dealt_rows of;
    float epsilon;
    float* mean;               // (channels)
    float* inverse_deviation;  // (channels)

    STRATA_HOST_DEVICE void operator()(std::size_t c) const {
        const joined_moments all = joined(src, static_cast<std::int64_t>(c), of.channels, of.groups * of.channels);
        mean[c] = static_cast<float>(all.mean);
        inverse_deviation[c] = static_cast<float>(1.0 / std::sqrt(all.squares / all.rows + static_cast<double>(epsilon)));
    }
};

// Where nothing is summed, each index takes some rows of its channel: dealt as above, to this many parts.
constexpr std::int64_t batch_norm_stride(std::int64_t rows, std::int64_t channels) {
    constexpr std::int64_t rows_of_index = 8;
    return (rows + rows_of_index - 1) / rows_of_index * channels;
}

// Index: of batch_norm_stride().
template <typename T>
struct batch_norm_forward {
    const T* src;  // (rows, channels)
    const float *gamma, *beta, *mean, *inverse_deviation;  // (channels)
    std::int64_t values, channels, stride;
    T* dst;  // (rows, channels)

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const auto first = static_cast<std::int64_t>(i), c = first % channels;
        const float centre = mean[c], factor = inverse_deviation[c] * gamma[c], shift = beta[c];
        for (std::int64_t at = first; at < values; at += stride)
            dst[at] = static_cast<T>((static_cast<float>(src[at]) - centre) * factor + shift);
    }
};

// Of some rows of one channel: the sums of dy and of dy x'.
struct channel_sums {
    float plain, normalised;
};

// Index: a part and channel.
template <typename T>
struct batch_norm_sums {
    const T* src;       // (rows, channels)
    const T* grad_dst;  // (rows, channels)
    const float *mean, *inverse_deviation;  // (channels)
    dealt_rows of;
    channel_sums* dst;  // (parts, channels)

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const std::int64_t stride = of.parts * of.channels, end = of.values(), c = static_cast<std::int64_t>(i) % of.channels;
        const float centre = mean[c];
        float plain = 0, product = 0;
        for (auto at = static_cast<std::int64_t>(i); at < end; at += stride) {
            const float grad = static_cast<float>(grad_dst[at]);
            plain += grad;
            product += grad * (static_cast<float>(src[at]) - centre);
        }
        dst[i] = {plain, product * inverse_deviation[c]};
    }
};

struct joined_sums {
    double plain = 0, normalised = 0;
};
STRATA_HOST_DEVICE inline joined_sums joined(const channel_sums* src, std::int64_t first, std::int64_t stride, std::int64_t end) {
    joined_sums all;
    for (std::int64_t at = first; at < end; at += stride) {
        all.plain += static_cast<double>(src[at].plain);
        all.normalised += static_cast<double>(src[at].normalised);
    }
    return all;
}

// Index: a group and channel.
struct batch_norm_group_sums {
    const channel_sums* src;  // (parts, channels)
    dealt_rows of;
    channel_sums* dst;  // (groups, channels)

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const joined_sums all = joined(src, static_cast<std::int64_t>(i), of.groups * of.channels, of.parts * of.channels);
        dst[i] = {static_cast<float>(all.plain), static_cast<float>(all.normalised)};
    }
};

// Index: a channel.
struct batch_norm_parameters {
    const channel_sums* src;  // (groups, channels)
    dealt_rows of;
    float* grad_gamma;  // (channels)
    float* grad_beta;   // (channels)

    STRATA_HOST_DEVICE void operator()(std::size_t c) const {
        const joined_sums all = joined(src, static_cast<std::int64_t>(c), of.channels, of.groups * of.channels);
        grad_gamma[c] = static_cast<float>(all.normalised);
        grad_beta[c] = static_cast<float>(all.plain);
    }
};

// Index: of batch_norm_stride().
template <typename T>
struct batch_norm_backward {
    const T* src;       // (rows, channels)
    const T* grad_dst;  // (rows, channels)
    const float *gamma, *mean, *inverse_deviation, *grad_gamma, *grad_beta;  // (channels)
    std::int64_t values, channels, stride;
    T* grad_src;  // (rows, channels)

    STRATA_HOST_DEVICE void operator()(std::size_t i) const {
        const auto first = static_cast<std::int64_t>(i), c = first % channels;
        const float rows = static_cast<float>(values / channels), inverse = inverse_deviation[c], centre = mean[c];
        const float factor = gamma[c] * inverse, plain = grad_beta[c] / rows, normalised = grad_gamma[c] / rows * inverse;
        for (std::int64_t at = first; at < values; at += stride) {
            const float distance = static_cast<float>(src[at]) - centre;
            grad_src[at] = static_cast<T>(factor * (static_cast<float>(grad_dst[at]) - plain - distance * normalised));
        }
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
