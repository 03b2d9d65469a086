// SPDX-License-Identifier: MIT
// gather: the rows that were asked for, in that order, scaled.
#include <strata/kernels/gather.hpp>

#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

using namespace strata;

TEST_CASE("gather takes rows in the given order, also twice, and scales bytes") {
    const std::int64_t size = 7;  // no multiple of a vector's width
    std::vector<std::uint8_t> src(5 * size);
    for (std::size_t i = 0; i < src.size(); ++i) src[i] = static_cast<std::uint8_t>(255 - 3 * i);
    const std::vector<std::int64_t> rows{4, 0, 4};
    std::vector<float> dst(rows.size() * size + 1, -7.0f);
    const kernels::gather<std::uint8_t> body{src.data(), rows.data(), dst.data(), size, 1.0f / 255.0f, -0.5f};
    for (std::size_t n = 0; n < rows.size(); ++n) body(n);
    for (std::size_t n = 0; n < rows.size(); ++n)
        for (std::size_t j = 0; j < size; ++j) {
            const double stored = src[static_cast<std::size_t>(rows[n]) * size + j];
            CHECK(static_cast<double>(dst[n * size + j]) == doctest::Approx(stored / 255.0 - 0.5).epsilon(1e-6));
        }
    CHECK(dst.back() == -7.0f);
}

TEST_CASE("gather hands floats through unchanged with scale 1 and offset 0") {
    const std::vector<float> src{1.5f, -2.25f, 0.0f, 1e30f};
    const std::vector<std::int64_t> rows{3, 2, 1, 0};
    std::vector<float> dst(4);
    const kernels::gather<float> body{src.data(), rows.data(), dst.data(), 1, 1.0f, 0.0f};
    for (std::size_t n = 0; n < 4; ++n) body(n);
    CHECK(dst == std::vector<float>{1e30f, 0.0f, -2.25f, 1.5f});
}
