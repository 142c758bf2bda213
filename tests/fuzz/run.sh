#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/fuzz/run.sh TARGET|all SECONDS
#
# Build the libFuzzer targets with clang, AddressSanitizer and UndefinedBehaviorSanitizer
# into build/fuzz (or $ROLLCALL_FUZZ_BUILD), and run one of them, or one after the other, each for
# SECONDS, beginning with its corpus in tests/fuzz/corpus. What a run learns is kept in
# build/fuzz/corpus/TARGET and serves the next one; what it finds, in build/fuzz/findings.
#
# Exit: 0 nothing was found, 1 a target found something, 2 wrong usage, 3 the build failed.
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${ROLLCALL_FUZZ_BUILD:-build/fuzz}

usage() {
    sed -n "4,11s/^# \\{0,1\\}//p" tests/fuzz/run.sh >&2
    echo "Targets:" >&2
    targets | tr '\n' ' ' | fold -s -w 78 | sed 's/^/  /' >&2
    echo >&2
    exit 2
}

targets() {
    find tests/fuzz -name 'fuzz_*.c' | sed 's,.*/fuzz_,,; s/\.c$//' | sort
}

dictionary() {
    case $1 in
    respond | tcp | edns | cookie | name) echo dns ;;
    ec2_reply | autoscaling_reply | xml | failure) echo xml ;;
    json | fleet_file | state_file | queue_reply | credentials) echo json ;;
    *) echo config ;;
    esac
}

# The figure of a finished run, else that of the last line of one that ended early.
executions() {
    figure=$(sed -n 's/^stat::number_of_executed_units: //p' "$1")
    [ -n "$figure" ] || figure=$(grep -aoE '^#[0-9]+' "$1" | tail -1 | tr -d '#')
    echo "${figure:-0}"
}

run() {
    mkdir -p "$build/corpus/$1" "$build/findings"
    log=$build/$1.log
    printf '%-18s ' "$1"
    "$build/tests/fuzz_$1" -dict="tests/fuzz/$(dictionary "$1").dict" -max_total_time="$2" \
        -timeout=10 -rss_limit_mb=1024 -print_final_stats=1 \
        -artifact_prefix="$build/findings/$1-" \
        "$build/corpus/$1" "tests/fuzz/corpus/$1" >"$log" 2>&1
    status=$?
    count=$(executions "$log")
    total=$((total + count))
    if [ $status -eq 0 ]; then
        printf '%12s executions, nothing found\n' "$count"
    else
        printf '%12s executions, FOUND: see %s\n' "$count" "$log"
        grep -aE '^fuzz: not so|^==.*ERROR|runtime error|Test unit written' "$log" | sed 's/^/    /'
        found=$((found + 1))
    fi
}

[ $# -eq 2 ] || usage
case $2 in '' | *[!0-9]* | 0) usage ;; esac
chosen=$1
[ "$chosen" = all ] && chosen=$(targets)
for target in $chosen; do
    [ -f "tests/fuzz/fuzz_$target.c" ] || usage
done

log=$(mktemp)
echo "building the fuzz targets in $build"
programs=$(for target in $chosen; do echo "fuzz_$target"; done)
# shellcheck disable=SC2086 # a list
if ! { cmake --preset fuzz -B "$build" && cmake --build "$build" --target $programs; } >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    exit 3
fi
rm -f "$log"

total=0
found=0
for target in $chosen; do
    run "$target" "$2"
done
echo "$total executions in all, $found targets found something"
[ $found -eq 0 ]
