/* SPDX-License-Identifier: MIT */

/*
 * zones/member_record.c - owner, type and TTL of what is said about members.
 */

#include "zones/member_record.h"

#include <string.h>

#include "zones/record.h"
#include "zones/wire.h"

uint16_t member_address_type(const struct address *address)
{
    return address->length == ADDRESS_V4_LENGTH ? RECORD_A : RECORD_AAAA;
}

struct encoder_record member_record(const struct zone *zone, uint16_t type)
{
    return (struct encoder_record){
        .owner = OWNER_OF_QUESTION,
        .owner_length = POINTER_LENGTH,
        .type = type,
        .ttl_seconds = zone->ttl_seconds,
    };
}

void member_head_write(uint8_t head[MEMBER_HEAD_LENGTH], const struct zone *zone, uint16_t type)
{
    memcpy(head, OWNER_OF_QUESTION, POINTER_LENGTH);
    wire_store_u16(head + 2, type);
    wire_store_u16(head + 4, RECORD_CLASS_IN);
    wire_store_u32(head + 6, zone->ttl_seconds);
}
