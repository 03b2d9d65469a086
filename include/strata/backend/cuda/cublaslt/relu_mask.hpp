// SPDX-License-Identifier: MIT
// How cuBLASLt orders the bits of a rectifier's mask (epilogues relu_aux_bias and drelu), which it does not tell: learnt from products
// whose signs are known, and proven on others before anything relies on it.
#pragma once

#include <strata/backend/cuda/cublaslt/matmul.hpp>
#include <strata/backend/cuda/runtime/stream.hpp>
#include <strata/core/config.hpp>
#include <strata/core/dtype.hpp>
#include <strata/kernels/relu_mask.hpp>

#include <optional>
#include <string>

namespace strata::inline STRATA_ABI::cublaslt {

// For products of this type and computation on the current device. Runs two small products in the stream, and waits. Nothing where an
// epilogue is refused, or the mask is not what mask_order can say, or drelu does not read what was cleared; `why`, if given, then has a
// sentence.
std::optional<kernels::mask_order> learn_mask_order(const handle& with, dtype type, compute how, const cuda::stream& on,
                                                    std::string* why = nullptr);

}  // namespace strata::inline STRATA_ABI::cublaslt

#if !defined(STRATA_LINKED)
#include <strata/backend/cuda/cublaslt/relu_mask.ipp>
#endif
