// SPDX-License-Identifier: MIT
// Bodies of operations.hpp.
#pragma once

#include <strata/backend/cuda/cudnn/operations.hpp>
