#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# ./test.sh            install what is missing, build, run every test
# ./test.sh --quick    the debug build's tests only, without the sanitizer builds
#
# Exit: 0 all passed, 1 something failed, 2 wrong usage.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

quick=
case ${1-} in
'') ;;
--quick) quick=yes ;;
-h | --help) sed -n '4,7s/^# \{0,1\}//p' "$0"; exit 0 ;;
*) echo "test.sh: unknown argument '$1' (see ./test.sh --help)" >&2; exit 2 ;;
esac

test_limit_s=600 # ten times what the slowest takes on two busy cores
started=$SECONDS
failures=()

# step "what" command...: run it, keep its output for when it fails, go on with the others.
step() {
    local what=$1 log begun=$SECONDS
    shift
    log=$(mktemp)
    printf '%4ds  %s ... ' $((SECONDS - started)) "$what"
    if "$@" >"$log" 2>&1; then
        printf 'ok (%ds)%s\n' $((SECONDS - begun)) "$(tally "$log")"
    else
        printf 'FAILED (%ds)\n' $((SECONDS - begun))
        cat "$log"
        failures+=("$what")
    fi
    rm -f "$log"
}

# The closing line of ctest or pytest, as a short remark.
tally() {
    grep -hE '^[0-9]+(% tests passed| (passed|failed)).*' "$1" | tail -1 | sed 's/^/: /' || true
}

build() {
    cmake --preset "$1" && cmake --build --preset "$1"
}

# They mostly wait for polls and time-outs: three at once, whatever the number of cores. One that
# hangs shows where instead of holding up the rest.
system_tests() {
    ROLLCALL_BUILD="build/$1" /usr/bin/python3 -m pytest -q -rs -n 3 --timeout "$test_limit_s" \
        -p no:cacheprovider "${@:2}"
}

echo "rollcall: looking for missing packages..."
docker/install-packages.sh build run test

step 'build debug (warnings are errors)' build debug
step 'unit tests and lint, debug' ctest --preset debug
step 'build release' build release
step 'unit tests, release' ctest --preset release -L unit
step 'system tests, release' system_tests release tests/system
if [ -z "$quick" ]; then
    step 'build asan' build asan
    step 'unit tests, address and undefined-behaviour sanitizers' ctest --preset asan -L unit
    step 'system tests, address and undefined-behaviour sanitizers' system_tests asan tests/system -m sanitizers
    step 'build tsan' build tsan
    step 'unit tests, thread sanitizer' ctest --preset tsan -L unit -R server
    step 'system tests, thread sanitizer' system_tests tsan tests/system -m sanitizers
    step 'table swaps under load, thread sanitizer' timeout "$test_limit_s" tests/bench/swap.sh --quick --build build/tsan
    step 'clang-tidy' build tidy
fi

if [ ${#failures[@]} -gt 0 ]; then
    printf 'FAILED after %ds:\n' $((SECONDS - started))
    printf '  %s\n' "${failures[@]}"
    exit 1
fi
printf 'all passed in %ds\n' $((SECONDS - started))
