// SPDX-License-Identifier: MIT
// Same seed, threads and machine: the same bits, in a run, in a run that is resumed, and through evaluations and predictions between.
// What we write ourselves gives the same bits at any number of threads.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/device_step.hpp>
#include <support/random_pictures.hpp>

#include <vector>

using namespace strata;
using namespace testing;

namespace {

struct small : network<shape{12, 12, 3}, conv2d<8, same(3)>, relu, max_pool2d<2>, batch_norm, dropout<0.25>, conv2d<8, same(3)>, relu,
                       flatten, dense<24>, relu, dropout<0.5>, dense<5>> {};

struct pictures : random_pictures {
    explicit pictures(int rows) : random_pictures({12, 12, 3}, 5, rows, 23) {}
};

using arrays = std::vector<std::vector<float>>;
// Parameters, statistics, the optimizer's slots.
arrays everything(const model& m) {
    arrays all;
    for (const state which : {state::parameter, state::statistic, state::slot0, state::slot1})
        for (auto& values : read_all(m.executor(), m.program(), which)) all.push_back(values);
    return all;
}

arrays trained(const device& on, std::uint64_t seed, int epochs = 2) {
    const pictures data(45);
    model m(view<small>(), on, {.seed = seed});
    trainer t(m, adam{});
    t.fit(data.view(), {.epochs = epochs, .batch_size = 8, .validation_split = 0.2});
    return everything(m);
}

}  // namespace

TEST_CASE("two runs of the same seed end in the same bits, at one thread and at two") {
    for (const int threads : {1, 2}) {
        const device on = cpu::open({.threads = threads});
        const arrays a = trained(on, 7, 1), b = trained(on, 7, 1), other = trained(on, 8, 1);
        CHECK(a == b);
        CHECK(a != other);
    }
}

TEST_CASE("a device opened again, and a model made after others, give the same bits") {
    const arrays a = trained(cpu::open({.threads = 1}), 7);
    const device on = cpu::open({.threads = 1});
    model other(view<small>(), on, {.seed = 99});
    CHECK(trained(on, 7) == a);
}

TEST_CASE("evaluations and predictions between the epochs change no bit of what is trained") {
    const pictures data(45);
    const device on = cpu::open({.threads = 1});
    model m(view<small>(), on, {.seed = 7});
    trainer t(m, adam{});
    predictor predict(m, 3);
    t.fit(data.view(), {.epochs = 2, .batch_size = 8, .validation_split = 0.2}, [&](const epoch_result&) {
        predict.probabilities(data.view());
        return flow::go_on;
    });
    CHECK(everything(m) == trained(on, 7));
}

TEST_CASE("a run that goes on from a copied state draws what the whole run draws: shuffles, dropout, Adam's step") {
    const pictures data(45);
    const device on = cpu::open({.threads = 1});
    const fit_options first{.epochs = 2, .batch_size = 8, .seed = 5};
    fit_options second = first;
    second.initial_epoch = 2;
    second.epochs = 4;
    model whole(view<small>(), on, {.seed = 7}), begun(view<small>(), on, {.seed = 7}), resumed(view<small>(), on, {.seed = 7});
    trainer t(whole, adam{}), u(begun, adam{}), v(resumed, adam{});
    t.fit(data.view(), {.epochs = 4, .batch_size = 8, .seed = 5});
    u.fit(data.view(), first);
    resumed.executor().configure(adam{}, {});
    for (const state which : {state::parameter, state::statistic, state::slot0, state::slot1}) {
        const arrays values = read_all(begun.executor(), begun.program(), which);
        for (std::size_t i = 0; i < values.size(); ++i) resumed.executor().write(which, i, values[i]);
    }
    resumed.executor().set_steps(begun.steps());
    v.fit(data.view(), second);
    CHECK(everything(resumed) == everything(whole));
    CHECK(resumed.steps() == whole.steps());
}

TEST_CASE("our own kernels give the same bits at one thread and at two: gather, dropout, loss, optimizer, metrics") {
    // One flat layer whose product has a single term, so that no library sums anything: the rest is ours.
    program p({1, 1, 1});
    tensor x = build::dense(p, p.input(), {.units = 4096, .use_bias = false});
    x = build::dropout(p, x, 0.3f);
    build::relu(p, x);
    dice draw(3);
    const std::vector<float> values = to_floats(draw.values(33, -3, 3));
    std::vector<std::int32_t> labels;
    for (int n = 0; n < 33; ++n) labels.push_back(draw.between(0, 4095));
    arrays found[2];
    float loss[2];
    for (const int threads : {1, 2}) {
        model m(p.view(), cpu::open({.threads = threads}), {.seed = 11});
        m.executor().configure(adam{.weight_decay = 0.01f}, {.label_smoothing = 0.1f});
        loss[threads - 1] = run_step(m.executor(), view_of({1, 1, 1}, 4096, values, labels), 0.01f).loss;
        found[threads - 1] = everything(m);
    }
    CHECK(loss[0] == loss[1]);
    CHECK(found[0][0].size() == 4096);
    // The weight's gradient is a sum over the rows, by oneDNN: it may differ by its order. Everything else must not.
    CHECK(distance(found[0][0], found[1][0]) <= 1e-6 * norm(found[0][0]));
}
