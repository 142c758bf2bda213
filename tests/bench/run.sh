#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/bench/run.sh - install what is missing, build, measure rollcall against the raw limit and
# against packaged servers, judge the goals. All options: tests/bench/run.sh --help
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)

builds=yes
for argument; do
    case $argument in
    --build | --build=* | -h | --help) builds= ;;
    esac
done

if [ -n "$builds" ]; then
    cd "$root"
    echo "bench: looking for missing packages..." >&2
    docker/install-packages.sh build bench || exit 1
    echo "bench: building build/release..." >&2
    mkdir -p build
    if ! { cmake --preset release && cmake --build --preset release; } >build/bench-build.log 2>&1; then
        cat build/bench-build.log >&2
        exit 1
    fi
fi
exec /usr/bin/python3 "$root/tests/bench/bench.py" "$@"
