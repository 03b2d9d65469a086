// SPDX-License-Identifier: MIT
// Bits of a rectifier's mask are cleared where the order says that they are.
#include <strata/kernels/relu_mask.hpp>
#include <strata/kernels/step_dropout.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

using namespace strata;

namespace {

// An order that is no power-of-two turn: 128 columns, each with another bit.
kernels::mask_order shuffled() {
    kernels::mask_order order;
    for (std::size_t i = 0; i < 128; ++i) order.bit[i] = static_cast<std::uint8_t>(i * 37 % 128);
    return order;
}

bool is_set(const std::vector<std::uint32_t>& words, std::int64_t place) {
    return (words[static_cast<std::size_t>(place / 32)] >> (place % 32) & 1u) != 0;
}

}  // namespace

TEST_CASE("a value that is cleared loses its own bit, and no other value does") {
    constexpr std::int64_t rows = 3, columns = 150, leading = 256;
    const kernels::mask_order order = shuffled();
    for (const std::int64_t first : {std::int64_t{0}, std::int64_t{126}, std::int64_t{148}, rows * columns - 1}) {
        std::vector<std::uint32_t> words(rows * leading / 32, 0xffffffffu);
        const kernels::relu_mask mask{words.data(), columns, leading, order};
        const unsigned dropped = first + 3 < rows * columns ? 0b1011u : 1u;
        mask.clear(first, dropped);
        for (std::int64_t i = 0; i < rows * columns; ++i) {
            const bool cleared = i >= first && i < first + 4 && (dropped >> (i - first) & 1u) != 0;
            CHECK(is_set(words, i / columns * leading + order.of(i % columns)) == !cleared);
        }
        std::int64_t left = 0;
        for (std::int64_t place = 0; place < rows * leading; ++place) left += is_set(words, place);
        CHECK(left == rows * leading - (dropped == 1u ? 1 : 3));
    }
}

TEST_CASE("dropout clears the bits of what it drops and leaves those of the rest as they were") {
    kernels::step_state state{};
    state.seed = 21;
    state.step = 4;
    constexpr std::int64_t rows = 2, columns = 130, leading = 256;
    std::vector<float> src(rows * columns, 1.0f), dst(src.size());
    std::vector<std::uint32_t> words(rows * leading / 32, 0xffffffffu);
    words[0] = 0;  // 32 values that had not passed
    const std::vector<std::uint32_t> before = words;
    const kernels::step_dropout<float> body{
        &state, src.data(), dst.data(), rows * columns, 0.5f, 2, {words.data(), columns, leading, shuffled()}};
    for (std::int64_t b = 0; b < kernels::step_dropout<float>::blocks(rows * columns); ++b) body(static_cast<std::size_t>(b));
    std::int64_t dropped = 0;
    for (std::int64_t i = 0; i < rows * columns; ++i) {
        const std::int64_t place = i / columns * leading + shuffled().of(i % columns);
        const bool keeps = dst[static_cast<std::size_t>(i)] != 0.0f;
        CHECK(is_set(words, place) == (keeps && is_set(before, place)));
        dropped += !keeps;
    }
    CHECK(dropped > 100);
    CHECK(dropped < 160);
}
