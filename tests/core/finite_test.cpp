// SPDX-License-Identifier: MIT
// What is finite and what is not, for every kind of number. (Under -ffast-math: tests/consumer/flags.)
#include <strata/core/finite.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <limits>

namespace {

template <typename Number>
void check_kinds() {
    using limits = std::numeric_limits<Number>;
    for (const Number value : {Number{0}, Number{-1.5}, limits::max(), limits::lowest(), limits::min(), limits::denorm_min()})
        CHECK(strata::is_finite(value));
    for (const Number value : {limits::infinity(), -limits::infinity(), limits::quiet_NaN(), -limits::quiet_NaN(), limits::signaling_NaN()})
        CHECK_FALSE(strata::is_finite(value));
}

}  // namespace

TEST_CASE("NaN and infinities are not finite, everything else is") {
    check_kinds<float>();
    check_kinds<double>();
}

TEST_CASE("is_nan tells NaN from infinity") {
    using limits = std::numeric_limits<float>;
    CHECK(strata::is_nan(limits::quiet_NaN()));
    CHECK(strata::is_nan(-limits::quiet_NaN()));
    CHECK_FALSE(strata::is_nan(limits::infinity()));
    CHECK_FALSE(strata::is_nan(-limits::max()));
}

TEST_CASE("joined bits tell of one value among many") {
    using limits = std::numeric_limits<float>;
    const float finite[] = {0.0f, -0.0f, limits::max(), limits::lowest(), limits::denorm_min()};
    std::uint32_t bits = 0;
    for (const float value : finite) bits |= strata::non_finite_bit(value);
    CHECK_FALSE(strata::any_non_finite(bits));
    for (const float bad : {limits::infinity(), -limits::infinity(), limits::quiet_NaN(), -limits::quiet_NaN()})
        CHECK(strata::any_non_finite(bits | strata::non_finite_bit(bad)));
}
