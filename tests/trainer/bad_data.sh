#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Data that are missing, damaged or too few: exit code 2, one sentence that names the file or option, nothing written.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"
try() { expect 2 "$1" --width 0.05 --epochs 1 --out result "${@:2}"; }

try "--data nowhere: there is no such directory or archive" --data nowhere
mkdir empty
try "data_batch_1.bin" --data empty

data_folder good
copy() { rm -rf bad && cp -r good bad; }
copy && rm bad/test_batch.bin && try "test_batch.bin" --data bad
copy && : >bad/data_batch_1.bin && try "data_batch_1.bin" --data bad
copy && truncate -s -1 bad/data_batch_1.bin && try "data_batch_1.bin" --data bad
copy && truncate -s -1 bad/test_batch.bin && try "test_batch.bin" --data bad
copy && printf x >>bad/data_batch_1.bin && try "data_batch_1.bin" --data bad
copy && truncate -s $((10001 * 3073)) bad/data_batch_1.bin && try "data_batch_1.bin" --data bad
copy && rows 1 10 >>bad/data_batch_1.bin && try "label 10" --data bad
copy && rm bad/data_batch_1.bin && mkdir bad/data_batch_1.bin && try "data_batch_1.bin" --data bad
printf 'this is no archive' >archive.tar.gz && try "archive.tar.gz" --data archive.tar.gz
gzip -c good/test_batch.bin >archive.tar.gz && try "archive.tar.gz" --data archive.tar.gz
# A pipe that nobody writes to is not waited for. (-k: a trainer that waits ends at the second signal only.)
mkfifo pipe
unwaiting() {
    timeout -k 1 20 "$trainer" "${@:2}" >.out 2>.err </dev/null
    code=$?
    [ "$code" = 2 ] && [[ $(cat .err) == *"$1"*"this is not a regular file"* ]] || complain "[${*:2}] exit code $code: $(cat .err)"
}
unwaiting "pipe: " --data pipe --out result
unwaiting "--evaluate pipe: " --evaluate pipe
unwaiting "--tuning pipe: " --tuning pipe --out result
for file in data_batch_1.bin test_batch.bin batches.meta.txt; do
    copy && rm bad/$file && mkfifo bad/$file && unwaiting "bad/$file: " --data bad --out result
done
if [ "$(id -u)" != 0 ]; then
    copy && chmod 000 bad && try "bad" --data bad
    chmod 755 bad
    copy && chmod 000 bad/data_batch_1.bin && try "data_batch_1.bin" --data bad
fi
nothing_written "damaged data"

try "--validation-split 1e-17: of 20 rows it leaves" --data good --validation-split 1e-17 --limit 30
try "--validation-split 0.99: of 20 rows it leaves" --data good --validation-split 0.99
try "--batch-size 17: there are only 16 rows to train on" --data good --batch-size 17
try "--batch-size 9: there are only 8 rows to train on" --data good --batch-size 9 --limit 10
nothing_written "too few rows"
run --data good --limit 21 --width 0.05 --epochs 0 --batch-size 8 --out result
[[ $code = 0 && $out == *"(--limit 21: there are only 20, all are used)"* ]] || complain "a large --limit: $code $out $err"
[[ $out == *"note      data_batch_1.bin holds 20 rows, test_batch.bin 10 rows, not 10,000 as in the full set; if that is not meant"* ]] ||
    complain "files with few rows are not named: $out"
grep -q 'data_batch_1.bin holds 20 rows' result/report.html || complain "the report does not name files with few rows"
finish
