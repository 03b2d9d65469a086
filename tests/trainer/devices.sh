#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --device and --precision where there is a GPU, a virtual one: what is chosen and why, and what is refused, with the fix.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"
tiny=(--limit 64 --width 0.05 --epochs 0 --batch-size 16 --out result)
said() { [ "$code" = 0 ] && [[ $out == *"$1"* ]] || complain "'$1' is not in the output: $code $out $err"; }

rm -rf result; run "${tiny[@]}"
said "device    cuda: virtual GPU, compute capability 9.0, CUDA "
said "chosen because an NVIDIA device is visible and usable"
said "; tf32; seed 1"
said "precision tf32 (the default on a GPU"
for part in '"device": "cuda: virtual GPU' '"device_reason": "an NVIDIA device is visible and usable"' '"precision": "tf32"'; do
    grep -qF -- "$part" result/settings.json || complain "settings.json has no $part"
done
for part in "virtual GPU" "an NVIDIA device is visible and usable" "tf32"; do
    grep -qF -- "$part" result/report.html || complain "report.html has no $part"
done
# Trained on a GPU, evaluated on the CPU, which has no TF32.
run --evaluate result/model.safetensors --device cpu
said "precision fp32 (the model was trained in tf32, which this device does not compute in)"
rm -rf result; run "${tiny[@]}" --device cuda --precision fp32 --threads 2
said "chosen because cuda was asked for"
said "; fp32; seed 1"
said "hint      --threads 2 has no effect"
[[ $out == *"precision "* ]] && complain "a precision that was given is explained: $out"
rm -rf result; run "${tiny[@]}" --device cpu
said "device    cpu: "
said "; fp32; seed 1"
[[ $out == *"hint "* ]] && complain "a hint without a need: $out"

# Turing has neither TF32 nor bf16: fp32 by default, the others by name refused. It is taken where there are kernels for it.
rm -rf result; export STRATA_TEST_CAPABILITY=75
run "${tiny[@]}"
if [[ $err == *"compute capability 7.5, and the kernels of this strata were compiled for"* ]]; then
    [ "$code" = 2 ] || complain "kernels for newer GPUs alone: $code"
else
    [[ $out == *"; fp32; seed 1"* ]] || complain "Turing: $code $out $err"
    rm -rf result
    for precision in tf32 bf16; do
        expect 2 "--precision $precision: the device (cuda: virtual GPU" --precision $precision "${tiny[@]}"
        [[ $err == *"compute capability 8.0"*"use --precision fp32"* ]] || complain "$precision on Turing: $err"
    done
fi
export STRATA_TEST_CAPABILITY=70
expect 2 "--device auto: an NVIDIA device is visible, but cannot be used: virtual GPU has compute capability 7.0" "${tiny[@]}"
unset STRATA_TEST_CAPABILITY

# A driver that is too old: auto stops and says the fix, cuda too, cpu works.
export STRATA_TEST_VISIBLE=1 STRATA_TEST_DRIVER=11080
expect 2 "--device auto: an NVIDIA device is visible, but cannot be used: the NVIDIA driver is too old" "${tiny[@]}"
[[ $err == *"install a newer driver"*"use the cpu"* ]] || complain "an old driver: no fix: $err"
expect 2 "--device cuda: the NVIDIA driver is too old" --device cuda "${tiny[@]}"
nothing_written "an unusable device"
run "${tiny[@]}" --device cpu
said "device    cpu: "
unset STRATA_TEST_VISIBLE STRATA_TEST_DRIVER

# No device at all: auto takes the CPU and says why, cuda never does.
rm -rf result; export STRATA_TEST_DEVICES=0
expect 2 "--device cuda: the NVIDIA driver shows no device" --device cuda "${tiny[@]}"
nothing_written "no device"
if ! nvidia_is_visible; then
    run "${tiny[@]}"
    said "device    cpu: "
    said "chosen because no NVIDIA device is visible"
fi
finish
