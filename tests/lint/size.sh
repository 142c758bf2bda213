#!/bin/sh
# SPDX-License-Identifier: MIT
# Functions stay on one screen: at most 60 lines; files at most 400. Tables are exempt by name.
set -u
failed=0
sources=$(find zones discovery server -name '*.c')

# shellcheck disable=SC2086
long=$(ctags --languages=C --kinds-C=f --fields=+ne -f - $sources | awk -F'\t' '
    { start = end = 0
      for (i = 4; i <= NF; i++) {
          if ($i ~ /^line:/) start = substr($i, 6)
          if ($i ~ /^end:/) end = substr($i, 5)
      }
      if (end - start + 1 > 60) printf "%s:%d %s has %d lines\n", $2, start, $1, end - start + 1 }')
if [ -n "$long" ]; then
    echo "size: functions over 60 lines:
$long" >&2
    failed=1
fi

# shellcheck disable=SC2086
large=$(wc -l $sources | awk '$2 != "total" && $2 !~ /_schema\.c$/ && $1 > 400')
if [ -n "$large" ]; then
    echo "size: files over 400 lines:
$large" >&2
    failed=1
fi
exit $failed
