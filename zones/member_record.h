/* SPDX-License-Identifier: MIT */

/*
 * zones/member_record.h - records about members, half filled: what all of a zone have in common.
 */

#ifndef ZONES_MEMBER_RECORD_H
#define ZONES_MEMBER_RECORD_H

#include "zones/address.h"
#include "zones/encoder.h"
#include "zones/zone.h"

/* RECORD_A or RECORD_AAAA. */
uint16_t member_address_type(const struct address *address);

/* A record of this type that answers the question itself, without RDATA yet. */
struct encoder_record member_record(const struct zone *zone, uint16_t type);

/* Likewise the A or AAAA record of `address`, which is borrowed. */
struct encoder_record member_address_record(const struct zone *zone, const struct address *address);

#endif
