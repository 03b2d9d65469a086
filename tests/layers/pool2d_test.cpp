// SPDX-License-Identifier: MIT
// What both poolings share: shapes over a domain of windows, and the refusal of windows that may lie in the padding alone.
#include <strata/layers/pool2d.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>

#include <string_view>

using strata::op_kind;
using strata::refusal;
using strata::shape;
using strata::window;
using namespace testing;

namespace {

strata::program with(shape in, window win) {
    return made(in, [&](auto& p, auto x) { strata::build::pool2d(p, x, "max_pool2d", op_kind::max_pool, win); });
}

}  // namespace

TEST_CASE("every window of an accepted pooling covers at least one value of the picture") {
    int accepted = 0, refused = 0;
    for (int in = 1; in <= 7; ++in)
        for (int kernel = 1; kernel <= 5; ++kernel)
            for (int stride = 1; stride <= 4; ++stride)
                for (int before = 0; before <= 4; ++before)
                    for (int after = 0; after <= 4; ++after) {
                        const strata::program p =
                            with({in, 1, 2}, {.height = kernel, .stride_height = stride, .top = before, .bottom = after});
                        if (p.refused().why != refusal::none) {
                            ++refused;
                            continue;
                        }
                        ++accepted;
                        const shape out = p.view().output_shape();
                        REQUIRE((out.width == 1 && out.channels == 2 && out.height >= 1));
                        for (int row = 0; row < out.height; ++row) {
                            const int first = row * stride - before;
                            REQUIRE(first < in);
                            REQUIRE(first + kernel > 0);
                            REQUIRE(first + kernel <= in + after);
                        }
                    }
    CHECK(accepted > 500);
    CHECK(refused > 500);
}

TEST_CASE("a pooling padded by its kernel's size or more is refused on each of the four sides") {
    const shape in{4, 4, 1};
    CHECK(with(in, {.height = 2, .width = 2, .top = 1, .bottom = 1, .left = 1, .right = 1}).refused().why == refusal::none);
    CHECK(with(in, {.height = 2, .width = 2, .top = 2}).refused().why == refusal::window_does_not_fit);
    CHECK(with(in, {.height = 2, .width = 2, .bottom = 2}).refused().why == refusal::window_does_not_fit);
    CHECK(with(in, {.height = 2, .width = 2, .left = 2}).refused().why == refusal::window_does_not_fit);
    CHECK(with(in, {.height = 2, .width = 2, .right = 2}).refused().why == refusal::window_does_not_fit);
}

TEST_CASE("a pooling has no parameters, keeps the channels and is named as its layer") {
    const strata::program p = with({7, 6, 5}, strata::valid(3, 2));
    CHECK(p.view().output_shape() == shape{3, 2, 5});
    CHECK((p.view().parameters.empty() && p.view().statistics.empty()));
    CHECK(p.view().layers[0].kind == std::string_view("max_pool2d"));
}
