// SPDX-License-Identifier: MIT
// Bodies of plan.hpp.
#pragma once

#include <strata/backend/cuda/cudnn/plan.hpp>
