// SPDX-License-Identifier: MIT
// Every call that a short run makes of CUDA, cuDNN and cuBLASLt fails once, at its first and at its last occurrence: each time a named
// error, or (where something is only released) none; the model then is that of its last committed step, and can go on from there;
// everything is freed; the next run in the same process gives the bits of one that nothing disturbed.
#include <strata/cuda.hpp>

#include <doctest/doctest.h>

#include <strata/training/predictor.hpp>
#include <strata/training/trainer.hpp>
#include <support/random_pictures.hpp>
#include <support/random_programs.hpp>
#include <support/snapshot.hpp>
#include <virtual_gpu/device.hpp>

#include <cublasLt.h>
#include <cudnn_graph.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

constexpr std::int64_t rows = 20;
constexpr int batch_size = 8, steps_of_epoch = 3, epochs = 2;  // the last batch of an epoch has 4 rows

const program& small_network() {
    static const program made = [] {
        program p({8, 8, 3});
        tensor x = build::batch_norm(p, p.input());  // of 3 channels, by own kernels
        x = build::relu(p, build::conv2d(p, x, {.filters = 8, .win = same(3)}));
        x = build::max_pool2d(p, x, valid(2));
        x = build::batch_norm(p, x);  // of 8, by cuDNN
        x = build::dropout(p, build::flatten(p, x), 0.25f);
        x = build::relu(p, build::dense(p, x, {.units = 16}));
        build::dense(p, x, {.units = 5});
        p.check();
        return p;
    }();
    return made;
}
const random_pictures& pictures() {
    static const random_pictures made({8, 8, 3}, 5, rows, 11, -1, 1);
    return made;
}

// What a whole run gives.
struct outcome {
    std::vector<double> numbers;  // of the history, the evaluation and the prediction
    snapshot end;
    bool operator==(const outcome&) const = default;
};

// Opens, makes a model, trains for two epochs, evaluates, predicts. The model stays where the caller can see it, whatever is thrown.
outcome run(std::unique_ptr<model>& m) {
    vgpu::set_order(vgpu::order::mixed, 5);  // the same order each time: so many polls, so many waits
    m = std::make_unique<model>(small_network().view(), cuda::open({.resident_limit = std::int64_t{1} << 30}), model_options{.seed = 3});
    trainer t(*m, adam{.learning_rate = 0.01f});
    const dataset_view data = pictures().view();
    outcome result;
    const history h = t.fit(data, {.epochs = epochs, .batch_size = batch_size, .shuffle = false});
    for (const epoch_result& e : h.epochs) result.numbers.insert(result.numbers.end(), {e.loss, e.accuracy});
    const evaluation e = t.evaluate(data, 20);  // which needs larger arenas
    result.numbers.insert(result.numbers.end(), {e.loss, e.accuracy});
    predictor predict(*m, 7);
    for (const float p : predict.probabilities(data)) result.numbers.push_back(static_cast<double>(p));
    result.end = snapshot::of(*m);
    return result;
}

// One step of the run, the next one of the model, as an epoch of its own.
void next_step(model& m) {
    const std::int64_t first = m.steps() % steps_of_epoch * batch_size;
    std::vector<std::int64_t> order;
    for (std::int64_t row = first; row < std::min(first + batch_size, rows); ++row) order.push_back(row);
    const float rate = 0.01f;
    m.executor().configure(adam{.learning_rate = rate}, {});
    const auto resident = m.executor().load(pictures().view());
    m.executor().begin_epoch(*resident, {.rows = order, .batch_size = static_cast<int>(order.size()), .learning_rates = {&rate, 1}});
    m.executor().step();
    step_result result;
    while (!m.executor().collect(result, true)) {}
}

struct undisturbed {
    outcome whole;
    std::vector<snapshot> after;  // each number of steps
    std::map<std::string, std::uint64_t> calls;

    undisturbed() {
        std::unique_ptr<model> m;
        whole = run(m);  // once before: what only a process's first run calls is not counted
        m.reset();
        vgpu::reset_calls();
        CHECK(run(m) == whole);
        m.reset();
        calls = vgpu::calls();
        model stepped(small_network().view(), cuda::open(), {.seed = 3});
        stepped.executor().configure(adam{.learning_rate = 0.01f}, {});  // slots that can be read
        after.push_back(snapshot::of(stepped));
        for (int step = 0; step < epochs * steps_of_epoch; ++step) {
            next_step(stepped);
            after.push_back(snapshot::of(stepped));
        }
        CHECK(after.back() == whole.end);
    }
};
const undisturbed& expected() {
    static const undisturbed made;
    return made;
}

// The status that each library's functions fail with, and how the error names it.
std::pair<int, std::string> failure_of(const std::string& call) {
    if (call.starts_with("cudnn")) return {CUDNN_STATUS_EXECUTION_FAILED, "EXECUTION_FAILED"};
    if (call.starts_with("cublasLt")) return {CUBLAS_STATUS_INTERNAL_ERROR, "CUBLAS_STATUS_INTERNAL_ERROR"};
    if (call == "cudaMalloc") return {cudaErrorMemoryAllocation, "out of memory"};
    return {cudaErrorUnknown, "cudaErrorUnknown"};
}

