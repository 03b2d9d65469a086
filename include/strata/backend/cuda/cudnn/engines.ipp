// SPDX-License-Identifier: MIT
// Bodies of engines.hpp.
#pragma once

#include <strata/backend/cuda/cudnn/engines.hpp>
