// SPDX-License-Identifier: MIT
// fit(), evaluate() and train_step() on a device that only writes down what it is asked: order of rows, split, running means,
// learning rates, callbacks, losses that are not finite. What they refuse: trainer_input_test.cpp.
#include <strata/training/trainer.hpp>

#include <strata/core/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <training/recording_device.hpp>

using namespace strata;
using testing::message_of_thrown;
using testing::numbered_rows;
using testing::recording;

namespace {

struct fixture {
    explicit fixture(int rows, std::uint64_t seed = 1)
        : data(rows), net(testing::small_program().view(), open_recording(log), {.seed = seed}) {}
    recording log;
    numbered_rows data;
    model net;
};

std::vector<std::int64_t> numbers(std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> result;
    for (std::int64_t i = first; i < last; ++i) result.push_back(i);
    return result;
}

std::vector<std::int64_t> sorted(std::vector<std::int64_t> values) {
    std::sort(values.begin(), values.end());
    return values;
}

}  // namespace

TEST_CASE("the validation rows are the last ones, taken before any shuffle") {
    fixture f(10);
    trainer(f.net).fit(f.data.view(), {.epochs = 2, .batch_size = 4, .validation_split = 0.2});
    REQUIRE(f.log.epochs.size() == 2);
    for (const auto& rows : f.log.epochs) CHECK(sorted(rows) == numbers(0, 8));
    REQUIRE(f.log.evaluations.size() == 2);
    for (const auto& e : f.log.evaluations) CHECK(e.rows == numbers(8, 10));
}

TEST_CASE("each epoch takes the rows in another order, and seed and epoch alone decide which") {
    fixture a(100), b(100), other(100);
    trainer(a.net).fit(a.data.view(), {.epochs = 3, .batch_size = 7, .seed = 5});
    trainer(b.net).fit(b.data.view(), {.epochs = 3, .batch_size = 50, .seed = 5, .initial_epoch = 1});
    trainer(other.net).fit(other.data.view(), {.epochs = 1, .batch_size = 7, .seed = 6});
    CHECK(a.log.epochs[0] != a.log.epochs[1]);
    CHECK(a.log.epochs[0] != numbers(0, 100));
    REQUIRE(b.log.epochs.size() == 2);
    CHECK(b.log.epochs[0] == a.log.epochs[1]);
    CHECK(b.log.epochs[1] == a.log.epochs[2]);
    CHECK(other.log.epochs[0] != a.log.epochs[0]);
}

TEST_CASE("without a seed of its own fit takes the model's") {
    fixture a(50, 9), b(50, 1);
    trainer(a.net).fit(a.data.view(), {});
    trainer(b.net).fit(b.data.view(), {.seed = 9});
    CHECK(a.log.epochs == b.log.epochs);
}

TEST_CASE("without shuffle rows come in the given order, and the last partial batch is kept") {
    fixture f(10);
    const history h = trainer(f.net).fit(f.data.view(), {.batch_size = 4, .shuffle = false});
    REQUIRE(f.log.steps.size() == 3);
    CHECK(f.log.steps[0].rows == numbers(0, 4));
    CHECK(f.log.steps[2].rows == numbers(8, 10));
    CHECK(h.epochs[0].steps == 3);
    CHECK(h.loss()[0] == doctest::Approx(4.5));     // the mean over rows; over batches it would be 5.17
    CHECK(h.accuracy()[0] == doctest::Approx(0.5));
    CHECK_FALSE(h.epochs[0].has_validation);
}

TEST_CASE("validation has a batch size of its own; results carry its loss and accuracy") {
    fixture f(10);
    const history h = trainer(f.net).fit(f.data.view(), {.batch_size = 4, .validation_split = 0.3, .validation_batch_size = 2});
    CHECK(f.log.evaluations[0].batch_size == 2);
    CHECK(h.val_loss() == std::vector<double>{0.5});
    CHECK(h.val_accuracy() == std::vector<double>{0.25});
    trainer(f.net).fit(f.data.view(), {.batch_size = 4, .validation_split = 0.3});
    CHECK(f.log.evaluations[1].batch_size == 4);
}

TEST_CASE("given validation rows are evaluated as a set of their own, and every other row trains") {
    fixture f(10);
    const numbered_rows apart(3);
    trainer(f.net).fit(f.data.view(), {.batch_size = 5, .validation = apart.view()});
    CHECK(f.log.evaluations[0].floats == apart.floats.data());
    CHECK(f.log.evaluations[0].rows == numbers(0, 3));
    CHECK(sorted(f.log.epochs[0]) == numbers(0, 10));
}

