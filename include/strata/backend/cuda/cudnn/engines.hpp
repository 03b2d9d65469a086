// SPDX-License-Identifier: MIT
// The choice of an engine: cuDNN's heuristic (mode A, then its fallback) offers configurations for a graph on a GPU, a filter refuses
// some, and the first that cuDNN can finalize becomes the plan. The GPU may be one that is only described.
#pragma once

#include <strata/core/config.hpp>
#include <strata/backend/cuda/cudnn/descriptor.hpp>
#include <strata/backend/cuda/cudnn/operations.hpp>
#include <strata/backend/cuda/cudnn/plan.hpp>
#include <strata/backend/cuda/cudnn/target.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace strata::inline STRATA_ABI {
namespace cudnn {

struct engine_filter {
    bool strict_fp32 = false;  // convolutions of f32: refuse TENSOR_CORE (which means TF32), DOWN_CONVERT_INPUTS, reduced reductions
    bool deterministic = false;  // refuse NONDETERMINISTIC
    std::int64_t workspace_limit = INT64_MAX;
};

// cuDNN has no plan for this graph on this GPU. The message names `what`, the operations, each engine tried and why not.
struct no_plan : error {
    using error::error;
};

// `what` names the graph in errors: "conv2d #3 forward". Throws no_plan; cudnn_error when cuDNN failed rather than refused, as when an
// engine's kernel does not compile: that is never passed over for the next engine.
plan find_plan(const operation_graph& graph, const target& target, const engine_filter& filter, const std::string& what);
// Nothing where find_plan would throw no_plan; `why`, if given, then has its message. For fused graphs that have an unfused way.
std::optional<plan> try_plan(const operation_graph& graph, const target& target, const engine_filter& filter, const std::string& what,
                             std::string* why = nullptr);
// The first `most` that finalize, in the heuristic's order: to time them. May be empty.
std::vector<plan> find_plans(const operation_graph& graph, const target& target, const engine_filter& filter, const std::string& what,
                             std::size_t most, std::string* why = nullptr);

}  // namespace cudnn
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cudnn/engines.ipp>
#endif
