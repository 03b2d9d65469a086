// SPDX-License-Identifier: MIT
// expect: strata needs C++20: compile with -std=c++20 or newer (g++ 12, clang 19 or nvcc 13 and later)
// flags: -std=c++17
// What stands below would give errors of its own.
#include <strata/training/trainer.hpp>

struct tiny : strata::network<strata::shape{8, 8, 3}, strata::flatten, strata::dense<4>> {};

int main() { return strata::view<tiny>().parameter_count() == 0; }
