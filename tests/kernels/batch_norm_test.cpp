// SPDX-License-Identifier: MIT
// Batch norm's kernels, run one after the other, against the formulas in double precision.
#include <strata/kernels/batch_norm.hpp>
#include <strata/kernels/bf16.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <doctest/doctest.h>
#include <support/random_values.hpp>
#include <support/reference_operations.hpp>

using namespace strata;
using testing::dice;
using testing::values;

namespace {

struct arrays {
    std::int64_t rows, channels;
    std::vector<float> src, grad_dst, gamma, beta;

    arrays(std::int64_t of_rows, std::int64_t of_channels, std::uint64_t seed = 1, float centre = 0.5f)
        : rows(of_rows), channels(of_channels) {
        dice draw(seed);
        for (std::int64_t i = 0; i < rows * channels; ++i) {
            src.push_back(centre + static_cast<float>(draw.uniform(-2, 2)));
            grad_dst.push_back(static_cast<float>(draw.uniform(-1, 1)));
        }
        for (std::int64_t c = 0; c < channels; ++c) {
            gamma.push_back(static_cast<float>(draw.uniform(0.5, 2)));
            beta.push_back(static_cast<float>(draw.uniform(-1, 1)));
        }
    }
};

struct outcome {
    std::vector<float> dst, mean, inverse_deviation, grad_gamma, grad_beta, grad_src;
    bool operator==(const outcome&) const = default;
};

constexpr float epsilon = 1e-3f;

// Runs a body for the indexes below count, forwards or backwards: no index may depend on another.
template <typename Body>
void run(const Body& body, std::int64_t count, bool reversed) {
    for (std::int64_t i = 0; i < count; ++i) body(static_cast<std::size_t>(reversed ? count - 1 - i : i));
}

template <typename T>
std::vector<T> as(const std::vector<float>& list) {
    std::vector<T> other;
    for (const float value : list) other.push_back(static_cast<T>(value));
    return other;
}

// The stages as the backend enqueues them.
template <typename T>
outcome normalised(const arrays& a, bool reversed = false) {
    const auto of = kernels::dealt_rows::of(a.rows, a.channels);
    const std::int64_t stride = kernels::batch_norm_stride(a.rows, a.channels), channels = a.channels;
    const auto count = static_cast<std::size_t>(channels);
    const std::vector<T> src = as<T>(a.src), grad_dst = as<T>(a.grad_dst);
    std::vector<T> dst(src.size()), grad_src(src.size());
    outcome r{{}, std::vector<float>(count), std::vector<float>(count), std::vector<float>(count), std::vector<float>(count), {}};

    std::vector<kernels::channel_moments> moments(static_cast<std::size_t>(of.parts) * count), moments_of_groups(moments.size());
    run(kernels::batch_norm_moments<T>{src.data(), of, moments.data()}, of.parts * channels, reversed);
    if (of.grouped()) {
        run(kernels::batch_norm_group_moments{moments.data(), of, moments_of_groups.data()}, of.groups * channels, reversed);
        moments = moments_of_groups;
    }
    run(kernels::batch_norm_statistics{moments.data(), of, epsilon, r.mean.data(), r.inverse_deviation.data()}, channels, reversed);
    run(kernels::batch_norm_forward<T>{src.data(), a.gamma.data(), a.beta.data(), r.mean.data(), r.inverse_deviation.data(), of.values(),
                                       channels, stride, dst.data()},
        stride, reversed);

    std::vector<kernels::channel_sums> sums(static_cast<std::size_t>(of.parts) * count), sums_of_groups(sums.size());
    run(kernels::batch_norm_sums<T>{src.data(), grad_dst.data(), r.mean.data(), r.inverse_deviation.data(), of, sums.data()},
        of.parts * channels, reversed);
    if (of.grouped()) {
        run(kernels::batch_norm_group_sums{sums.data(), of, sums_of_groups.data()}, of.groups * channels, reversed);
        sums = sums_of_groups;
    }
    run(kernels::batch_norm_parameters{sums.data(), of, r.grad_gamma.data(), r.grad_beta.data()}, channels, reversed);
    run(kernels::batch_norm_backward<T>{src.data(), grad_dst.data(), a.gamma.data(), r.mean.data(), r.inverse_deviation.data(),
                                        r.grad_gamma.data(), r.grad_beta.data(), of.values(), channels, stride, grad_src.data()},
        stride, reversed);
    for (const T value : dst) r.dst.push_back(static_cast<float>(value));
    for (const T value : grad_src) r.grad_src.push_back(static_cast<float>(value));
    return r;
}

values wide(const std::vector<float>& list) { return {list.begin(), list.end()}; }

// The largest distance from the oracle's numbers, relative to the root mean square of them, or of what they are a difference of.
double error(const std::vector<float>& found, const values& wanted, const values& scale) {
    double most = 0, squares = 0;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
        most = std::max(most, std::abs(static_cast<double>(found[i]) - wanted[i]));
        squares += scale[i] * scale[i];
    }
    return most / (std::sqrt(squares / static_cast<double>(wanted.size())) + 1e-30);
}
double error(const std::vector<float>& found, const values& wanted) { return error(found, wanted, wanted); }

