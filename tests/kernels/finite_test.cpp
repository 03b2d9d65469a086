// SPDX-License-Identifier: MIT
// NaN and both infinities are found wherever they are, and nothing else is.
#include <strata/kernels/finite.hpp>

#include <doctest/doctest.h>

#include <limits>
#include <vector>

using strata::kernels::non_finite_stage;

namespace {

bool any_bad(const std::vector<float>& values) {
    const auto count = static_cast<std::int64_t>(values.size());
    std::vector<std::uint8_t> found(static_cast<std::size_t>(non_finite_stage::blocks(count)), 7);
    for (std::size_t b = 0; b < found.size(); ++b) non_finite_stage{values.data(), count, found.data()}(b);
    return non_finite_stage::any(found.data(), non_finite_stage::blocks(count));
}

}  // namespace

TEST_CASE("NaN and infinities are found at every place of a block and at its edges") {
    using limits = std::numeric_limits<float>;
    for (const std::size_t size : {1u, 7u, 4095u, 4096u, 4097u, 9000u})
        for (const std::size_t at : {std::size_t{0}, size / 2, size - 1})
            for (const float bad : {limits::quiet_NaN(), -limits::quiet_NaN(), limits::infinity(), -limits::infinity()}) {
                std::vector<float> values(size, 1.5f);
                values[at] = bad;
                CHECK(any_bad(values));
            }
}

TEST_CASE("the largest, the smallest and denormal numbers are finite") {
    using limits = std::numeric_limits<float>;
    std::vector<float> values(5000, 0.0f);
    CHECK_FALSE(any_bad(values));
    values = {limits::max(), limits::lowest(), limits::min(), limits::denorm_min(), -0.0f};
    CHECK_FALSE(any_bad(values));
    CHECK_FALSE(any_bad({}));
}
