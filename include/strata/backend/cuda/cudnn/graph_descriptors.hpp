// SPDX-License-Identifier: MIT
// An operation_graph as cuDNN's descriptors, finalized: tensors, operations, and the graph over them, which all live as long as this.
#pragma once

#include <strata/core/config.hpp>
#include <strata/backend/cuda/cudnn/descriptor.hpp>
#include <strata/backend/cuda/cudnn/operations.hpp>

#include <cstdint>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI {
namespace cudnn {

class graph_descriptors {
public:
    // Throws cudnn_error naming the attribute or the descriptor that cuDNN did not take.
    explicit graph_descriptors(const operation_graph& graph);

    const descriptor<CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR>& get() const { return graph_; }

private:
    using tensor_descriptor = descriptor<CUDNN_BACKEND_TENSOR_DESCRIPTOR>;
    const tensor_descriptor& of(const operation& o, const char* role) const;
    any_descriptor convolution(const operation& o);
    any_descriptor pooling(const operation& o);
    any_descriptor norm(const operation& o);
    any_descriptor pointwise(const operation& o);
    any_descriptor reduction(const operation& o);
    any_descriptor make(const operation& o);

    std::vector<std::pair<std::int64_t, tensor_descriptor>> tensors_;
    std::vector<any_descriptor> parts_, operations_;  // parts: the windows and modes that operations refer to
    descriptor<CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR> graph_;
};

}  // namespace cudnn
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cudnn/graph_descriptors.ipp>
#endif
