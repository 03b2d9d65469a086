// SPDX-License-Identifier: MIT
// The header-only face, included and not used.
#include <strata/cpu.hpp>
