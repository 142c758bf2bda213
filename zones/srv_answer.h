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
#include "zones/encoder.h"
#include "zones/zone_draft.h"

/*
 * Encode the RRset of an owner name of `name_length` octets, as the zone's compress-targets says.
 * The compact form is made only where it can help: an answer that every client takes has none.
 */
void srv_answer_encode(struct rrset *rrset, const struct zone_draft *draft, struct encoder *encoder,
                       size_t name_length, struct placement *placements, size_t count);

#endif
