#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Options that are wrong: exit code 2, one sentence that names the option, nothing written, and all that before the data are read.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"

expect 2 "--nonsense" --nonsense
expect 2 "--device" --device gpu
expect 2 "--conventions" --conventions tensorflow
expect 2 "--precision" --precision fp8
expect 2 "--epochs" --epochs many
expect 2 "--epochs -1: there are no negative epochs" --epochs -1
expect 2 "--epochs" --epochs
expect 2 "--epochs" --epochs 3 --epochs 4
expect 2 "--batch-size 0: give at least 1" --batch-size 0
expect 2 "--batch-size -5: give at least 1" --batch-size -5
expect 2 "--batch-size" --batch-size 99999999999999
expect 2 "--validation-split 1: give a fraction" --validation-split 1
expect 2 "--validation-split -0.1: give a fraction" --validation-split -0.1
expect 2 "--validation-split nan: give a fraction" --validation-split nan
expect 2 "--learning-rate 0: give a number above 0" --learning-rate 0
expect 2 "--learning-rate nan" --learning-rate nan
expect 2 "--learning-rate inf" --learning-rate inf
expect 2 "--width 0: give a factor" --width 0
expect 2 "--width 1000: give a factor" --width 1000
expect 2 "--threads -1: give a number" --threads -1
expect 2 "--seed" --seed -1
expect 2 "--limit 0: give at least 1 row" --limit 0
many=99999999999999999999
for option in limit epochs batch-size threads seed; do expect 2 "--$option: $many is out of range, give at most" "--$option" $many; done
expect 2 "--learning-rate" --learning-rate 1e-999
expect 2 "--width" --width 1e999
expect 2 "--data" --data ""
expect 2 "--out" --out ""
expect 2 "extra" extra
expect 2 "excludes" --evaluate model.safetensors --epochs 3
nothing_written "wrong options"

expect 2 "--device cuda: this build has no CUDA backend" --device cuda
expect 2 "--precision tf32: the device (cpu" --precision tf32
expect 2 "--precision bf16: the device (cpu" --precision bf16
nothing_written "what the device lacks"

run --help
[ "$code" = 0 ] || complain "--help: exit code $code"
for option in data limit device precision epochs batch-size validation-split learning-rate width conventions threads seed out \
    evaluate quiet; do
    [[ $out == *"--$option"* ]] || complain "--help does not list --$option"
done
[[ $out == *130* ]] || complain "--help does not tell the exit codes"
run --version
[ "$code $out" = "0 strata $(sed -n 's/^#define STRATA_VERSION_STRING "\(.*\)"/\1/p' "$source_dir/include/strata/core/config.hpp")" ] ||
    complain "--version says: $out"
finish
