#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The trainer on a GPU, a virtual one: the run that the CPU would do with the same seed, its files, bf16, --evaluate, and Ctrl-C.
# Draws are the same, sums are not: over seeds 1 to 8 the losses of such a run differed from the CPU's by 4e-7 to 4.4e-4 of their value
# in fp32 (a picture that crosses a ReLU's edge makes the difference), by 0.7 % in tf32, and by 0.1 to 2.2 % in bf16; seeds differ by 8 %.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"
run_of=(--width 0.05 --limit 200)

# close A B TOLERANCE: the loss of each epoch, training and validation, is the same within that share of it.
close() {
    paste -d, "$1/history.csv" "$2/history.csv" | awk -F, -v share="$3" '
        NR > 1 { rows++
                 for (i = 3; i <= 5; i += 2)
                     if (!(($i - $(i + 5)) ^ 2 <= (share * $i) ^ 2)) bad = bad " epoch " $1 ": " $i " and " $(i + 5) }
        END { if (bad != "" || rows != 2) print "losses differ:" bad, "(" rows " epochs)" }'
}
for seed in 1 3 7; do
    for run in "cpu --device cpu" "cuda --device cuda --precision fp32" "tf32 --device auto" "bf16 --device cuda --precision bf16"; do
        read -ra words <<<"$run"
        [ "$seed" != 1 ] && [ "${words[0]}" = tf32 ] && continue
        run "${run_of[@]}" --epochs 2 --seed "$seed" --out "${words[0]}$seed" "${words[@]:1}"
        [ "$code" = 0 ] && [ -z "$err" ] || complain "$run: exit code $code: $err"
    done
    said=$(close "cpu$seed" "cuda$seed" 0.005); [ -z "$said" ] || complain "fp32, seed $seed: $said"
    said=$(close "cpu$seed" "bf16$seed" 0.06); [ -z "$said" ] || complain "bf16, seed $seed: $said"
    cmp -s "cuda$seed/history.csv" "bf16$seed/history.csv" && complain "bf16 computes in fp32"
done
said=$(close cpu1 tf321 0.06); [ -z "$said" ] && ! cmp -s cuda1/history.csv tf321/history.csv || complain "tf32: $said"
[ -n "$(close cpu1 cpu3 0.06)" ] || complain "the comparison sees no difference between two seeds"

cd cuda1 || exit 1
[ "$(ls -A | tr '\n' ' ')" = "history.csv history.json model.safetensors report.html settings.json " ] || complain "the files are: $(ls -A)"
for part in '"device": "cuda: virtual GPU' '"device_reason": "cuda was asked for"' '"precision": "fp32"' '"epochs_trained": 2'; do
    grep -qF -- "$part" settings.json || complain "settings.json has no $part"
done
grep -q '"precision": "bf16"' ../bf161/settings.json || complain "settings.json of bf16"
cd "$work" || exit 1

# A model knows no device: trained on one it says the same on the other.
tested() { run --evaluate "$1" --device "$2" --quiet; [ "$code" = 0 ] || complain "--evaluate on $2: $code $err"; head -n 1 "$work/.out"; }
for model in cpu3 cuda3; do
    on_cpu=$(tested $model/model.safetensors cpu) on_gpu=$(tested $model/model.safetensors cuda)
    awk -v a="${on_cpu##* }" -v b="${on_gpu##* }" 'BEGIN { exit !((a - b) ^ 2 < 4e-8) }' ||
        complain "$model: '$on_cpu' on the CPU, '$on_gpu' on the GPU"
done
run --evaluate bf161/model.safetensors
[ "$code" = 0 ] && [[ $out == *"device    cuda: "*"precision bf16"* ]] || complain "a bf16 model on the GPU: $code $out $err"

# Ctrl-C: steps are in flight, and everything is written.
env --default-signal=INT "$trainer" --device cuda --width 0.05 --limit 200 --epochs 100000 --out stopped >.out 2>.err </dev/null &
job=$!
for ((i = 0; i < 600; i++)); do
    [ -s stopped/history.csv ] && break
    sleep 0.1
done
kill -INT "$job"
wait "$job"
code=$?
[ "$code" = 130 ] || complain "Ctrl-C: exit code $code: $(cat .err)"
grep -q "stopped by Ctrl-C after" stopped/report.html || complain "Ctrl-C: the report does not say so"
[ "$(ls -A stopped | tr '\n' ' ')" = "history.csv history.json model.safetensors report.html settings.json " ] ||
    complain "Ctrl-C: the files are $(ls -A stopped)"
tested stopped/model.safetensors cpu >/dev/null

# A loss that is not finite: the device notices, says at which step, and what was before is kept.
expect 1 "NaN or infinite at step" --device cuda "${run_of[@]}" --learning-rate 1e20 --epochs 9 --quiet --out nan
finish