TEST_CASE("a stratified split takes each class's share, also from one-hot labels") {
    fixture f(30);
    std::vector<float> one_hot(90);
    for (std::size_t i = 0; i < 30; ++i) one_hot[3 * i + i % 3] = 1;
    dataset_view data = f.data.view();
    for (int turn = 0; turn < 2; ++turn) {
        trainer(f.net).fit(data, {.batch_size = 4, .validation_split = 0.2, .split = split_mode::stratified});
        int per_class[3] = {};
        for (const std::int64_t row : f.log.evaluations.back().rows) ++per_class[row % 3];
        for (const int count : per_class) CHECK(count == 2);
        data.labels = {};
        data.one_hot = one_hot;
    }
}

TEST_CASE("learning rates follow the schedule by the model's own step, from 0 on, across epochs and fits") {
    fixture f(6);
    const auto schedule = [](std::int64_t step) { return 1.0f / static_cast<float>(step + 1); };
    trainer train(f.net);
    const history h = train.fit(f.data.view(), {.epochs = 2, .batch_size = 2, .learning_rate = schedule});
    train.fit(f.data.view(), {.epochs = 1, .batch_size = 2, .learning_rate = schedule});
    for (std::size_t i = 0; i < 9; ++i) CHECK(f.log.steps.at(i).learning_rate == schedule(static_cast<std::int64_t>(i)));
    CHECK(h.epochs[1].learning_rate == schedule(5));
}

TEST_CASE("without a schedule the optimizer's rate is taken, as set last") {
    fixture f(4);
    trainer train(f.net, sgd{.learning_rate = 0.25f});
    train.fit(f.data.view(), {.batch_size = 4});
    train.set_learning_rate(0.5f);
    train.train_step(f.data.view());
    CHECK(f.log.steps[0].learning_rate == 0.25f);
    CHECK(f.log.steps[1].learning_rate == 0.5f);
    CHECK(f.log.how.kind == optimizer_kind::sgd);
}

TEST_CASE("batch callbacks see the running means, weighted by rows, and the planned steps") {
    for (const std::size_t latency : {0u, 2u, 100u}) {
        fixture f(5);
        f.log.latency = latency;
        std::vector<batch_result> seen;
        trainer(f.net).fit(f.data.view(), {.batch_size = 2, .shuffle = false}, {}, [&](const batch_result& b) {
            seen.push_back(b);
            return flow::go_on;
        });
        REQUIRE(seen.size() == 3);
        CHECK(seen[0].loss == doctest::Approx(0.5));
        CHECK(seen[1].loss == doctest::Approx(1.5));
        CHECK(seen[2].loss == doctest::Approx(2.0));
        CHECK(seen[2].accuracy == doctest::Approx(0.6));
        CHECK(seen[1].step == 2);
        CHECK(seen[1].steps == 3);
        CHECK(seen[2].last.rows == 1);
    }
}

TEST_CASE("a batch callback that stops ends the run after the steps in flight; the epoch is reported without validation") {
    fixture f(100);
    f.log.latency = 3;
    int epochs_seen = 0;
    trainer train(f.net);
    const history h = train.fit(
        f.data.view(), {.epochs = 5, .batch_size = 5, .validation_split = 0.5},
        [&](const epoch_result&) {
            ++epochs_seen;
            return flow::go_on;
        },
        [](const batch_result& b) { return b.step == 2 ? flow::stop : flow::go_on; });
    CHECK(f.log.steps.size() == 2 + 3);
    CHECK(f.log.in_flight == 0);
    CHECK(h.stopped);
    REQUIRE(h.epochs.size() == 1);
    CHECK(h.epochs[0].steps == 5);
    CHECK_FALSE(h.epochs[0].has_validation);
    CHECK(f.log.evaluations.empty());
    CHECK(epochs_seen == 1);
}

TEST_CASE("an epoch callback that stops ends the run after its epoch") {
    fixture f(10);
    trainer train(f.net);
    const history h = train.fit(f.data.view(), {.epochs = 5, .batch_size = 5, .validation_split = 0.5},
                                [](const epoch_result& e) { return e.epoch == 1 ? flow::stop : flow::go_on; });
    CHECK(h.epochs.size() == 2);
    CHECK(h.stopped);
    CHECK(h.epochs[1].has_validation);
    CHECK_FALSE(train.fit(f.data.view(), {.batch_size = 5}).stopped);
}

TEST_CASE("a validation callback that stops ends the run within some hundred rows, and the epoch has no validation") {
    fixture f(2000);
    trainer train(f.net);
    std::vector<std::int64_t> rows_so_far;
    const auto second_part = [&](const evaluation& e) {
        rows_so_far.push_back(e.rows);
        return rows_so_far.size() == 2 ? flow::stop : flow::go_on;
    };
    const history h = train.fit(f.data.view(), {.epochs = 5, .batch_size = 100, .validation_split = 0.75}, {}, {}, second_part);
    CHECK(rows_so_far == std::vector<std::int64_t>{500, 1000});
    REQUIRE(f.log.evaluations.size() == 2);
    CHECK(f.log.evaluations[1].rows == numbers(1000, 1500));
    CHECK(h.stopped);
    REQUIRE(h.epochs.size() == 1);
    CHECK_FALSE(h.epochs[0].has_validation);
    CHECK(h.epochs[0].steps == 5);
}

