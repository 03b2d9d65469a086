// SPDX-License-Identifier: MIT
// bf16: rounds to the nearest, ties to even, and keeps what is special.
#include <strata/kernels/bf16.hpp>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

using strata::kernels::bf16;

namespace {

float from_bits(std::uint32_t bits) {
    float value = 0;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

}  // namespace

TEST_CASE("every bf16 becomes a float and itself again") {
    int different = 0;
    for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
        const float value = from_bits(bits << 16);
        if (std::isnan(value)) {
            different += std::isnan(static_cast<float>(bf16(value))) ? 0 : 1;
        } else {
            different += bf16(value).bits == bits ? 0 : 1;
        }
    }
    CHECK(different == 0);
}

TEST_CASE("a float between two bf16 goes to the nearer, and halfway to the even one") {
    CHECK(bf16(from_bits(0x3f807fffu)).bits == 0x3f80u);
    CHECK(bf16(from_bits(0x3f808000u)).bits == 0x3f80u);  // halfway; 3f80 is even
    CHECK(bf16(from_bits(0x3f808001u)).bits == 0x3f81u);
    CHECK(bf16(from_bits(0x3f818000u)).bits == 0x3f82u);  // halfway; 3f81 is odd
    CHECK(bf16(from_bits(0xbf818000u)).bits == 0xbf82u);
    CHECK(bf16(from_bits(0x3fffffffu)).bits == 0x4000u);  // carries into the exponent
}

TEST_CASE("what is beyond the largest bf16 becomes infinite, and NaN stays NaN") {
    CHECK(std::isinf(static_cast<float>(bf16(std::numeric_limits<float>::max()))));
    CHECK(static_cast<float>(bf16(-std::numeric_limits<float>::infinity())) == -std::numeric_limits<float>::infinity());
    CHECK(std::isnan(static_cast<float>(bf16(from_bits(0x7f800001u)))));  // its upper half alone would be infinity
}

TEST_CASE("narrow and widen convert arrays") {
    const std::vector<float> src{1.0f, -2.5f, 3.14159f, 0.0f};
    std::vector<bf16> half(src.size());
    std::vector<float> back(src.size());
    const strata::kernels::narrow down{src.data(), half.data()};
    const strata::kernels::widen up{half.data(), back.data()};
    for (std::size_t i = 0; i < src.size(); ++i) down(i);
    for (std::size_t i = 0; i < src.size(); ++i) up(i);
    CHECK(back == std::vector<float>{1.0f, -2.5f, 3.140625f, 0.0f});
}
