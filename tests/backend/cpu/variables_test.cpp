// SPDX-License-Identifier: MIT
// A model's variables: each on a boundary of its own, none overlapping, padding zero; slots appear zeroed and are kept.
#include <strata/backend/cpu/variables.hpp>

#include <doctest/doctest.h>

#include <support/random_programs.hpp>

#include <algorithm>
#include <cstdint>

using namespace strata;
using namespace testing;

namespace {

bool all_are(std::span<const float> values, float wanted) {
    return std::all_of(values.begin(), values.end(), [&](float v) { return v == wanted; });
}

}  // namespace

TEST_CASE("variables of random programs have their sizes, begin on boundaries, do not overlap, and leave the padding zero") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const program p = random_program(seed);
        const cpu::variables v(p.view());
        const auto parameters = p.view().parameters;
        for (std::size_t i = 0; i < parameters.size(); ++i) {
            const std::span<float> at = v.at(state::parameter, i);
            REQUIRE(at.size() == static_cast<std::size_t>(parameters[i].size()));
            REQUIRE(reinterpret_cast<std::uintptr_t>(at.data()) % 256 == 0);
            REQUIRE(at.data() == v.addresses().parameters[i]);
            REQUIRE(all_are(at, 0));  // nobody wrote here before
            std::fill(at.begin(), at.end(), 1.0f);
        }
        for (std::size_t i = 0; i < p.view().statistics.size(); ++i)
            REQUIRE(v.at(state::statistic, i).size() == static_cast<std::size_t>(p.view().statistics[i].size()));
        const auto ones = std::count(v.parameters().begin(), v.parameters().end(), 1.0f);
        REQUIRE(ones == p.view().parameter_count());
        REQUIRE(std::count(v.parameters().begin(), v.parameters().end(), 0.0f) ==
                static_cast<std::ptrdiff_t>(v.parameters().size()) - ones);
        REQUIRE(v.gradients().size() == v.parameters().size());
    }
}

TEST_CASE("slots do not exist before an optimizer asks, are zero then, and stay while as many are asked for") {
    const program p = random_program(3);
    cpu::variables v(p.view());
    const std::int64_t without = v.bytes();
    CHECK(v.at(state::slot0, 0).empty());
    v.make_slots(2);
    CHECK(v.bytes() == without + 2 * static_cast<std::int64_t>(v.parameters().size_bytes()));
    const std::span<float> m = v.at(state::slot0, 0), w = v.at(state::slot1, 0);
    CHECK((m.size() == v.at(state::parameter, 0).size() && w.size() == m.size()));
    CHECK((all_are(m, 0) && all_are(w, 0)));
    m[0] = 5;
    v.make_slots(2);
    CHECK(v.at(state::slot0, 0)[0] == 5.0f);
    v.make_slots(0);
    CHECK(v.at(state::slot0, 0).empty());
    CHECK(v.bytes() == without);
    v.make_slots(2);
    CHECK(all_are(v.at(state::slot0, 0), 0));
}
