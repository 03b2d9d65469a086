#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Options that are wrong: exit code 2, one sentence that names the option, nothing written, and all that before the data are read.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"

expect 2 "--nonsense: there is no such option; train_cifar10 --help lists" --nonsense
expect 2 "extra: this is neither an option nor the value of one" extra
expect 2 "--quiet=maybe: give --quiet alone, or leave it out" --quiet=maybe
expect 2 "--device gpu: give auto, cpu or cuda" --device gpu
expect 2 "--device '': give auto, cpu or cuda" --device ""
expect 2 "--conventions tensorflow: give keras or torch" --conventions tensorflow
expect 2 "--precision fp8: give fp32, tf32 or bf16" --precision fp8
expect 2 "--epochs many: give a whole number of at least 0, such as 15" --epochs many
expect 2 "--epochs 1.5: give a whole number" --epochs 1.5
expect 2 "--epochs '': give a whole number" --epochs ""
expect 2 "--epochs -1: give a whole number of at least 0" --epochs -1
expect 2 "--epochs: its value is missing; give a whole number of at least 0" --epochs
expect 2 "--data: its value is missing; give sample, cifar10, a directory" --data
expect 2 "--out: its value is missing; give a directory that does not exist yet" --out --quiet
expect 2 "--epochs: given 2 times (3, 4); give it once" --epochs 3 --epochs 4
expect 2 "--data: given 3 times (a, b, ...); give it once" --data a --data b --data a
expect 2 "--batch-size 0: give a whole number of at least 1" --batch-size 0
expect 2 "--batch-size -5: give a whole number of at least 1" --batch-size -5
expect 2 "--validation-split 1: give a fraction" --validation-split 1
expect 2 "--validation-split -0.1: give a fraction" --validation-split -0.1
expect 2 "--validation-split nan: give a fraction" --validation-split nan
for rate in 0 -1 nan inf x 1e50 1e999 1e-50 1e-999; do
    expect 2 "--learning-rate $rate: give a number from 1e-30 to 1e30, such as 0.001" --learning-rate $rate
done
for width in 0 1000 1e999 0.25x; do expect 2 "--width $width: give a factor above 0 and at most 16" --width $width; done
expect 2 "--threads -1: give a number from 1 to 1024" --threads -1
expect 2 "--seed -1: give a whole number of at least 0" --seed -1
expect 2 "--limit 0: give at least 1 row" --limit 0
many=99999999999999999999
for option in limit epochs batch-size threads seed; do
    expect 2 "--$option $many: give at most " "--$option" $many
    expect 2 "--$option -$many: give a" "--$option" -$many
    [[ $err == *"at most"* ]] && complain "--$option -$many: it said: $err"
done
expect 2 "--data '': give sample, cifar10, a directory" --data ""
expect 2 "--out '': give a directory that does not exist yet" --out ""
expect 2 "--epochs: it belongs to a training, and --evaluate only evaluates" --evaluate model.safetensors --epochs 3
nothing_written "wrong options"

if ! nvidia_is_visible; then
    # Without the backend, or without a GPU: either way a sentence with the fix, and no run on the CPU.
    expect 2 "--device cuda: " --device cuda
    [[ $err == *"this build has no CUDA backend; run script/setup --cuda"* || $err == *"no NVIDIA driver is loaded; install one"* ||
        $err == *"shows no device"* ]] || complain "--device cuda: no fix: $err"
fi
expect 2 "--precision tf32: the device (cpu" --device cpu --precision tf32
expect 2 "--precision bf16: the device (cpu" --device cpu --precision bf16
nothing_written "what the device lacks"

# Who asks for help gets it, whatever else is on the line.
run --bogus --epochs many --help
[ "$code" = 0 ] && [[ $out == *--validation-split* ]] || complain "--bogus --help: exit code $code: $err"
run --help
[ "$code" = 0 ] || complain "--help: exit code $code"
for option in data limit device precision epochs batch-size validation-split learning-rate width conventions threads seed out \
    evaluate quiet tune tuning; do
    [[ $out == *"--$option"* ]] || complain "--help does not list --$option"
done
[[ $out == *130* ]] || complain "--help does not tell the exit codes"
run --version
[ "$code $out" = "0 strata $(sed -n 's/^#define STRATA_VERSION_STRING "\(.*\)"/\1/p' "$source_dir/include/strata/core/config.hpp")" ] ||
    complain "--version says: $out"
finish
