// SPDX-License-Identifier: MIT
// An execution plan: a graph, made executable by one engine on one kind of GPU; and the variant pack that running it takes.
#pragma once

#include <strata/core/config.hpp>
#include <strata/backend/cuda/cudnn/descriptor.hpp>
#include <strata/backend/cuda/cudnn/handle.hpp>
#include <strata/backend/cuda/cudnn/operations.hpp>
#include <strata/backend/cuda/cudnn/target.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI {
namespace cudnn {

struct binding {
    std::int64_t id;
    void* data;  // device memory, aligned as the tensor says
};

// The addresses that one execution reads and writes: prepared once, used as often as wanted. Made by plan::pack.
class variant_pack {
public:
    cudnnBackendDescriptor_t get() const { return descriptor_.get(); }

private:
    friend class plan;
    variant_pack() = default;
    descriptor<CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR> descriptor_;
    std::vector<float> scalars_;  // by-value tensors: cuDNN reads them from host memory at execution
};

// What is known of an engine beside its number.
struct engine_facts {
    std::int64_t engine = -1;           // cuDNN's global index
    std::vector<std::string> notes{};   // numerical and behaviour notes, in cuDNN's words: "TENSOR_CORE", "RUNTIME_COMPILATION"
    bool operator==(const engine_facts&) const = default;
    bool has(const char* note) const;
};

class plan {
public:
    // From cuDNN's serialized form, as json() gave it for the same graph and device. cuDNN itself accepts damaged text: only what has
    // been verified (plan_cache.hpp) may come here.
    static plan from_json(const std::string& json, const operation_graph& graph, const target& target, engine_facts facts,
                          const std::string& what);

    std::int64_t workspace_bytes() const { return workspace_bytes_; }
    std::int64_t engine() const { return facts_.engine; }
    const std::vector<std::string>& notes() const { return facts_.notes; }
    const engine_facts& facts() const { return facts_; }
    const std::string& what() const { return what_; }
    const operation_graph& graph() const { return graph_; }
    std::string json() const;

    // Throws invalid_input naming a tensor that has no address or a misaligned one, or a workspace that is not there.
    variant_pack pack(std::span<const binding> bindings, void* workspace) const;
    // Puts the plan's kernels on the handle's stream. Not for two threads at once with one handle. Errors name what().
    void execute(const handle& handle, const variant_pack& pack) const;
    void execute(const handle& handle, std::span<const binding> bindings, void* workspace) const;

private:
    friend class plan_maker;
    plan(const operation_graph& graph, std::string what) : graph_(graph), what_(std::move(what)) {}
    void read_workspace();

    descriptor<CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR> descriptor_;
    std::vector<descriptor<CUDNN_BACKEND_ENGINECFG_DESCRIPTOR>> config_;  // what the plan was made from, kept as long; none from JSON
    operation_graph graph_;
    std::string what_;
    engine_facts facts_;
    std::int64_t workspace_bytes_ = 0;
};

}  // namespace cudnn
}  // namespace strata::inline STRATA_ABI

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cudnn/plan.ipp>
#endif
