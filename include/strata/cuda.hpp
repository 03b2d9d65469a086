// SPDX-License-Identifier: MIT
// The CUDA backend: strata::cuda::open(). Link strata::cuda.
#pragma once

// IWYU pragma: begin_exports
#include <strata/backend/cuda/open.hpp>
#include <strata/strata.hpp>
// IWYU pragma: end_exports
