/* SPDX-License-Identifier: MIT */

/*
 * server/transfer.c - transfers that nobody gets.
 */

#include "server/transfer.h"

#include "zones/record.h"

/* Whether the name of the question is that of a zone. */
static bool zone_is_asked(const struct snapshot *snapshot, const struct query *query)
{
    struct lookup_room room;
    struct lookup lookup = snapshot_lookup(snapshot, &query->name, RECORD_SOA, &room);

    return lookup.zone != NULL && name_equals(&lookup.zone->origin, &query->name);
}

enum query_verdict transfer_judge(const struct snapshot *snapshot, const struct query *query,
                                  bool is_udp)
{
    if (query->type == QUERY_TYPE_AXFR && is_udp) {
        return QUERY_NOTIMP; /* RFC 5936 section 4.2 knows none */
    }
    if (query->class == RECORD_CLASS_IN && !zone_is_asked(snapshot, query)) {
        return QUERY_NOTAUTH; /* RFC 5936 section 2.2.1: others are the authority */
    }
    return QUERY_REFUSED;
}
