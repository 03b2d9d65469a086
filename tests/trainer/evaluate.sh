#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --evaluate rebuilds the network from its file and finds the accuracy that the training run found; other files are refused.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"

run "${small[@]}" --conventions torch --out result
trained=$(grep '^test accuracy' <<<"$out")
model=$work/result/model.safetensors
before=$(cksum <"$model")
run --evaluate "$model" --device cpu
[ "$code" = 0 ] && [ -z "$err" ] || complain "exit code $code: $err"
[ "$(grep '^test accuracy' <<<"$out")" = "$trained" ] || complain "trained: $trained; evaluated: $(grep '^test accuracy' <<<"$out")"
[[ $out == *airplane*truck* ]] || complain "no scores of each class: $out"
[[ $out == *"10 steps trained"* ]] || complain "the steps are not told: $out"
run --evaluate "$model" --device cpu --quiet
[ "$out" = "$trained" ] || complain "--quiet says: $out"
data_folder good
run --evaluate "$model" --data good --batch-size 7
[ "$code" = 0 ] && [[ $out == *"on 10 pictures"* && $out == *"test_batch.bin holds 10 rows, not 10,000"* ]] ||
    complain "a directory: $code $out $err"
[ "$(cksum <"$model")" = "$before" ] && [ "$(ls "$work" | tr '\n' ' ')" = "good result " ] || complain "evaluation wrote something: $(ls)"

expect 2 "--evaluate none.safetensors: cannot be read: No such file or directory; give a model.safetensors that the trainer wrote" \
    --evaluate none.safetensors
expect 2 "this is a directory" --evaluate "$work"
head -c 5000 "$model" >cut.safetensors
expect 2 "--evaluate cut.safetensors: " --evaluate cut.safetensors
head -c -1 "$model" >cut.safetensors
expect 2 "truncated or damaged; give a model.safetensors that the trainer wrote" --evaluate cut.safetensors
{ head -c -10 "$model"; printf 'XXXXXXXXXX'; } >changed.safetensors
expect 2 "checksum" --evaluate changed.safetensors
cp "$source_dir/tests/golden/keras.safetensors" other.safetensors
expect 2 "this is a safetensors file, but not a strata model" --evaluate other.safetensors
printf 'PK\003\004 something else' >other.zip
expect 2 "--evaluate other.zip: not a safetensors file, or a truncated one: its header is longer than the file" --evaluate other.zip
[[ $err =~ [0-9]{4} ]] && complain "the length of what is no header is told: $err"
# 50 GB without a byte on the disk: refused by the header, and not read.
truncate -s 50G huge.safetensors
(ulimit -v 4000000; exec "$trainer" --evaluate huge.safetensors --device cpu --threads 1 >.out 2>.err </dev/null)
code=$?
[ "$code" = 2 ] && [[ $(cat .err) == *"--evaluate huge.safetensors: not a safetensors file: its header is not a JSON object"* ]] ||
    complain "an empty file of 50 GB: exit code $code: $(cat .err)"
cp "$model" huge.safetensors && truncate -s 50G huge.safetensors
(ulimit -v 4000000; exec "$trainer" --evaluate huge.safetensors --device cpu --threads 1 >.out 2>.err </dev/null)
code=$?
[ "$code" = 2 ] && [[ $(cat .err) == *"bytes that belong to none: the file is too long or damaged"* ]] ||
    complain "a model of 50 GB: exit code $code: $(cat .err)"
expect 2 "--precision bf16" --evaluate "$model" --device cpu --precision bf16
nvidia_is_visible || expect 2 "--device cuda" --evaluate "$model" --device cuda
expect 2 "--data nowhere" --evaluate "$model" --data nowhere

# Weights so large that outputs are NaN or infinite: neither the training nor --evaluate tells an accuracy.
expect 1 "the model's outputs are not finite for " --device cpu --limit 16 --width 0.05 --epochs 1 --batch-size 16 --threads 1 \
    --validation-split 0 --learning-rate 1e20 --quiet --out wild
[ -s wild/report.html ] && [ -z "$out" ] || complain "outputs that are not finite, in training: $out $(ls wild)"
expect 1 "--evaluate wild/model.safetensors: the model's outputs are not finite for " --evaluate wild/model.safetensors --device cpu
[[ $out != *accuracy* ]] || complain "outputs that are not finite: $out"
finish
