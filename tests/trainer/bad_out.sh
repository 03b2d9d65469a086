#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# --out where nothing can or may be written: exit code 2, and what is there stays as it is.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"

mkdir full && echo mine >full/history.csv
expect 2 "--out full: the directory is not empty, and nothing is overwritten" "${small[@]}" --out full
[ "$(cat full/history.csv)" = mine ] && [ "$(ls full)" = history.csv ] || complain "a directory with files was touched"
echo mine >file
expect 2 "--out file: there is a file of that name" "${small[@]}" --out file
expect 2 "--out file/result:" "${small[@]}" --out file/result
[ "$(cat file)" = mine ] || complain "a file was overwritten"
expect 2 "--out /proc/none/result:" "${small[@]}" --out /proc/none/result
if [ "$(id -u)" != 0 ]; then
    mkdir closed && chmod 555 closed
    expect 2 "--out closed/result: nothing can be written" "${small[@]}" --out closed/result
    expect 2 "--out closed: nothing can be written" "${small[@]}" --out closed
fi
finish
