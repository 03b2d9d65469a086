// SPDX-License-Identifier: MIT
// The engines of a training step, tuned: for each graph and each product of the step the first few that the library offers are timed where
// they will run, inside the captured step, and the best is kept in the file that cuda::options::tuned_plans names. One operation after the
// other, each timed with the best of those before it.
#pragma once

#include "steps.hpp"

#include <strata/backend/cuda/runtime/device.hpp>
#include <strata/backend/cuda/shared_state.hpp>
#include <strata/backend/cuda/tuned_plans.hpp>
#include <strata/network/fusion.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace verification {

struct tuned_operation {
    std::string what;
    std::vector<std::string> tried;  // "engine 12: 1.84 ms"; the heuristic's choice first
    std::size_t chosen = 0;
};
struct tuning {
    double before = 0, after = 0;  // milliseconds of a step
    std::vector<tuned_operation> operations;
};

class tuner {
public:
    tuner(const program& p, const settings& s, precision how, cuda::tuned_plans& table)
        : program_(p), settings_(s), how_(how), table_(table), gpu_(cuda::properties_of(0)), shared_(p.view(), {.precision = how}, {}) {}

    tuning run() {
        const cuda::memory_map variables = shared_.memory.map();
        const cuda::planner planner = shared_.planner_with(variables);
        const program trains = training_program(program_);
        const cuda::planned_program step = shared_.plan(trains.view(), settings_.batch_size, cuda::mode::training);
        result_.before = result_.after = step_ms(program_, settings_, how_, {}, settings_.tuning_steps);
        for (std::size_t i = 0; i < step.size(); ++i) {
            const cuda::planned_call& call = step.call_at(i);
            const std::string& what = step.action_at(i).what;
            if (call.graph) graph(what, call, planner);
            if (call.product) product(what, call, planner);
        }
        table_.write(settings_.plans, gpu_);
        return std::move(result_);
    }

private:
    void graph(const std::string& what, const cuda::planned_call& call, const cuda::planner& planner) {
        const cudnn::operation_graph& of = call.graph->graph();
        const std::string key = of.key();
        if (std::find(seen_.begin(), seen_.end(), key) != seen_.end()) return;  // the same graph of another layer
        seen_.push_back(key);
        const auto plans = cudnn::find_plans(of, planner.target, planner.filter, what, most());
        const auto keep = [&](cuda::tuned_plans& to, const cudnn::plan& one) { to.keep(planner.filter, one); };
        const auto name = [](const cudnn::plan& one) { return "engine " + std::to_string(one.engine()); };
        choose(what, plans, keep, name);
    }
    void product(const std::string& what, const cuda::planned_call& call, const cuda::planner& planner) {
        const cublaslt::matmul problem = planner.problem_of(std::get<cuda::matmul_call>(*call.of));
        const auto plans = cublaslt::find_plans(*planner.products, problem, planner.product_limit(), static_cast<int>(most()));
        const auto keep = [&](cuda::tuned_plans& to, const cublaslt::plan& one) { to.keep(problem, planner.product_limit(), one); };
        int number = 0;
        const auto name = [&number](const cublaslt::plan&) { return "algorithm " + std::to_string(++number); };
        choose(what, plans, keep, name);
    }

    template <typename Plan, typename Keep, typename Name>
    void choose(const std::string& what, const std::vector<Plan>& plans, const Keep& keep, const Name& name) {
        if (plans.empty()) return;
        tuned_operation found{what, {name(plans[0]) + ": " + text(result_.after) + " ms"}, 0};
        keep(table_, plans[0]);
        for (std::size_t i = 1; i < plans.size(); ++i) {
            cuda::tuned_plans trial = table_;
            keep(trial, plans[i]);
            trial.write(settings_.plans, gpu_);
            found.tried.push_back(name(plans[i]));
            try {
                double ms = time_trial();
                if (ms < 0.99 * result_.after) ms = std::max(ms, time_trial());  // chance gains once
                found.tried.back() += ": " + text(ms) + " ms";
                if (ms > 0.99 * result_.after) continue;  // what is no better than noise stays the heuristic's
                result_.after = ms;
                found.chosen = i;
                table_ = std::move(trial);
            } catch (const error& e) { found.tried.back() += " failed: " + std::string(e.what()).substr(0, 200); }
        }
        std::printf("  %s: %zu tried, number %zu is best, a step %s ms\n", what.c_str(), plans.size(), found.chosen + 1,
                    text(result_.after).c_str());
        result_.operations.push_back(std::move(found));
    }
    double time_trial() const { return step_ms(program_, settings_, how_, {.tuned_plans = settings_.plans}, settings_.tuning_steps); }
    std::size_t most() const { return static_cast<std::size_t>(settings_.candidates); }

    const program& program_;
    const settings& settings_;
    precision how_;
    cuda::tuned_plans& table_;
    cuda::device_properties gpu_;
    cuda::shared_state shared_;
    std::vector<std::string> seen_;
    tuning result_;
};

}  // namespace verification
