// SPDX-License-Identifier: MIT
// A network of one batch norm, lowered and planned.
#pragma once

#include <strata/backend/cuda/batch_norm_way.hpp>

#include <strata/backend/cuda/cudnn/handle.hpp>
#include <strata/backend/cuda/cudnn/target.hpp>
#include <strata/backend/cuda/lowering.hpp>
#include <strata/backend/cuda/planned_program.hpp>
#include <strata/backend/cuda/runtime/device.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>
#include <strata/network/builder.hpp>

#include <variant>

namespace strata::inline STRATA_ABI::cuda {

STRATA_INLINE std::string batch_norm_way(int channels, precision of, int device) {
    const device_scope scope(device);
    const stream on;
    const cudnn::handle dnn(on.get());
    const cudnn::target target = cudnn::target::of(dnn);
    program p({8, 8, channels});
    p.layer("batch_norm");
    const int gamma = p.take({.role = "gamma", .dims = {channels, 1, 1, 1}}), beta = p.take({.role = "beta", .dims = {channels, 1, 1, 1}});
    p.emit({.kind = op_kind::batch_norm, .src = {0, -1}, .weight = gamma, .bias = beta}, {8, 8, channels});
    for (const action& a : lower(p.view(), {.batch = 32, .mode = mode::training, .precision = of}).actions) {
        for (const planned_call& c : choose_way(a, {.target = target})) {
            if (!c.refused.empty() && std::holds_alternative<kernel_call>(*c.of))
                return "by own kernels, as cuDNN " + text_of_cudnn_version(versions().cudnn) + " has no engine for it";
        }
    }
    return "by cuDNN";
}

}  // namespace strata::inline STRATA_ABI::cuda
