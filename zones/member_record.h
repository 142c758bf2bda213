/* SPDX-License-Identifier: MIT */

/*
 * zones/member_record.h - records about members, half filled: what all of a zone have in common.
 */

#ifndef ZONES_MEMBER_RECORD_H
#define ZONES_MEMBER_RECORD_H

#include "zones/address.h"
#include "zones/encoder.h"
#include "zones/zone.h"

enum {
    MEMBER_HEAD_LENGTH = POINTER_LENGTH + RECORD_FIXED_LENGTH,
    A_RECORD_LENGTH = MEMBER_HEAD_LENGTH + ADDRESS_V4_LENGTH,
    AAAA_RECORD_LENGTH = MEMBER_HEAD_LENGTH + ADDRESS_V6_LENGTH,
};

/* RECORD_A or RECORD_AAAA. */
uint16_t member_address_type(const struct address *address);

/* A record of this type that answers the question itself, without RDATA yet. */
struct encoder_record member_record(const struct zone *zone, uint16_t type);

/* The same in octets, up to RDLENGTH: the last two are left to the caller. */
void member_head_write(uint8_t head[MEMBER_HEAD_LENGTH], const struct zone *zone, uint16_t type);

#endif
