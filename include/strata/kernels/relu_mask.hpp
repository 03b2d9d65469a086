// SPDX-License-Identifier: MIT
// The mask that a matrix product with a rectifier leaves: a bit for each value of (rows, columns), set where the value passed. Which bit is
// whose is the library's affair, the same for each row and each 128 columns of it; a mask_order says what was found out.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>

#include <atomic>
#include <cstdint>

namespace strata::inline STRATA_ABI::kernels {

// Bits are counted from the lowest of the first byte. Column c of a row has bit c / 128 * 128 + bit[c % 128] of the row's bits.
struct mask_order {
    static constexpr std::int64_t period = 128;
    std::uint8_t bit[period]{};

    STRATA_HOST_DEVICE constexpr std::int64_t of(std::int64_t column) const { return column / period * period + bit[column % period]; }
    bool operator==(const mask_order&) const = default;
};

struct relu_mask {
    std::uint32_t* words = nullptr;  // (rows, leading / 32); null: there is no mask
    std::int64_t columns = 0;
    std::int64_t leading = 0;  // bits from row to row
    mask_order order{};

    // Clears the bits of the values first + j whose bit j is set in `dropped`. Threads may share a word: what is cleared stays cleared.
    STRATA_HOST_DEVICE void clear(std::int64_t first, unsigned dropped) const {
        std::int64_t word = -1;
        std::uint32_t bits = 0;  // of that word
        for (std::int64_t i = first; dropped != 0; ++i, dropped >>= 1) {
            if ((dropped & 1u) == 0) continue;
            const std::int64_t place = i / columns * leading + order.of(i % columns);
            if (place / 32 != word) {
                clear_bits(word, bits);
                word = place / 32;
                bits = 0;
            }
            bits |= std::uint32_t{1} << (place % 32);
        }
        clear_bits(word, bits);
    }

private:
    STRATA_HOST_DEVICE void clear_bits(std::int64_t word, std::uint32_t bits) const {
        if (bits == 0) return;
#if defined(__CUDA_ARCH__)
        atomicAnd(words + word, ~bits);
#else
        std::atomic_ref<std::uint32_t>(words[word]).fetch_and(~bits, std::memory_order_relaxed);
#endif
    }
};

}  // namespace strata::inline STRATA_ABI::kernels
