// SPDX-License-Identifier: MIT
// The products over panels against sums in double precision.
#include <strata/backend/cpu/winograd/lanes.hpp>
#include <strata/backend/cpu/winograd/product.hpp>

#include <doctest/doctest.h>

#include <support/random_values.hpp>

#include <cstddef>
#include <vector>

using namespace strata::cpu::winograd;
using namespace testing;

namespace {

// C has eight rows, of which four are written; what is around them stays as it was.
void check(bool by_depth, int count, std::int64_t depth, bool adds, std::uint64_t seed) {
    dice draw(seed);
    const std::int64_t rows = 8, a_panel = rows * width, b_panel = depth * width + 16, c_panel = rows * width;
    const auto a = to_floats(draw.values((depth + 8) * rows, -1, 1)), b = to_floats(draw.values(count * b_panel, -1, 1));
    const auto before = to_floats(draw.values(count * c_panel, -1, 1));
    std::vector<float> c = before;
    std::vector<double> wanted = to_doubles(before);
    const std::int64_t first = 4;  // the second half of the rows
    product_operands o{.a = a.data() + (by_depth ? first * width : first),
                       .a_panel = a_panel,
                       .b = b.data(),
                       .b_panel = b_panel,
                       .c = c.data() + first * width,
                       .c_panel = c_panel,
                       .depth = depth,
                       .panels = count,
                       .adds = adds};
    by_depth ? product_by_depth(o) : product_by_row(o);
    for (std::int64_t p = 0; p < count; ++p)
        for (std::int64_t r = first; r < first + 4; ++r)
            for (std::int64_t l = 0; l < width; ++l) {
                const auto at = static_cast<std::size_t>(p * c_panel + r * width + l);
                double sum = adds ? wanted[at] : 0;
                for (std::int64_t d = 0; d < depth; ++d) {
                    const std::int64_t from = by_depth ? d / width * a_panel + r * width + d % width : d * width + r;
                    sum += static_cast<double>(a[static_cast<std::size_t>(from)]) *
                           static_cast<double>(b[static_cast<std::size_t>(p * b_panel + d * width + l)]);
                }
                wanted[at] = sum;
            }
    CHECK(relative_error(c, wanted) < 1e-6);
}

}  // namespace

TEST_CASE("a product of panels is the sum over its depth, set or added, and touches its four rows alone") {
    if (!available()) return;
    std::uint64_t seed = 1;
    for (const int count : {1, 2, 3})
        for (const bool adds : {false, true}) {
            for (const std::int64_t depth : {8, 16, 96}) check(true, count, depth, adds, seed++);
            for (const std::int64_t depth : {1, 2, 7, 65}) check(false, count, depth, adds, seed++);
        }
}
