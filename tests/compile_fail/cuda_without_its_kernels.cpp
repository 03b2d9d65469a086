// SPDX-License-Identifier: MIT
// expect: strata/cuda.hpp needs its kernels as bytes, fat_binary.inc: build strata with STRATA_WITH_CUDA=ON, or link strata::cuda
// The header-only face; neither CUDA's headers nor the build's generated ones are on the include path.
#undef STRATA_LINKED
#include <strata/cuda.hpp>

int main() { return strata::cuda::open().name().empty(); }
