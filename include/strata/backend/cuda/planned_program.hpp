// SPDX-License-Identifier: MIT
// A device program whose engines are chosen and whose buffers are placed; bound to memory, it can be run.
#pragma once

#include <strata/backend/cuda/cublaslt/matmul.hpp>
#include <strata/backend/cuda/cudnn/engines.hpp>
#include <strata/backend/cuda/cudnn/plan.hpp>
#include <strata/backend/cuda/device_program.hpp>
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
    const cublaslt::handle* products = nullptr;
    const memory_map* variables = nullptr;  // where biases and their gradients lie; needed with `products`
};

// Workspace of each product, as NVIDIA recommends for its newest devices; smaller ones have room for it too.
// https://docs.nvidia.com/cuda/cublas/ (cublasSetWorkspace)
inline constexpr std::int64_t product_workspace = std::int64_t{32} << 20;

class planned_program {
public:
    // Throws cudnn::no_plan or unsupported, naming the layer, when an action has no way left.
    planned_program(device_program program, const planner& how);

    std::int64_t arena_bytes() const { return arena_bytes_; }
    std::int64_t workspace_bytes() const { return workspace_bytes_; }
    const device_program& program() const { return program_; }

    // `memory` has the bases of all areas; the buffers' offsets are added to it.
    void bind(memory_map memory, std::byte* workspace);
    const memory_map& memory() const { return memory_; }
    void run(const launch_context& context, const cudnn::handle& dnn, const cublaslt::handle& products) const;

    // One line of the table of plans.
    struct line {
        std::string what;  // the action and its part
        std::string operations;
        bool fused = false;  // the first of several ways
        std::optional<cudnn::engine_facts> engine;  // of cuDNN
        std::int64_t workspace = 0;
    };
    std::vector<line> table() const;

private:
    // One call of the way that was chosen.
    struct step {
        const call* of = nullptr;
        std::size_t action = 0;
        bool first_of_several = false;
        std::optional<cudnn::plan> graph;
        std::optional<cudnn::variant_pack> pack;
        std::optional<cublaslt::plan> product;
        void *a = nullptr, *b = nullptr, *d = nullptr;
    };

    bool choose(const action& from, std::size_t number, std::size_t way, const planner& how);
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
