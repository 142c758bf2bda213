/* SPDX-License-Identifier: MIT */

/*
 * zones/alias.h - answers at names with a CNAME: the chain of aliases and what it leads to, as far
 * as both stand in the same zone (RFC 1034 section 4.3.2, step 3a), made once instead of per query.
 */

#ifndef ZONES_ALIAS_H
#define ZONES_ALIAS_H

#include <stddef.h>

#include "zones/encoder.h"
#include "zones/name.h"
#include "zones/table.h"
#include "zones/zone_draft.h"

/* Read TTL and RDATA of the record number `index` of an answer section into `record`. */
void alias_read_record(const struct answer *answer, size_t index, struct encoder_record *record);

/*
 * If the node holds a CNAME, give it one answer per type that its target has, and one for all
 * other types. Chains of more than eight links, and loops, end with their CNAMEs.
 */
void alias_encode(const struct zone_draft *draft, struct encoder *encoder, struct node *node);

#endif
