// SPDX-License-Identifier: MIT
// Every reason for a refusal has words of its own, which fit after "cannot take (4, 4, 3): ".
#include <strata/network/refusal.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <string_view>

using namespace strata;

TEST_CASE("every reason has words of its own") {
    for (int a = 0; a <= static_cast<int>(refusal::operation_is_missing); ++a) {
        const std::string_view words = words_of(static_cast<refusal>(a));
        CHECK(words.size() > 10);
        CHECK(words.back() != '.');
        for (int b = 0; b < a; ++b) CHECK(words != words_of(static_cast<refusal>(b)));
    }
    CHECK(std::strlen(words_of(static_cast<refusal>(255))) == 0);
}

TEST_CASE("a misfit that was not met says so") { CHECK((misfit{}.why == refusal::none && misfit{}.position == -1)); }