struct errors {
    double dst, mean, inverse_deviation, grad_gamma, grad_beta, grad_src;
};
errors against_oracle(const arrays& a, const outcome& found) {
    const values src = wide(a.src), gamma = wide(a.gamma), beta = wide(a.beta), grad_dst = wide(a.grad_dst);
    const testing::moments m = testing::moments_of(src, static_cast<int>(a.channels));
    values dst(src.size()), grad_src(src.size()), grad_gamma(gamma.size()), grad_beta(gamma.size()), inverse;
    for (const double v : m.variance) inverse.push_back(1 / std::sqrt(v + static_cast<double>(epsilon)));
    testing::batch_norm_forward(src, gamma, beta, m, static_cast<double>(epsilon), dst);
    testing::batch_norm_backward(src, gamma, m, static_cast<double>(epsilon), grad_dst, grad_src, grad_gamma, grad_beta);
    values before_means = grad_dst;  // what is left of it may be little: of two rows nearly nothing
    for (std::size_t i = 0; i < before_means.size(); ++i) before_means[i] *= gamma[i % gamma.size()] * inverse[i % gamma.size()];
    return {error(found.dst, dst),
            error(found.mean, m.mean),
            error(found.inverse_deviation, inverse),
            error(found.grad_gamma, grad_gamma),
            error(found.grad_beta, grad_beta),
            error(found.grad_src, grad_src, before_means)};
}

}  // namespace

TEST_CASE("every row is dealt once, whatever their number, and the stages stay short") {
    for (const std::int64_t rows : {1, 2, 31, 32, 33, 2048, 2049, 7200, 131072}) {
        const auto of = kernels::dealt_rows::of(rows, 1);
        CAPTURE(rows);
        CHECK((of.parts - 1) * 32 < rows);
        CHECK(of.parts * 32 >= rows);
        CHECK(of.groups <= 64);
        CHECK(of.grouped() == (rows > 2048));
        CHECK((of.parts + of.groups - 1) / of.groups <= 64);
        std::vector<std::int64_t> seen(static_cast<std::size_t>(rows), 0);
        for (std::int64_t p = 0; p < of.parts; ++p)
            for (std::int64_t row = p; row < rows; row += of.parts) ++seen[static_cast<std::size_t>(row)];
        CHECK(seen == std::vector<std::int64_t>(static_cast<std::size_t>(rows), 1));
    }
}

