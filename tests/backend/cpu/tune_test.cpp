// SPDX-License-Identifier: MIT
// Tuning measures every convolution of a program in every pass and way, chooses the fastest, and what it chose is what a device computes.
#include <strata/backend/cpu/tune.hpp>

#include <strata/core/error.hpp>
#include <strata/layers/batch_norm.hpp>
#include <strata/layers/conv2d.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>
#include <strata/layers/relu.hpp>
#include <strata/network/builder.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace strata;
using namespace strata::cpu;

namespace {

// A 3x3 and a 5x5 that Winograd can do, a 1x1 that it cannot; the last two are the same case.
program small_program() {
    program p({8, 8, 8});
    tensor x = p.input();
    for (const int kernel : {3, 5, 1, 3, 3}) {
        x = build::conv2d(p, x, {.filters = 8, .win = same(kernel)});
        x = build::relu(p, x);
    }
    x = build::batch_norm(p, x);
    build::dense(p, build::flatten(p, x), {.units = 3});
    p.check();
    return p;
}

std::string refused_with(const tune_options& options) {
    const program p = small_program();
    try {
        tune(p.view(), options);
    } catch (const invalid_input& e) { return e.what(); }
    return "";
}

}  // namespace

TEST_CASE("each convolution is measured in each pass and in each way that fits, and the choice is one of them") {
    const program p = small_program();
    int heard = 0, announced = 0;
    const tuning measured = tune(p.view(), {.threads = 1, .batch_sizes = {4}, .rounds = 3}, [&](int done, int all) {
        CHECK(done == ++heard);
        announced = all;
    });
    CHECK(heard == announced);
    CHECK(measured.measured_on == this_machine(1));
    CHECK(measured.measured_on.threads == 1);
    // 3x3 without its data's gradient, 5x5, 1x1, and the 3x3 that is there three times, once of them without a gradient.
    CHECK(measured.cases.size() == 3 + 3 + 3);
    for (const tuning::tuned_case& c : measured.cases) {
        CAPTURE(json_of(c.which, c.way));
        const int kernel = c.which.rows.kernel;
        CHECK(c.times.size() == 1 + winograd_tiles(kernel).size());
        CHECK(c.times.front().way == convolution_way{0});
        for (const tuning::time& t : c.times) CHECK(t.milliseconds > 0);
        const auto chosen = std::find_if(c.times.begin(), c.times.end(), [&](const auto& t) { return t.way == c.way; });
        REQUIRE(chosen != c.times.end());
        for (const tuning::time& t : c.times) CHECK(chosen->milliseconds <= t.milliseconds * 1.0205);
        CHECK(measured.choices().find(c.which) == c.way);
    }
}

TEST_CASE("batch sizes are measured one after the other, each with cases of its own") {
    const program p = small_program();
    const tuning measured = tune(p.view(), {.threads = 1, .batch_sizes = {1, 2}, .rounds = 1});
    REQUIRE(measured.cases.size() == 18);
    CHECK(std::count_if(measured.cases.begin(), measured.cases.end(), [](const auto& c) { return c.which.batch == 2; }) == 9);
}

TEST_CASE("what the caller throws ends the tuning") {
    const program p = small_program();
    int heard = 0;
    const auto stop = [&](int, int) {
        if (++heard == 2) throw io_error("enough");
    };
    CHECK_THROWS_AS(tune(p.view(), {.threads = 1, .batch_sizes = {2}, .rounds = 5}, stop), io_error);
    CHECK(heard == 2);
}

TEST_CASE("options that measure nothing are refused with a sentence") {
    CHECK(refused_with({.batch_sizes = {}}) == "tune: give at least one round, one batch size, and no negative number of threads");
    CHECK_FALSE(refused_with({.rounds = 0}).empty());
    CHECK_FALSE(refused_with({.threads = -1}).empty());
    CHECK(refused_with({.batch_sizes = {8, 0}}) == "tune: the batch size 0 is not positive");
}
