#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What every file of the house keeps: one SPDX line near its top, '#pragma once' in headers, no line over 140 columns, no file
# over 600 lines, no room called utils, no tabs, no TODO without an issue's number, no output from the library.
set -u
cd "$1" || exit 1

failures=0
complain() {
    echo "$1"
    failures=$((failures + 1))
}

files() { find include examples tests bench cmake script .ci -type f "$@" -not -path '*/golden/*' | LC_ALL=C sort; }

while IFS= read -r file; do
    head -n 3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || complain "$file: no SPDX line in its first three lines"
    long=$(awk 'length($0) > 140 { print FNR; exit }' "$file")
    [ -z "$long" ] || complain "$file:$long is over 140 columns"
    lines=$(wc -l <"$file")
    [ "$lines" -le 600 ] || complain "$file has $lines lines; split it"
    hit=$(grep -nwE 'TODO|FIXME' "$file" | grep -vE 'TODO\(#[0-9]+\)' | head -n 1)
    [ -z "$hit" ] || [ "$file" = tests/structure/file_habits.sh ] || complain "$file:$hit: a TODO names an issue: TODO(#12)"
done < <(files \( -name '*.hpp' -o -name '*.ipp' -o -name '*.cpp' -o -name '*.cmake' -o -name CMakeLists.txt -o -name '*.sh' \
    -o -name '*.py' -o -path 'script/*' -o -path '.ci/*' \))

while IFS= read -r file; do
    grep -q '^#pragma once' "$file" || complain "$file: no #pragma once"
done < <(files -name '*.hpp')

while IFS= read -r hit; do
    complain "$hit: a tab"
done < <(grep -rnP '\t' --include='*.hpp' --include='*.ipp' --include='*.cpp' --include='*.cmake' include examples tests bench cmake |
    head -n 5)

while IFS= read -r hit; do
    complain "$hit: the library is silent"
done < <(grep -rnE '\b(std::cout|std::cerr|std::clog|std::printf|std::puts|fprintf\(|std::exit|std::abort|std::signal)\b' include)

while IFS= read -r folder; do
    complain "$folder: no drawer is called utils; name what is in it"
done < <(find include examples tests bench -type d \( -iname 'util*' -o -iname 'helper*' -o -iname 'misc' -o -iname 'common' \))

[ "$failures" = 0 ]
