// SPDX-License-Identifier: MIT
// One of two translation units that include every public header; this one in order. It trains a network for a step.
#include "every_header.hpp"

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

std::string version_seen_by_the_other();
std::int64_t parameters_counted_by_the_other();

struct tiny
    : strata::network<strata::shape{8, 8, 3}, strata::conv2d<4, strata::same(3)>, strata::relu, strata::flatten, strata::dense<10>> {};

int main() {
    std::printf("strata %s, in both translation units: %s\n", STRATA_VERSION_STRING, version_seen_by_the_other().c_str());
    bool good =
        version_seen_by_the_other() == STRATA_VERSION_STRING && parameters_counted_by_the_other() == strata::view<tiny>().parameter_count();
#if defined(CONSUMER_HAS_CPU)
    const std::vector<std::uint8_t> pictures(4 * 8 * 8 * 3, 100);
    const std::vector<std::int32_t> labels{0, 1, 2, 3};
    strata::model model(strata::view<tiny>(), strata::cpu::open({.threads = 1}));
    strata::trainer trainer(model, strata::adam{});
    const strata::step_result step = trainer.train_step(strata::view_of({8, 8, 3}, 10, pictures, labels));
    std::printf("%s: loss %.3f\n", model.device().name().c_str(), step.loss);
    good = good && std::isfinite(step.loss) && step.loss > 1 && step.rows == 4;
#endif
    return good ? 0 : 1;
}
