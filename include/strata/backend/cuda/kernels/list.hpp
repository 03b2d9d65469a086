// SPDX-License-Identifier: MIT
// Our own kernels by name: which there are, what each is called in the embedded binary, and which body it runs. A kernel takes one
// argument, arguments<Body>, and runs the body for each index below its count, in a grid-stride loop.
// A new kernel needs a line in each of the three lists here, a wrapper in kernels.cu, and one in tests/virtual_gpu/host_kernels.cpp.
#pragma once

#include <strata/core/config.hpp>
#include <strata/kernels/batch_norm.hpp>
#include <strata/kernels/bf16.hpp>
#include <strata/kernels/inference.hpp>
#include <strata/kernels/step.hpp>
#include <strata/kernels/step_batch.hpp>
#include <strata/kernels/step_dropout.hpp>
#include <strata/kernels/step_update.hpp>

#include <cstdint>

namespace strata::inline STRATA_ABI::cuda {

enum class kernel : unsigned char {
    begin_step,
    gather_batch_f32,
    gather_batch_bf16,
    dropout_f32,
    dropout_bf16,
    loss_rows_f32,
    loss_rows_bf16,
    find_non_finite_f32,
    find_non_finite_bf16,
    update_statistics,
    adam_update,
    sgd_update,
    end_step,
    end_evaluation,
    fold_batch_norm,
    softmax_rows,
    batch_norm_moments_f32,
    batch_norm_moments_bf16,
    batch_norm_group_moments,
    batch_norm_statistics,
    batch_norm_forward_f32,
    batch_norm_forward_bf16,
    batch_norm_sums_f32,
    batch_norm_sums_bf16,
    batch_norm_group_sums,
    batch_norm_parameters,
    batch_norm_backward_f32,
    batch_norm_backward_bf16,
    narrow,
    widen
};
inline constexpr int kernel_count = static_cast<int>(kernel::widen) + 1;

constexpr const char* name_of(kernel which) {
    switch (which) {
        case kernel::begin_step: return "strata_begin_step";
        case kernel::gather_batch_f32: return "strata_gather_batch_f32";
        case kernel::gather_batch_bf16: return "strata_gather_batch_bf16";
        case kernel::dropout_f32: return "strata_dropout_f32";
        case kernel::dropout_bf16: return "strata_dropout_bf16";
        case kernel::loss_rows_f32: return "strata_loss_rows_f32";
        case kernel::loss_rows_bf16: return "strata_loss_rows_bf16";
        case kernel::find_non_finite_f32: return "strata_find_non_finite_f32";
        case kernel::find_non_finite_bf16: return "strata_find_non_finite_bf16";
        case kernel::update_statistics: return "strata_update_statistics";
        case kernel::adam_update: return "strata_adam_update";
        case kernel::sgd_update: return "strata_sgd_update";
        case kernel::end_step: return "strata_end_step";
        case kernel::end_evaluation: return "strata_end_evaluation";
        case kernel::fold_batch_norm: return "strata_fold_batch_norm";
        case kernel::softmax_rows: return "strata_softmax_rows";
        case kernel::batch_norm_moments_f32: return "strata_batch_norm_moments_f32";
        case kernel::batch_norm_moments_bf16: return "strata_batch_norm_moments_bf16";
        case kernel::batch_norm_group_moments: return "strata_batch_norm_group_moments";
        case kernel::batch_norm_statistics: return "strata_batch_norm_statistics";
        case kernel::batch_norm_forward_f32: return "strata_batch_norm_forward_f32";
        case kernel::batch_norm_forward_bf16: return "strata_batch_norm_forward_bf16";
        case kernel::batch_norm_sums_f32: return "strata_batch_norm_sums_f32";
        case kernel::batch_norm_sums_bf16: return "strata_batch_norm_sums_bf16";
        case kernel::batch_norm_group_sums: return "strata_batch_norm_group_sums";
        case kernel::batch_norm_parameters: return "strata_batch_norm_parameters";
        case kernel::batch_norm_backward_f32: return "strata_batch_norm_backward_f32";
        case kernel::batch_norm_backward_bf16: return "strata_batch_norm_backward_bf16";
        case kernel::narrow: return "strata_narrow";
        case kernel::widen: return "strata_widen";
    }
    return "";
}

// The kernel that runs a body.
template <typename Body>
struct kernel_of_body {
    static_assert(sizeof(Body) == 0, "this body has no CUDA kernel: list it in strata/backend/cuda/kernels/list.hpp");
};
template <kernel Which>
struct runs_in {
    static constexpr kernel value = Which;
};
template <>
struct kernel_of_body<kernels::begin_step> : runs_in<kernel::begin_step> {};
template <>
struct kernel_of_body<kernels::gather_batch<float>> : runs_in<kernel::gather_batch_f32> {};
template <>
struct kernel_of_body<kernels::gather_batch<kernels::bf16>> : runs_in<kernel::gather_batch_bf16> {};
template <>
struct kernel_of_body<kernels::step_dropout<float>> : runs_in<kernel::dropout_f32> {};
template <>
struct kernel_of_body<kernels::step_dropout<kernels::bf16>> : runs_in<kernel::dropout_bf16> {};
template <>
struct kernel_of_body<kernels::loss_rows<float>> : runs_in<kernel::loss_rows_f32> {};
template <>
struct kernel_of_body<kernels::loss_rows<kernels::bf16>> : runs_in<kernel::loss_rows_bf16> {};
template <>
struct kernel_of_body<kernels::find_non_finite<float>> : runs_in<kernel::find_non_finite_f32> {};
template <>
struct kernel_of_body<kernels::find_non_finite<kernels::bf16>> : runs_in<kernel::find_non_finite_bf16> {};
template <>
struct kernel_of_body<kernels::update_statistics> : runs_in<kernel::update_statistics> {};
template <>
struct kernel_of_body<kernels::adam_update> : runs_in<kernel::adam_update> {};
template <>
struct kernel_of_body<kernels::sgd_update> : runs_in<kernel::sgd_update> {};
template <>
struct kernel_of_body<kernels::end_step> : runs_in<kernel::end_step> {};
template <>
struct kernel_of_body<kernels::end_evaluation> : runs_in<kernel::end_evaluation> {};
template <>
struct kernel_of_body<kernels::fold_batch_norm> : runs_in<kernel::fold_batch_norm> {};
template <>
struct kernel_of_body<kernels::softmax_rows> : runs_in<kernel::softmax_rows> {};
template <>
struct kernel_of_body<kernels::batch_norm_moments<float>> : runs_in<kernel::batch_norm_moments_f32> {};
template <>
struct kernel_of_body<kernels::batch_norm_moments<kernels::bf16>> : runs_in<kernel::batch_norm_moments_bf16> {};
template <>
struct kernel_of_body<kernels::batch_norm_group_moments> : runs_in<kernel::batch_norm_group_moments> {};
template <>
struct kernel_of_body<kernels::batch_norm_statistics> : runs_in<kernel::batch_norm_statistics> {};
template <>
struct kernel_of_body<kernels::batch_norm_forward<float>> : runs_in<kernel::batch_norm_forward_f32> {};
template <>
struct kernel_of_body<kernels::batch_norm_forward<kernels::bf16>> : runs_in<kernel::batch_norm_forward_bf16> {};
template <>
struct kernel_of_body<kernels::batch_norm_sums<float>> : runs_in<kernel::batch_norm_sums_f32> {};
template <>
struct kernel_of_body<kernels::batch_norm_sums<kernels::bf16>> : runs_in<kernel::batch_norm_sums_bf16> {};
template <>
struct kernel_of_body<kernels::batch_norm_group_sums> : runs_in<kernel::batch_norm_group_sums> {};
template <>
struct kernel_of_body<kernels::batch_norm_parameters> : runs_in<kernel::batch_norm_parameters> {};
template <>
struct kernel_of_body<kernels::batch_norm_backward<float>> : runs_in<kernel::batch_norm_backward_f32> {};
template <>
struct kernel_of_body<kernels::batch_norm_backward<kernels::bf16>> : runs_in<kernel::batch_norm_backward_bf16> {};
template <>
struct kernel_of_body<kernels::narrow> : runs_in<kernel::narrow> {};
template <>
struct kernel_of_body<kernels::widen> : runs_in<kernel::widen> {};

template <typename Body>
inline constexpr kernel kernel_of = kernel_of_body<Body>::value;

// The one argument of a kernel, by value.
template <typename Body>
struct arguments {
    Body body;
    std::int64_t count;
};

inline constexpr int threads_per_block = 256;

}  // namespace strata::inline STRATA_ABI::cuda
