// SPDX-License-Identifier: MIT
// The four calls of a handle.
#pragma once

#include <strata/backend/cuda/cudnn/handle.hpp>

namespace strata::inline STRATA_ABI::cudnn {

STRATA_INLINE handle::handle() { check(cudnnCreate(&raw_), "cudnnCreate"); }

STRATA_INLINE handle::~handle() {
    if (raw_ != nullptr) cudnnDestroy(raw_);
}

STRATA_INLINE void handle::set_stream(cudaStream_t stream) { check(cudnnSetStream(raw_, stream), "cudnnSetStream"); }

}  // namespace strata::inline STRATA_ABI::cudnn
