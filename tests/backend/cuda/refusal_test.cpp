// SPDX-License-Identifier: MIT
// What a GPU's libraries may refuse: each cuBLASLt epilogue, each fused cuDNN graph and each batch norm that training asks for is refused
// alone, then every one of them together. The backend takes another way, with the same numbers.
#include <strata/cuda.hpp>

#include <doctest/doctest.h>

#include <support/device_step.hpp>
#include <support/every_layer.hpp>
#include <virtual_gpu/cudnn/options.hpp>
#include <virtual_gpu/device.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

constexpr std::int64_t batch = 3;

// Every layer that can be one graph with its neighbour: with and without bias and rectifier, both kinds of it.
const program& whole_network() {
    static const program made = [] {
        program p({9, 9, 3});
        tensor x = build::relu(p, build::conv2d(p, p.input(), {.filters = 8, .win = same(3)}));
        x = build::leaky_relu(p, build::conv2d(p, x, {.filters = 8, .win = same(3)}), 0.1f);
        x = build::max_pool2d(p, x, valid(2));
        x = build::relu(p, build::conv2d(p, x, {.filters = 8, .win = same(3), .use_bias = false}));
        x = build::conv2d(p, x, {.filters = 8, .win = valid(3)});
        x = build::batch_norm(p, x);
        x = build::relu(p, x);
        x = build::dropout(p, build::flatten(p, x), 0.25f);
        x = build::dropout(p, build::relu(p, build::dense(p, x, {.units = 16})), 0.25f);
        x = build::leaky_relu(p, build::dense(p, x, {.units = 24}), 0.2f);
        x = build::relu(p, build::dense(p, x, {.units = 16, .use_bias = false}));
        build::dense(p, x, {.units = 5});
        p.check();
        return p;
    }();
    return made;
}

struct numbers {
    double loss = 0, evaluation = 0;
    std::vector<std::vector<float>> gradients, parameters, statistics;
    std::vector<float> outputs;
    std::uint64_t executions = 0;  // of cuDNN, cuBLASLt and our own kernels
};

// A step from the same state at each call with this seed, then an evaluation and a prediction.
numbers step_numbers_with(precision of, std::uint64_t seed = 5) {
    const step_case c = step_case::draw(whole_network().view(), batch, 0.1, seed, {});
    model m(whole_network().view(), cuda::open(), {.precision = of, .seed = c.settings.seed});
    backend::executor& executor = m.executor();
    write_state(executor, c.state);
    executor.configure(sgd{.learning_rate = 0.1f}, {.label_smoothing = 0.1f});
    const dataset_view data = c.data(whole_network().view());
    numbers n;
    vgpu::reset_counters();
    n.loss = static_cast<double>(run_step(executor, data, 0.1f).loss);
    n.gradients = read_all(executor, whole_network().view(), state::gradient);
    n.parameters = read_all(executor, whole_network().view(), state::parameter);
    n.statistics = read_all(executor, whole_network().view(), state::statistic);
    const auto resident = executor.load(data);
    n.evaluation = executor.evaluate(*resident, first_rows(batch), static_cast<int>(batch), {}).loss;
    n.outputs.resize(static_cast<std::size_t>(batch) * 5);
    executor.make_inference(static_cast<int>(batch))->run(data, n.outputs);
    const vgpu::counts counted = vgpu::counters();
    for (const auto& [name, one] : counted.library) n.executions += one.runs;
    for (const auto& [name, one] : counted.kernels) n.executions += one.runs;
    return n;
}

