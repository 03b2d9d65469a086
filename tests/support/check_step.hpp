// SPDX-License-Identifier: MIT
// One step of a model against the oracle, each of its errors checked.
#pragma once

#include <doctest/doctest.h>
#include <support/device_step.hpp>

namespace testing {

inline void check_step(strata::model& model, const step_case& c) {
    const step_errors e = compare_step(model, c);
    CHECK(e.loss < 1);
    CHECK(e.gradients < 1);
    CHECK(e.statistics < 1);
    CHECK(e.outputs < 1);
    CHECK(e.evaluation < 1);
    CHECK(e.correct);
    CHECK(e.kept);
    CHECK(e.accuracy);
}

}  // namespace testing
