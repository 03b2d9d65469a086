// SPDX-License-Identifier: MIT
// The engines that a device program is run by, chosen for a GPU that is here or only described; and the program with its buffers
// placed, which can be bound to memory and run.
#pragma once

#include <strata/backend/cuda/cublaslt/matmul.hpp>
#include <strata/backend/cuda/cudnn/engines.hpp>
#include <strata/backend/cuda/cudnn/plan.hpp>
#include <strata/backend/cuda/cudnn/plan_cache.hpp>
#include <strata/backend/cuda/device_program.hpp>
#include <strata/backend/cuda/tuned_plans.hpp>
#include <strata/core/config.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace strata::inline STRATA_ABI::cuda {

// What choosing engines takes. Without cuBLASLt, which needs a device, products are taken for granted: the tables of described GPUs.
struct planner {
    const cudnn::target& target;
    cudnn::engine_filter filter{};
    cudnn::plan_cache* cache = nullptr;
    const cublaslt::handle* products = nullptr;
    const memory_map* variables = nullptr;  // where biases and their gradients lie; needed with `products`
    const tuned_plans* tuned = nullptr;     // what it holds goes before what the heuristics offer

    std::int64_t product_limit() const;  // of a product's workspace
    // A product as cuBLASLt is asked for it.
    cublaslt::matmul problem_of(const matmul_call& product) const;
};

// Workspace of each product, as NVIDIA recommends for its newest devices; smaller ones have room for it too.
// https://docs.nvidia.com/cuda/cublas/ (cublasSetWorkspace)
inline constexpr std::int64_t product_workspace = std::int64_t{32} << 20;

// One call, and the engine that was chosen for it; our own kernels need none.
struct planned_call {
    const call* of = nullptr;
    bool fused = false;  // of the first of several ways
    std::string refused{};  // of the first call of another way: why cuDNN has no engine for the way before
    std::optional<cudnn::plan> graph{};
    std::optional<cublaslt::plan> product{};

    std::int64_t workspace_bytes() const { return graph ? graph->workspace_bytes() : product ? product->workspace_bytes() : 0; }
    std::string describe() const;  // what is computed, with shapes and types; an own kernel by its name
};

// The first way of the action, from `first` on, whose engines all exist. Throws cudnn::no_plan or unsupported, naming the layer, when
// there is none.
std::vector<planned_call> choose_way(const action& of, const planner& how, std::size_t first = 0);

class planned_program {
public:
    // Throws as choose_way does.
    planned_program(device_program program, const planner& how);

    std::int64_t arena_bytes() const { return arena_bytes_; }
    std::int64_t workspace_bytes() const { return workspace_bytes_; }
    const device_program& program() const { return program_; }
    // What is run, in order, and for which action.
    std::size_t size() const { return steps_.size(); }
    const planned_call& call_at(std::size_t i) const { return steps_[i].planned; }
    const action& action_at(std::size_t i) const { return program_.actions[steps_[i].action]; }

    // `memory` has the bases of all areas; the buffers' offsets are added to it.
    void bind(memory_map memory, std::byte* workspace);
    const memory_map& memory() const { return memory_; }
    void run(const launch_context& context, const cudnn::handle& dnn, const cublaslt::handle& products) const;

private:
    struct step {
        planned_call planned;
        std::size_t action = 0;
        std::optional<cudnn::variant_pack> pack{};
        void *a = nullptr, *b = nullptr, *d = nullptr;  // of a product
    };

    void place_buffers();

    device_program program_;
    std::vector<step> steps_;
    memory_map memory_;
    std::byte* workspace_ = nullptr;
    std::int64_t arena_bytes_ = 0, workspace_bytes_ = 0;
};

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/planned_program.ipp>
#endif
