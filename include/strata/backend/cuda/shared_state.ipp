// SPDX-License-Identifier: MIT
// Engines are chosen by the model's precision and the device's options.
#pragma once

#include <strata/backend/cuda/shared_state.hpp>

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
      memory(program, how.precision, on) {}

STRATA_INLINE planned_program shared_state::plan(const program_view& program, int batch, mode of) const {
    const memory_map variables = memory.map();
    const lowering_options lowering{.batch = batch,
                                    .mode = of,
                                    .precision = how.precision,
                                    .batch_norm_epsilon = how.conventions.batch_norm_epsilon,
                                    .deterministic = device.deterministic,
                                    .kernels = device.kernels};
    return {lower(program, lowering),
            {.target = target,
             .filter = detail::filter_of(how.precision, device),
             .cache = &plans,
             .products = &products,
             .variables = &variables}};
}

}  // namespace strata::inline STRATA_ABI::cuda
