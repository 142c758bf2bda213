/* SPDX-License-Identifier: MIT */

/*
 * zones/srv_answer.h - a cluster's SRV records with the addresses of their targets, in two forms.
 *
 *     whole     every target written in full, as RFC 2782 wants it
 *     compact   the zone's name stands once, in the first target; the others point to it
 *
 * In both, glue stands in the order of the SRV records, all A before any AAAA, because HAProxy's
 * parser gets stuck on the first additional record of a family that it was told not to use; its
 * owner points at the target in the SRV record, and past the reach of pointers at the zone's name.
 */

#ifndef ZONES_SRV_ANSWER_H
#define ZONES_SRV_ANSWER_H

#include <stddef.h>

#include "zones/cluster_answer.h"
#include "zones/table.h"
#include "zones/zone.h"

/*
 * Encode the RRset of an owner name of `name_length` octets, as the zone's compress-targets says,
 * with the workspace's encoders: the result is a view of them. The compact form, for which
 * `compact` is the room, is made only where it can help: an answer that every client takes has
 * none.
 */
struct rrset srv_answer_encode(const struct zone *zone, struct cluster_workspace *workspace,
                               size_t name_length, size_t count, struct answer *compact);

#endif
