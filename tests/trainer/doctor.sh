#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# examples/doctor: what it finds, and an exit code of 1 only where training could not start.
#   bash doctor.sh DOCTOR [DOCTOR_ON_VIRTUAL_GPU]
set -u
failures=0
# expect CODE "words"... -- COMMAND...
expect() {
    local wanted=$1 words=() out code
    shift
    while [ "$1" != -- ]; do
        words+=("$1")
        shift
    done
    shift
    out=$("$@")
    code=$?
    [ "$code" = "$wanted" ] || { echo "FAILED: [$*] exit code $code, not $wanted: $out"; failures=1; }
    for part in "${words[@]}"; do
        [[ $out == *"$part"* ]] || { echo "FAILED: [$*] '$part' is not in: $out"; failures=1; }
    done
}

# Without a GPU the CPU trains: that is said, and is no failure.
if [ ! -e /dev/nvidia0 ] && [ ! -e /dev/nvidiactl ] && [ ! -e /proc/driver/nvidia/version ] && [ ! -e /usr/lib/wsl/lib/libcuda.so.1 ]; then
    expect 0 "strata          " "would train on  cpu: " "oneDNN" "because         " "CUDA" -- "$1"
fi
if [ $# -gt 1 ]; then
    expect 0 "device 0        virtual GPU, compute capability 9.0" "GPU             usable" \
        "batch norm      of 8 channels, in training: by cuDNN" "of 6 channels, in training: by own kernels, as cuDNN" \
        "would train on  cuda: virtual GPU" \
        "an NVIDIA device is visible and usable" -- "$2"
    expect 0 "GPU             the NVIDIA driver shows no device" "would train on  cpu: " "no NVIDIA device is visible" -- \
        env STRATA_TEST_DEVICES=0 "$2"
    expect 1 "driver          knows CUDA 11.8" "cannot train    an NVIDIA device is visible, but cannot be used" \
        "install a newer driver" -- \
        env STRATA_TEST_VISIBLE=1 STRATA_TEST_DRIVER=11080 "$2"
    expect 1 "cannot train    " "compute capability 7.0, but strata needs 7.5" -- env STRATA_TEST_CAPABILITY=70 "$2"
fi
exit "$failures"
