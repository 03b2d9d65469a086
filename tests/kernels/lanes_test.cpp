// SPDX-License-Identifier: MIT
// lane_pictures: its sizes, and which channel a picture begins with.
#include <strata/kernels/lanes.hpp>

#include <initializer_list>

#include <doctest/doctest.h>

using namespace strata;

TEST_CASE("channels-last is one picture of all channels per row of the batch, a blocked layout one per block") {
    constexpr kernels::lane_pictures whole{.pictures = 5, .height = 3, .width = 4, .lanes = 24};
    constexpr kernels::lane_pictures blocked{.pictures = 15, .height = 3, .width = 4, .lanes = 8, .blocks = 3};
    for (const kernels::lane_pictures& of : {whole, blocked}) {
        CHECK(of.channels() == 24);
        CHECK(of.batch() == 5);
        CHECK(of.size() == 5 * 3 * 4 * 24);
        CHECK(of.rows() * of.row_size() == of.size());
    }
    CHECK(whole.first_channel(3) == 0);
    CHECK(blocked.first_channel(3) == 0);
    CHECK(blocked.first_channel(4) == 8);
    CHECK(blocked.first_channel(14) == 16);
}
