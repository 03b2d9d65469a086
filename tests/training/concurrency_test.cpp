// SPDX-License-Identifier: MIT
// Several predictors of one model in several threads give what one gives alone; two models train at the same time without meeting;
// a predictor sees what the model has learnt since.
#include <strata/cpu.hpp>

#include <doctest/doctest.h>

#include <support/device_step.hpp>
#include <support/random_pictures.hpp>
#include <support/winograd_everywhere.hpp>

#include <atomic>
#include <thread>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

struct small : network<shape{10, 10, 3}, conv2d<8, same(3)>, relu, max_pool2d<2>, batch_norm, conv2d<8, same(3)>, leaky_relu<0.1>,
                       global_avg_pool2d, dense<16>, relu, dropout<0.5>, dense<5>, softmax> {};

struct pictures : random_pictures {
    pictures(int rows, std::uint64_t seed) : random_pictures({10, 10, 3}, 5, rows, seed) {}
};

// One whose predictors keep reordered weights, and one whose predictors keep transformed ones.
std::vector<device> devices() {
    return {cpu::open({.threads = 1, .convolutions = cpu::convolution_choices::direct_only()}),
            cpu::open({.threads = 1, .convolutions = winograd_everywhere(view<small>(), 1, 4, 4)})};
}

void check_predictors_in_threads(const device& on) {
    const pictures data(24, 1);
    model m(view<small>(), on, {.seed = 2});
    trainer t(m);
    t.fit(data.view(), {.epochs = 2, .batch_size = 8});
    std::vector<std::vector<float>> alone;
    for (int batch = 1; batch <= 4; ++batch) alone.push_back(predictor(m, batch).probabilities(data.view()));
    std::atomic<int> wrong{0}, right{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&, i] {
            predictor mine(m, i + 1);  // made in the thread, beside the others
            for (int again = 0; again < 15; ++again)
                (mine.probabilities(data.view()) == alone[static_cast<std::size_t>(i)] ? right : wrong)++;
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(wrong == 0);
    CHECK(right == 60);
}

void check_predictor_after_training(const device& on) {
    const pictures data(16, 2);
    model m(view<small>(), on, {.seed = 2});
    predictor early(m, 5);
    const std::vector<float> before = early.probabilities(data.view());
    trainer t(m, adam{.learning_rate = 0.01f});
    t.fit(data.view(), {.epochs = 1, .batch_size = 8});
    const std::vector<float> after = early.probabilities(data.view());
    CHECK(after != before);
    CHECK(after == predictor(m, 5).probabilities(data.view()));
    std::vector<float> elsewhere;
    std::thread([&] { elsewhere = early.probabilities(data.view()); }).join();
    CHECK(elsewhere == after);
    m.write("dense.bias", std::vector<float>(16, 0.5f));
    CHECK(early.probabilities(data.view()) == predictor(m, 5).probabilities(data.view()));
    CHECK(early.probabilities(data.view()) != after);
    std::vector<float> weights(static_cast<std::size_t>(8 * 3 * 3 * 8), 0.25f);
    const std::vector<float> biased = early.probabilities(data.view());
    m.write("conv2d_1.weight", weights);
    CHECK(early.probabilities(data.view()) == predictor(m, 5).probabilities(data.view()));
    CHECK(early.probabilities(data.view()) != biased);
}

}  // namespace

TEST_CASE("predictors of one model, one per thread, give what one gives alone") {
    for (const device& on : devices()) check_predictors_in_threads(on);
}

TEST_CASE("a predictor made before gives the new answers after training, and moves between threads") {
    for (const device& on : devices()) check_predictor_after_training(on);
}

TEST_CASE("two models of one device train at the same time as they would alone") {
    const pictures data(24, 3);
    const device on = cpu::open({.threads = 1});
    const auto train = [&](std::uint64_t seed) {
        model m(view<small>(), on, {.seed = seed});
        trainer t(m);
        t.fit(data.view(), {.epochs = 2, .batch_size = 8});
        return read_all(m.executor(), m.program(), state::parameter);
    };
    const auto first = train(1), second = train(2);
    std::vector<std::vector<float>> a, b;
    std::thread one([&] { a = train(1); }), two([&] { b = train(2); });
    one.join();
    two.join();
    CHECK(a == first);
    CHECK(b == second);
}