TEST_CASE("batch norm and its gradients are those of the formulas, for any number of rows and channels") {
    for (const std::int64_t channels : {1, 3, 5, 6, 8, 21, 96}) {
        for (const std::int64_t rows : {2, 31, 33, 300, 2048, 2049, 3600}) {
            const arrays a(rows, channels);
            const errors e = against_oracle(a, normalised<float>(a));
            CAPTURE(channels);
            CAPTURE(rows);
            CHECK(e.dst < 2e-6);
            CHECK(e.mean < 1e-6);
            CHECK(e.inverse_deviation < 1e-6);
            CHECK(e.grad_gamma < 4e-6);
            CHECK(e.grad_beta < 4e-6);
            CHECK(e.grad_src < 2e-6);
        }
    }
}

TEST_CASE("one row has no deviation: the output is beta, and no gradient goes on") {
    const arrays a(1, 5);
    const outcome r = normalised<float>(a);
    CHECK(r.dst == a.beta);
    CHECK(r.mean == a.src);
    CHECK(r.grad_beta == a.grad_dst);
    for (const float value : r.grad_src) CHECK(value == 0.0f);
    for (const float value : r.inverse_deviation) CHECK(value == static_cast<float>(1 / std::sqrt(static_cast<double>(epsilon))));
}

TEST_CASE("a channel of one value has a deviation of zero, exactly") {
    arrays a(5000, 3);
    for (std::size_t i = 1; i < a.src.size(); i += 3) a.src[i] = 1234.567f;
    const outcome r = normalised<float>(a);
    CHECK(r.mean[1] == 1234.567f);
    CHECK(r.inverse_deviation[1] == static_cast<float>(1 / std::sqrt(static_cast<double>(epsilon))));
    for (std::size_t i = 1; i < a.src.size(); i += 3) CHECK(r.dst[i] == a.beta[1]);
}

TEST_CASE("a mean that is large beside the deviation costs no digits of the deviation") {
    const arrays a(4000, 3, 2, 3000.0f);  // the mean of squares minus the square of the mean, in float, would be off by a third
    CHECK(against_oracle(a, normalised<float>(a)).inverse_deviation < 3e-6);
}

TEST_CASE("a value far from the others costs few digits, also as the first of its part") {
    arrays a(4000, 2, 3);
    a.src[0] = 1e4f;
    a.src[3999 * 2 + 1] = -1e4f;
    const errors e = against_oracle(a, normalised<float>(a));
    CHECK(e.mean < 1e-5);  // beside a deviation of 158, a mean of 3
    CHECK(e.inverse_deviation < 2e-6);
}

TEST_CASE("the bits do not depend on the order in which indexes run") {
    for (const std::int64_t rows : {50, 3000}) {
        const arrays a(rows, 7, 4);
        CHECK(normalised<float>(a) == normalised<float>(a, true));
    }
}

TEST_CASE("of bf16 all is computed in float, and rounded once") {
    arrays a(2500, 6, 5);
    for (std::vector<float>* list : {&a.src, &a.grad_dst})
        for (float& value : *list) value = static_cast<float>(kernels::bf16(value));
    outcome wanted = normalised<float>(a);
    for (std::vector<float>* list : {&wanted.dst, &wanted.grad_src})
        for (float& value : *list) value = static_cast<float>(kernels::bf16(value));
    CHECK(normalised<kernels::bf16>(a) == wanted);
}

TEST_CASE("NaN and infinity reach the statistics of their channel, and of no other") {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
        for (const std::size_t row : {0u, 1234u}) {
            arrays a(2500, 3, 6);
            const outcome good = normalised<float>(a);
            a.src[row * 3 + 1] = bad;
            const outcome r = normalised<float>(a);
            CHECK_FALSE(std::isfinite(r.mean[1]));
            CHECK_FALSE(std::isfinite(r.inverse_deviation[1]));
            for (const std::size_t c : {0u, 2u}) {
                CHECK(r.mean[c] == good.mean[c]);
                CHECK(r.inverse_deviation[c] == good.inverse_deviation[c]);
            }
        }
    }
}
