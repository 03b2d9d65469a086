// SPDX-License-Identifier: MIT
// Keras's trap: in the first steps the moving statistics are still mostly their initial values, so validation says little while
// training looks fine. strata follows it exactly: evaluation takes the moving statistics, and the model says how much of them is old.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/device_step.hpp>
#include <support/random_pictures.hpp>

#include <cmath>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

// Two batch norms, one with a momentum of its own.
program normed(batch_norm_options second = {}) {
    program p({6, 5, 2});
    tensor x = build::batch_norm(p, build::relu(p, build::conv2d(p, p.input(), {.filters = 4, .win = same(3)})));
    x = build::batch_norm(p, build::dense(p, build::flatten(p, x), {.units = 8}), second);
    build::dense(p, x, {.units = 3});
    p.check();
    return p;
}

// Far from mean 0 and variance 1, which the moving statistics start from.
random_pictures shifted(std::int64_t rows, double by = 4) { return {{6, 5, 2}, 3, rows, 5, by, by + 5}; }

reference_state state_of(const model& m) {
    reference_state s;
    for (const auto& v : read_all(m.executor(), m.program(), state::parameter)) s.parameters.push_back(to_doubles(v));
    for (const auto& v : read_all(m.executor(), m.program(), state::statistic)) s.statistics.push_back(to_doubles(v));
    return s;
}

reference_loss expected(const model& m, const random_pictures& data, const reference_state& state) {
    const reference_settings inference{.conventions = m.options().conventions, .training = false};
    const auto rows = static_cast<std::int64_t>(data.labels.size());
    const reference_run run = forward(m.program(), state, to_doubles(data.values), rows, inference);
    return cross_entropy(rows, run.tensors[index(m.program().output)], one_hot_of(data.labels, 3), 0);
}

}  // namespace

TEST_CASE("validation accuracy and loss are those of the moving statistics, after every epoch") {
    for (const conventions& how : {conventions::keras, conventions::torch}) {
        const program p = normed();
        const random_pictures data = shifted(44), validation = shifted(20);
        model m(p.view(), cpu::open({.threads = 1}), {.conventions = how});
        trainer t(m, adam{.learning_rate = 0.01f});
        int epochs = 0;
        t.fit(data.view(), {.epochs = 4, .batch_size = 8, .validation = validation.view(), .shuffle = false}, [&](const epoch_result& e) {
            const reference_loss wanted = expected(m, validation, state_of(m));
            CHECK(e.has_validation);
            CHECK(e.val_loss == doctest::Approx(wanted.loss).epsilon(1e-5));
            REQUIRE(wanted.margin > 1e-4);
            CHECK(e.val_accuracy == doctest::Approx(wanted.correct / 20.0));
            ++epochs;
            return flow::go_on;
        });
        CHECK(epochs == 4);
    }
}

TEST_CASE("the moving statistics after some steps are the closed form of momentum and the batches") {
    // A learning rate of 0 and one batch again and again: statistics = initial * momentum^n + batch * (1 - momentum^n).
    const program p = normed();
    const random_pictures data = shifted(12);
    model m(p.view(), cpu::open({.threads = 1}), {});
    const reference_state before = state_of(m);
    const reference_run run = forward(p.view(), before, to_doubles(data.values), 12, {});
    trainer t(m, sgd{.learning_rate = 0});
    t.fit(data.view(), {.epochs = 50, .batch_size = 12, .shuffle = false});
    CHECK(m.steps() == 50);
    const double share = m.initial_statistics_share();
    CHECK(share == doctest::Approx(std::pow(0.99, 50)).epsilon(1e-6));
    const auto after = read_all(m.executor(), p.view(), state::statistic);
    for (std::size_t i = 0; i < after.size(); ++i)
        for (std::size_t c = 0; c < after[i].size(); ++c) {
            const double batch = (run.statistics[i][c] - before.statistics[i][c] * 0.99) / 0.01;
            CHECK(after[i][c] == doctest::Approx(before.statistics[i][c] * share + batch * (1 - share)).epsilon(2e-4));
        }
}

TEST_CASE("initial_statistics_share is momentum to the power of steps, of the slowest layer, and 0 without batch norm") {
    const device cpu_device = cpu::open({.threads = 1});
    model keras(normed().view(), cpu_device, {}), torch(normed().view(), cpu_device, {.conventions = conventions::torch});
    model slow(normed({.momentum = 0.999f}).view(), cpu_device, {}), quick(normed({.momentum = 0.5f}).view(), cpu_device, {});
    program plain({1, 1, 2});
    build::dense(plain, plain.input(), {.units = 2});
    model none(plain.view(), cpu_device, {});
    for (const int steps : {0, 1, 195, 1000}) {
        for (model* m : {&keras, &torch, &slow, &quick, &none}) m->executor().set_steps(steps);
        CHECK(keras.initial_statistics_share() == doctest::Approx(std::pow(0.99, steps)).epsilon(1e-5));
        CHECK(torch.initial_statistics_share() == doctest::Approx(std::pow(0.9, steps)).epsilon(1e-5));
        CHECK(slow.initial_statistics_share() == doctest::Approx(std::pow(0.999, steps)).epsilon(1e-5));
        CHECK(quick.initial_statistics_share() == doctest::Approx(std::pow(0.99, steps)).epsilon(1e-5));
        CHECK(none.initial_statistics_share() == 0);
    }
}

TEST_CASE("after few steps evaluation is far from training, and after many it is near: the trap and its end") {
    const program p = normed();
    const random_pictures data = shifted(16, 40);
    model m(p.view(), cpu::open({.threads = 1}), {});
    trainer t(m, adam{.learning_rate = 0.01f});
    t.fit(data.view(), {.epochs = 12, .batch_size = 16, .shuffle = false});
    t.set_learning_rate(0);
    const fit_options once{.epochs = 1, .batch_size = 16, .shuffle = false};
    const double trained = t.fit(data.view(), once).loss().back(), early = t.evaluate(data.view()).loss;
    CHECK(m.initial_statistics_share() > 0.8);
    CHECK(early > 2 * trained);
    for (int i = 0; i < 1000; ++i) t.train_step(data.view());
    CHECK(m.initial_statistics_share() < 1e-4);
    CHECK(t.evaluate(data.view()).loss == doctest::Approx(trained).epsilon(1e-3));
}
