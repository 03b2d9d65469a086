#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# include/strata/layers/conv2d.hpp has tests/layers/conv2d_test.cpp: lists the headers that have none. Those below have no
# behaviour of their own (names, declarations, umbrellas) or are tested by the files named beside them.
set -u
cd "$1" || exit 1

exempt="
strata                      only includes
cpu                         only includes
core/config                 macros; both faces are built by the tests
core/error                  types only
core/host_device            a macro
backend/cpu/tensors         parts of lowering: operations_test.cpp and random_networks_test.cpp hold them against an oracle
backend/cpu/forward         as tensors
backend/cpu/backward        as tensors
backend/cpu/lowering        as tensors
backend/cpu/lowered_program types only
backend/cpu/convolution_lowering as tensors
backend/cpu/winograd/lanes  tests/backend/cpu/winograd/product_test.cpp
backend/cpu/winograd/transforms tests/backend/cpu/winograd/convolution_test.cpp
backend/custom_kernels      tests/backend/cpu/options_test.cpp and tests/backend/cuda/golden_test.cpp
open                        tests/backend/open_test.cpp and tests/backend/cuda/open_test.cpp, one for each build
cuda                        only includes
backend/cuda/options        tests/backend/cuda/open_test.cpp
backend/cuda/device_program types only
backend/cuda/arrays         parts of lowering: executor_test.cpp and random_networks_test.cpp hold them against an oracle
backend/cuda/forward        as arrays
backend/cuda/backward       as arrays
backend/cuda/lowering       as arrays
backend/cuda/lowering_options types only
backend/cuda/planned_program as arrays
backend/cuda/model_memory   as arrays
backend/cuda/inference      as arrays
backend/cuda/course         tests/backend/cuda/executor_test.cpp
backend/cuda/shared_state   as arrays
backend/cuda/row_ring       tests/backend/cuda/executor_test.cpp
"
missing=0
while IFS= read -r header; do
    name=${header#include/strata/}
    name=${name%.hpp}
    [ -f "tests/${name}_test.cpp" ] && continue
    grep -q "^$name " <<<"$exempt" && continue
    echo "$header has no tests/${name}_test.cpp"
    missing=$((missing + 1))
done < <(find include/strata -name '*.hpp' | LC_ALL=C sort)

while read -r name _; do
    [ -z "$name" ] && continue
    [ -f "include/strata/$name.hpp" ] || { echo "the exemption of $name names no header"; missing=$((missing + 1)); }
    [ -f "tests/${name}_test.cpp" ] && { echo "$name has a test: take it off the list of exemptions"; missing=$((missing + 1)); }
done <<<"$exempt"
[ "$missing" = 0 ]
