#!/bin/sh
# SPDX-License-Identifier: MIT
# Calls that this code does without, and words that do not belong into it.
set -u
failed=0
sources=$(find zones discovery server -name '*.[ch]')

calls='strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|atof|gets|alloca|rand|strncpy|localtime|gmtime|ctime|tmpnam'
# shellcheck disable=SC2086
if grep -nE "(^|[^a-zA-Z0-9_>.])($calls)\(" $sources; then
    echo "banned: use a bounded or re-entrant call instead of those above" >&2
    failed=1
fi

# One place decides what happens when memory runs out.
# shellcheck disable=SC2086
if grep -nE '(^|[^a-zA-Z0-9_])(malloc|calloc|realloc|strdup|strndup|asprintf)\(' $sources | grep -v '^zones/arena\.c:'; then
    echo "banned: allocate through zones/arena.h" >&2
    failed=1
fi

# shellcheck disable=SC2086
if grep -LE 'SPDX-License-Identifier: MIT' $sources | grep .; then
    echo "banned: the files above lack their SPDX line" >&2
    failed=1
fi
exit $failed
