#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The README's first program, on the sample in the binary layout:  bash first_network.sh PROGRAM EXPORT_SAMPLE PACK
set -eu
work=$(mktemp -d "${TMPDIR:-/tmp}/strata-first-XXXXXX")
trap 'rm -rf "$work"' EXIT
cd "$work"
"$2" "$3" data >/dev/null
truncate -s $((1200 * 3073)) data/data_batch_1.bin  # of 4,000 rows
truncate -s $((200 * 3073)) data/test_batch.bin
"$1" data 1 >out
cat out
grep -q 'epoch 1: accuracy 0.[2-9]' out
grep -q '^test accuracy 0' out
grep -q '^the first test picture is taken for: ' out
[ -s tiny.safetensors ]
if "$1" nowhere >/dev/null 2>err; then exit 1; fi
grep -q '^first_network: .*nowhere' err
