// SPDX-License-Identifier: MIT
// expect: strata needs g++ 12, clang 19 or nvcc 13, or later: this compiler is older
// flags: -U__GNUC__ -D__GNUC__=11 -U__clang_major__ -D__clang_major__=18
#include <strata/strata.hpp>

struct tiny : strata::network<strata::shape{8, 8, 3}, strata::flatten, strata::dense<4>> {};

int main() { return strata::view<tiny>().parameter_count() == 0; }
