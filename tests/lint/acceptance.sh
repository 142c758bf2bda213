#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/ACCEPTANCE.md: every test that it names exists, and no group or promise is without one.
set -u
failed=0
list=tests/ACCEPTANCE.md

complain() {
    echo "acceptance: $1" >&2
    failed=1
}

# `U/discovery/test_x.c:name` and the like: the words in backticks that hold a slash
# shellcheck disable=SC2016 # the backticks are meant
named=$(grep -oE '`[USG]/[^`]+`|`tests/[^`]+\.[a-z]+`' "$list" | tr -d '`' | sort -u |
    sed -E 's,^U/,tests/unit/,; s,^S/,tests/system/,; s,^G/,tests/scenarios/guard/,')
[ "$(echo "$named" | wc -l)" -gt 100 ] || complain "hardly any test is named in $list"

for each in $named; do
    file=${each%%:*}
    function=${each#"$file"}
    function=${function#:}
    if [ ! -f "$file" ]; then
        complain "there is no $file"
    elif [ -n "$function" ] && ! grep -qE "^(def $function\(|static void $function\(void \*\*)" "$file"; then
        complain "there is no $function in $file"
    fi
done

for row in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 31 32 33 \
    P1 P2 P3 P4 P5 P6 P8 P9 P10 P11 P12 P15; do
    # shellcheck disable=SC2016
    grep -qE "^\| $row \|.*\`[USG]/" "$list" || complain "no test is named for $row"
done
exit $failed
