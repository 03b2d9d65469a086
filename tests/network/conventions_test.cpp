// SPDX-License-Identifier: MIT
// The two conventions hold the defaults that keras.io and pytorch.org document, and one of one's own starts from either.
#include <strata/network/conventions.hpp>

#include <doctest/doctest.h>

using strata::conventions;
using strata::initializer;

TEST_CASE("Keras's defaults") {
    const conventions& k = conventions::keras;
    CHECK(k.batch_norm_momentum == 0.99f);
    CHECK(k.batch_norm_epsilon == 1e-3f);
    CHECK_FALSE(k.unbiased_moving_variance);
    CHECK(k.weights == initializer::glorot_uniform);
    CHECK((k.adam_epsilon_hat && k.adam_epsilon == 1e-7f));
    CHECK(k.decoupled_weight_decay);
    CHECK(k.velocity_holds_rate);
    CHECK(conventions{} == k);
}

TEST_CASE("PyTorch's defaults; its batch norm momentum of 0.1 is 0.9 in Keras's sense") {
    const conventions& t = conventions::torch;
    CHECK(t.batch_norm_momentum == 0.9f);
    CHECK(t.batch_norm_epsilon == 1e-5f);
    CHECK(t.unbiased_moving_variance);
    CHECK(t.weights == initializer::torch_uniform);
    CHECK((!t.adam_epsilon_hat && t.adam_epsilon == 1e-8f));
    CHECK_FALSE(t.decoupled_weight_decay);
    CHECK_FALSE(t.velocity_holds_rate);
    CHECK(t != conventions::keras);
}

TEST_CASE("each can be set alone") {
    conventions mine = conventions::keras;
    mine.adam_epsilon = 1e-8f;
    CHECK(mine != conventions::keras);
    mine.adam_epsilon = 1e-7f;
    CHECK(mine == conventions::keras);
}
