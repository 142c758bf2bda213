#!/bin/sh
# SPDX-License-Identifier: MIT
# Every unit test mirrors a source file: tests/unit/zones/test_name.c tests zones/name.[ch].
set -u
find tests/unit -name 'test_*.c' | while read -r test; do
    twin=$(echo "$test" | sed -E 's|tests/unit/||; s|/test_|/|; s|\.c$||')
    case $twin in
    discovery/hostile_grid) continue ;; # a grid over membership, guard and fleet together
    discovery/lifecycle_scenarios) continue ;; # tests/scenarios, run against discovery/lifecycle
    discovery/lifecycle_races) continue ;;     # several rollcalls against discovery/lifecycle
    discovery/broken_fields) continue ;; # a reply's elements, from their octets to what is served
    discovery/limits) continue ;;        # the limits of all of discovery, by one rule
    discovery/guard_scenarios) continue ;; # tests/scenarios/guard, run against discovery/guard
    discovery/guard_promises) continue ;;  # what the guard promises, by its parts together
    discovery/guard_model) continue ;;     # random fleets and faults, against an oracle
    discovery/guard_crowd) continue ;;     # the view as a whole, with hundreds of members
    server/allocations) continue ;;     # the way of a packet, with a counter in front of malloc()
    server/capacity) continue ;;        # whole messages against the ladder, to the octet
    server/respond_edns) continue ;;    # OPT, cookies and strangers: respond, edns, query together
    zones/cluster_sizes) continue ;;    # cluster answers at every size from 512 to 65,535
    esac
    if [ ! -e "$twin.c" ] && [ ! -e "$twin.h" ]; then
        echo "twins: $test has no source $twin.[ch]"
    fi
done | grep . >&2 && exit 1
exit 0
