#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Includes point one way: a room may include itself and the rooms named here. A layer writes into the network's builder, so
# layers see network, and network sees no layer; a device keeps the data set, so backends see data. Also: which standard headers
# no header may include.
set -u
cd "$1/include/strata" || exit 1

declare -A may=(
    [core]=""
    [kernels]="core"
    [network]="core"
    [layers]="core network"
    [losses]="core"
    [optimizers]="core network"
    [disk]="core"
    [data]="core disk"
    [backend]="core network data kernels losses optimizers"
    [backend/cpu]="core network data kernels losses optimizers backend"
    [backend/cuda]="core disk network data kernels losses optimizers backend"
    [training]="core layers network losses optimizers data backend"
    [models]="core layers network losses optimizers data backend training"
    [files]="core disk layers network losses optimizers data backend training models"
)
find_room() {  # backend/device.hpp -> backend, backend/cpu/engine.hpp -> backend/cpu, cpu.hpp -> .
    case $1 in
        backend/cpu/*) room=backend/cpu ;;
        backend/cuda/*) room=backend/cuda ;;
        */*) room=${1%%/*} ;;
        *) room=. ;;
    esac
}

failures=0
complain() {
    echo "$1"
    failures=$((failures + 1))
}

while IFS=: read -r file line text; do
    file=${file#./}
    target=${text#*strata/}
    target=${target%%[>\"]*}
    find_room "$file" && from=$room
    find_room "$target" && to=$room
    [ "$target" = backend/cuda/kernels/fat_binary.inc ] && continue  # made when strata is built
    [ -f "$target" ] || complain "include/strata/$file:$line includes strata/$target, which does not exist"
    [ "$from" = "$to" ] && continue
    case "$file $target" in files/tuning_file.?pp\ backend/cpu/tuning.hpp) continue ;; esac  # what is tuned is a value; no oneDNN
    if [ "$from" = . ]; then  # the umbrellas: one backend each, open.hpp both, strata.hpp none, files in none
        case "$file $to" in
            "cpu.hpp backend/cpu" | "cuda.hpp backend/cuda" | "open.hpp backend/cpu" | "open.hpp backend/cuda") continue ;;
            *" backend/cpu" | *" backend/cuda" | *" files") complain "include/strata/$file:$line must not include $to (strata/$target)" ;;
        esac
        continue
    fi
    if [ -z "${may[$from]+known}" ]; then
        complain "include/strata/$file is in the room '$from', which tests/structure/include_directions.sh does not know"
    elif [[ " ${may[$from]} " != *" $to "* ]]; then
        complain "include/strata/$file:$line: the room $from must not include $to (strata/$target)"
    fi
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*[<"]strata/' --include='*.hpp' --include='*.ipp' .)

banned='iostream|sstream|fstream|regex|filesystem|functional|ranges|chrono|thread|map'
while IFS= read -r hit; do
    complain "include/strata/${hit#./}: too heavy for a header; use it in the .ipp"
done < <(grep -rnE "^[[:space:]]*#[[:space:]]*include[[:space:]]*<($banned)>" --include='*.hpp' .)
while IFS= read -r hit; do
    complain "include/strata/${hit#./}: g++ 12 has no <format>"
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<format>' .)
while IFS= read -r hit; do
    complain "include/strata/${hit#./}: only the room backend/cpu knows oneDNN"
done < <(grep -rnE '#[[:space:]]*include[[:space:]]*[<"](oneapi/|dnnl)' . | grep -v '^./backend/cpu/')
while IFS= read -r hit; do
    complain "include/strata/${hit#./}: only the room backend/cuda knows CUDA, cuDNN and cuBLASLt"
done < <(grep -rnE '#[[:space:]]*include[[:space:]]*[<"](cuda|cudnn|cublas)' . | grep -v '^./backend/cuda/')
while IFS= read -r hit; do
    complain "include/strata/${hit#./}: what cuda.hpp shows in its linked face includes nothing of CUDA"
done < <(grep -nE '#[[:space:]]*include[[:space:]]*[<"](cuda|cudnn|cublas)' cuda.hpp backend/cuda/open.hpp backend/cuda/options.hpp)

[ "$failures" = 0 ]
