// SPDX-License-Identifier: MIT
// Philox 4x32-10 against its authors' vectors, and what a stream of draws promises: other purposes, layers, steps and seeds draw
// other numbers, and a draw does not depend on what was drawn before.
#include <strata/core/random.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

// Source: Random123, tests/kat_vectors, lines "philox4x32 10".
static_assert(strata::philox4x32_10({{0, 0, 0, 0}}, {{0, 0}}) == strata::philox_counter{{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
static_assert(strata::philox4x32_10({{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}}, {{0xffffffff, 0xffffffff}}) ==
              strata::philox_counter{{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}});
static_assert(strata::philox4x32_10({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {{0xa4093822, 0x299f31d0}}) ==
              strata::philox_counter{{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});

std::vector<std::uint64_t> pairs_of(const strata::random_stream& stream, std::uint64_t count) {
    std::vector<std::uint64_t> pairs;
    for (std::uint64_t i = 0; i < count; i += 2) pairs.push_back(std::uint64_t{stream.word(i)} << 32 | stream.word(i + 1));
    return pairs;
}

}  // namespace

TEST_CASE("philox gives the published numbers at run time too") {
    volatile std::uint32_t pi = 0x243f6a88;  // not known to the compiler
    const strata::philox_counter drawn = strata::philox4x32_10({{pi, 0x85a308d3, 0x13198a2e, 0x03707344}}, {{0xa4093822, 0x299f31d0}});
    CHECK(drawn == strata::philox_counter{{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}});
}

TEST_CASE("a stream is philox of (index, purpose and layer, step) under the seed") {
    const strata::random_stream stream{.seed = 0x0123456789abcdef, .purpose = strata::random_purpose::dropout, .layer = 7, .step = 9};
    const std::uint64_t block = 0x500000003;
    CHECK(stream.block(block) == strata::philox4x32_10({{3, 5, 7 | 1u << 24, 9}}, {{0x89abcdef, 0x01234567}}));
    for (std::uint64_t i = 0; i < 4; ++i) CHECK(stream.word(4 * block + i) == stream.block(block).word[i]);
}

TEST_CASE("streams that differ in seed, purpose, layer or step share no numbers") {
    std::vector<std::uint64_t> all;
    std::size_t drawn = 0;
    const auto add = [&](const strata::random_stream& stream) {
        const auto pairs = pairs_of(stream, 256);
        all.insert(all.end(), pairs.begin(), pairs.end());
        drawn += pairs.size();
    };
    using enum strata::random_purpose;
    for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{1} << 32})
        for (const auto purpose : {initialize, dropout, shuffle, split, augment, user})
            for (const std::uint32_t layer : {0u, 1u, 2u, 0xffffffu})
                for (const std::uint32_t step : {0u, 1u, 2u, 1u << 24, 0xffffffffu}) add({seed, purpose, layer, step});
    // 46,080 pairs of 64 bits: two equal ones by chance in one of 10^10 worlds.
    std::sort(all.begin(), all.end());
    CHECK(std::adjacent_find(all.begin(), all.end()) == all.end());
    CHECK(all.size() == drawn);
}

TEST_CASE("uniform draws lie in [0, 1), are multiples of 2^-24 and reach both ends") {
    CHECK(strata::random_stream::to_uniform(0) == 0.0f);
    CHECK(strata::random_stream::to_uniform(0xff) == 0.0f);
    CHECK(strata::random_stream::to_uniform(0x100) == 0x1p-24f);
    CHECK(strata::random_stream::to_uniform(0xffffffff) == 1.0f - 0x1p-24f);
}

TEST_CASE("uniform draws have the mean, the variance and the share below a rate of a uniform distribution") {
    const strata::random_stream stream{.seed = 3, .purpose = strata::random_purpose::user};
    constexpr int count = 100000;
    double sum = 0, squares = 0;
    int below = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        const double u = stream.uniform(i);
        REQUIRE((u >= 0 && u < 1));
        sum += u;
        squares += u * u;
        below += u < 0.3;
    }
    const double mean = sum / count, variance = squares / count - mean * mean;
    CHECK(std::abs(mean - 0.5) < 5 * std::sqrt(1.0 / 12 / count));
    CHECK(std::abs(variance - 1.0 / 12) < 5 * std::sqrt(1.0 / 180 / count));
    CHECK(std::abs(below - 0.3 * count) < 5 * std::sqrt(0.21 * count));
}
