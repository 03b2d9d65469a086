#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --tune measures and writes a file, --tuning computes so and says so; the model and settings.json tell what computed them, and
# --evaluate goes by it. A file that is damaged or of another kind of machine is refused by name, and nothing is written.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"

run --tune my.tuning --threads 1 --width 0.05 --batch-size 16
[ "$code" = 0 ] && [ -z "$err" ] || complain "--tune: exit code $code: $err"
for part in "AlexNet, width 0.05, batches of 16" "oneDNN ms" backward_weights "written: my.tuning"; do
    [[ $out == *"$part"* ]] || complain "--tune does not say '$part': $out"
done
[ "$(ls -A "$work" | grep -v '^\.' | tr '\n' ' ')" = "my.tuning " ] || complain "--tune left: $(ls -A)"
for part in '"format": "strata tuning 1"' '"threads": 1' '"instruction_set": "' '"onednn": "' '"pass": "backward_data"' \
    '"milliseconds": {"0": '; do
    grep -qF -- "$part" my.tuning || complain "my.tuning has no $part"
done
run --tune my.tuning --threads 1 --width 0.05 --batch-size 16 --quiet
[ "$code" = 0 ] && [[ $out == "written: my.tuning"* ]] || complain "an older tuning file is not replaced, or --quiet says: $out $err"

run "${small[@]}" --tuning my.tuning --out tuned
[ "$code" = 0 ] && [ -z "$err" ] || complain "--tuning: exit code $code: $err"
[[ $out == *"tuning    my.tuning: 14 convolutions, "* ]] || complain "the plan does not tell of the tuning: $out"
grep -qF '"tuning": "my.tuning"' tuned/settings.json || complain "settings.json does not name the file"
grep -qF '"kernels": [' tuned/settings.json || complain "settings.json does not tell what computed the convolutions"
head -c 20000 tuned/model.safetensors | grep -qa 'strata.kernels' || complain "the model does not tell what computed it"
run "${small[@]}" --tuning my.tuning --out again
cmp -s tuned/model.safetensors again/model.safetensors || complain "the same tuning gave another model"

# A file in which other tiles are chosen than measured or shipped: what the model says of it is what --evaluate goes by.
body=$(sed -e '/"kernel": \[3, 3\]/s/"tile": [0-9]*/"tile": 4/' -e '/"kernel": \[5, 5\]/s/"tile": [0-9]*/"tile": 4/' \
    -e '/"crc32"/,$d' my.tuning)
sum=$((16#$(printf '%s' "${body%,}" | gzip -c | tail -c 8 | od -An -tx4 -N4 | tr -d ' ')))
printf '%s,\n  "crc32": "%x"\n}\n' "${body%,}" "$sum" >other.tuning
run "${small[@]}" --tuning other.tuning --out other
[ "$code" = 0 ] && [ -z "$err" ] || complain "another tuning: exit code $code: $err"
trained=$(grep '^test accuracy' <<<"$out")
run --evaluate other/model.safetensors --device cpu --threads 1 --batch-size 16
[ "$code" = 0 ] && [ "$(grep '^test accuracy' <<<"$out")" = "$trained" ] || complain "trained: $trained; evaluated: $out $err"
[[ $out == *"computed as in the model's training, and not by strata's own table"* ]] || complain "--evaluate does not tell: $out"
run --evaluate other/model.safetensors --device cpu --threads 2
[[ $out == *"the model was trained with other choices of convolutions, for other"* ]] || complain "other threads are not told: $out $err"

expect 2 "--tuning none: cannot be read: No such file or directory; give a file that --tune wrote" --tuning none
expect 2 "--tuning my.tuning: it was measured with a number of threads of 1, and this run has 2; measure again" \
    --tuning my.tuning --threads 2
head -c 300 my.tuning >cut.tuning
expect 2 "--tuning cut.tuning: not valid JSON at byte 300" --tuning cut.tuning --threads 1
sed 's/"batch": 16/"batch": 17/' my.tuning >changed.tuning
expect 2 "--tuning changed.tuning: it is damaged: what it says does not have the checksum" --tuning changed.tuning --threads 1
echo '{"accuracy": []}' >history.json
expect 2 "--tuning history.json: this is JSON, but no tuning file" --tuning history.json
expect 2 "--tuning '': give a file that --tune wrote" --tuning ""
expect 2 "--tune history.json: there is something of that name that is no tuning file" --tune history.json
expect 2 "--tune x: it measures convolutions on the CPU; leave --device cuda out" --tune x --device cuda
expect 2 "--epochs: --tune only measures, and neither trains nor evaluates; leave one of them out" --tune x --epochs 3
expect 2 "--tuning: --tune only measures" --tune x --tuning my.tuning
rm -rf tuned again other
nothing_written "refused tuning files"
[ ! -e x ] || complain "a refused --tune wrote something"
finish
