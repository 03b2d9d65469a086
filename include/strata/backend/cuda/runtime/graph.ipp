// SPDX-License-Identifier: MIT
#pragma once

#include <strata/backend/cuda/runtime/graph.hpp>
#include <strata/backend/cuda/runtime/status.hpp>

namespace strata::inline STRATA_ABI::cuda {

namespace detail {

// The graph that a capture ends with: only what it is instantiated from.
struct graph_template {
    cudaGraph_t graph = nullptr;
    graph_template() = default;
    graph_template(const graph_template&) = delete;
    graph_template& operator=(const graph_template&) = delete;
    ~graph_template() {
        if (graph != nullptr && cudaGraphDestroy(graph) != cudaSuccess) cudaGetLastError();
    }
};

}  // namespace detail

STRATA_INLINE captured_graph captured_graph::capture(const stream& in, function_ref<void()> work) {
    check(cudaStreamBeginCapture(in.get(), cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    detail::graph_template made;
    try {
        work();
    } catch (...) {
        if (cudaStreamEndCapture(in.get(), &made.graph) != cudaSuccess) cudaGetLastError();
        throw;
    }
    check(cudaStreamEndCapture(in.get(), &made.graph), "cudaStreamEndCapture");
    captured_graph result;
    check(cudaGraphGetNodes(made.graph, nullptr, &result.nodes_), "cudaGraphGetNodes");
    check(cudaGraphInstantiate(&result.graph_, made.graph, 0), "cudaGraphInstantiate");
    return result;
}

STRATA_INLINE captured_graph::~captured_graph() {
    if (graph_ != nullptr && cudaGraphExecDestroy(graph_) != cudaSuccess) cudaGetLastError();
}

STRATA_INLINE void captured_graph::launch(const stream& in) const { check(cudaGraphLaunch(graph_, in.get()), "cudaGraphLaunch"); }

}  // namespace strata::inline STRATA_ABI::cuda
