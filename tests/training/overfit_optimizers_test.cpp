// SPDX-License-Identifier: MIT
// 64 pictures learnt by heart with each optimizer, by a network with a residual, two poolings and two batch norms. A wrong gradient or
// update shows here even where it is wrong in the same way as the oracle.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/random_values.hpp>

#include <cmath>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

struct learner : network<shape{16, 16, 3}, conv2d<12, same(3)>, relu, max_pool2d<3, 2>, batch_norm, residual<conv2d<12, same(3)>, relu>,
                         max_pool2d<3, 2>, batch_norm, flatten, dense<48>, relu, dropout<0.1>, dense<10>> {};

struct pictures {
    std::vector<std::uint8_t> bytes;
    std::vector<std::int32_t> labels;
};
pictures noise_with_labels(int rows) {
    dice draw(17);
    pictures p;
    for (int i = 0; i < rows * 16 * 16 * 3; ++i) p.bytes.push_back(static_cast<std::uint8_t>(draw.between(0, 255)));
    for (int n = 0; n < rows; ++n) p.labels.push_back(draw.between(0, 9));
    return p;
}

void check_learns(conventions how, const optimizer& with, int epochs) {
    how.batch_norm_momentum = 0.9f;  // with Keras's 0.99 a run this short ends in its trap (keras_trap_test.cpp)
    const pictures p = noise_with_labels(64);
    const dataset_view data = view_of({16, 16, 3}, 10, p.bytes, p.labels);
    model m(view<learner>(), cpu::open({.threads = 1}), {.conventions = how, .seed = 3});
    trainer t(m, with);
    CHECK(t.evaluate(data).accuracy < 0.4);
    double first = 0;
    const history h = t.fit(data, {.epochs = epochs, .batch_size = 16}, [&](const epoch_result& e) {
        if (e.epoch == 0) first = e.loss;
        return e.accuracy == 1 && e.loss < 0.05 ? flow::stop : flow::go_on;
    });
    CHECK(h.stopped);
    CHECK(h.accuracy().back() == 1.0);
    CHECK(h.loss().back() < 0.05 * first);
    t.set_learning_rate(0);  // the moving statistics catch up
    t.fit(data, {.epochs = 30, .batch_size = 64});
    CHECK(t.evaluate(data).accuracy == 1.0);
}

}  // namespace

TEST_CASE("Adam learns by heart") { check_learns(conventions::keras, adam{.learning_rate = 3e-3f}, 120); }
TEST_CASE("Adam with decoupled weight decay learns by heart") {
    check_learns(conventions::keras, adam{.learning_rate = 3e-3f, .weight_decay = 1e-3f}, 120);
}
TEST_CASE("SGD without momentum learns by heart") { check_learns(conventions::torch, sgd{.learning_rate = 0.05f}, 300); }
TEST_CASE("SGD with momentum learns by heart, as PyTorch") {
    check_learns(conventions::torch, sgd{.learning_rate = 0.02f, .momentum = 0.9f}, 200);
}
TEST_CASE("SGD with Nesterov's momentum learns by heart, as Keras") {
    check_learns(conventions::keras, sgd{.learning_rate = 0.03f, .momentum = 0.9f, .nesterov = true}, 200);
}
