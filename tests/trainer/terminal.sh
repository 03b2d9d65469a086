#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# On a terminal: Keras's line, redrawn in place, never wider than the terminal.
source "$(dirname -- "${BASH_SOURCE[0]}")/support.sh"
command -v script >/dev/null || { echo "skipped: the program 'script' (util-linux) is not here"; exit 77; }

# on_terminal COLUMNS LANG: what a terminal of that width receives.
on_terminal() {
    rm -rf result
    local command="stty cols $1; '$trainer' --device cpu --limit 80 --width 0.05 --epochs 2 --batch-size 4 --threads 1 --out result"
    TERM=xterm LC_ALL=$2 script -qec "$command" /dev/null </dev/null
}
wide=$(on_terminal 120 C.UTF-8)
[[ $wide == *"Epoch 1/2"*"Epoch 2/2"* ]] || complain "no epochs: $wide"
bar=$(printf "━%.0s" {1..20})
[[ $wide == *"16/16 $bar "*"/step - accuracy: 0."*" - loss: "*" - val_accuracy: "*" - val_loss: "* ]] ||
    complain "not Keras's line: $wide"
[[ $wide == *$'\r'*$'\x1b[K'* ]] || complain "the line is not redrawn"
plain=$(on_terminal 120 C)
[[ $plain == *"16/16 ==================== "* ]] || complain "no bar without UTF-8: $plain"

narrow=$(on_terminal 40 C)
widest=$(tr '\r' '\n' <<<"$narrow" | sed 's/\x1b\[K//g' | grep -E '^ *[0-9]+/16' |
    awk '{ if (length($0) > w) w = length($0) } END { print w + 0 }')
[ "$widest" -gt 0 ] && [ "$widest" -lt 40 ] || complain "on 40 columns the widest line has $widest"
# Sentences are broken at words, with what they are about in the margin; words as long as a path are not.
sentences=$(tr '\r' '\n' <<<"$narrow" | grep -E '^(device|data|training|time|note:|  (Guessing|The sample))' | awk 'length($0) > 40')
[ -z "$sentences" ] || complain "on 40 columns these lines are wider: $sentences"
[[ $narrow == *$'\n          chosen because the cpu'* ]] || complain "the plan has lost its margin: $narrow"
dumb=$(TERM=dumb script -qec "'$trainer' ${small[*]} --out dumb" /dev/null </dev/null)
[[ $dumb == *$'\x1b'* ]] && complain "codes for a terminal that knows none"
finish
