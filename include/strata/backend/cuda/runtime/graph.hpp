// SPDX-License-Identifier: MIT
// Work of a stream, captured once and launched many times with one call.
#pragma once

#include <strata/backend/cuda/runtime/stream.hpp>
#include <strata/core/config.hpp>
#include <strata/core/function_ref.hpp>

#include <cstddef>
#include <utility>

#include <cuda_runtime_api.h>

namespace strata::inline STRATA_ABI::cuda {

class captured_graph {
public:
    captured_graph() = default;
    // Calls work(), which enqueues into the stream and must not wait, allocate, or use a stream that does not join it. What work() throws
    // ends the capture and goes on. Only this thread's calls are restricted meanwhile.
    static captured_graph capture(const stream& in, function_ref<void()> work);

    captured_graph(captured_graph&& other) noexcept
        : graph_(std::exchange(other.graph_, nullptr)), nodes_(std::exchange(other.nodes_, std::size_t{0})) {}
    captured_graph& operator=(captured_graph&& other) noexcept {
        std::swap(graph_, other.graph_);
        std::swap(nodes_, other.nodes_);
        return *this;
    }
    ~captured_graph();

    bool empty() const { return graph_ == nullptr; }
    std::size_t nodes() const { return nodes_; }  // kernels, copies and fills
    void launch(const stream& in) const;

private:
    cudaGraphExec_t graph_ = nullptr;
    std::size_t nodes_ = 0;
};

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/runtime/graph.ipp>
#endif
