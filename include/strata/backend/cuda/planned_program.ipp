// SPDX-License-Identifier: MIT
// Choosing engines, placing buffers, running.
#pragma once

#include <strata/backend/cuda/planned_program.hpp>

#include <algorithm>
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
    if (const auto* product = std::get_if<matmul_call>(&c)) return {product->a, product->b, product->d};
    return std::get<kernel_call>(c).uses;
}

}  // namespace detail

STRATA_INLINE planned_program::planned_program(device_program program, const planner& how) : program_(std::move(program)) {
    for (std::size_t i = 0; i < program_.actions.size(); ++i) {
        const action& a = program_.actions[i];
        std::size_t way = 0;
        while (!choose(a, i, way, how)) ++way;  // the last one throws
    }
    place_buffers();
}

// Appends the steps of one way, or nothing when an engine of it does not exist and there is another way.
STRATA_INLINE bool planned_program::choose(const action& from, std::size_t number, std::size_t way, const planner& how) {
    const bool last = way + 1 == from.ways.size();
    std::vector<step> list;
    for (const call& c : from.ways[way]) {
        step s;
        s.of = &c;
        s.action = number;
        s.first_of_several = way == 0 && from.ways.size() > 1;
        if (const auto* graph = std::get_if<graph_call>(&c)) {
            s.graph = last ? cudnn::find_plan(graph->graph, how.target, how.filter, from.what)
                           : cudnn::try_plan(graph->graph, how.target, how.filter, from.what);
            if (!s.graph) return false;
            workspace_bytes_ = std::max(workspace_bytes_, s.graph->workspace_bytes());
        } else if (const auto* product = std::get_if<matmul_call>(&c); product != nullptr && how.products != nullptr) {
            cublaslt::matmul problem = product->problem;
            problem.bias = how.variables->at(product->bias);
            const std::int64_t limit = std::min(product_workspace, how.filter.workspace_limit);
            s.product = last ? cublaslt::find_plan(*how.products, problem, limit) : cublaslt::try_plan(*how.products, problem, limit);
            if (!s.product) return false;
            workspace_bytes_ = std::max(workspace_bytes_, s.product->workspace_bytes());
        }
        list.push_back(std::move(s));
    }
    for (step& s : list) steps_.push_back(std::move(s));
    return true;
}

// A buffer lives from the first action that uses it to the last; those of ways not taken never.
STRATA_INLINE void planned_program::place_buffers() {
    const auto use = [this](const location& at, std::size_t action) {
        if (at.buffer >= 0) program_.buffers[static_cast<std::size_t>(at.buffer)].alive.extend(static_cast<int>(action));
    };
    for (const step& s : steps_) {
        for (const location& at : detail::arrays_of(*s.of)) use(at, s.action);
    }
    use(program_.output, program_.actions.size());
    arena_bytes_ = place(program_.buffers);
}

STRATA_INLINE void planned_program::bind(memory_map memory, std::byte* workspace) {
    memory_ = std::move(memory);
    memory_.buffers.clear();
    for (const buffer& b : program_.buffers) memory_.buffers.push_back(b.offset);
    for (step& s : steps_) {
        if (s.graph) {
            std::vector<cudnn::binding> bindings;
            for (const auto& [id, at] : std::get<graph_call>(*s.of).tensors) bindings.push_back({id, memory_.at(at)});
            s.pack = s.graph->pack(bindings, workspace);
        } else if (s.product) {
            const auto& product = std::get<matmul_call>(*s.of);
            s.a = memory_.at(product.a);
            s.b = memory_.at(product.b);
            s.d = memory_.at(product.d);
        }
    }
    workspace_ = workspace;
}

STRATA_INLINE void planned_program::run(const launch_context& context, const cudnn::handle& dnn, const cublaslt::handle& products) const {
    for (const step& s : steps_) {
        if (s.graph) {
            s.graph->execute(dnn, *s.pack);
        } else if (s.product) {
            s.product->run(products, s.a, s.b, s.d, workspace_, context.on.get());
        } else {
            std::get<kernel_call>(*s.of).run->launch(memory_, context);
        }
    }
}

STRATA_INLINE std::vector<planned_program::line> planned_program::table() const {
    std::vector<line> lines;
    for (const step& s : steps_) {
        line l{.what = program_.actions[s.action].what, .operations = "own kernel", .fused = s.first_of_several, .engine = {}};
        if (s.graph) {
            l.operations = s.graph->graph().describe();
            l.engine = s.graph->facts();
            l.workspace = s.graph->workspace_bytes();
        } else if (const auto* product = std::get_if<matmul_call>(s.of)) {
            l.operations = cublaslt::describe(product->problem);
            l.workspace = s.product ? s.product->workspace_bytes() : 0;
        }
        lines.push_back(std::move(l));
    }
    return lines;
}

}  // namespace strata::inline STRATA_ABI::cuda
