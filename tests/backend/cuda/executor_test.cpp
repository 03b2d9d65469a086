// SPDX-License-Identifier: MIT
// Training on the virtual GPU as the host sees it: what a step costs the host, that captured steps are the steps, what an error leaves.
#include <strata/cuda.hpp>

#include <doctest/doctest.h>

#include <strata/layers/batch_norm.hpp>
#include <strata/layers/dense.hpp>
#include <strata/layers/flatten.hpp>
#include <support/device_step.hpp>
#include <support/random_values.hpp>
#include <support/scratch_folder.hpp>
#include <virtual_gpu/device.hpp>

#include <limits>
#include <string>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

// Random pictures and labels for the AlexNet.
struct pictures {
    std::vector<std::uint8_t> bytes;
    std::vector<std::int32_t> labels;

    explicit pictures(std::int64_t rows) {
        dice draw(7);
        for (std::int64_t i = 0; i < rows * 32 * 32 * 3; ++i) bytes.push_back(static_cast<std::uint8_t>(draw.between(0, 255)));
        for (std::int64_t i = 0; i < rows; ++i) labels.push_back(draw.between(0, 9));
    }
    dataset_view view() const { return view_of({32, 32, 3}, 10, bytes, labels); }
};

constexpr float rate = 1e-3f;
const program& small_alexnet() {  // its channels are such that batch norm runs in own kernels
    static const program made = alexnet_cifar_program(0.05);
    return made;
}
const program& small_alexnet_of_engines() {  // its channels are multiples of 4: cuDNN has engines for all
    static const program made = alexnet_cifar_program(0.125);
    return made;
}

// Enqueues all steps of an epoch over the first rows.
void enqueue_epoch(backend::executor& executor, const backend::resident_data& data, std::int64_t rows, int batch_size) {
    const auto order = first_rows(rows);
    executor.begin_epoch(data, {.rows = order, .batch_size = batch_size, .learning_rates = {&rate, 1}});
    for (std::int64_t first = 0; first < rows; first += batch_size) executor.step();
}
std::vector<step_result> results_of(backend::executor& executor) {
    std::vector<step_result> results;
    for (step_result r; executor.collect(r, true);) results.push_back(r);
    return results;
}

// What a step costs the host, and the own kernels of a step.
std::uint64_t check_counts(const program& network) {
    const pictures data(20);
    model m(network.view(), cuda::open());
    backend::executor& executor = m.executor();
    executor.configure(adam{}, {});
    const auto resident = executor.load(data.view());
    const auto order = first_rows(20);
    executor.begin_epoch(*resident, {.rows = order, .batch_size = 4, .learning_rates = {&rate, 1}});
    read_all(executor, m.program(), state::gradient);  // until nothing of the preparation is left to run
    vgpu::reset_counters();
    for (int i = 0; i < 5; ++i) executor.step();
    CHECK(results_of(executor).size() == 5);
    const vgpu::counts counts = vgpu::counters();
    CHECK(counts.graph_launches == 5);
    CHECK(counts.launches == 0);
    CHECK(counts.synchronisations == 0);
    CHECK(counts.copies + counts.sets == 0);
    CHECK(counts.allocations == 0);
    std::uint64_t own = 0;
    for (const auto& [name, kernel] : counts.kernels) own += kernel.runs;
    CHECK(own % 5 == 0);
    return own / 5;
}

}  // namespace

TEST_CASE("a step is one graph launch: no copy, no allocation, no wait for an empty queue, and at most 12 own kernels") {
    const std::uint64_t own = check_counts(small_alexnet_of_engines());
    CHECK(own <= 12);
    CHECK(own > 0);
}

TEST_CASE("where own kernels do batch norm a step is one graph launch too, with at most 8 kernels more for each") {
    CHECK(check_counts(small_alexnet()) <= 12 + 5 * 8);
}

