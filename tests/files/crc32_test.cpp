// SPDX-License-Identifier: MIT
// CRC-32 against the check value of its catalogue entry (CRC-32/ISO-HDLC), and in pieces.
#include <strata/files/crc32.hpp>

#include <doctest/doctest.h>

#include <string_view>

namespace {

std::uint32_t sum_of(std::string_view first, std::string_view second = "") {
    strata::crc32 sum;
    for (const std::string_view text : {first, second}) sum.add(std::as_bytes(std::span(text)));
    return sum.value();
}

}  // namespace

TEST_CASE("the checksum of the digits 1 to 9 is the published one, and that of nothing is 0") {
    CHECK(sum_of("123456789") == 0xCBF43926u);
    CHECK(sum_of("") == 0);
}

TEST_CASE("bytes that come in pieces have the checksum of the whole, in another order another one") {
    CHECK(sum_of("1234", "56789") == sum_of("123456789"));
    CHECK(sum_of("56789", "1234") != sum_of("123456789"));
}
