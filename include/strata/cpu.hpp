// SPDX-License-Identifier: MIT
// The CPU backend: strata::cpu::open(). Link strata::cpu; in the header-only face oneDNN and OpenMP are needed.
#pragma once

// IWYU pragma: begin_exports
#include <strata/backend/cpu/open.hpp>
#include <strata/strata.hpp>
// IWYU pragma: end_exports
