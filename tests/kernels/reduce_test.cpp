// SPDX-License-Identifier: MIT
// sum_stage: right for any count, and the same bits in any order of the blocks.
#include <strata/kernels/reduce.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

using namespace strata;

namespace {

double sum(const std::vector<float>& values, bool backwards) {
    const auto count = static_cast<std::int64_t>(values.size());
    const auto blocks = static_cast<std::size_t>(kernels::sum_stage::blocks(count));
    std::vector<double> partial(blocks, -1.0);
    const kernels::sum_stage body{values.data(), count, partial.data()};
    for (std::size_t b = 0; b < blocks; ++b) body(backwards ? blocks - 1 - b : b);
    return kernels::sum_stage::total(partial.data(), static_cast<std::int64_t>(blocks));
}

}  // namespace

TEST_CASE("sums are right for counts around the size of a block") {
    for (const std::size_t count : {0u, 1u, 255u, 256u, 257u, 512u, 1000u}) {
        std::vector<float> values(count);
        double wanted = 0;
        for (std::size_t i = 0; i < count; ++i) {
            values[i] = static_cast<float>(i % 7) - 2.5f;
            wanted += static_cast<double>(values[i]);
        }
        CHECK(sum(values, false) == wanted);
    }
}

TEST_CASE("there are as many blocks as are needed") {
    CHECK(kernels::sum_stage::blocks(0) == 0);
    CHECK(kernels::sum_stage::blocks(256) == 1);
    CHECK(kernels::sum_stage::blocks(257) == 2);
}

TEST_CASE("the order in which blocks run does not change a bit of the sum") {
    std::vector<float> values(3000);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = 1.0f / static_cast<float>(i + 1);
    CHECK(sum(values, false) == sum(values, true));
}

TEST_CASE("a NaN in one block reaches the total") {
    std::vector<float> values(600, 1.0f);
    values[599] = __builtin_nanf("");
    CHECK(sum(values, false) != sum(values, false));
}
