// SPDX-License-Identifier: MIT
// The shape of one picture, (H, W, C). The batch is not part of a shape: programs are compiled for a batch size.
#pragma once

#include <strata/core/config.hpp>

#include <cstdint>

namespace strata::inline STRATA_ABI {

struct shape {
    int height = 1, width = 1, channels = 1;

    constexpr std::int64_t size() const { return std::int64_t{height} * width * channels; }
    constexpr bool is_flat() const { return height == 1 && width == 1; }
    bool operator==(const shape&) const = default;
};

}  // namespace strata::inline STRATA_ABI
