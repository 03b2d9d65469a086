// SPDX-License-Identifier: MIT
// dst[i] += src[i]: the gradient of a tensor that several operations read.
#pragma once

#include <strata/core/config.hpp>
#include <strata/core/host_device.hpp>

#include <cstddef>

namespace strata::inline STRATA_ABI::kernels {

struct accumulate {
    const float* src;  // (count)
    float* dst;        // (count)

    STRATA_HOST_DEVICE void operator()(std::size_t i) const { dst[i] += src[i]; }
};

}  // namespace strata::inline STRATA_ABI::kernels
