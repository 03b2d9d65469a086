// SPDX-License-Identifier: MIT
// The embedded bytes are a fat binary, whole.
#include <strata/backend/cuda/kernels/binary.hpp>
#include <strata/backend/cuda/kernels/list.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <doctest/doctest.h>

using namespace strata;

TEST_CASE("the embedded bytes begin as a fat binary begins, and are as long as it says") {
    const auto words = cuda::kernel_binary();
    REQUIRE(words.size() > 2);
    std::uint32_t magic = 0;
    std::uint16_t header = 0;
    std::memcpy(&magic, words.data(), sizeof magic);
    std::memcpy(&header, reinterpret_cast<const std::byte*>(words.data()) + 6, sizeof header);
    CHECK(magic == 0xBA55ED50u);
    CHECK(words.size_bytes() - (header + words[1]) < 8);
}
