#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Ctrl-C and SIGTERM: one line says what happens, the run ends soon, wherever it is, everything is written, exit code 130; the second
# one ends at once.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"

# start OPTION...: a run that would take very long, in a process that SIGINT reaches (bash makes background jobs ignore it).
start() {
    rm -rf result
    [ $# != 0 ] || set -- --epochs 100000 --width 0.05 --limit 100 --batch-size 16
    env --default-signal=INT "$trainer" --device cpu --threads 1 --out result "$@" >.out 2>.err </dev/null &
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

# said TEXT: the one line of the first signal.
said() {
    [ "$(cat .err)" = "train_cifar10: $1; a second one ends the program at once" ] || complain "'$1' is not what it said: $(cat .err)"
}

name=Ctrl-C
for signal in INT TERM; do
    [ "$signal" = TERM ] && name=SIGTERM
    start
    wait_for result/history.csv
    kill -"$signal" "$job"
    wait "$job"
    code=$?
    [ "$code" = 130 ] || complain "SIG$signal: exit code $code"
    [ "$(ls -A result | tr '\n' ' ')" = "history.csv history.json model.safetensors report.html settings.json " ] ||
        complain "SIG$signal: the files are $(ls -A result)"
    grep -qE "^train_cifar10: $name: (.*, and )?the run .*writes its files; a second one ends the program at once$" .err ||
        complain "SIG$signal: it said: $(cat .err)"
    grep -q "stopped by $name after" result/report.html || complain "SIG$signal: the report does not say so"
    grep -q "stopped by $name after" .out || complain "SIG$signal: the output does not say so"
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

# During a validation of 3,960 rows, which takes some seconds: it is broken off.
start --epochs 9 --limit 4000 --width 0.4 --batch-size 8 --validation-split 0.99 --quiet
wait_for result/settings.json
sleep 1.5
kill -INT "$job"
wait "$job"
[ "$?" = 130 ] || complain "validation: not 130"
said "Ctrl-C: validation is broken off, and the run writes its files"
[ "$(head -n 1 result/history.csv)" = "epoch,accuracy,loss" ] || complain "validation was not broken off: $(cat result/history.csv)"

# During the test set, which --evaluate has to itself and a run with --quiet knows nothing about.
data_folder set
head -c $((10000 * 3073)) /dev/zero >set/test_batch.bin
model=$work/model.safetensors
cp result/model.safetensors "$model"
rm .out
env --default-signal=INT "$trainer" --evaluate "$model" --data set --threads 1 >.out 2>.err </dev/null &
job=$!
wait_for .out
kill -INT "$job"
wait "$job"
[ "$?" = 130 ] || complain "--evaluate: not 130"
grep -q 'stopped by Ctrl-C before the test set was done; there is no result' .err || complain "--evaluate said: $(cat .err)"
grep -q accuracy .out && complain "--evaluate has a result: $(cat .out)"
start --data set --width 0.4 --batch-size 8 --quiet --epochs 0
wait_for result/report.html
kill -TERM "$job"
wait "$job"
[ "$?" = 130 ] || complain "test set: not 130"
said "SIGTERM: the test set is broken off, and the run writes its files"
grep -q 'The test set was broken off by SIGTERM; .*--evaluate.* result/model.safetensors runs it' result/report.html ||
    complain "test set: the report does not say so"

# After a training that was stopped it runs only where it is short.
start --epochs 100000 --data set --width 1 --batch-size 8 --quiet
wait_for result/settings.json
kill -INT "$job"
wait "$job"
[ "$?" = 130 ] || complain "long test set: not 130"
grep -q 'The test set was left out, since it takes about' result/report.html || complain "long test set: it was not left out"

# A reader that goes away loses nothing.
"$trainer" "${small[@]}" --out piped 2>/dev/null | head -n 1 >/dev/null
[ -s piped/model.safetensors ] && [ -s piped/report.html ] || complain "a closed pipe lost the run"
finish
