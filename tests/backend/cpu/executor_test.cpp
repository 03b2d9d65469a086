// SPDX-License-Identifier: MIT
// The executor's promises beside its numbers: epochs of any row order with a last part of a batch, learning rates per step, state that
// is read and written, evaluation over chosen rows, and refusals.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/device_step.hpp>
#include <support/random_pictures.hpp>

#include <vector>

using namespace strata;
using namespace testing;

namespace {

struct small : network<shape{4, 4, 2}, conv2d<3, same(3)>, relu, batch_norm, flatten, dense<4>, softmax> {};

struct pictures : random_pictures {
    explicit pictures(int rows) : random_pictures({4, 4, 2}, 4, rows, 3) {}
};

using arrays = std::vector<std::vector<float>>;
arrays parameters_of(const model& m) { return read_all(m.executor(), m.program(), state::parameter); }
model made(std::uint64_t seed = 1) { return model(view<small>(), cpu::open({.threads = 1}), {.seed = seed}); }

}  // namespace

TEST_CASE("an epoch takes the rows in the given order, the last step what is left, each step its own learning rate") {
    const pictures data(7);
    const std::vector<std::int64_t> order{6, 0, 3, 3, 1};
    const std::vector<float> rates{0.1f, 0.0f, 0.5f};
    model m = made(), single = made();
    for (model* each : {&m, &single}) each->executor().configure(sgd{}, {});
    const auto resident = m.executor().load(data.view());
    m.executor().begin_epoch(*resident, {.rows = order, .batch_size = 2, .learning_rates = rates});
    for (int step = 0; step < 3; ++step) {
        const arrays before = parameters_of(m);
        m.executor().step();
        step_result result;
        REQUIRE(m.executor().collect(result, true));
        CHECK(result.step == step + 1);
        CHECK(result.rows == (step < 2 ? 2 : 1));
        CHECK((parameters_of(m) == before) == (rates[static_cast<std::size_t>(step)] == 0));
        // The same rows as a data set of their own.
        pictures part(0);
        for (int i = 2 * step; i < 2 * step + result.rows; ++i) {
            const auto row = order[static_cast<std::size_t>(i)];
            part.values.insert(part.values.end(), data.values.begin() + row * 32, data.values.begin() + row * 32 + 32);
            part.labels.push_back(data.labels[static_cast<std::size_t>(row)]);
        }
        const step_result alone = run_step(single.executor(), part.view(), rates[static_cast<std::size_t>(step)]);
        CHECK(alone.loss == result.loss);
        CHECK(alone.correct == result.correct);
        CHECK(parameters_of(single) == parameters_of(m));
    }
    CHECK_THROWS_AS(m.executor().step(), invalid_input);
    step_result none;
    CHECK_FALSE(m.executor().collect(none, true));
}

TEST_CASE("bytes and floats that mean the same pictures, labels and one-hot rows that mean the same classes, give the same bits") {
    std::vector<std::uint8_t> bytes;
    std::vector<float> floats;
    dice draw(9);
    for (int i = 0; i < 6 * 32; ++i) {
        bytes.push_back(static_cast<std::uint8_t>(draw.between(0, 255)));
        floats.push_back(static_cast<float>(bytes.back()));
    }
    const std::vector<std::int32_t> labels{3, 1, 0, 2, 2, 1};
    const std::vector<float> one_hot = to_floats(one_hot_of(labels, 4));
    const dataset_view as_bytes = view_of({4, 4, 2}, 4, bytes, labels);
    dataset_view as_floats = view_of({4, 4, 2}, 4, floats, labels, bytes_to_unit), as_rows = as_bytes;
    as_rows.labels = {};
    as_rows.one_hot = one_hot;
    std::vector<arrays> found;
    for (const dataset_view& data : {as_bytes, as_floats, as_rows}) {
        model m = made();
        m.executor().configure(adam{}, {.label_smoothing = 0.1f});
        run_step(m.executor(), data, 0.01f);
        found.push_back(parameters_of(m));
    }
    CHECK(found[0] == found[1]);
    CHECK(found[0] == found[2]);
}

TEST_CASE("preprocessing is value * scale + offset") {
    pictures plain(5), stored(5);
    for (float& v : stored.values) v = (v - 0.25f) * 4;
    dataset_view view = stored.view();
    view.input = {.scale = 0.25f, .offset = 0.25f};
    model a = made(), b = made();
    for (model* m : {&a, &b}) m->executor().configure(sgd{}, {});
    const float wanted = run_step(a.executor(), plain.view(), 0.1f).loss, found = run_step(b.executor(), view, 0.1f).loss;
    CHECK(found == doctest::Approx(wanted).epsilon(1e-5));
}

