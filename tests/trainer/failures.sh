#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What fails on the way: a loss that is NaN, a disk that is full. Exit code 1, a sentence, and what was written stays whole.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"

expect 1 "NaN or infinite at step" --limit 100 --width 0.05 --batch-size 16 --threads 1 --epochs 50 \
    --learning-rate 1e20 --conventions torch --out nan
[[ $err == *"Try a smaller learning rate, such as 0.001"* ]] || complain "its advice is no learning rate: $err"
[[ $err == *"report.html are in nan"* ]] || complain "it does not say where the files are: $err"
[ "$(ls -A nan | tr '\n' ' ')" = "history.csv history.json model.safetensors report.html settings.json " ] ||
    complain "NaN: the files are $(ls -A nan)"
grep -q '<ul class="notes">.*NaN or infinite at step' nan/report.html || complain "the report does not tell why it ended"

# Nobody can read what is printed: the files are whole all the same.
unheard() {
    code=$?
    [ "$code" = 1 ] || complain "$1: exit code $code"
    [[ $(cat .err) == "train_cifar10: the standard output cannot be written: $2; "*"files of results are not"* ]] ||
        complain "$1: it said: $(cat .err)"
}
"$trainer" "${small[@]}" --out unheard >/dev/full 2>.err
unheard /dev/full "No space left on device"
"$trainer" "${small[@]}" --out closed >&- 2>.err
unheard "a closed output" "Bad file descriptor"
for result in unheard closed; do
    "$trainer" --evaluate "$result/model.safetensors" --quiet >/dev/null || complain "$result: the model is not whole"
    [ -s "$result/report.html" ] || complain "$result: there is no report"
done
"$trainer" --evaluate closed/model.safetensors >/dev/full 2>.err
unheard --evaluate "No space left on device"
"$trainer" --help >/dev/full 2>.err
unheard --help "No space left on device"

# No file may become longer than 16 kB: the model does not fit.
(ulimit -f 16 && exec "$trainer" "${small[@]}" --out short >"$work/.out" 2>"$work/.err" </dev/null)
code=$?
err=$(cat .err)
[ "$code" = 1 ] || complain "no room: exit code $code: $err"
[[ $err == *"short/model.safetensors: writing failed: File too large; give another directory with --out"* ]] ||
    complain "no room: it said: $err"
[ "$(ls -A short | tr '\n' ' ')" = "history.csv history.json settings.json " ] || complain "no room: the files are $(ls -A short)"

# A real full disk, where the test may mount one.
mkdir disk
if mount -t tmpfs -o size=300k none disk 2>/dev/null; then
    head -c 280k /dev/zero >disk/other
    expect 1 "disk/result/model.safetensors: writing failed: No space left on device; free space on the file system of "\
"disk/result, or give another --out" \
        "${small[@]}" --out disk/result
    [ -z "$(find disk -name '*.part')" ] || complain "a part of a file was left"
    umount disk
fi
finish
