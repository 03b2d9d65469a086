// SPDX-License-Identifier: MIT
// Optimizers as values: what adam and sgd become as data, and how many slots each needs. Their arithmetic is held against Keras and
// PyTorch in tests/training/golden_test.cpp and tests/kernels.
#include <strata/optimizers/optimizer.hpp>

#include <doctest/doctest.h>

using namespace strata;

static_assert(optimizer(adam{}).kind == optimizer_kind::adam && optimizer(sgd{}).kind == optimizer_kind::sgd);

TEST_CASE("adam keeps every option, and leaves epsilon to the conventions unless given") {
    const optimizer open = adam{};
    CHECK((open.learning_rate == 1e-3f && open.beta1 == 0.9 && open.beta2 == 0.999 && open.weight_decay == 0));
    CHECK(open.epsilon == unset);
    const optimizer given = adam{.learning_rate = 0.5f, .beta1 = 0.8, .beta2 = 0.7, .epsilon = 0.25f, .weight_decay = 0.125f};
    CHECK((given.learning_rate == 0.5f && given.beta1 == 0.8 && given.beta2 == 0.7 && given.epsilon == 0.25f &&
           given.weight_decay == 0.125f));
    CHECK(slots_of(given.kind) == 2);
}

TEST_CASE("sgd needs a velocity exactly when it has momentum") {
    const optimizer plain = sgd{.learning_rate = 0.5f, .weight_decay = 0.125f};
    CHECK((plain.kind == optimizer_kind::sgd && plain.learning_rate == 0.5f && plain.weight_decay == 0.125f));
    CHECK(slots_of(plain.kind) == 0);
    const optimizer heavy = sgd{.momentum = 0.9f, .nesterov = true};
    CHECK((heavy.kind == optimizer_kind::sgd_momentum && heavy.momentum == 0.9f && heavy.nesterov && heavy.learning_rate == 1e-2f));
    CHECK(slots_of(heavy.kind) == 1);
}
