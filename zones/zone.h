/* SPDX-License-Identifier: MIT */

/*
 * zones/zone.h - the settings of one zone, as plain data.
 */

#ifndef ZONES_ZONE_H
#define ZONES_ZONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/address.h"
#include "zones/name.h"

/* How the target of an SRV record is named. */
enum target_names {
    TARGET_ADDRESS,  /* ip-10-0-1-5.<zone>; ip6-fd00-0-0-0-0-0-0-5.<zone> */
    TARGET_INSTANCE, /* i-0abc….<zone> */
    TARGET_LITERAL,  /* 10.0.1.5. as the article's Lambda wrote it; IPv6 as TARGET_ADDRESS */
};

/*
 * Whether SRV targets are compressed. RFC 2782 says no, RFC 1035 section 4.1.4 makes every reader
 * understand it, and HAProxy takes both; it saves the zone's name once a member.
 */
enum compress_targets {
    COMPRESS_WHEN_NEEDED, /* where the answer would lose records otherwise */
    COMPRESS_NEVER,
    COMPRESS_ALWAYS,
};

/*
 * How much of the zone is known. Until every source has delivered once, a name that is not in
 * the table may be one that we have not heard of yet: saying NXDOMAIN would empty HAProxy's
 * backends (facts: hold nx counts from the last valid answer).
 */
enum zone_state {
    ZONE_LOADING,  /* no source has delivered: every question gets SERVFAIL */
    ZONE_PARTIAL,  /* some have: known names are answered, others get SERVFAIL */
    ZONE_COMPLETE, /* all have: others get NXDOMAIN */
};

struct zone {
    struct name origin;
    uint32_t ttl_seconds;
    uint32_t negative_ttl_seconds; /* SOA MINIMUM and TTL of the SOA in negative answers */
    const struct name *nameservers;
    size_t nameserver_count;  /* at least 1; the first is the SOA's MNAME */
    const char *cluster_name; /* labels with {group} in one of them: "_{group}._tcp" */
    enum target_names target_names;
    enum compress_targets compress_targets;
    uint16_t udp_size_octets;         /* largest UDP answer to clients in allow_query */
    const struct prefix *allow_query; /* who may ask */
    size_t allow_query_count;
    bool is_stale; /* no setting: see snapshot_set_stale() */
};

#endif
