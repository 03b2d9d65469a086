#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The README's first program compiles as it stands: readme_code.sh ROOT COMPILER
set -u
code=$(mktemp --suffix=.cpp) || exit 1
trap 'rm -f "$code"' EXIT
awk '/^```cpp$/ { inside = 1; next } /^```$/ { if (inside) exit } inside' "$1/README.md" >"$code"
grep -q 'int main' "$code" || { echo "README.md has no program"; exit 1; }
"$2" -std=c++20 -Wall -Wextra -Wconversion -Wshadow -Werror -DSTRATA_LINKED=1 -I "$1/include" -fsyntax-only "$code"