// The largest distance of two steps' numbers, relative to the norm of each array, or (where rounding differs: what cancels is all
// rounding) of all arrays of a kind together.
double distance_of(const numbers& a, const numbers& b, bool each) {
    double most = std::max(std::abs(a.loss - b.loss) / std::max(1.0, b.loss), std::abs(a.evaluation - b.evaluation));
    const auto compare = [&most](const std::vector<float>& x, const std::vector<float>& y) {
        const values exact = to_doubles(y);
        most = std::max(most, distance(x, exact) / (norm(exact) + 1e-6));
    };
    for (const auto list : {&numbers::gradients, &numbers::parameters, &numbers::statistics}) {
        std::vector<float> x, y;
        for (std::size_t i = 0; i < (a.*list).size(); ++i) {
            if (each) compare((a.*list)[i], (b.*list)[i]);
            x.insert(x.end(), (a.*list)[i].begin(), (a.*list)[i].end());
            y.insert(y.end(), (b.*list)[i].begin(), (b.*list)[i].end());
        }
        compare(x, y);
    }
    compare(a.outputs, b.outputs);
    return most;
}

struct refusals {
    explicit refusals(const std::vector<std::string>& what) {
        vgpu::forget_seen();
        for (const std::string& one : what) vgpu::refuse(one);
    }
    ~refusals() { vgpu::accept_all(); }
    refusals(const refusals&) = delete;
    refusals& operator=(const refusals&) = delete;
};

// The graphs and epilogues that have another way, of those that the network's step, evaluation and prediction ask for.
std::vector<std::string> refusable_of(precision of) {
    const refusals none({});
    step_numbers_with(of);
    std::vector<std::string> list;
    for (const std::string& name : vgpu::epilogues_seen()) {
        if (name != "DEFAULT") list.push_back(name);
    }
    for (const std::string& name : vgpu::graphs_seen()) {
        if (name.find('+') != name.npos || name.starts_with("batch_norm")) list.push_back(name);
    }
    return list;
}

// Each refusal alone leads to a way with more executions and, as `distance_found(name)` says, near numbers; so do all together.
template <typename Distance>  // double(const std::string& what is refused, empty for all)
void refuse_each(precision of, double tolerance, Distance distance_found) {
    const numbers wanted = step_numbers_with(of);
    const std::vector<std::string> all = refusable_of(of);
    CHECK(all.size() >= 7);
    for (const std::string& name : all) {
        CAPTURE(name);
        const refusals one({name});
        CHECK(step_numbers_with(of).executions > wanted.executions);
        const double found = distance_found(name);
        MESSAGE(name << " refused: " << found);
        CHECK(found < tolerance);
    }
    const refusals together({"fused", "epilogues", "batch_norm_training", "batch_norm_backward"});
    CHECK(distance_found("") < tolerance);
    CHECK(vgpu::misuse() == std::vector<std::string>{});
}

}  // namespace

TEST_CASE("each epilogue, fused graph and batch norm that is refused in fp32 leads to another way with the same numbers") {
    const numbers first = step_numbers_with(precision::fp32);
    refuse_each(precision::fp32, 1e-5, [&](const std::string& name) {
        // Own batch norm sums in another order, and what cancels before it (a bias has no gradient) is all rounding.
        return distance_of(step_numbers_with(precision::fp32), first, !name.empty() && !name.starts_with("batch_norm"));
    });
}

// A convolution, its bias and its rectifier round three times in place of once, and independent roundings add in squares: at most the
// square root of three as far. One value that rounds to the other side of a rectifier's zero changes a small step's gradients by a fifth,
// whichever way computes it: so the medians over several states are compared.
TEST_CASE("in bf16 the other ways are as near to fp32 as the first ones, though they round more often") {
    constexpr std::uint64_t seeds = 7;
    std::vector<numbers> exact;
    for (std::uint64_t seed = 0; seed < seeds; ++seed) exact.push_back(step_numbers_with(precision::fp32, seed));
    const auto median_distance = [&](const std::string&) {
        std::vector<double> found;
        for (std::uint64_t seed = 0; seed < seeds; ++seed)
            found.push_back(distance_of(step_numbers_with(precision::bf16, seed), exact[seed], false));
        std::sort(found.begin(), found.end());
        return found[seeds / 2];
    };
    const double usual = median_distance("");
    MESSAGE("bf16 as it is: " << usual);
    CHECK(usual < 0.4);
    refuse_each(precision::bf16, std::sqrt(3.0) * usual, median_distance);
}
