/* SPDX-License-Identifier: MIT */

/*
 * discovery/inventory.h - what a source says that exists, before anybody judges it.
 *
 * One inventory is one complete look at one source: a whole set of EC2 pages, or one reading of a
 * file. Values are as the source wrote them; discovery/membership.h decides what they mean.
 * Owned by one thread.
 */

#ifndef DISCOVERY_INVENTORY_H
#define DISCOVERY_INVENTORY_H

#include <stddef.h>
#include <stdint.h>

#include "zones/arena.h"

/*
 * Instance states of EC2 (API reference, InstanceState), by name. A name that we do not know is
 * STATE_UNKNOWN: such an instance is not added, and not removed either.
 */
enum instance_state {
    STATE_UNKNOWN,
    STATE_PENDING,
    STATE_RUNNING,
    STATE_SHUTTING_DOWN,
    STATE_TERMINATED,
    STATE_STOPPING,
    STATE_STOPPED,
};

/* Text fields are NULL when the source does not have them. */
struct instance {
    const char *id;
    const char *group; /* value of aws:autoscaling:groupName */
    const char *az;
    const char *private_address; /* primary IPv4 of the primary interface */
    const char *ipv6_address;    /* the primary IPv6, else the first */
    const char *weight_tag;
    const char *address_tag;
    const char *port_tag;
    const char *hold_tag;        /* srv_hold, see discovery/hold.h */
    const char *drain_since_tag; /* srv_drain_since: written by the lifecycle, in Unix seconds */
    enum instance_state state;
};

struct inventory {
    struct arena arena; /* every string of every instance lies here */
    struct instance *instances;
    uint64_t *prints; /* of each instance inventory_print(); NULL until inventory_finish() */
    size_t count;
    size_t capacity;
};

/* An empty inventory; the caller owns it. */
struct inventory *inventory_new(void);

/* NULL does nothing. */
void inventory_free(struct inventory *inventory);

/*
 * A new, empty instance at the end, borrowed until the next call. Its strings must be put into
 * `inventory->arena`, and it must get an id.
 */
struct instance *inventory_add(struct inventory *inventory);

/*
 * Sort by id, take fingerprints (whoever changes an instance afterwards calls this once more), and
 * drop exact repeats of an id (a page that came twice is harmless); of two
 * different entries with one id the later one stays, as the newer word of the source. Returns the
 * number dropped.
 */
size_t inventory_finish(struct inventory *inventory);

/*
 * The fingerprint of everything that an instance says, never 0: two that are the same say the same.
 * 64 bits of a hash: of 100,000 instances that each change once a second for a hundred years one in
 * 60,000 fleets would meet a change that is not seen.
 */
uint64_t inventory_print(const struct instance *instance);

/* The entry with `id` in a finished inventory, or NULL. O(log n). */
const struct instance *inventory_find(const struct inventory *inventory, const char *id);

/* "running" -> STATE_RUNNING; unknown or NULL text -> STATE_UNKNOWN. And back. */
enum instance_state instance_state_from_text(const char *text);
const char *instance_state_name(enum instance_state state);

#endif
