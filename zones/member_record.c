/* SPDX-License-Identifier: MIT */

/*
 * zones/member_record.c - owner, type and TTL of what is said about members.
 */

#include "zones/member_record.h"

#include "zones/record.h"

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

struct encoder_record member_address_record(const struct zone *zone, const struct address *address)
{
    struct encoder_record record = member_record(zone, member_address_type(address));

    record.rdata = address->octets;
    record.rdata_length = address->length;
    return record;
}
