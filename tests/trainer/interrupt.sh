#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Ctrl-C: the run ends after the current step, everything is written, exit code 130; the second one ends at once.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"

# start OPTION...: a run that would take very long, in a process that SIGINT reaches (bash makes background jobs ignore it).
start() {
    rm -rf result
    env --default-signal=INT "$trainer" --width 0.05 --epochs 100000 --limit 100 --batch-size 16 --threads 1 --out result "$@" \
        >.out 2>.err </dev/null &
    job=$!
}
# wait_for PATH: at most 60 seconds.
wait_for() {
    local i
    for ((i = 0; i < 600; i++)); do
        [ -s "$1" ] && return
        kill -0 "$job" 2>/dev/null || break
        sleep 0.1
    done
    complain "$1 did not appear: $(cat .err)"
}

for signal in INT TERM; do
    start
    wait_for result/history.csv
    kill -"$signal" "$job"
    wait "$job"
    code=$?
    [ "$code" = 130 ] || complain "SIG$signal: exit code $code"
    [ "$(ls -A result | tr '\n' ' ')" = "history.csv history.json model.safetensors report.html settings.json " ] ||
        complain "SIG$signal: the files are $(ls -A result)"
    grep -q 'stopped by Ctrl-C after' result/report.html || complain "SIG$signal: the report does not say so"
    grep -q 'stopped by Ctrl-C after' .out || complain "SIG$signal: the output does not say so"
    grep -q '"epochs": 100000' result/settings.json || complain "SIG$signal: settings.json is not whole"
    "$trainer" --evaluate result/model.safetensors --quiet >/dev/null || complain "SIG$signal: the model is not whole"
done

# Before the first step: nothing is written.
start
while [ "$(readlink "/proc/$job/exe")" != "$(readlink -f "$trainer")" ]; do sleep 0.01; done
kill -INT "$job"
wait "$job"
code=$?
[ "$code" = 130 ] || complain "at the beginning: exit code $code"

# Twice: at once, and what was written stays whole.
start
wait_for result/model.safetensors
kill -INT "$job"
kill -INT "$job"
wait "$job"
code=$?
[ "$code" = 130 ] || complain "twice: exit code $code"
"$trainer" --evaluate result/model.safetensors --quiet >/dev/null || complain "twice: the model is not whole"

# A reader that goes away loses nothing.
"$trainer" "${small[@]}" --out piped 2>/dev/null | head -n 1 >/dev/null
[ -s piped/model.safetensors ] && [ -s piped/report.html ] || complain "a closed pipe lost the run"
finish
