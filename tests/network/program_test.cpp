// SPDX-License-Identifier: MIT
// The program as a value: extents, sizes of variables, readers of tensors.
#include <strata/network/program.hpp>

#include <doctest/doctest.h>

#include <support/programs.hpp>
#include <support/random_programs.hpp>

using namespace strata;
using namespace testing;

static_assert(extent{3, 2, 0, 1}.output(32) == 16 && extent{3, 2, 0, 0}.output(32) == 15);
static_assert(extent{3, 1, 0, 0}.fits(3) && !extent{3, 1, 0, 0}.fits(2) && extent{3, 1, 1, 0}.fits(2));
static_assert(variable{.rank = 4, .dims = {65536, 5, 5, 4096}}.size() == 6710886400LL, "counted in 64 bits");

TEST_CASE("readers_of counts the operations that read a tensor, twice where one reads it twice, and the output's reader") {
    program p({2, 2, 1});
    const tensor x = build::relu(p, p.input());
    const tensor doubled = build::add(p, x, x);
    const tensor sum = build::add(p, x, doubled);
    CHECK(p.view().readers_of(0) == 1);
    CHECK(p.view().readers_of(x.id) == 3);
    CHECK(p.view().readers_of(doubled.id) == 1);
    CHECK(p.view().readers_of(sum.id) == 1);
    p.set_output(x);
    CHECK(p.view().readers_of(x.id) == 4);
    CHECK(p.view().readers_of(sum.id) == 0);
}

TEST_CASE("every program lists its operations in an order in which they can run, each writing a tensor of its own") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        const program p = random_program(seed);
        const program_view v = p.view();
        REQUIRE(message_of(p).empty());
        std::vector<int> written(v.tensors.size(), 0);
        written[0] = 1;
        for (const operation& op : v.operations) {
            for (const int src : op.src) {
                if (src >= 0) REQUIRE(written[static_cast<std::size_t>(src)] == 1);
            }
            REQUIRE(written[static_cast<std::size_t>(op.dst)]++ == 0);
        }
        REQUIRE(written[static_cast<std::size_t>(v.output)] == 1);
        std::int64_t count = 0;
        for (const variable& x : v.parameters) count += x.size();
        REQUIRE(v.parameter_count() == count);
    }
}
