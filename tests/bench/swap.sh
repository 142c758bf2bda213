#!/bin/bash
# SPDX-License-Identifier: MIT
#
# tests/bench/swap.sh - answers of 50 members over UDP from one worker while the table is replaced
# ten times a second, against a bare responder of the same answer size (bench_raw.c), in
# interleaved rounds. The responder runs on core 0, the load on core 1.
#
#     swap.sh [--quick] [--build DIR]
#
# Prints "ratio udp-swap VALUE goal 0.50", the median of the rounds. Exit 0 when the goal is met
# and no query was lost. With a ThreadSanitizer build the ratio means nothing; then only losses
# and reports count.
set -euo pipefail

goal=0.50
clusters=100
members=50
swaps=10
rounds=5
seconds=3
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build/release

while [ $# -gt 0 ]; do
    case $1 in
    --quick) rounds=3 seconds=1 ;;
    --build) build=${2:?--build needs a folder} && shift ;;
    *) echo "usage: swap.sh [--quick] [--build DIR]" >&2 && exit 2 ;;
    esac
    shift
done

bin=$build/tests
for program in bench_raw bench_serve bench_load; do
    if [ ! -x "$bin/$program" ]; then
        echo "swap.sh: $bin/$program is missing; build first, or name the folder with --build" >&2
        exit 2
    fi
done
judged=yes
grep -q __tsan_init "$bin/bench_serve" && judged=no

work=$(mktemp -d)
responder=
# shellcheck disable=SC2317 # called by the trap
clean_up() {
    [ -z "$responder" ] || kill "$responder" 2>/dev/null || true
    rm -rf "$work"
}
trap clean_up EXIT

# pin CORE COMMAND...: on machines with one core there is nothing to choose
pin() {
    local core=$1
    shift
    if [ "$(nproc)" -ge 2 ]; then
        exec taskset -c "$core" "$@"
    fi
    exec "$@"
}

field() { # field NAME < JSON
    sed -n "s/.*\"$1\": \([0-9.]*\).*/\1/p"
}

# measure LABEL RESPONDER...: leaves the load's JSON in $work/LABEL.json
measure() {
    local label=$1
    shift
    : >"$work/$label.out"
    (pin 0 "$@") >"$work/$label.out" 2>"$work/$label.err" &
    responder=$!
    local deadline=$((SECONDS + 30))
    until grep -q '^ready ' "$work/$label.out"; do
        if ! kill -0 "$responder" 2>/dev/null || [ $SECONDS -ge $deadline ]; then
            echo "swap.sh: $label did not start:" >&2
            cat "$work/$label.err" >&2
            exit 1
        fi
        read -r -t 0.05 <> <(:) || true
    done
    (pin 1 "$bin/bench_load" --port "$(sed -n 's/^ready //p' "$work/$label.out")" \
        --names "$work/names" --seconds "$seconds") >"$work/$label.json"
    kill -TERM "$responder"
    status=0
    wait "$responder" 2>/dev/null || status=$?
    responder=
    echo "$label $(cat "$work/$label.json")"
}

for ((cluster = 0; cluster < clusters; cluster++)); do
    echo "_c$cluster._tcp.bench.example"
done >"$work/names"

lost=0
failed=no
: >"$work/ratios"
for ((round = 1; round <= rounds; round++)); do
    measure rollcall "$bin/bench_serve" "$clusters" "$members" "$swaps"
    if [ "$status" -ne 0 ] || grep -q 'WARNING: ThreadSanitizer' "$work/rollcall.err"; then
        echo "swap.sh: bench_serve ended with status $status:" >&2
        cat "$work/rollcall.err" >&2
        failed=yes
    fi
    ours=$(field qps <"$work/rollcall.json")
    lost=$((lost + $(field lost <"$work/rollcall.json") + $(field bad <"$work/rollcall.json")))
    [ "$judged" = yes ] || continue
    measure raw "$bin/bench_raw" "$(field octets_max <"$work/rollcall.json")"
    awk -v ours="$ours" -v raw="$(field qps <"$work/raw.json")" \
        'BEGIN { printf "%.3f\n", ours / raw }' >>"$work/ratios"
done

echo "lost udp-swap $lost goal 0"
[ "$lost" -eq 0 ] || failed=yes
if [ "$judged" = yes ]; then
    ratio=$(sort -n "$work/ratios" | sed -n "$(((rounds + 1) / 2))p")
    echo "ratio udp-swap $ratio goal $goal"
    awk -v ratio="$ratio" -v goal="$goal" 'BEGIN { exit !(ratio >= goal) }' || failed=yes
else
    echo "ratio udp-swap not judged: ThreadSanitizer build"
fi
[ "$failed" = no ]