TEST_CASE("evaluation over chosen rows is their mean, whatever the batch size, and changes nothing") {
    const pictures data(9);
    model m = made();
    m.executor().configure(sgd{}, {});
    run_step(m.executor(), data.view(), 0.1f);
    const arrays before = parameters_of(m), statistics = read_all(m.executor(), m.program(), state::statistic);
    const auto resident = m.executor().load(data.view());
    const std::vector<std::int64_t> rows{8, 2, 2, 5, 0};
    double loss = 0, correct = 0;
    for (const std::int64_t row : rows) {
        const evaluation one = m.executor().evaluate(*resident, {&row, 1}, 1, {});
        loss += one.loss / 5;
        correct += one.accuracy / 5;
    }
    for (const int batch : {1, 2, 3, 5, 100}) {
        const evaluation all = m.executor().evaluate(*resident, rows, batch, {});
        CHECK(all.rows == 5);
        CHECK(all.loss == doctest::Approx(loss).epsilon(1e-6));
        CHECK(all.accuracy == doctest::Approx(correct));
    }
    CHECK(m.executor().evaluate(*resident, {}, 4, {}).rows == 0);
    CHECK(parameters_of(m) == before);
    CHECK(read_all(m.executor(), m.program(), state::statistic) == statistics);
    CHECK(m.steps() == 1);
}

TEST_CASE("a long step after short ones, and a short one after long ones, need the same bytes and give the same numbers") {
    const pictures data(16);
    model up = made(), down = made();
    for (model* m : {&up, &down}) m->executor().configure(sgd{.learning_rate = 0}, {});
    const float small_first = run_step(up.executor(), data.view().slice(0, 2), 0).loss;
    const float large_after = run_step(up.executor(), data.view(), 0).loss;
    const float large_first = run_step(down.executor(), data.view(), 0).loss;
    const float small_after = run_step(down.executor(), data.view().slice(0, 2), 0).loss;
    CHECK(small_first == small_after);
    CHECK(large_after == large_first);
    CHECK(run_step(up.executor(), data.view().slice(0, 2), 0).loss == small_first);
    CHECK(up.executor().bytes_held() == down.executor().bytes_held());
}

TEST_CASE("state is written and read as it is, by kind and number; a wrong size is refused") {
    model m = made();
    backend::executor& e = m.executor();
    const std::vector<float> bias{1, 2, 3};
    e.write(state::parameter, 1, bias);
    CHECK(parameters_of(m)[1] == bias);
    std::vector<float> two(2), slot(3, 1);
    CHECK_THROWS_AS(e.read(state::parameter, 1, two), invalid_input);
    CHECK_THROWS_AS(e.write(state::parameter, 1, two), invalid_input);
    CHECK_THROWS_AS(e.write(state::statistic, 0, two), invalid_input);
    CHECK_THROWS_AS(e.read(state::slot0, 1, slot), invalid_input);  // no optimizer yet
    e.configure(adam{}, {});
    e.read(state::slot0, 1, slot);
    CHECK(slot == std::vector<float>(3, 0));
    e.set_steps(41);
    CHECK(e.steps() == 41);
}

TEST_CASE("slots are kept when the kind of optimizer stays, and begin at zero when it changes") {
    const pictures data(4);
    model m = made();
    backend::executor& e = m.executor();
    e.configure(sgd{.momentum = 0.9f}, {});
    run_step(e, data.view(), 0.1f);
    const arrays velocity = read_all(e, m.program(), state::slot0);
    CHECK(norm(velocity[0]) > 0);
    e.configure(sgd{.learning_rate = 0.5f, .momentum = 0.8f}, {});
    CHECK(read_all(e, m.program(), state::slot0) == velocity);
    e.configure(adam{}, {});
    CHECK(norm(read_all(e, m.program(), state::slot1)[0]) == 0);
    CHECK(norm(read_all(e, m.program(), state::slot0)[0]) == 0);
}

TEST_CASE("an epoch without an optimizer is refused") {
    const pictures data(4);
    model m = made();
    const auto resident = m.executor().load(data.view());
    const std::vector<std::int64_t> rows{0, 1};
    const float rate = 0.1f;
    CHECK_THROWS_AS(m.executor().begin_epoch(*resident, {.rows = rows, .batch_size = 2, .learning_rates = {&rate, 1}}), invalid_input);
    m.executor().configure(adam{}, {});
    m.executor().begin_epoch(*resident, {.rows = rows, .batch_size = 2, .learning_rates = {&rate, 1}});
    m.executor().step();
    CHECK(m.executor().steps() == 1);
}

TEST_CASE("rows that the data do not have, and predictions larger than their batch, are refused") {
    const pictures data(4);
    model m = made();
    const auto resident = m.executor().load(data.view());
    const std::vector<std::int64_t> beyond{0, 4}, negative{-1};
    const float rate = 0.1f;
    CHECK_THROWS_AS(m.executor().begin_epoch(*resident, {.rows = beyond, .batch_size = 2, .learning_rates = {&rate, 1}}), invalid_input);
    CHECK_THROWS_AS(m.executor().evaluate(*resident, negative, 1, {}), invalid_input);
    CHECK_THROWS_AS(m.executor().make_inference(0), invalid_input);
    std::vector<float> out(16);
    CHECK_THROWS_AS(m.executor().make_inference(3)->run(data.view(), out), invalid_input);
    CHECK_THROWS_AS(m.executor().make_inference(4)->run(data.view(), std::span(out).first(12)), invalid_input);
    m.executor().make_inference(4)->run(data.view(), out);
    for (int n = 0; n < 4; ++n) {
        double sum = 0;
        for (int c = 0; c < 4; ++c) sum += static_cast<double>(out[static_cast<std::size_t>(4 * n + c)]);
        CHECK(sum == doctest::Approx(1));  // the network ends in softmax
    }
}