// Functions whose failure has nobody to tell: what is released is gone, what is asked for a sentence or a name has another answer.
// Destructors of the predictor and of the model wait for what is in flight, and cannot tell.
bool may_be_silent(const std::string& call, std::uint64_t nth) {
    if ((call == "cudaGetDevice" || call == "cudaStreamSynchronize") && nth + 2 > expected().calls.at(call)) return true;
    return call.find("Destroy") != call.npos || call.find("Free") != call.npos || call.find("Unload") != call.npos ||
           call == "cudaGetLastError" || call == "cudaDriverGetVersion" || call == "cudaRuntimeGetVersion";
}

// Lets one call fail, and checks everything that must hold.
void disturb(const std::string& call, std::uint64_t nth, std::uint64_t& heard) {
    CAPTURE(call);
    CAPTURE(nth);
    const auto [status, text] = failure_of(call);
    std::unique_ptr<model> m;
    std::string message;
    std::optional<outcome> given;
    vgpu::fail(call, nth, status);
    try {
        given = run(m);
    } catch (const error& e) { message = e.what(); }
    if (!given) vgpu::clear_faults();  // else it may come when the model goes
    CAPTURE(message);
    if (given) {
        CHECK(may_be_silent(call, nth));
        CHECK(*given == expected().whole);
    } else {
        ++heard;
        const bool named = message.find(text) != message.npos || may_be_silent(call, nth) || call == "cudaGetDeviceCount";
        CHECK(named);
        if (call == "cudnnBackendExecute" || call == "cublasLtMatmul" || call == "cublasLtMatmulAlgoGetHeuristic") {
            const bool layer = message.find("conv2d") != message.npos || message.find("dense") != message.npos ||
                               message.find("max_pool") != message.npos || message.find("batch_norm") != message.npos;
            CHECK(layer);
        }
    }
    if (m && !given) {  // the model is whole, and goes on
        const auto committed = static_cast<std::size_t>(m->steps());
        REQUIRE(committed < expected().after.size());
        CAPTURE(committed);
        const auto& stored = expected().after[committed];
        CHECK(read_all(m->executor(), m->program(), state::parameter) == stored.parameters);
        CHECK(read_all(m->executor(), m->program(), state::statistic) == stored.statistics);
        if (committed + 1 < expected().after.size()) {
            next_step(*m);
            CHECK(snapshot::of(*m) == expected().after[committed + 1]);
        }
    }
    m.reset();
    vgpu::clear_faults();
    CHECK(vgpu::live() == std::vector<std::string>{});
    CHECK(vgpu::misuse() == std::vector<std::string>{});
    vgpu::clear_misuse();
}

}  // namespace

TEST_CASE("every call of CUDA, cuDNN and cuBLASLt may fail, first and last: a named error, nothing leaks, the last committed step stays") {
    REQUIRE(expected().after.size() == 7);
    std::uint64_t heard = 0, sites = 0;
    for (const auto& [call, count] : expected().calls) {
        for (const std::uint64_t nth : {std::uint64_t{1}, count}) {
            ++sites;
            disturb(call, nth, heard);
            std::unique_ptr<model> m;
            CHECK(run(m) == expected().whole);  // the next run in this process
            if (count == 1) break;
        }
    }
    MESSAGE(sites << " failures of " << expected().calls.size() << " functions, " << heard << " of them errors");
    CHECK(heard > 40);
    for (const char* used :
         {"cudaMalloc", "cudaGraphLaunch", "cudaLaunchKernelExC", "cudnnBackendExecute", "cublasLtMatmul", "cudaEventRecord"})
        CHECK(expected().calls.count(used) == 1);
}

TEST_CASE("of calls that allocate, launch and wait, each single one may fail") {
    for (const char* call : {"cudaMalloc", "cudaGraphLaunch", "cudaEventRecord", "cudaEventSynchronize", "cudaStreamSynchronize",
                             "cudaStreamWaitEvent", "cudaMemcpyAsync", "cublasLtMatmul"}) {
        const std::uint64_t count = expected().calls.at(call);
        std::uint64_t heard = 0;
        for (std::uint64_t nth = 1; nth <= count; ++nth) disturb(call, nth, heard);
        MESSAGE(std::string(call) << ": " << heard << " errors of " << count << " calls");
        CHECK(heard + 2 >= count);
    }
}

TEST_CASE("work that fails on the device is a named error, and everything is freed") {
    REQUIRE(expected().after.size() == 7);
    for (const char* work : {"strata_adam_update", "strata_gather_batch_f32", "strata_batch_norm_moments_f32"}) {
        CAPTURE(work);
        std::unique_ptr<model> m;
        std::string message;
        vgpu::fail_work(work, 3, cudaErrorIllegalAddress);
        try {
            run(m);
        } catch (const error& e) { message = e.what(); }
        vgpu::clear_faults();
        CHECK(message.find("cudaErrorIllegalAddress") != message.npos);
        m.reset();
        CHECK(vgpu::live() == std::vector<std::string>{});
        vgpu::reset();  // such an error stays for as long as the process lives
    }
}
