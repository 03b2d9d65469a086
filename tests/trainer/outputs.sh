#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A whole run: plan, summary, progress, result, and every file that it leaves; twice the same run gives the same history.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"
said() { [[ $out == *"$1"* ]] || complain "'$1' is not in the output"; }

run "${small[@]}" --seed 3 --out deep/result
[ "$code" = 0 ] || complain "exit code $code: $err"
[ -z "$err" ] || complain "it wrote to the error output: $err"
said "device    cpu:"
said "chosen because the cpu was asked for; 1 thread"
said "oneDNN"
said "1 thread"
said "80 rows train, 20 validate, 1,000 test (the first 100 of 4,000)"
said "2 epochs of 5 steps, 16 pictures a step; Adam, learning rate 0.001; Keras's conventions; fp32; seed 3"
said "time      about"
said "script/train --data cifar10"
said "conv2d_4"
said "trained parameters"
said "epoch 1/2  step 5/5  accuracy 0."
said "epoch 2/2  step 5/5"
said "val_loss"
said "note: Batch-norm statistics are still 95 % initial values: validation accuracy says little yet"
said "test accuracy 0."
said "on 1,000 pictures"
said "not comparable with any published"
said "Guessing gives 0.1000"
said "deep/result/report.html"
[[ $out == *$'\r'* || $out == *$'\x1b'* ]] && complain "there are terminal codes in a file"

cd deep/result || exit 1
[ "$(ls -A | tr '\n' ' ')" = "history.csv history.json model.safetensors report.html settings.json " ] || complain "the files are: $(ls -A)"
[ "$(head -n 1 history.csv)" = "epoch,accuracy,loss,val_accuracy,val_loss" ] || complain "history.csv begins with $(head -n 1 history.csv)"
[ "$(cut -d, -f1 history.csv | tr '\n' ' ')" = "epoch 0 1 " ] || complain "history.csv has the epochs $(cut -d, -f1 history.csv)"
for key in accuracy loss val_accuracy val_loss; do grep -q "\"$key\": \[.*, .*\]" history.json || complain "history.json has no $key"; done
for part in '"device": "cpu:' '"device_reason": "the cpu was asked for' '"precision": "fp32"' '"seed": 3' '"batch_size": 16' \
    '"training_rows": 80' '"epochs_trained": 2' '"test_accuracy": 0.' \
    '--seed 3 --out deep/result'; do
    grep -qF -- "$part" settings.json || complain "settings.json has no $part"
done
for part in strata.program strata.conventions airplane conv2d.weight batch_norm.moving_mean; do
    head -c 8000 model.safetensors | grep -qa -- "$part" || complain "model.safetensors has no $part"
done
grep -qi "<li>note:" report.html && complain "report.html says 'note:' inside its notes"
for part in "<svg" "Confusion matrix" "Scores of each class" "airplane" "Settings" "conv2d_4" "not comparable" \
    "chosen because" "the cpu was asked for" "fp32"; do
    grep -q -- "$part" report.html || complain "report.html has no $part"
done
grep -q "<script" report.html && complain "report.html has a script"
cd "$work" || exit 1

run "${small[@]}" --seed 3 --out again
cmp -s deep/result/history.csv again/history.csv || complain "the same run gave another history"
cmp -s deep/result/model.safetensors again/model.safetensors || complain "the same run gave another model"
run "${small[@]}" --seed 4 --quiet --out quiet
cmp -s again/history.csv quiet/history.csv && complain "another seed gave the same history"
[ "$(wc -l <<<"$out")" -le 5 ] && [[ $out == "test accuracy"* ]] || complain "--quiet says: $out"
mkdir ready
run "${small[@]}" --seed 3 --quiet --out ready
[ "$code" = 0 ] && cmp -s again/model.safetensors ready/model.safetensors ||
    complain "an empty directory, or --quiet, changed the run: $err"

# Without --out: runs/<time>, and a second run in the same second has a name of its own.
"$trainer" "${small[@]}" --quiet >/dev/null & "$trainer" "${small[@]}" --quiet >/dev/null & wait
[ "$(ls runs | wc -l)" = 2 ] || complain "two runs at once left $(ls runs)"
run "${small[@]}" --epochs 0 --validation-split 0 --out untrained
[ "$code" = 2 ] || complain "--epochs twice was taken"
run --limit 100 --width 0.05 --batch-size 16 --threads 1 --epochs 0 --validation-split 0 --out untrained
[ "$code" = 0 ] && [ "$(cat untrained/history.csv)" = "epoch,accuracy,loss" ] || complain "no epochs: $code $err"
run --limit 64 --width 0.05 --batch-size 16 --threads 1 --epochs 1 --validation-split 0 --conventions torch --out torch
[ "$code" = 0 ] && [ "$(head -n 1 torch/history.csv)" = "epoch,accuracy,loss" ] || complain "no validation: $code $err"
finish
