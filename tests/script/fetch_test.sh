#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# script/fetch-cifar10 against a server on this machine: whole, resumed, corrupted, a mirror after a 404, no network, a full disk.
#
#   fetch_test.sh SOURCE_DIR [FILE_SERVER]      FILE_SERVER: tests/script/file_server, built here when not given
set -u
source_dir=$(cd "$1" && pwd)
work=$(mktemp -d)
server_id=
trap '[ -n "$server_id" ] && kill "$server_id"; rm -rf "$work"' EXIT
cd "$work" || exit 1
server=${2:-}
if [ -z "$server" ]; then
    server=$work/file_server
    "${CXX:-c++}" -std=c++20 -o "$server" "$source_dir/tests/script/file_server.cpp" || exit 1
fi
unset STRATA_CIFAR10_URLS STRATA_DOWNLOADER
export XDG_CACHE_HOME=$work/cache

# A set of one row a batch: enough for the script, which looks at names and the checksum.
mkdir -p set/cifar-10-batches-bin served
for batch in data_batch_{1,2,3,4,5} test_batch; do head -c 3073 /dev/urandom >set/cifar-10-batches-bin/"$batch".bin; done
printf 'airplane\n' >set/cifar-10-batches-bin/batches.meta.txt
tar -C set -czf served/good.tar.gz cifar-10-batches-bin
size=$(wc -c <served/good.tar.gz)
sum=$(sha256sum <served/good.tar.gz | cut -d' ' -f1)
{ head -c 2000 served/good.tar.gz; head -c $((size - 2000)) /dev/urandom; } >served/bad.tar.gz
mkdir -p other/cifar-10-batches-py && echo x >other/cifar-10-batches-py/data_batch_1
tar -C other -czf served/other.tar.gz cifar-10-batches-py

"$server" served port log &
server_id=$!
for _ in $(seq 100); do [ -s port ] && break; sleep 0.05; done
url=http://127.0.0.1:$(cat port)

failures=0
complain() { echo "FAILED: $*"; sed 's/^/    /' out err log; failures=$((failures + 1)); }
fetch() { : >log; "$source_dir/script/fetch-cifar10" --sha256 "$sum" "$@" >out 2>err; status=$?; }
expect_status() { [ "$status" = "$1" ] || complain "$name: exit code $status, not $1"; }
expect_said() { grep -qF -- "$1" err || complain "$name: nothing says '$1'"; }
expect_asked() { grep -qxF -- "$1" log || complain "$name: the server was not asked: $1"; }
expect_set() {
    expect_status 0
    [ "$(cat out)" = "$1/cifar-10-batches-bin" ] || complain "$name: the folder is not printed"
    diff -r set/cifar-10-batches-bin "$1/cifar-10-batches-bin" >/dev/null || complain "$name: the files differ"
    [ -z "$(find "$1" -mindepth 1 -maxdepth 1 ! -name cifar-10-batches-bin ! -name .fetch-cifar10.lock)" ] ||
        complain "$name: something is left behind"
}
expect_nothing() { [ ! -e "$1/cifar-10-batches-bin" ] || complain "$name: a set is there"; }

