// SPDX-License-Identifier: MIT
// Choosing engines, placing buffers, running.
#pragma once

#include <strata/backend/cuda/planned_program.hpp>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

namespace detail {

// Every array of a call.
STRATA_INLINE std::vector<location> arrays_of(const call& c) {
    if (const auto* graph = std::get_if<graph_call>(&c)) {
        std::vector<location> list;
        for (const auto& [id, at] : graph->tensors) list.push_back(at);
        return list;
    }
    if (const auto* product = std::get_if<matmul_call>(&c)) return {product->a, product->b, product->d, product->aux};
    return std::get<kernel_call>(c).uses;
}

}  // namespace detail

STRATA_INLINE std::string planned_call::describe() const {
    if (const auto* graph_of = std::get_if<graph_call>(of)) return graph_of->graph.describe();
    if (const auto* product_of = std::get_if<matmul_call>(of)) return cublaslt::describe(product_of->problem);
    const char* name = std::get<kernel_call>(*of).name;
    return name == nullptr ? "own kernel" : std::string("own kernel ") + name;
}

STRATA_INLINE std::int64_t planner::product_limit() const { return std::min(product_workspace, filter.workspace_limit); }

STRATA_INLINE cublaslt::matmul planner::problem_of(const matmul_call& product) const {
    cublaslt::matmul problem = product.problem;
    problem.bias = variables->at(product.bias);
    // Buffers have no address yet, but all of them the arenas' alignment: the heuristic asks for no more.
    if (product.aux.exists()) problem.aux = variables->bases[static_cast<std::size_t>(area::gradients)];
    return problem;
}

STRATA_INLINE std::vector<planned_call> choose_way(const action& of, const planner& how, std::size_t first) {
    std::string why, refused;
    const auto plan_of = [&of, &how, &why](const call& c, bool last, planned_call& to) {
        if (const auto* graph = std::get_if<graph_call>(&c)) {
            if (how.tuned != nullptr) to.graph = how.tuned->find(graph->graph, how.target, how.filter, of.what);
            if (to.graph) return true;
            to.graph = how.cache != nullptr ? how.cache->try_plan(graph->graph, how.target, how.filter, of.what, &why)
                                            : cudnn::try_plan(graph->graph, how.target, how.filter, of.what, &why);
            if (!to.graph && last) throw cudnn::no_plan(why);
            return to.graph.has_value();
        }
        const auto* product = std::get_if<matmul_call>(&c);
        if (product == nullptr || how.products == nullptr) return true;
        const cublaslt::matmul problem = how.problem_of(*product);
        const std::int64_t limit = how.product_limit();
        if (how.tuned != nullptr) to.product = how.tuned->find(*how.products, problem, limit);
        if (to.product) return true;
        to.product = last ? cublaslt::find_plan(*how.products, problem, limit) : cublaslt::try_plan(*how.products, problem, limit);
        return to.product.has_value();
    };
    for (std::size_t way = first;; ++way) {
        const bool last = way + 1 == of.ways.size();  // which throws where it has no engine
        std::vector<planned_call> list;
        bool whole = true;
        for (const call& c : of.ways[way]) {
            list.push_back({.of = &c, .fused = way == 0 && !last, .refused = std::exchange(refused, {})});
            whole = plan_of(c, last, list.back());
            if (!whole) break;
        }
        if (whole) return list;
        refused = std::exchange(why, {});
    }
}

STRATA_INLINE planned_program::planned_program(device_program program, const planner& how) : program_(std::move(program)) {
    std::vector<bool> first_way(program_.actions.size());
    for (std::size_t i = 0; i < program_.actions.size(); ++i) {
        const action& a = program_.actions[i];
        const bool follows = a.after < 0 || first_way[static_cast<std::size_t>(a.after)];
        std::vector<planned_call> calls = choose_way(a, how, follows ? 0 : a.following);
        first_way[i] = calls.front().fused;
        for (planned_call& c : calls) {
            workspace_bytes_ = std::max(workspace_bytes_, c.workspace_bytes());
            steps_.push_back({.planned = std::move(c), .action = i});
        }
    }
    place_buffers();
}

// A buffer lives from the first action that uses it to the last; those of ways not taken never.
STRATA_INLINE void planned_program::place_buffers() {
    const auto use = [this](const location& at, std::size_t action) {
        if (at.buffer >= 0) program_.buffers[static_cast<std::size_t>(at.buffer)].alive.extend(static_cast<int>(action));
    };
    for (const step& s : steps_) {
        for (const location& at : detail::arrays_of(*s.planned.of)) use(at, s.action);
    }
    use(program_.output, program_.actions.size());
    arena_bytes_ = place(program_.buffers);
}

STRATA_INLINE void planned_program::bind(memory_map memory, std::byte* workspace) {
    memory_ = std::move(memory);
    memory_.buffers.clear();
    for (const buffer& b : program_.buffers) memory_.buffers.push_back(b.offset);
    for (step& s : steps_) {
        if (s.planned.graph) {
            std::vector<cudnn::binding> bindings;
            for (const auto& [id, at] : std::get<graph_call>(*s.planned.of).tensors) bindings.push_back({id, memory_.at(at)});
            s.pack = s.planned.graph->pack(bindings, workspace);
        } else if (s.planned.product) {
            const auto& product = std::get<matmul_call>(*s.planned.of);
            s.a = memory_.at(product.a);
            s.b = memory_.at(product.b);
            s.d = memory_.at(product.d);
            if (product.aux.exists()) s.planned.product->put_aux(memory_.at(product.aux));
        }
    }
    workspace_ = workspace;
}

STRATA_INLINE void planned_program::run(const launch_context& context, const cudnn::handle& dnn, const cublaslt::handle& products) const {
    for (const step& s : steps_) {
        if (s.planned.graph) {
            s.planned.graph->execute(dnn, *s.pack);
        } else if (s.planned.product) {
            s.planned.product->run(products, s.a, s.b, s.d, workspace_, context.on.get());
        } else {
            std::get<kernel_call>(*s.planned.of).run->launch(memory_, context);
        }
    }
}

}  // namespace strata::inline STRATA_ABI::cuda