TEST_CASE("steps of a loop of one's own are captured once, and anew when the optimizer has changed more than its learning rate") {
    const pictures data(16);
    model m(small_alexnet().view(), cuda::open());
    vgpu::reset_calls();
    const auto captures = [] { return vgpu::calls()["cudaStreamEndCapture"]; };
    trainer t(m, adam{});
    t.train_step(data.view());
    t.set_learning_rate(1e-4f);
    t.train_step(data.view());
    CHECK(captures() == 1);
    trainer other(m, adam{.beta1 = 0.5});
    other.train_step(data.view());
    CHECK(captures() == 2);
}

TEST_CASE("ten captured steps give the bits of ten steps that are enqueued one operation at a time") {
    const pictures data(70);  // the last batch of an epoch is a partial one
    const auto train = [&data](bool capture) {
        model m(small_alexnet().view(), cuda::open({.capture = capture}));
        m.executor().configure(adam{}, {});
        const auto resident = m.executor().load(data.view());
        for (int epoch = 0; epoch < 2; ++epoch) {
            enqueue_epoch(m.executor(), *resident, 70, 16);
            CHECK(results_of(m.executor()).size() == 5);
        }
        CHECK(m.steps() == 10);
        auto values = read_all(m.executor(), m.program(), state::parameter);
        for (auto& v : read_all(m.executor(), m.program(), state::statistic)) values.push_back(v);
        for (auto& v : read_all(m.executor(), m.program(), state::slot1)) values.push_back(v);
        return values;
    };
    CHECK(train(true) == train(false));
}

TEST_CASE("engines kept in a folder are taken from there, and give the same bits") {
    const test::scratch_folder folder;
    const pictures data(8);
    const auto train = [&](const std::string& plan_cache) {
        model m(small_alexnet_of_engines().view(), cuda::open({.plan_cache = plan_cache}));
        m.executor().configure(adam{}, {});
        const auto resident = m.executor().load(data.view());
        enqueue_epoch(m.executor(), *resident, 8, 4);
        CHECK(results_of(m.executor()).size() == 2);
        return read_all(m.executor(), m.program(), state::parameter);
    };
    const auto descriptors = [] { return vgpu::calls()["cudnnBackendFinalize"]; };
    const auto made = train("");
    vgpu::reset_calls();
    CHECK(train(folder.path()) == made);  // writes them
    const auto of_choosing = descriptors();
    CHECK(folder.names().size() > 20);
    vgpu::reset_calls();
    CHECK(train(folder.path()) == made);
    CHECK(descriptors() < of_choosing / 3);  // no graph was handed over, no heuristic asked
}

TEST_CASE("a data set that passes through the device gives the bits of one that lies on it") {
    const pictures data(100);
    const auto train = [&data](std::int64_t resident_limit) {
        // A ring of two halves of 24 rows: batches of 16 lie across them.
        model m(small_alexnet().view(), cuda::open({.resident_limit = resident_limit, .passing_bytes = 2 * 24 * 32 * 32 * 3}));
        m.executor().configure(adam{}, {});
        const auto resident = m.executor().load(data.view());
        for (int epoch = 0; epoch < 2; ++epoch) {
            enqueue_epoch(m.executor(), *resident, 100, 16);
            CHECK(results_of(m.executor()).size() == 7);
        }
        const evaluation e = m.executor().evaluate(*resident, first_rows(90), 13, {});
        auto values = read_all(m.executor(), m.program(), state::parameter);
        values.push_back({static_cast<float>(e.loss), static_cast<float>(e.accuracy)});
        return values;
    };
    CHECK(train(0) == train(-1));
    CHECK(vgpu::misuse() == std::vector<std::string>{});
}

TEST_CASE("of floats fewer rows than of bytes are on their way through the device, in no more room") {
    const pictures data(8);
    const std::vector<float> floats(data.bytes.size(), 0.5f);
    const auto held = [](const dataset_view& view) {
        model m(small_alexnet().view(), cuda::open({.resident_limit = 0, .passing_bytes = 2 * 24 * 32 * 32 * 3}));
        m.executor().configure(adam{}, {});
        const auto resident = m.executor().load(view);
        enqueue_epoch(m.executor(), *resident, 8, 4);
        CHECK(results_of(m.executor()).size() == 2);
        return m.executor().bytes_held();
    };
    CHECK(held(view_of({32, 32, 3}, 10, floats, data.labels)) <= held(data.view()));
}