command -v curl >/dev/null || command -v wget >/dev/null || { echo "skipped: neither curl nor wget is here"; exit 77; }
for tool in curl wget; do
    command -v $tool >/dev/null || { echo "skipped: no $tool here"; continue; }
    export STRATA_DOWNLOADER=$tool

    name="$tool, whole"
    fetch --to $tool-whole --url "$url/good.tar.gz"
    expect_set $tool-whole
    name="$tool, already there"
    fetch --to $tool-whole --url "$url/good.tar.gz"
    expect_set $tool-whole
    [ ! -s log ] || complain "$name: the server was asked again"

    name="$tool, resumed in one run"
    fetch --to $tool-cut --url "$url/cut/7000/good.tar.gz"
    expect_set $tool-cut
    expect_asked "/cut/7000/good.tar.gz 7000 206"
    name="$tool, resumed in another run"
    mkdir $tool-resumed && head -c 9000 served/good.tar.gz >$tool-resumed/cifar-10-binary.tar.gz.partial
    fetch --to $tool-resumed --url "$url/good.tar.gz"
    expect_set $tool-resumed
    expect_asked "/good.tar.gz 9000 206"
    name="$tool, resumed from a server without ranges"
    mkdir $tool-plain && head -c 9000 served/good.tar.gz >$tool-plain/cifar-10-binary.tar.gz.partial
    fetch --to $tool-plain --url "$url/plain/good.tar.gz"
    expect_set $tool-plain
    name="$tool, resumed behind a wrong beginning"
    mkdir $tool-wrong && head -c 9000 /dev/urandom >$tool-wrong/cifar-10-binary.tar.gz.partial
    fetch --to $tool-wrong --url "$url/good.tar.gz"
    expect_set $tool-wrong
    name="$tool, a partial file longer than the archive"
    mkdir $tool-long && head -c 99999 /dev/urandom >$tool-long/cifar-10-binary.tar.gz.partial
    fetch --to $tool-long --url "$url/good.tar.gz"
    expect_set $tool-long
    name="$tool, interrupted before unpacking"
    mkdir $tool-ready && cp served/good.tar.gz $tool-ready/cifar-10-binary.tar.gz.partial
    fetch --to $tool-ready --url "$url/none.tar.gz"
    expect_set $tool-ready

    name="$tool, corrupted"
    fetch --to $tool-bad --url "$url/bad.tar.gz"
    expect_status 1
    expect_nothing $tool-bad
    expect_said "the checksum is wrong"
    [ ! -e $tool-bad/cifar-10-binary.tar.gz.partial ] || complain "$name: the bad file is still there"
    name="$tool, corrupted and cut"
    fetch --to $tool-bad --url "$url/cut/7000/bad.tar.gz"
    expect_status 1
    expect_nothing $tool-bad
    name="$tool, 404, then corrupted, then a mirror"
    fetch --to $tool-mirror --url "$url/none.tar.gz" --url "$url/bad.tar.gz" --url "$url/good.tar.gz"
    expect_set $tool-mirror
    expect_asked "/none.tar.gz 0 404"
    name="$tool, no network"
    fetch --to $tool-none --url http://127.0.0.1:9/cifar-10-binary.tar.gz
    expect_status 1
    expect_said "http://127.0.0.1:9/cifar-10-binary.tar.gz"
    expect_said "by hand: download http://127.0.0.1:9/cifar-10-binary.tar.gz on any machine, put it at $tool-none/cifar-10-binary.tar.gz"
    name="$tool, a full disk"  # a limit on the size of files stands in for it
    (trap '' XFSZ; ulimit -f 4; exec "$source_dir/script/fetch-cifar10" --sha256 "$sum" --to $tool-full --url "$url/good.tar.gz" >out 2>err)
    status=$?
    expect_status 1
    expect_nothing $tool-full
    expect_said "make room, or give another directory with --to"
done
unset STRATA_DOWNLOADER

name="the default directory, URLs from the environment"
STRATA_CIFAR10_URLS="$url/none.tar.gz $url/good.tar.gz" fetch
expect_set "$work/cache/strata"
name="neither curl nor wget"
STRATA_DOWNLOADER="no-curl no-wget" fetch --to no-tool --url "$url/good.tar.gz"
expect_status 1
expect_said "neither curl nor wget is installed"
name="an archive put there by hand"
mkdir by-hand && cp served/good.tar.gz by-hand/cifar-10-binary.tar.gz
STRATA_DOWNLOADER=no-curl fetch --to by-hand
expect_status 0
diff -r set/cifar-10-batches-bin by-hand/cifar-10-batches-bin || complain "$name: the files differ"
[ -e by-hand/cifar-10-binary.tar.gz ] || complain "$name: it is gone"
name="a wrong archive put there by hand"
mkdir wrong-hand && cp served/bad.tar.gz wrong-hand/cifar-10-binary.tar.gz
fetch --to wrong-hand
expect_status 2
expect_said "wrong-hand/cifar-10-binary.tar.gz: the checksum is wrong"
name="another archive with its right checksum"
fetch --to another --url "$url/other.tar.gz" --sha256 "$(sha256sum <served/other.tar.gz | cut -d' ' -f1)"
expect_status 1
expect_said "has no cifar-10-batches-bin/batches.meta.txt"
expect_nothing another
[ -z "$(find another -name '.cifar-10-batches-bin.*')" ] || complain "$name: the folder aside is left"
name="an incomplete folder"
mkdir -p incomplete/cifar-10-batches-bin
fetch --to incomplete --url "$url/good.tar.gz"
expect_status 2
expect_said "incomplete/cifar-10-batches-bin is there, but has no batches.meta.txt"
name="a file where the directory should be"
: >plain-file
fetch --to plain-file --url "$url/good.tar.gz"
expect_status 2
expect_said "plain-file: the directory cannot be made"
name="an unknown option"
fetch --form DIR
expect_status 2
expect_said "unknown option --form"
name="an option without its value"
fetch --to
expect_status 2
expect_said "--to needs a value"
name="two at once"
"$source_dir/script/fetch-cifar10" --sha256 "$sum" --to twice --url "$url/good.tar.gz" >out2 2>err2 &
other=$!
fetch --to twice --url "$url/good.tar.gz"
wait $other || complain "$name: the other one failed"
expect_set twice

[ "$failures" = 0 ] && echo "script/fetch-cifar10: all as it should be"
[ "$failures" = 0 ]
