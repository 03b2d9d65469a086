// SPDX-License-Identifier: MIT
// expect: strata/cpu.hpp in the header-only face needs OpenMP: compile and link with -fopenmp, or link the target strata::cpu
#undef STRATA_LINKED
#include <strata/cpu.hpp>

int main() { return strata::cpu::open().name().empty(); }
