#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --data cifar10 goes through script/fetch-cifar10: what is in the cache is taken, and a download that fails is a sentence.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"

export XDG_CACHE_HOME=$work/cache STRATA_CIFAR10_URLS=file:///none/cifar-10-binary.tar.gz
try() { run --data cifar10 --width 0.05 --epochs 1 --batch-size 4 --out result; }
try
[ "$code" = 1 ] || complain "no download: exit code $code: $err"
[[ $err == *"--data cifar10: the set could not be fetched"*"--data sample"* ]] || complain "no download: it said: $err"
rm -rf cache
echo file >cache
try
[ "$code" = 2 ] && [[ $err == *"--data cifar10: the set could not be fetched"* ]] || complain "no cache: $code: $err"
rm -f cache
[ -e result ] && complain "something was written"

# A tree that was moved after it was built: its own script is called.
mkdir -p tree/script tree/build/release/examples
cp "$trainer" tree/build/release/examples/moved
printf '#!/bin/sh\necho "the script of the moved tree" >&2\nexit 2\n' >tree/script/fetch-cifar10
chmod +x tree/script/fetch-cifar10
tree/build/release/examples/moved --data cifar10 2>.err
[ "$?" = 2 ] && grep -q "the script of the moved tree" .err || complain "a moved tree: it said: $(cat .err)"

folder=$work/cache/strata/cifar-10-batches-bin
data_folder "$folder"
for batch in 2 3 4 5; do cp "$folder/data_batch_1.bin" "$folder/data_batch_$batch.bin"; done
try
[ "$code" = 0 ] || complain "from the cache: exit code $code: $err"
[[ $out == *"$folder"* ]] || complain "the plan does not tell where the data are: $out"
[[ $out == *"not comparable with published ones"* ]] || complain "a part of the set was compared with the whole: $out"
finish
