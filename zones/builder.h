/* SPDX-License-Identifier: MIT */

/*
 * zones/builder.h - from clusters and records to a snapshot.
 *
 *     builder_new() -> builder_add_zone() once per zone, and after each its
 *     builder_add_records() and builder_add_cluster() calls -> builder_finish()
 *
 * A cluster "web" of zone sd.example.com becomes
 *     _web._tcp.sd.example.com   SRV, one per member, with one A or AAAA per target as glue
 *     web.sd.example.com         A and AAAA of all members, where that name is free
 *     <target>                   A or AAAA, and TXT: "instance=…" "zone=…" "weight=…" "hold=…"
 * Members stand in one stable order: those in service by id, then those with weight 0 by id, so
 * that an answer that must be cut loses drained members first. SRV priority is 0 as in the
 * article. Records that repeat the same target and port are sent once. The apex gets SOA and NS;
 * names between are made as empty non-terminals (RFC 8020).
 *
 * A cluster whose members are what they were is not encoded again: both snapshots share its octets.
 * Whether they are is told by its version at once, or found out by comparing. A zone that is as it
 * was takes over the slots of its targets, too (zones/zone_fork.h), which changes no answer and no
 * message.
 *
 * One thread. Nothing that is passed in is kept beyond the call, but for the previous snapshot.
 */

#ifndef ZONES_BUILDER_H
#define ZONES_BUILDER_H

#include <stdbool.h>
#include <stdint.h>

#include "zones/cluster.h"
#include "zones/error.h"
#include "zones/record.h"
#include "zones/snapshot.h"
#include "zones/zone.h"

struct builder;

/*
 * An empty builder; ends in builder_finish() or builder_free(). `previous` (may be NULL) is the
 * snapshot that the new one follows; it is borrowed until then. What did not change since is
 * shared with it.
 */
struct builder *builder_new(const struct snapshot *previous);
void builder_free(struct builder *builder);

/*
 * Begin a zone; what is added next belongs to it. False when a zone of the same origin is there
 * already, or its cluster-name has no {group} or cannot be a name: the builder is then unchanged.
 */
bool builder_add_zone(struct builder *builder, const struct zone *zone, enum zone_state state,
                      struct error *error);

/*
 * Add records of a zone file to the zone begun last. A record that clashes with a name that is
 * there already is left out: added after the clusters, a zone file takes nothing from live
 * members. False, with the first such owner named; all others are added.
 */
bool builder_add_records(struct builder *builder, const struct record_list *list,
                         struct error *error);

/*
 * Add a cluster to the zone begun last. An empty cluster adds no names. False, with the cluster
 * and the name in the message, when one of its two names would be too long or its SRV name is taken
 * by a record or another cluster; nothing of the cluster is added then. A member whose target name
 * cannot be made, is taken, or belongs to another address already (target-names = instance and one
 * id twice) is left out and the call is false, but the other members are served.
 */
bool builder_add_cluster(struct builder *builder, const struct cluster *cluster,
                         struct error *error);

/*
 * Give the clusters of the zone begun last their plain names, where no member, record or other
 * cluster has them: they are a convenience, and whoever may name a group must not be able to take a
 * name from anybody. Call it last; the next zone and builder_finish() do it otherwise. False, with
 * the first cluster named, when one is served by SRV alone.
 */
bool builder_place_plain_names(struct builder *builder, struct error *error);

/*
 * Encode every answer and return the snapshot, one reference. Frees the builder. A zone's serial
 * is the one that it has in the previous snapshot when its content is the same to the octet,
 * and serial_next() otherwise; the zone's state does not count as content. In the same way a
 * cluster keeps its generation while its SRV answer is the same.
 */
struct snapshot *builder_finish(struct builder *builder, uint32_t now_seconds);

#endif
