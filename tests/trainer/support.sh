# SPDX-License-Identifier: MIT
# What the tests of the trainer share (sourced by each). A test is called as:  bash NAME.sh TRAINER SOURCE_DIR
# expect CODE "words" [OPTION...] runs the trainer and checks its exit code and that its error output is one sentence with the words.

set -u
trainer=$1
source_dir=$2
work=$(mktemp -d "${TMPDIR:-/tmp}/strata-trainer-XXXXXX")
trap 'chmod -R u+rwx "$work" 2>/dev/null; rm -rf "$work"' EXIT
cd "$work" || exit 1

export OMP_WAIT_POLICY=passive  # tests share the machine: a thread that waits must not keep others from working
failures=0
complain() {
    echo "FAILED: $*"
    failures=$((failures + 1))
}
finish() {
    [ "$failures" = 0 ] && echo "all passed"
    exit "$((failures > 0))"
}

# The smallest run that is one: 100 rows of the sample, a network of a few thousand values.
# On the CPU, so that it is the same run on every machine.
small=(--device cpu --limit 100 --width 0.05 --epochs 2 --batch-size 16 --threads 1)
nvidia_is_visible() {
    local sign
    for sign in /dev/nvidia0 /dev/nvidiactl /proc/driver/nvidia/version /usr/lib/wsl/lib/libcuda.so.1; do
        [ -e "$sign" ] && return 0
    done
    return 1
}

run() {
    "$trainer" "$@" >"$work/.out" 2>"$work/.err" </dev/null
    code=$?
    out=$(cat "$work/.out")
    err=$(cat "$work/.err")
}
expect() {
    local wanted=$1 words=$2
    shift 2
    run "$@"
    [ "$code" = "$wanted" ] || complain "[$*] exit code $code, not $wanted; it said: $err"
    [[ $err == *"$words"* ]] || complain "[$*] '$words' is not in what it said: $err"
    [ "$(wc -l <"$work/.err")" = 1 ] || complain "[$*] it said more or less than one line: $err"
    [[ $err == "train_cifar10: "* ]] || complain "[$*] it does not say who speaks: $err"
}
# Nothing was written: no folder of results anywhere.
nothing_written() {
    [ ! -e "$work/runs" ] && [ ! -e "$work/result" ] ||
        complain "$1: something was written: $(ls -d "$work"/runs/* "$work/result" 2>/dev/null)"
    rm -rf "$work/runs" "$work/result"
}

# rows COUNT LABEL: so many CIFAR-10 rows of that label, black pictures.
rows() {
    local i
    for ((i = 0; i < $1; i++)); do
        printf "\\x$(printf %02x "$2")"
        head -c 3072 /dev/zero
    done
}
# data_folder NAME: a whole small set in the binary layout, 20 training rows and 10 test rows.
data_folder() {
    mkdir -p "$1"
    { rows 10 3; rows 10 5; } >"$1/data_batch_1.bin"
    rows 10 3 >"$1/test_batch.bin"
    printf '%s\n' airplane automobile bird cat deer dog frog horse ship truck >"$1/batches.meta.txt"
}