TEST_CASE("after a step whose loss is not finite nothing is committed in its epoch, and the next epoch goes on") {
    const pictures data(48);
    std::vector<float> floats(static_cast<std::size_t>(48) * 32 * 32 * 3, 0.5f);
    floats[17 * 32 * 32 * 3] = std::numeric_limits<float>::quiet_NaN();  // in the second batch of 16
    model m(small_alexnet().view(), cuda::open());
    backend::executor& executor = m.executor();
    executor.configure(adam{}, {});
    const auto bad = executor.load(view_of({32, 32, 3}, 10, floats, data.labels));
    enqueue_epoch(executor, *bad, 48, 16);
    const auto results = results_of(executor);
    REQUIRE(results.size() == 3);
    CHECK_FALSE(results[0].non_finite);
    CHECK(results[1].non_finite);
    CHECK(results[2].non_finite);
    CHECK(m.steps() == 1);
    for (const auto& values : read_all(executor, m.program(), state::parameter))
        for (const float v : values) CHECK(v - v == 0.0f);
    const auto good = executor.load(data.view());
    enqueue_epoch(executor, *good, 16, 16);
    CHECK_FALSE(results_of(executor).at(0).non_finite);
    CHECK(m.steps() == 2);
}

TEST_CASE("a batch whose variance is infinite is not committed, by cuDNN's batch norm or by our own") {
    for (const int channels : {3, 4}) {  // of which cuDNN takes 4
        CAPTURE(channels);
        program p({2, 2, channels});
        build::dense(p, build::flatten(p, build::batch_norm(p, p.input())), {.units = 4});
        p.check();
        std::vector<float> floats(static_cast<std::size_t>(8 * 4 * channels), 0.5f);
        for (std::size_t i = 0; i < floats.size(); i += 7) floats[i] = -0.5f;
        const std::vector<std::int32_t> labels{0, 1, 2, 3, 0, 1, 2, 3};
        const auto committed = [&](float factor) {
            std::vector<float> values = floats;
            for (float& v : values) v *= factor;
            model m(p.view(), cuda::open());
            m.executor().configure(sgd{}, {});
            const auto resident = m.executor().load(view_of({2, 2, channels}, 4, values, labels));
            enqueue_epoch(m.executor(), *resident, 8, 8);
            const auto results = results_of(m.executor());
            if (channels == 4) CHECK(results.at(0).loss - results.at(0).loss == 0.0f);  // only the inverse deviation tells, 0
            for (const auto& of : read_all(m.executor(), m.program(), state::statistic))
                for (const float v : of) CHECK(v - v == 0.0f);
            CHECK(results.at(0).non_finite == (m.steps() == 0));
            return m.steps();
        };
        CHECK(committed(1e15f) == 1);
        CHECK(committed(1e20f) == 0);
    }
}

TEST_CASE("more steps than may be in flight are reported in their order") {
    const pictures data(40);
    model m(small_alexnet().view(), cuda::open());
    m.executor().configure(sgd{}, {});
    const auto resident = m.executor().load(data.view());
    enqueue_epoch(m.executor(), *resident, 40, 2);
    const auto results = results_of(m.executor());
    REQUIRE(results.size() == 20);
    for (std::size_t i = 0; i < results.size(); ++i) CHECK(results[i].step == static_cast<std::int64_t>(i) + 1);
}

TEST_CASE("a batch that does not fit the device says what was asked, what is free, and which batch would fit") {
    vgpu::properties small = vgpu::device();
    const vgpu::properties kept = small;
    small.memory = std::size_t{24} << 20;
    vgpu::set_device(small);
    const pictures data(512);
    std::string message;
    try {
        model m(small_alexnet().view(), cuda::open());
        m.executor().configure(adam{}, {});
        const auto resident = m.executor().load(data.view());
        enqueue_epoch(m.executor(), *resident, 512, 512);
    } catch (const error& e) { message = e.what(); }
    INFO(message);
    CHECK(message.find("free") != std::string::npos);
    CHECK(message.find("would fit") != std::string::npos);
    vgpu::set_device(kept);
    CHECK(vgpu::live() == std::vector<std::string>{});
}
