/* SPDX-License-Identifier: MIT */

/*
 * zones/generation.h - in which snapshot each cluster's SRV answer last changed.
 */

#ifndef ZONES_GENERATION_H
#define ZONES_GENERATION_H

#include <stdint.h>

#include "zones/cluster_image.h"
#include "zones/name.h"
#include "zones/table.h"

/*
 * The mark of a cluster's SRV RRset: its generation is that of `previous` (may be NULL), which had
 * the same owner, when the answer is the same to the octet, else `number`, the new snapshot's.
 */
struct cluster_mark generation_mark(const struct name *srv_owner, const struct rrset *srv,
                                    uint64_t number, const struct cluster_image *previous);

#endif