TEST_CASE("an evaluation in parts has the figures of one in one go; one that is stopped tells its rows") {
    fixture f(1300);
    trainer train(f.net);
    const evaluation whole = train.evaluate(f.data.view(), 100);
    int parts = 0;
    const evaluation same = train.evaluate(f.data.view(), 100, [&](const evaluation&) { return ++parts, flow::go_on; });
    CHECK(parts == 3);  // 500, 500, 300
    CHECK(same.rows == whole.rows);
    CHECK(same.loss == doctest::Approx(whole.loss));
    CHECK(same.accuracy == doctest::Approx(whole.accuracy));
    CHECK(train.evaluate(f.data.view(), 2000, [](const evaluation&) { return flow::stop; }).rows == 1300);
    CHECK(train.evaluate(f.data.view(), 1, [](const evaluation&) { return flow::stop; }).rows == 512);
}

TEST_CASE("a loss that is not finite ends the run, names step and learning rate, and keeps what was before") {
    for (const std::size_t latency : {0u, 4u}) {
        fixture f(20);
        f.log.latency = latency;
        f.log.non_finite_at = 7;  // the third step of the second epoch
        trainer train(f.net, adam{.learning_rate = 0.125f});
        std::int64_t at = 0;
        std::string message;
        try {
            train.fit(f.data.view(), {.epochs = 3, .batch_size = 5, .validation_split = 0.0});
        } catch (const non_finite_loss& e) {
            at = e.step;
            message = e.what();
        }
        CHECK(at == 7);
        CHECK(message.find("step 7 (epoch 2, learning rate 0.125)") != std::string::npos);
        CHECK(message.find("smaller learning rate, such as 0.0125") != std::string::npos);
        CHECK(f.log.in_flight == 0);
        REQUIRE(train.history().epochs.size() == 2);
        CHECK(train.history().epochs[1].steps == 2);
        CHECK(f.net.steps() == 6);
    }
}

TEST_CASE("an epoch whose first step is not finite is not reported") {
    fixture f(20);
    f.log.non_finite_at = 1;
    trainer train(f.net);
    CHECK_THROWS_AS(train.fit(f.data.view(), {.batch_size = 5}), non_finite_loss);
    CHECK(train.history().epochs.empty());
}

TEST_CASE("when a callback or the device throws, no step stays in flight, and the epochs before are kept") {
    fixture f(20);
    f.log.latency = 2;
    trainer train(f.net);
    const fit_options options{.epochs = 3, .batch_size = 5};
    CHECK_THROWS_AS(train.fit(f.data.view(), options, {},
                              [](const batch_result& b) -> flow {
                                  if (b.epoch == 1) throw std::runtime_error("no disk left");
                                  return flow::go_on;
                              }),
                    std::runtime_error);
    CHECK(f.log.in_flight == 0);
    CHECK(train.history().epochs.size() == 1);
    f.log.throw_at = f.net.steps() + 3;
    CHECK_THROWS_AS(train.fit(f.data.view(), options), std::runtime_error);
    CHECK(f.log.in_flight == 0);
    f.log.throw_at = 0;
    CHECK(train.fit(f.data.view(), options).epochs.size() == 3);
}

TEST_CASE("no epochs train nothing; epochs is the end that initial_epoch counts towards, as in Keras") {
    fixture f(4);
    trainer train(f.net);
    CHECK(train.fit(f.data.view(), {.epochs = 0, .batch_size = 2}).epochs.empty());
    CHECK(f.log.steps.empty());
    const history h = train.fit(f.data.view(), {.epochs = 5, .batch_size = 2, .initial_epoch = 3});
    REQUIRE(h.epochs.size() == 2);
    CHECK(h.epochs[0].epoch == 3);
}

TEST_CASE("evaluate takes every row in order") {
    fixture f(10);
    const evaluation e = trainer(f.net, adam{}, {.label_smoothing = 0.1f}).evaluate(f.data.view(), 3);
    CHECK(e.rows == 10);
    CHECK(f.log.evaluations[0].rows == numbers(0, 10));
    CHECK(f.log.evaluations[0].batch_size == 3);
    CHECK(f.log.label_smoothing == 0.1f);
}

TEST_CASE("train_step takes the rows as they are, in one step, and reports it") {
    fixture f(6);
    trainer train(f.net);
    const step_result r = train.train_step(f.data.view());
    CHECK(r.step == 1);
    CHECK(r.rows == 6);
    CHECK(r.loss == doctest::Approx(2.5));
    CHECK(f.log.steps[0].rows == numbers(0, 6));
    f.log.non_finite_at = 2;
    CHECK(message_of_thrown<non_finite_loss>([&] { train.train_step(f.data.view()); }).find("step 2 (learning rate 0.001)") !=
          std::string::npos);
}
