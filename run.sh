#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
#
# ./run.sh                 the demo: a fake AWS with a changing fleet, rollcall, and a real HAProxy
# ./run.sh --config FILE   rollcall alone, on your configuration
#
# Installs what is missing, builds, runs, and stays until Ctrl-C. Exit: 0 ended by you, 1 failed,
# 2 wrong usage.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

config=
while [ $# -gt 0 ]; do
    case $1 in
    --config) [ $# -ge 2 ] || { echo "run.sh: --config wants a file" >&2; exit 2; }
        config=$(realpath -m -- "$2"); shift 2 ;;
    --config=*) config=$(realpath -m -- "${1#*=}"); shift ;;
    -h | --help) sed -n '4,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "run.sh: unknown argument '$1' (see ./run.sh --help)" >&2; exit 2 ;;
    esac
done

echo "rollcall: looking for missing packages..."
docker/install-packages.sh build run
echo "rollcall: building build/release/rollcall..."
mkdir -p build
if ! { cmake --preset release && cmake --build --preset release --target rollcall; } >build/run.log 2>&1; then
    cat build/run.log >&2
    exit 1
fi

if [ -n "$config" ]; then
    exec build/release/rollcall serve -c "$config"
fi
exec /usr/bin/python3 docker/demo/demo.py --rollcall build/release/rollcall
