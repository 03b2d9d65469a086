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

while IFS= read -r hit; do
    complain "$hit"
done < <(files \( -name '*.hpp' -o -name '*.ipp' -o -name '*.cpp' -o -name '*.cmake' -o -name CMakeLists.txt -o -name '*.sh' \
    -o -name '*.py' -o -path 'script/*' -o -path '.ci/*' \) | xargs awk '
    function ended() {
        if (file == "") return
        if (!licensed) print file ": no SPDX line in its first three lines"
        if (lines > 600) print file " has " lines " lines; split it"
    }
    FNR == 1 { ended(); file = FILENAME; licensed = 0 }
    { lines = FNR }
    FNR <= 3 && /SPDX-License-Identifier: MIT/ { licensed = 1 }
    length($0) > 140 { print FILENAME ":" FNR " is over 140 columns" }
    /(^|[^A-Za-z_])(TODO|FIXME)([^A-Za-z_(]|$)/ && FILENAME !~ /file_habits/ { print FILENAME ":" FNR ": a TODO names an issue: TODO(#12)" }
    END { ended() }')

while IFS= read -r file; do
    complain "$file: no #pragma once"
done < <(files -name '*.hpp' | xargs grep -L '^#pragma once')

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
