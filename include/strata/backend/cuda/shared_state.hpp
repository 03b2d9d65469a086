// SPDX-License-Identifier: MIT
// What a model's executor and its predictors share on the GPU: the variables, our kernels, the libraries' handles, and how programs are
// planned.
#pragma once

#include <strata/backend/cuda/cublaslt/status.hpp>
#include <strata/backend/cuda/cudnn/handle.hpp>
#include <strata/backend/cuda/cudnn/plan_cache.hpp>
#include <strata/backend/cuda/cudnn/target.hpp>
#include <strata/backend/cuda/lowering.hpp>
#include <strata/backend/cuda/model_memory.hpp>
#include <strata/backend/cuda/options.hpp>
#include <strata/backend/cuda/planned_program.hpp>
#include <strata/backend/cuda/runtime/kernels.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>
#include <strata/backend/cuda/tuned_plans.hpp>
#include <strata/backend/device.hpp>
#include <strata/core/config.hpp>
#include <strata/kernels/relu_mask.hpp>
#include <strata/network/builder.hpp>

#include <optional>

namespace strata::inline STRATA_ABI::cuda {

struct shared_state {
    shared_state(const program_view& program, const executor_options& how, const options& device);

    strata::program predicts;  // with its softmax
    executor_options how;
    options device;
    stream on;  // of training and evaluation
    kernel_library library;
    cublaslt::handle products;
    cudnn::handle dnn;  // of `on`
    cudnn::target target;
    mutable cudnn::plan_cache plans;
    tuned_plans tuned;
    model_memory memory;
    event updated;  // after the latest change of parameters or statistics

    // Training is planned by one thread at a time.
    planned_program plan(const program_view& program, int batch, mode of) const;
    planner planner_with(const memory_map& variables) const;  // both must stay

private:
    const kernels::mask_order* relu_masks(const program_view& program) const;

    mutable bool masks_asked_ = false;
    mutable std::optional<kernels::mask_order> masks_;
};

}  // namespace strata::inline STRATA_ABI::cuda

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/shared_state.ipp>
#endif
