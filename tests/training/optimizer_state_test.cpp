// SPDX-License-Identifier: MIT
// What an optimizer remembers, and for how long: Adam's count of updates begins where its moments were zero; another trainer that
// only looks changes nothing; values that would make every update NaN are refused.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace strata;

namespace {

struct small : network<shape{4, 4, 2}, conv2d<3, same(3)>, relu, batch_norm, flatten, dense<3>> {};

struct pictures {
    std::vector<float> values;
    std::vector<std::int32_t> labels;

    explicit pictures(std::size_t rows, float scale = 1) {
        for (std::size_t i = 0; i < rows * 32; ++i) values.push_back(scale * std::sin(static_cast<float>(i)));
        for (std::size_t i = 0; i < rows; ++i) labels.push_back(static_cast<std::int32_t>(i % 3));
    }
    dataset_view view() const { return view_of({4, 4, 2}, 3, values, labels); }
};

device one_thread() { return cpu::open({.threads = 1}); }

}  // namespace

TEST_CASE("Adam begins anew on a model whose steps were counted elsewhere") {
    const pictures data(6);
    model fresh(view<small>(), one_thread()), loaded(view<small>(), one_thread());
    loaded.executor().set_steps(2001);  // as load_model does: weights and steps, no moments
    trainer(fresh).train_step(data.view());
    trainer(loaded).train_step(data.view());
    CHECK(loaded.steps() == 2002);
    CHECK(loaded.read("dense.weight") == fresh.read("dense.weight"));
}

TEST_CASE("Adam begins anew after another kind of optimizer") {
    const pictures data(6);
    model switched(view<small>(), one_thread()), plain(view<small>(), one_thread());
    trainer first(switched), second(switched, sgd{.learning_rate = 0}), third(switched), only(plain);
    for (int i = 0; i < 3; ++i) first.train_step(data.view());
    second.train_step(data.view());
    for (const std::string& name : switched.names()) plain.write(name, switched.read(name));
    third.train_step(data.view());
    only.train_step(data.view());
    CHECK(switched.read("dense.weight") == plain.read("dense.weight"));
}

TEST_CASE("a trainer that only evaluates leaves another trainer's velocity alone") {
    const pictures data(6);
    model watched(view<small>(), one_thread()), alone(view<small>(), one_thread());
    trainer a(watched, sgd{.momentum = 0.9f}), b(alone, sgd{.momentum = 0.9f});
    a.train_step(data.view());
    b.train_step(data.view());
    trainer(watched, adam{}).evaluate(data.view());
    a.train_step(data.view());
    b.train_step(data.view());
    CHECK(watched.read("dense.weight") == alone.read("dense.weight"));
}

TEST_CASE("optimizer values that no update can have are refused by name") {
    model m(view<small>(), one_thread());
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const auto refused = [&](const optimizer& o) -> std::string {
        try {
            trainer t(m, o);
        } catch (const invalid_input& e) { return e.what(); }
        return "";
    };
    CHECK(refused(adam{.beta1 = 1.0}).starts_with("beta1 is 1;"));
    CHECK(refused(adam{.beta2 = 1.5}).starts_with("beta2 is 1.5;"));
    CHECK(refused(adam{.epsilon = 0}).starts_with("epsilon is 0;"));
    CHECK(refused(adam{.epsilon = nan}).starts_with("epsilon is nan;"));
    CHECK(refused(adam{.learning_rate = nan}).starts_with("learning_rate is nan;"));
    CHECK(refused(adam{.weight_decay = -1}).starts_with("weight_decay is -1;"));
    CHECK(refused(sgd{.momentum = nan}).starts_with("momentum is nan;"));
    CHECK(refused(adam{}).empty());
}

TEST_CASE("a batch whose variance is infinite commits nothing, though loss and gradients are finite") {
    const pictures data(6, 1e25f);
    model m(view<small>(), one_thread());
    const std::vector<float> before = m.read("batch_norm.moving_variance");
    trainer t(m);
    CHECK_THROWS_AS(t.train_step(data.view()), non_finite_loss);
    CHECK(m.read("batch_norm.moving_variance") == before);
}

TEST_CASE("many batch sizes one after the other hold a bounded number of programs, and give the same numbers again") {
    const pictures data(40);
    model m(view<small>(), one_thread());
    trainer t(m, sgd{.learning_rate = 0});
    const float first = t.train_step(data.view().slice(0, 7)).loss;
    for (std::int64_t rows = 1; rows <= 40; ++rows) t.train_step(data.view().slice(0, rows));
    CHECK(t.train_step(data.view().slice(0, 7)).loss == first);
}

TEST_CASE("a schedule in options that outlive its lambda is called once per step") {
    const pictures data(8);
    model m(view<small>(), one_thread());
    fit_options options{.epochs = 2, .batch_size = 4};
    {
        const std::vector<float> rates{0.5f, 0.25f, 0.125f, 0.0625f};
        options.learning_rate = [rates](std::int64_t step) { return rates[static_cast<std::size_t>(step)]; };
    }
    trainer t(m, sgd{});
    CHECK(t.fit(data.view(), options).epochs.back().learning_rate == 0.0625f);
}
