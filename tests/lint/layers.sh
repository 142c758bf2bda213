#!/bin/sh
# SPDX-License-Identifier: MIT
# Includes point one way: zones <- discovery <- server. And each foreign library has one room.
set -u
failed=0

complain() {
    echo "layers: $1" >&2
    failed=1
}

# C files below the folder $1 must not have a line that matches $2
forbid() {
    found=$(grep -rnE --include="*.[ch]" "$2" "$1")
    [ -z "$found" ] || complain "$3:
$found"
}

forbid 'zones' '#include "(discovery|server|tests)/' 'zones may include zones only'
forbid 'discovery' '#include "(server|tests)/' 'discovery may include discovery and zones only'
forbid 'server' '#include "tests/' 'server may not include tests'
forbid 'zones' '#include <(uv|curl|pthread|time|sys/socket)' 'zones knows no sockets, threads or clocks'

# library header, the only files that may include it
only() {
    found=$(grep -rlE --include="*.[ch]" "#include <$1" zones discovery server | grep -vxE "$2")
    [ -z "$found" ] || complain "<$1> belongs to $2 alone, not to: $found"
}

only 'ldns/' 'zones/record\.c'
only 'curl/' 'discovery/aws/http\.c'
only 'expat' 'discovery/aws/xml\.c'
only 'xxhash' 'discovery/fingerprint\.c'
only 'cjson/' 'discovery/json\.c'
only 'confuse' 'server/config\.c'
only 'microhttpd' 'server/control\.c'

# Circles among headers: follow every include chain of our own headers.
circles=$(grep -roE --include="*.h" '^#include "[^"]+"' zones discovery server | sed -E 's/:#include "([^"]+)"/ \1/' | tsort 2>&1 >/dev/null)
[ -z "$circles" ] || complain "headers include each other: $circles"

exit $failed
