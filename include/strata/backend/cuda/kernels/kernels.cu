// SPDX-License-Identifier: MIT
// Our own kernels: the bodies of strata/kernels, each behind an extern "C" name. Compiled by nvcc into one fat binary for every
// architecture that it knows, without contraction into fused multiply-adds, as on the host; this is the only file that nvcc compiles.
#include <strata/backend/cuda/kernels/list.hpp>

#include <cstddef>
#include <cstdint>

using namespace strata::kernels;
using strata::cuda::arguments;

namespace {

// Grid-stride: any grid runs all indexes.
template <typename Body>
__device__ void run(const arguments<Body>& what) {
    const auto stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
    for (auto i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x; i < what.count; i += stride)
        what.body(static_cast<std::size_t>(i));
}

}  // namespace

extern "C" __global__ void strata_begin_step(const arguments<begin_step> what) { run(what); }
extern "C" __global__ void strata_gather_batch_f32(const arguments<gather_batch<float>> what) { run(what); }
extern "C" __global__ void strata_gather_batch_bf16(const arguments<gather_batch<bf16>> what) { run(what); }
extern "C" __global__ void strata_dropout_f32(const arguments<step_dropout<float>> what) { run(what); }
extern "C" __global__ void strata_dropout_bf16(const arguments<step_dropout<bf16>> what) { run(what); }
extern "C" __global__ void strata_loss_rows_f32(const arguments<loss_rows<float>> what) { run(what); }
extern "C" __global__ void strata_loss_rows_bf16(const arguments<loss_rows<bf16>> what) { run(what); }
extern "C" __global__ void strata_find_non_finite_f32(const arguments<find_non_finite<float>> what) { run(what); }
extern "C" __global__ void strata_find_non_finite_bf16(const arguments<find_non_finite<bf16>> what) { run(what); }
extern "C" __global__ void strata_update_statistics(const arguments<update_statistics> what) { run(what); }
extern "C" __global__ void strata_adam_update(const arguments<adam_update> what) { run(what); }
extern "C" __global__ void strata_sgd_update(const arguments<sgd_update> what) { run(what); }
extern "C" __global__ void strata_end_step(const arguments<end_step> what) { run(what); }
extern "C" __global__ void strata_end_evaluation(const arguments<end_evaluation> what) { run(what); }
extern "C" __global__ void strata_fold_batch_norm(const arguments<fold_batch_norm> what) { run(what); }
extern "C" __global__ void strata_softmax_rows(const arguments<softmax_rows> what) { run(what); }
extern "C" __global__ void strata_batch_norm_moments_f32(const arguments<batch_norm_moments<float>> what) { run(what); }
extern "C" __global__ void strata_batch_norm_moments_bf16(const arguments<batch_norm_moments<bf16>> what) { run(what); }
extern "C" __global__ void strata_batch_norm_group_moments(const arguments<batch_norm_group_moments> what) { run(what); }
extern "C" __global__ void strata_batch_norm_statistics(const arguments<batch_norm_statistics> what) { run(what); }
extern "C" __global__ void strata_batch_norm_forward_f32(const arguments<batch_norm_forward<float>> what) { run(what); }
extern "C" __global__ void strata_batch_norm_forward_bf16(const arguments<batch_norm_forward<bf16>> what) { run(what); }
extern "C" __global__ void strata_batch_norm_sums_f32(const arguments<batch_norm_sums<float>> what) { run(what); }
extern "C" __global__ void strata_batch_norm_sums_bf16(const arguments<batch_norm_sums<bf16>> what) { run(what); }
extern "C" __global__ void strata_batch_norm_group_sums(const arguments<batch_norm_group_sums> what) { run(what); }
extern "C" __global__ void strata_batch_norm_parameters(const arguments<batch_norm_parameters> what) { run(what); }
extern "C" __global__ void strata_batch_norm_backward_f32(const arguments<batch_norm_backward<float>> what) { run(what); }
extern "C" __global__ void strata_batch_norm_backward_bf16(const arguments<batch_norm_backward<bf16>> what) { run(what); }
extern "C" __global__ void strata_narrow(const arguments<narrow> what) { run(what); }
extern "C" __global__ void strata_widen(const arguments<widen> what) { run(what); }
