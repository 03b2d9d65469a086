// SPDX-License-Identifier: MIT
// A long residual chain, made at run time: it is lowered and computes what the oracle computes, and lives in little memory.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/check_step.hpp>

using namespace strata;
using namespace testing;

namespace {

program chain(int adds) {
    program p({3, 3, 4});
    tensor x = p.input();
    for (int i = 0; i < adds; ++i) x = build::add(p, x, build::batch_norm(p, build::conv2d(p, x, {.filters = 4, .win = same(1)})));
    build::dense(p, build::flatten(p, x), {.units = 3});
    p.check();
    return p;
}

}  // namespace

TEST_CASE("a chain of 64 adds trains, evaluates and predicts as the oracle does") {
    const program p = chain(64);
    REQUIRE(p.view().operations.size() == 3 * 64 + 2);
    model m(p.view(), cpu::open({.threads = 1}), {});
    check_step(m, step_case::draw(p.view(), 3, 0, 5, {}));
}

TEST_CASE("evaluation of a chain needs no more activations when the chain is longer") {
    const plan_options inference{.batch = 8, .training = false};
    CHECK(plan_memory(chain(8).view(), inference).activations == plan_memory(chain(64).view(), inference).activations);
}
