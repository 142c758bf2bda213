/* SPDX-License-Identifier: MIT */

/*
 * zones/snapshot.h - an immutable picture of every zone that we serve.
 *
 * A snapshot is made once by zones/builder.h and then only read. Any number of threads may read
 * one at the same time without locks; none may change it. It lives as long as somebody holds a
 * reference:
 *
 *     builder_finish()  -> one reference, owned by the caller
 *     snapshot_ref()    -> one more
 *     snapshot_unref()  -> gives one back; the last one frees everything
 *
 * Pointers that snapshot_lookup() gives are borrowed: valid while the caller's reference is.
 */

#ifndef ZONES_SNAPSHOT_H
#define ZONES_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/answer.h"
#include "zones/name.h"
#include "zones/packed_text.h"
#include "zones/zone.h"

struct snapshot;

enum { LOOKUP_ROOM_OCTETS = 2 + 10 + PACKED_RDATA_MAX /* a TXT record: owner, head and data */ };

/* What RFC 1034 section 4.3.2 says to do with a name. */
enum lookup_result {
    LOOKUP_ANSWER,    /* the name and the type exist */
    LOOKUP_NODATA,    /* the name exists, the type does not (RFC 2308 section 2.2) */
    LOOKUP_NXDOMAIN,  /* the name does not exist (RFC 2308 section 2.1) */
    LOOKUP_NOT_READY, /* it may exist, but a source of its zone has not delivered yet */
    LOOKUP_REFUSED,   /* no zone of ours holds the name */
};

struct lookup {
    enum lookup_result result;
    const struct answer *answer; /* ANSWER: the records; NODATA, NXDOMAIN: the SOA; else NULL */
    const struct zone *zone;     /* the zone that holds the name; NULL on LOOKUP_REFUSED */
};

/*
 * Room for an answer that is put together for the question: that of a target, of which there is
 * one per member and for which nobody asks often.
 */
struct lookup_room {
    struct answer answer;
    uint8_t octets[LOOKUP_ROOM_OCTETS];
};

/* One more reference; returns `snapshot`. Never fails. Any thread. */
struct snapshot *snapshot_ref(struct snapshot *snapshot);

/* Give one reference back. NULL does nothing. Any thread. */
void snapshot_unref(struct snapshot *snapshot);

/*
 * Find the answer to (`name`, `type`) in class IN. `name` must be in lower case. For type ANY
 * one RRset of the name is given (RFC 8482 section 4.1). The answer may lie in `room`, and is then
 * valid as long as that is not used again. Does not allocate and cannot fail; O(1) for a name that
 * exists, O(labels) for others. Any thread.
 */
struct lookup snapshot_lookup(const struct snapshot *snapshot, const struct name *name,
                              uint16_t type, struct lookup_room *room);

/* Names that snapshot_prefetch() takes at once: as many as UDP requests are read at once. */
enum { SNAPSHOT_PREFETCH_MAX = 32 };

/* Whether there is more than a processor's cache holds, so that snapshot_prefetch() is of use. */
bool snapshot_is_large(const struct snapshot *snapshot);

/*
 * `count` names with these name_hash() values are about to be looked up: ask for the memory that
 * holds their answers. Changes nothing, and promises nothing. Any thread.
 */
void snapshot_prefetch(const struct snapshot *snapshot, const uint32_t *hashes, size_t count);

/* Zones in the order in which they were added. `index` is below snapshot_zone_count(). */
size_t snapshot_zone_count(const struct snapshot *snapshot);
const struct zone *snapshot_zone(const struct snapshot *snapshot, size_t index);
uint32_t snapshot_zone_serial(const struct snapshot *snapshot, size_t index);

/* Whether some zone's allow_query names the client; soon told, whatever the number of zones. */
bool snapshot_has_client(const struct snapshot *snapshot, const struct address *client);

/*
 * Say whether what is known of the zone with this origin may be out of date, which its answers tell
 * (RFC 8914 section 4.4). At first it is not. Only before anybody else has the snapshot: it never
 * changes afterwards. An origin that is not there does nothing.
 */
void snapshot_set_stale(struct snapshot *snapshot, const struct name *origin, bool is_stale);

/* 1 for a snapshot built without a previous one, else one more than that one's. */
uint64_t snapshot_number(const struct snapshot *snapshot);

/*
 * The number of the snapshot in which the SRV answer at `srv_owner`, in lower case, last changed.
 * False when no cluster stands there, or an empty one.
 */
bool snapshot_cluster_generation(const struct snapshot *snapshot, const struct name *srv_owner,
                                 uint64_t *generation);

/* What `struct cluster_mark` calls the cluster with this SRV owner name, in lower case. Not 0. */
uint32_t snapshot_cluster_key(const struct name *srv_owner);

/*
 * Octets of memory that only this snapshot holds at the moment, and would give back; and those that
 * it shares with others. A snapshot alone shares nothing, so that their sum is what it needs.
 */
size_t snapshot_size_octets(const struct snapshot *snapshot);
size_t snapshot_shared_octets(const struct snapshot *snapshot);

#endif
