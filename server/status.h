/* SPDX-License-Identifier: MIT */

/*
 * server/status.h - everything that is served, as one JSON document; a stable interface.
 *
 *     {"version": "0.1.0", "now": "2026-01-02T03:04:05Z",
 *      "ready": BOOLEAN,      every zone has a table
 *      "reasons": [TEXT],     why not
 *      "zones": [{"origin", "state": "loading|partial|complete", "serial",
 *        "stale": BOOLEAN,      its answers may be out of date, see server/staleness.h
 *        "clusters": [{"name", "srv_name",
 *          "generation",        number of the table in which the SRV answer last changed; 0: the
 *                               cluster has no answer
 *          "answer_octets",     the whole SRV answer, as TCP carries it; 0: none
 *          "udp_limit_octets",  what clients of the zone get over UDP at most
 *          "members": [{"id", "group", "address", "port", "az": TEXT|null,
 *            "weight",          as its tag says
 *            "served_weight",   as it is, or would be, in the answer
 *            "weight_haproxy",  what HAProxy makes of served_weight: (N + 255) / 256
 *            "state": "served|drained|maint|overlap", or why else it is not in the answer; overlap:
 *                               gone, and in it with weight 0 beside those who took its place,
 *            "hold": null|{"kind": "drain|maint", "until": TIME|null, "by", "reason",
 *                          "active": whether it counts now},
 *            "standby": BOOLEAN,
 *            "source": "ec2 main",
 *            "problem": null|"bad-weight", ...: a value that its last good one stands in for,
 *            "kept": null|"frozen|absent|untagged|settling": why it is as it is although the newest
 *                               look says otherwise}],
 *          "load_balancers": [{"address", "port": 0 over TCP, "generation": that it has seen,
 *            "age_ms": since it asked, "is_gone": it has stopped asking,
 *            "first_ms_ago": since it got that generation for the first time}]}]}],
 *      "sources": [{"name", "looks": complete ones since the start, "failures",
 *        "age_ms": of the newest look, null before the first, "members",
 *        "refused": [{"id", "problem"}], instances that a bad value keeps from being members
 *        "last_error": null|TEXT, null when the newest look was complete and believed,
 *        and once something is known of it:
 *        "restored": from disk, no look has confirmed it yet,
 *        "freezes": [{"cluster", "members", "held": back of those, "age_ms", "polls": in a row that
 *          miss the same ones}],
 *        "waiting": [{"id", "age_ms"}]: instances whose change the flap rule lets wait}]}
 */

#ifndef SERVER_STATUS_H
#define SERVER_STATUS_H

#include "server/served.h"

/*
 * The document, owned by the caller. With `cluster` only clusters of that name, and only the zones
 * that have one; NULL when no zone does. Main thread.
 */
char *status_to_json(const struct served_input *input, const char *cluster);

#endif
