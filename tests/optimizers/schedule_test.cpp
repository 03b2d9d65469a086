// SPDX-License-Identifier: MIT
// A schedule owns its callable: it outlives the expression that made it.
#include <strata/optimizers/schedule.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace strata;

namespace {

schedule halving(std::vector<float> rates) {
    return [rates](std::int64_t step) { return rates[static_cast<std::size_t>(step)]; };
}

}  // namespace

TEST_CASE("a schedule outlives the expression that made it, and its copies share it") {
    const schedule made = halving({0.5f, 0.25f, 0.125f});
    const schedule copy = made;
    CHECK(static_cast<bool>(made));
    CHECK((made(0) == 0.5f && copy(2) == 0.125f));
}

TEST_CASE("a schedule that nobody gave is empty") { CHECK(!static_cast<bool>(schedule())); }
