// SPDX-License-Identifier: MIT
// The width of the vectors that convolutions are computed with on this processor.
#pragma once

#include <strata/backend/cpu/convolution_choice.hpp>
#include <strata/backend/cpu/onednn.hpp>
#include <strata/backend/cpu/winograd/lanes.hpp>
#include <strata/core/config.hpp>

#include <string>

namespace strata::inline STRATA_ABI::cpu {

// From oneDNN's instruction set, which ONEDNN_MAX_CPU_ISA may limit; baseline where our own kernels cannot run.
inline vector_width vector_width_here() {
    if (!winograd::available()) return vector_width::baseline;
    const std::string used = onednn::instruction_set();
    if (used.rfind("AVX-512", 0) == 0) return vector_width::avx512;
    return used.rfind("AVX2", 0) == 0 ? vector_width::avx2 : vector_width::baseline;
}

}  // namespace strata::inline STRATA_ABI::cpu
