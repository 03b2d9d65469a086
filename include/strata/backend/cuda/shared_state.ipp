// SPDX-License-Identifier: MIT
// Engines are chosen by the model's precision and the device's options.
#pragma once

#include <strata/backend/cuda/shared_state.hpp>

#include <strata/backend/cuda/cublaslt/relu_mask.hpp>
#include <strata/network/fusion.hpp>

namespace strata::inline STRATA_ABI::cuda {

namespace detail {

STRATA_INLINE cudnn::engine_filter filter_of(precision of, const options& device) {
    return {.strict_fp32 = of == precision::fp32, .deterministic = device.deterministic, .workspace_limit = device.workspace_limit};
}

}  // namespace detail

STRATA_INLINE shared_state::shared_state(const program_view& program, const executor_options& options_of_model, const options& opened)
    : predicts(fused(strata::program(program))),
      how(options_of_model),
      device(opened),
      dnn(on.get()),
      target(cudnn::target::of(dnn)),
      plans(opened.plan_cache),
      tuned(opened.tuned_plans.empty() ? tuned_plans() : tuned_plans::read(opened.tuned_plans, properties_of(opened.device))),
      memory(program, how.precision, on) {}

// Learnt by a probe at the first program that can use it; null where this device's masks cannot be understood.
STRATA_INLINE const kernels::mask_order* shared_state::relu_masks(const program_view& program) const {
    if (!wants_relu_masks(program)) return nullptr;
    if (!masks_asked_) {
        const auto compute = how.precision == precision::tf32 ? cublaslt::compute::tf32 : cublaslt::compute::f32;
        masks_ = cublaslt::learn_mask_order(products, storage_of(how.precision), compute, on);
        masks_asked_ = true;
    }
    return masks_ ? &*masks_ : nullptr;
}

STRATA_INLINE planned_program shared_state::plan(const program_view& program, int batch, mode of) const {
    const memory_map variables = memory.map();
    const lowering_options lowering{.batch = batch,
                                    .mode = of,
                                    .precision = how.precision,
                                    .batch_norm_epsilon = how.conventions.batch_norm_epsilon,
                                    .deterministic = device.deterministic,
                                    .kernels = device.kernels,
                                    .relu_masks = of == mode::training ? relu_masks(program) : nullptr};
    return {lower(program, lowering), planner_with(variables)};
}

STRATA_INLINE planner shared_state::planner_with(const memory_map& variables) const {
    return {.target = target,
            .filter = detail::filter_of(how.precision, device),
            .cache = &plans,
            .products = &products,
            .variables = &variables,
            .tuned = &tuned};
}

}  // namespace strata::inline STRATA_ABI::cuda
