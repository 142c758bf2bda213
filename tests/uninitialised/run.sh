#!/bin/sh
# SPDX-License-Identifier: MIT
#
# tests/uninitialised/run.sh PROGRAM [VALGRIND]
#
# Without VALGRIND: the responses to the corpus are the same whatever fresh memory holds, see
# MALLOC_PERTURB_ in mallopt(3). With it: no octet that was never written reaches a system call or
# decides anything. From the top of the tree. Exit: 0 so it is, 1 not, 2 wrong usage.
set -u
program=${1-}
valgrind=${2-}
corpus=tests/fuzz/corpus
if [ ! -x "$program" ] || [ ! -d "$corpus/respond" ]; then
    echo "usage: run.sh PROGRAM [VALGRIND]" >&2
    exit 2
fi

if [ -n "$valgrind" ]; then
    exec "$valgrind" --quiet --error-exitcode=1 "$program" "$corpus"/respond/* >/dev/null
fi

first=
for pattern in 0 1 85 254; do
    sum=$(MALLOC_PERTURB_=$pattern "$program" "$corpus"/respond/* | sha256sum) || exit 1
    if [ "$sum" = "$(: | sha256sum)" ]; then
        echo "uninitialised: no answer was written" >&2
        exit 1
    fi
    if [ -n "$first" ] && [ "$sum" != "$first" ]; then
        echo "uninitialised: the answers depend on what the heap held (MALLOC_PERTURB_=$pattern)" >&2
        exit 1
    fi
    first=$sum
done
exit 0
