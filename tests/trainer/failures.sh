#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What fails on the way: a loss that is NaN, a disk that is full. Exit code 1, a sentence, and what was written stays whole.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"

expect 1 "NaN or infinite at step" --limit 100 --width 0.05 --batch-size 16 --threads 1 --epochs 50 \
    --learning-rate 1e20 --conventions torch --out nan
[[ $err == *"report.html are in nan"* ]] || complain "it does not say where the files are: $err"
[ "$(ls -A nan | tr '\n' ' ')" = "history.csv history.json model.safetensors report.html settings.json " ] ||
    complain "NaN: the files are $(ls -A nan)"
grep -q '<ul class="notes">.*NaN or infinite at step' nan/report.html || complain "the report does not tell why it ended"

# No file may become longer than 16 kB: the model does not fit.
(ulimit -f 16 && exec "$trainer" "${small[@]}" --out short >"$work/.out" 2>"$work/.err" </dev/null)
code=$?
err=$(cat .err)
[ "$code" = 1 ] || complain "no room: exit code $code: $err"
[[ $err == *"short/model.safetensors: writing failed: File too large"* ]] || complain "no room: it said: $err"
[ "$(ls -A short | tr '\n' ' ')" = "history.csv history.json settings.json " ] || complain "no room: the files are $(ls -A short)"

# A real full disk, where the test may mount one.
mkdir disk
if mount -t tmpfs -o size=300k none disk 2>/dev/null; then
    head -c 280k /dev/zero >disk/other
    expect 1 "disk/result/model.safetensors: writing failed: No space left on device" "${small[@]}" --out disk/result
    [ -z "$(find disk -name '*.part')" ] || complain "a part of a file was left"
    umount disk
fi
finish
