// SPDX-License-Identifier: MIT
// All that a training step may change of a model, to be compared bit by bit.
#pragma once

#include <strata/training/model.hpp>
#include <support/device_step.hpp>

#include <cstdint>
#include <vector>

namespace testing {

struct snapshot {
    std::vector<std::vector<float>> parameters, statistics, slot0, slot1;
    std::int64_t steps;
    bool operator==(const snapshot&) const = default;

    static snapshot of(const strata::model& m) {
        const auto read = [&](strata::state which) { return read_all(m.executor(), m.program(), which); };
        return {read(strata::state::parameter), read(strata::state::statistic), read(strata::state::slot0), read(strata::state::slot1),
                m.steps()};
    }
};

}  // namespace testing
