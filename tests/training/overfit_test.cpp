// SPDX-License-Identifier: MIT
// fit() on the CPU device: a small network learns 64 random pictures by heart, the same seed gives the same bits, and few steps leave
// Keras's moving statistics near their initial values.
#include <strata/training/trainer.hpp>

#include <strata/cpu.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

using namespace strata;

namespace {

// Noise with labels that have nothing to do with it: whoever knows them has learnt them by heart.
struct noise {
    noise() : bytes(64 * 8 * 8 * 3), labels(64) {
        const random_stream stream{.seed = 11, .purpose = random_purpose::user};
        for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(stream.word(i) >> 24);
        for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int32_t>(stream.word(bytes.size() + i) % 10);
    }
    dataset_view view() const { return view_of({8, 8, 3}, 10, std::span<const std::uint8_t>(bytes), labels); }

    std::vector<std::uint8_t> bytes;
    std::vector<std::int32_t> labels;
};

program small() {
    program p({8, 8, 3});
    tensor x = build::conv2d(p, p.input(), {.filters = 16, .win = same(3)});
    x = build::relu(p, x);
    x = build::max_pool2d(p, x, valid(3, 2));
    x = build::batch_norm(p, x);
    x = build::flatten(p, x);
    x = build::dense(p, x, {.units = 64});
    x = build::relu(p, x);
    x = build::dropout(p, x, 0.2f);
    build::dense(p, x, {.units = 10});
    return p;
}

}  // namespace

TEST_CASE("64 pictures are learnt by heart, under both conventions") {
    const noise data;
    for (const conventions& how : {conventions::keras, conventions::torch}) {
        model net(small().view(), cpu::open({.threads = 1}), {.conventions = how, .seed = 4});
        trainer train(net, adam{.learning_rate = 3e-3f});
        const evaluation before = train.evaluate(data.view());
        const history h = train.fit(data.view(), {.epochs = 150, .batch_size = 16});
        const evaluation after = train.evaluate(data.view());
        CHECK(before.accuracy < 0.35);
        CHECK(after.accuracy == 1.0);
        CHECK(after.loss < 0.1);
        CHECK(h.loss().back() < 0.2 * h.loss().front());
        CHECK(net.steps() == 600);
        predictor predict(net, 10);
        const std::vector<int> classes = predict.classes(data.view());
        CHECK(std::vector<std::int32_t>(classes.begin(), classes.end()) == data.labels);
    }
}

TEST_CASE("the same seed trains the same bits; another seed does not") {
    const noise data;
    const auto trained = [&](std::uint64_t seed) {
        model net(small().view(), cpu::open({.threads = 2}), {.seed = seed});
        trainer(net).fit(data.view(), {.epochs = 2, .batch_size = 24, .validation_split = 0.25});
        std::vector<std::vector<float>> values;
        for (const std::string& name : net.names()) values.push_back(net.read(name));
        return values;
    };
    const auto first = trained(1);
    CHECK(first == trained(1));
    CHECK(first != trained(2));
}

TEST_CASE("after few steps Keras's moving statistics are mostly initial, and validation lags behind training") {
    const noise data;
    model net(small().view(), cpu::open({.threads = 1}), {.seed = 4});
    trainer train(net, adam{.learning_rate = 3e-3f});
    train.fit(data.view(), {.epochs = 5, .batch_size = 16});
    CHECK(net.initial_statistics_share() == doctest::Approx(0.8179).epsilon(1e-3));  // 0.99^20
    const double share = net.initial_statistics_share();
    for (const float variance : net.read("batch_norm.moving_variance")) CHECK(static_cast<double>(variance) > 0.9999 * share);
    const double lagging = train.evaluate(data.view()).loss;
    // With statistics of these very pictures the same weights know them better.
    model torch(small().view(), cpu::open({.threads = 1}), {.conventions = conventions::torch});
    for (const std::string& name : net.names()) torch.write(name, net.read(name));
    trainer still(torch, adam{.learning_rate = 0});
    still.fit(data.view(), {.epochs = 60, .batch_size = 64});
    CHECK(still.evaluate(data.view()).loss < lagging);
}
