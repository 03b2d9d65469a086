// SPDX-License-Identifier: MIT
// How activations lie for the CPU's kernels, which work on many channels at once: pictures of (height, width, lanes), lanes side by side.
// Channels-last has one picture per row of the batch, with all channels in its lanes; a blocked layout has `blocks` pictures per row, one
// for each 8 or 16 channels.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>

#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

struct lane_pictures {
    std::int64_t pictures = 0;  // batch * blocks
    std::int64_t height = 0, width = 0;
    std::int64_t lanes = 0, blocks = 1;

    STRATA_HOST_DEVICE constexpr std::int64_t channels() const { return lanes * blocks; }
    STRATA_HOST_DEVICE constexpr std::int64_t batch() const { return pictures / blocks; }
    STRATA_HOST_DEVICE constexpr std::int64_t pixels() const { return height * width; }
    STRATA_HOST_DEVICE constexpr std::int64_t rows() const { return pictures * height; }
    STRATA_HOST_DEVICE constexpr std::int64_t row_size() const { return width * lanes; }
    STRATA_HOST_DEVICE constexpr std::int64_t picture_size() const { return height * width * lanes; }
    STRATA_HOST_DEVICE constexpr std::int64_t size() const { return pictures * picture_size(); }
    // The channel of a picture's first lane.
    STRATA_HOST_DEVICE constexpr std::int64_t first_channel(std::int64_t picture) const { return picture % blocks * lanes; }
};

}  // namespace strata::inline STRATA_ABI::kernels
