# SPDX-License-Identifier: MIT
# What the scripts share (sourced, not run): where the tree is, how they speak and give up, and how test results are counted.

root=$(CDPATH="" cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
me=$(basename -- "$0")
deps=$root/build/deps
jobs=$(nproc 2>/dev/null || echo 2)

say() { printf '%s: %s\n' "$me" "$*" >&2; }
give_up() {
    say "$@"
    exit 1
}

# quietly LOG COMMAND...: the command's output goes to LOG; only when it fails are its last lines shown.
quietly() {
    local log=$1
    shift
    mkdir -p "$(dirname -- "$log")" || return 1
    "$@" >"$log" 2>&1 </dev/null && return 0
    local status=$?
    tail -n 25 "$log" >&2
    grep -qi 'no space left on device' "$log" && say "the disk is full ($(df -Pk "$root" | awk 'NR == 2 { print $6 }'))"
    return "$status"
}

# build_tree PRESET [CMAKE-OPTION...] -- [TARGET...]: configures build/PRESET and builds it.
build_tree() {
    local preset=$1 options=()
    shift
    while [ "$1" != -- ]; do
        options+=("$1")
        shift
    done
    shift
    local folder=$root/build/$preset targets=()
    [ $# = 0 ] || targets=(--target "$@")
    (cd "$root" && quietly "$folder/configure.log" "$CMAKE" --preset "$preset" "${options[@]}") ||
        { say "CMake could not configure build/$preset"; return 1; }
    # Said before it is done, and only when there is something to do.
    "$CMAKE" --build "$folder" "${targets[@]}" -- -n 2>/dev/null | grep -q 'no work to do' ||
        say "building build/$preset with $jobs jobs ..."
    quietly "$folder/build.log" "$CMAKE" --build "$folder" --parallel "$jobs" "${targets[@]}" ||
        { say "the build failed; all its output: build/$preset/build.log"; return 1; }
}

# tally LOG: reads CTest's LastTest.log and prints "PASSED FAILED": doctest's cases where a test has them, else the test itself.
tally() {
    awk '
        /^[0-9]+\/[0-9]+ Testing: / { cases = 0; bad = 0 }
        /^\[doctest\] test cases: / { split($0, part, "|"); cases += part[2] + part[3]; good += part[2]; bad += part[3] }
        /^Test Passed\./ { if (!cases) good++ }
        /^Test Failed\./ { if (bad) failed += bad; else failed++ }
        END { printf "%d %d\n", good, failed }' "$1" 2>/dev/null || echo "0 1"
}

# run_tests PRESET [CTEST-ARGUMENT...]: runs the tests of build/PRESET and sets passed and failed.
run_tests() {
    local preset=$1 status log=$root/build/$1/Testing/Temporary/LastTest.log
    shift
    rm -f "$log"
    export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}  # tests run side by side: threads that wait must not spin
    (cd "$root" && "$(dirname -- "$(command -v "$CMAKE")")/ctest" --preset "$preset" --parallel "$jobs" --no-tests=error "$@" </dev/null)
    status=$?
    read -r passed failed < <(tally "$log")
    [ "$status" = 0 ] || [ "$failed" != 0 ] || failed=1  # a test that could not even start
    return "$status"
}
