// SPDX-License-Identifier: MIT
// CRC-32 as in zip, gzip and PNG: values that a disk or a copy changed are found.
#pragma once

#include <strata/core/config.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace strata::inline STRATA_ABI {

class crc32 {
public:
    constexpr void add(std::span<const std::byte> bytes) {
        for (const std::byte b : bytes) state_ = table[(state_ ^ static_cast<std::uint32_t>(b)) & 0xFFu] ^ state_ >> 8;
    }
    constexpr std::uint32_t value() const { return ~state_; }

private:
    static constexpr std::array<std::uint32_t, 256> table = [] {
        std::array<std::uint32_t, 256> entries{};
        for (std::uint32_t i = 0; i < 256; ++i) {
            std::uint32_t value = i;
            for (int bit = 0; bit < 8; ++bit) value = (value & 1u) != 0 ? 0xEDB88320u ^ value >> 1 : value >> 1;
            entries[i] = value;
        }
        return entries;
    }();
    std::uint32_t state_ = 0xFFFFFFFFu;
};

}  // namespace strata::inline STRATA_ABI
