// SPDX-License-Identifier: MIT
// Predictors of one model in threads of their own: made at the same time, run at the same time, with batches of their own; each gives
// the bits that it gives alone, before and after the model was trained further, and outlives the model.
#include <strata/cuda.hpp>

#include <doctest/doctest.h>

#include <strata/models/alexnet_cifar.hpp>
#include <strata/training/predictor.hpp>
#include <strata/training/trainer.hpp>
#include <support/device_step.hpp>
#include <support/random_pictures.hpp>
#include <virtual_gpu/device.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

constexpr int threads = 6;
const program& small_alexnet() {
    static const program made = alexnet_cifar_program(0.05);
    return made;
}
const random_pictures& pictures() {
    static const random_pictures made({32, 32, 3}, 10, 24, 5, -1, 1);
    return made;
}

// The rows that a thread predicts: other ones in each.
dataset_view rows_of(int thread) {
    const std::int64_t size = 32 * 32 * 3, first = thread, count = 7 + thread;
    return view_of({32, 32, 3}, 10,
                   std::span(pictures().values).subspan(static_cast<std::size_t>(first * size), static_cast<std::size_t>(count * size)),
                   std::span(pictures().labels).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count)));
}

// Runs body(thread) in all threads, which begin together; gives what was thrown.
template <typename Body>
std::vector<std::string> in_threads(const Body& body) {
    std::vector<std::string> thrown(threads);
    std::atomic<int> waiting = threads;
    std::vector<std::thread> all;
    for (int t = 0; t < threads; ++t) {
        all.emplace_back([&, t] {
            --waiting;
            while (waiting > 0) std::this_thread::yield();
            try {
                body(t);
            } catch (const std::exception& e) { thrown[static_cast<std::size_t>(t)] = e.what(); }
        });
    }
    for (std::thread& t : all) t.join();
    std::erase(thrown, std::string());
    return thrown;
}

using outputs = std::vector<std::vector<float>>;

}  // namespace

TEST_CASE("predictors that are made and run in threads give what each gives alone") {
    for (const vgpu::order order : {vgpu::order::late, vgpu::order::shuffled, vgpu::order::mixed}) {
        vgpu::set_order(order, 17);
        auto m = std::make_unique<model>(small_alexnet().view(), cuda::open());
        trainer(*m, adam{}).fit(pictures().view(), {.epochs = 1, .batch_size = 8});
        outputs alone(threads), together(threads), again(threads);
        for (int t = 0; t < threads; ++t) alone[static_cast<std::size_t>(t)] = predictor(*m, 3 + t).probabilities(rows_of(t));
        std::vector<std::unique_ptr<predictor>> predictors(threads);
        const auto made = in_threads([&](int t) { predictors[static_cast<std::size_t>(t)] = std::make_unique<predictor>(*m, 3 + t); });
        REQUIRE(made == std::vector<std::string>{});
        const auto run = [&](outputs& to) {
            return in_threads([&](int t) {
                const auto at = static_cast<std::size_t>(t);
                for (int i = 0; i < 5; ++i) to[at] = predictors[at]->probabilities(rows_of(t));
            });
        };
        REQUIRE(run(together) == std::vector<std::string>{});
        CHECK(together == alone);

        // Trained further: the same predictors see it, and without a word.
        trainer(*m, adam{.learning_rate = 0.01f}).fit(pictures().view(), {.epochs = 1, .batch_size = 8});
        REQUIRE(run(again) == std::vector<std::string>{});
        CHECK(again != alone);
        for (int t = 0; t < threads; ++t) CHECK(again[static_cast<std::size_t>(t)] == predictor(*m, 3 + t).probabilities(rows_of(t)));

        m.reset();  // predictors keep what they need
        outputs last(threads);
        REQUIRE(run(last) == std::vector<std::string>{});
        CHECK(last == again);
        predictors.clear();
        CHECK(vgpu::live() == std::vector<std::string>{});
        CHECK(vgpu::misuse() == std::vector<std::string>{});
    }
    vgpu::set_order(vgpu::order::mixed, 1);
}

TEST_CASE("models of several threads train at the same time, each as it does alone") {
    const auto train = [] {
        model m(small_alexnet().view(), cuda::open());
        trainer(m, adam{}).fit(pictures().view(), {.epochs = 1, .batch_size = 8});
        return read_all(m.executor(), m.program(), state::parameter);
    };
    const auto alone = train();
    std::vector<std::vector<std::vector<float>>> together(threads);
    const auto thrown = in_threads([&](int t) { together[static_cast<std::size_t>(t)] = train(); });
    CHECK(thrown == std::vector<std::string>{});
    for (const auto& one : together) CHECK(one == alone);
    CHECK(vgpu::live() == std::vector<std::string>{});
    CHECK(vgpu::misuse() == std::vector<std::string>{});
}

TEST_CASE("a predictor whose run fails is whole at the next one, and the others notice nothing") {
    model m(small_alexnet().view(), cuda::open());
    predictor one(m, 8), other(m, 5);
    const auto expected = one.probabilities(rows_of(0)), of_other = other.probabilities(rows_of(1));
    for (const char* call : {"cudaMemcpyAsync", "cudaStreamWaitEvent", "cudaGraphLaunch", "cudaStreamSynchronize", "cudaGetDevice"}) {
        CAPTURE(call);
        vgpu::fail(call, 1, cudaErrorUnknown);
        CHECK_THROWS_AS(static_cast<void>(one.probabilities(rows_of(0))), error);
        vgpu::clear_faults();
        CHECK(other.probabilities(rows_of(1)) == of_other);
        CHECK(one.probabilities(rows_of(0)) == expected);
    }
}
