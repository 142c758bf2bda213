/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/fleet.h - clusters of any size, regular or random, and snapshots of them.
 */

#ifndef TESTS_UNIT_ZONES_FLEET_H
#define TESTS_UNIT_ZONES_FLEET_H

#include "fixture.h"

enum { MAX_MEMBERS = 2000 };

struct fleet {
    struct member members[MAX_MEMBERS];
    char ids[MAX_MEMBERS][FIXTURE_TEXT_SIZE];
    size_t count;
};

/* Addresses 10.100.x.y: targets "ip-10-100-xxx-yyy.sd.example.com" of 26 to 33 octets. */
static inline void fleet_fill(struct fleet *fleet, size_t count)
{
    fleet->count = count;
    for (size_t i = 0; i < count; i++) {
        char address[FIXTURE_TEXT_SIZE];

        (void)snprintf(fleet->ids[i], sizeof(fleet->ids[i]), "i-%017zx", i);
        (void)snprintf(address, sizeof(address), "10.100.%zu.%zu", 100 + i / 100, 100 + i % 100);
        fleet->members[i] = fixture_member(fleet->ids[i], address, (uint16_t)(1 + i));
    }
}

/* Few addresses, ids and ports, so that they repeat; both families; some drained. */
static inline void fleet_randomize(struct fleet *fleet, size_t count, uint64_t *seed)
{
    fleet->count = count;
    for (size_t i = 0; i < count; i++) {
        uint32_t random = fixture_random(seed);
        char address[FIXTURE_TEXT_SIZE];

        (void)snprintf(fleet->ids[i], sizeof(fleet->ids[i]), "i-%05u", random % 5000);
        if (random % 7 == 0) {
            (void)snprintf(address, sizeof(address), "fd00::%x:%x", (random >> 8) % 4,
                           1 + (random >> 16) % 100);
        } else {
            (void)snprintf(address, sizeof(address), "10.1.%u.%u", (random >> 8) % 4,
                           (random >> 16) % 100);
        }
        fleet->members[i] =
            fixture_member(fleet->ids[i], address, (uint16_t)(random % 5 == 0 ? 0 : random));
        fleet->members[i].port = (uint16_t)(443 + random % 3);
    }
}

static inline struct snapshot *fleet_build(const struct fleet *fleet,
                                           enum target_names target_names)
{
    struct builder *builder = fixture_builder(target_names);

    fixture_add_cluster(builder, "web", fleet->members, fleet->count);
    return fixture_finish(builder);
}

#endif
