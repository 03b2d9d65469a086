// SPDX-License-Identifier: MIT
// Philox 4x32-10, a counter-based generator: a draw is a pure function of seed, purpose, layer, step and index, so that any
// device, any number of threads and a resumed run draw the same numbers.
// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>

#include <cstdint>

namespace strata::inline STRATA_ABI {

struct philox_counter {
    std::uint32_t word[4]{};
    bool operator==(const philox_counter&) const = default;
};
struct philox_key {
    std::uint32_t word[2]{};
};

STRATA_HOST_DEVICE constexpr philox_counter philox4x32_10(philox_counter counter, philox_key key) {
    for (int round = 0; round < 10; ++round) {
        const std::uint64_t first = std::uint64_t{0xD2511F53u} * counter.word[0];
        const std::uint64_t second = std::uint64_t{0xCD9E8D57u} * counter.word[2];
        counter = {{static_cast<std::uint32_t>(second >> 32) ^ counter.word[1] ^ key.word[0], static_cast<std::uint32_t>(second),
                    static_cast<std::uint32_t>(first >> 32) ^ counter.word[3] ^ key.word[1], static_cast<std::uint32_t>(first)}};
        key.word[0] += 0x9E3779B9u;
        key.word[1] += 0xBB67AE85u;
    }
    return counter;
}

// What draws are for: two purposes never share numbers.
enum class random_purpose : std::uint32_t { initialize, dropout, shuffle, split, augment, user };

// The draws of one purpose in one layer (or variable, or epoch) at one step.
struct random_stream {
    std::uint64_t seed = 0;
    random_purpose purpose{};
    std::uint32_t layer = 0;  // below 2^24
    std::uint32_t step = 0;

    // Four words: the draws 4 * block .. 4 * block + 3.
    STRATA_HOST_DEVICE constexpr philox_counter block(std::uint64_t index) const {
        return philox4x32_10({{static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                               layer | static_cast<std::uint32_t>(purpose) << 24, step}},
                             {{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}});
    }
    STRATA_HOST_DEVICE constexpr std::uint32_t word(std::uint64_t index) const { return block(index / 4).word[index % 4]; }
    // Uniform in [0, 1), a multiple of 2^-24.
    STRATA_HOST_DEVICE constexpr float uniform(std::uint64_t index) const { return to_uniform(word(index)); }
    STRATA_HOST_DEVICE static constexpr float to_uniform(std::uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }
};

}  // namespace strata::inline STRATA_ABI
