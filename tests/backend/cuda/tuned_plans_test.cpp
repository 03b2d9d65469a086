// SPDX-License-Identifier: MIT
// A file of tuned plans: a run takes its engines from it, and what is damaged or for something else is refused by name.
#include <strata/backend/cuda/shared_state.hpp>
#include <strata/backend/cuda/tuned_plans.hpp>
#include <strata/cuda.hpp>

#include <doctest/doctest.h>

#include <strata/backend/cuda/cudnn/sha256.hpp>
#include <strata/disk/read_file.hpp>
#include <strata/network/fusion.hpp>

#include <data/files.hpp>
#include <support/check_step.hpp>
#include <virtual_gpu/device.hpp>

#include <cstdint>
#include <fstream>
#include <string>
#include <variant>
#include <vector>

using namespace strata;
using namespace testing;

namespace {

const program& small_network() {
    static const program made = [] {
        program p({8, 8, 4});
        tensor x = build::relu(p, build::conv2d(p, p.input(), {.filters = 8, .win = same(3)}));
        x = build::max_pool2d(p, x, valid(2));
        x = build::relu(p, build::dense(p, build::flatten(p, x), {.units = 16}));
        build::dense(p, x, {.units = 3});
        p.check();
        return p;
    }();
    return made;
}

// The second engine and the last algorithm of everything that has several; how many those are.
int keep_others(cuda::tuned_plans& table, int batch) {
    const cuda::shared_state shared(small_network().view(), {}, {});
    const cuda::memory_map variables = shared.memory.map();
    const cuda::planner planner = shared.planner_with(variables);
    const program trains = training_program(small_network());
    const cuda::planned_program step = shared.plan(trains.view(), batch, cuda::mode::training);
    int kept = 0;
    for (std::size_t i = 0; i < step.size(); ++i) {
        const cuda::planned_call& call = step.call_at(i);
        if (call.graph) {
            const auto plans = cudnn::find_plans(call.graph->graph(), planner.target, planner.filter, "test", 2);
            if (plans.size() == 2) table.keep(planner.filter, plans[1]), ++kept;
        }
        if (call.product) {
            const cublaslt::matmul problem = planner.problem_of(std::get<cuda::matmul_call>(*call.of));
            const auto plans = cublaslt::find_plans(*planner.products, problem, planner.product_limit(), 4);
            table.keep(problem, planner.product_limit(), plans.back());
        }
    }
    return kept;
}

std::vector<std::int64_t> engines_of(const cuda::options& device, int batch) {
    const cuda::shared_state shared(small_network().view(), {}, device);
    const program trains = training_program(small_network());
    const cuda::planned_program step = shared.plan(trains.view(), batch, cuda::mode::training);
    std::vector<std::int64_t> engines;
    for (std::size_t i = 0; i < step.size(); ++i)
        if (step.call_at(i).graph) engines.push_back(step.call_at(i).graph->engine());
    return engines;
}

void write(const std::string& path, const std::string& text) { std::ofstream(path, std::ios::binary) << text; }

std::string refusal_of(const std::string& path) {
    try {
        cuda::open({.tuned_plans = path});
    } catch (const error& e) { return e.what(); }
    return "";
}

}  // namespace

TEST_CASE("a run takes the engines that were kept for its batch size, and the heuristics' for another") {
    const test::temporary_directory folder;
    const std::string path = folder.path() + "/gpu.plans";
    cuda::tuned_plans table;
    CHECK(keep_others(table, 4) > 3);
    table.write(path, cuda::properties_of(0));
    const std::vector<std::int64_t> usual = engines_of({}, 4), tuned = engines_of({.tuned_plans = path}, 4);
    REQUIRE(usual.size() == tuned.size());
    CHECK(usual != tuned);
    CHECK(engines_of({.tuned_plans = path}, 5) == engines_of({}, 5));
}

TEST_CASE("a step with tuned engines gives the numbers of one without") {
    const test::temporary_directory folder;
    const std::string path = folder.path() + "/gpu.plans";
    cuda::tuned_plans table;
    keep_others(table, 3);
    table.write(path, cuda::properties_of(0));
    const step_case c = step_case::draw(small_network().view(), 3, 0, 5, {});
    model m(small_network().view(), cuda::open({.tuned_plans = path}), {.seed = c.settings.seed});
    check_step(m, c);
    CHECK(vgpu::misuse() == std::vector<std::string>{});
}

TEST_CASE("a file with one byte changed, cut short or empty is refused by its name") {
    const test::temporary_directory folder;
    const std::string path = folder.path() + "/gpu.plans", bad = folder.path() + "/bad.plans";
    cuda::tuned_plans table;
    keep_others(table, 4);
    table.write(path, cuda::properties_of(0));
    CHECK(refusal_of(path) == "");
    const std::string text = read_text(path);
    for (std::size_t at = 0; at < text.size(); at += text.size() / 97 + 1) {
        std::string changed = text;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        write(bad, changed);
        CHECK(refusal_of(bad).starts_with(bad + ": these tuned plans are damaged; run script/verify-gpu"));
    }
    for (const std::size_t length : {std::size_t{0}, std::size_t{20}, text.size() - 1}) {
        write(bad, text.substr(0, length));
        CHECK(refusal_of(bad).starts_with(bad + ": these tuned plans are damaged"));
    }
    CHECK(refusal_of(folder.path() + "/none.plans")
              .starts_with(folder.path() + "/none.plans: cannot be read: No such file or directory; give the file of tuned plans"));
}

TEST_CASE("a file for another GPU or of other versions is refused, with both named") {
    const test::temporary_directory folder;
    const std::string path = folder.path() + "/gpu.plans";
    cuda::tuned_plans table;
    keep_others(table, 4);
    cuda::device_properties other = cuda::properties_of(0);
    other.multiprocessors += 1;
    table.write(path, other);
    CHECK(refusal_of(path).find("for another GPU (" + other.name) != std::string::npos);

    table.write(path, cuda::properties_of(0));
    std::string text = read_text(path);
    const std::size_t at = text.find("cuDNN 9.");
    REQUIRE(at != text.npos);
    text.replace(at, 8, "cuDNN 8.");
    const std::size_t body = text.find('\n', text.find('\n') + 1) + 1;
    const std::string content = text.substr(body);
    write(path, "strata tuned plans 1\ncontent " + cudnn::sha256(content) + ' ' + std::to_string(content.size()) + '\n' + content);
    const std::string refusal = refusal_of(path);
    CHECK(refusal.find("of other versions (strata ") != std::string::npos);
    CHECK(refusal.find("cuDNN 8.") != std::string::npos);
}

TEST_CASE("a folder that cannot be written is an error that names the file") {
    CHECK_THROWS_WITH_AS(cuda::tuned_plans().write("/proc/none/gpu.plans", cuda::properties_of(0)),
                         doctest::Contains("/proc/none/gpu.plans: cannot be written: No such file or directory"), io_error);
}
