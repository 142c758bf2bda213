/* SPDX-License-Identifier: MIT */

/*
 * zones/apex.c - makes the records that every zone has at its top.
 */

#include "zones/apex.h"

#include <string.h>

#include "zones/record.h"
#include "zones/record_draft.h"
#include "zones/wire.h"

/*
 * What secondaries go by (RFC 1035 section 3.3.13). NOTIFY tells them of changes; the timers only
 * repair a lost one, so they are short: members change within seconds, and one small question per
 * secondary costs nothing. Expire is the advice of RFC 1912 section 2.2: losing the primary for a
 * fortnight must not empty a load balancer.
 */
enum {
    SOA_REFRESH_SECONDS = 30,
    SOA_RETRY_SECONDS = 10,
    SOA_EXPIRE_SECONDS = 14 * 24 * 3600,
    SOA_NUMBERS_LENGTH = 5 * 4,
    SOA_MAX_LENGTH = 2 * NAME_MAX_LENGTH + SOA_NUMBERS_LENGTH,
};

static const char HOSTMASTER[] = "hostmaster"; /* RFC 2142 section 7 */

/* The origin was checked by apex_add() to leave room for the mailbox. */
static size_t soa_write(uint8_t rdata[SOA_MAX_LENGTH], const struct zone *zone, uint32_t serial)
{
    struct wire_writer writer;
    struct name mailbox = zone->origin;

    (void)name_prepend(&mailbox, HOSTMASTER, strlen(HOSTMASTER));
    wire_writer_init(&writer, rdata, SOA_MAX_LENGTH);
    wire_write(&writer, zone->nameservers[0].octets, zone->nameservers[0].length);
    wire_write(&writer, mailbox.octets, mailbox.length);
    wire_write_u32(&writer, serial);
    wire_write_u32(&writer, SOA_REFRESH_SECONDS);
    wire_write_u32(&writer, SOA_RETRY_SECONDS);
    wire_write_u32(&writer, SOA_EXPIRE_SECONDS);
    wire_write_u32(&writer, zone->negative_ttl_seconds);
    return writer.position;
}

bool apex_add(struct zone_draft *draft, struct encoder *encoder, struct arena *scratch,
              struct error *error)
{
    const struct zone *zone = &draft->zone;
    struct name mailbox = zone->origin;
    uint8_t soa[SOA_MAX_LENGTH];
    struct record record = {.owner = zone->origin, .ttl_seconds = zone->ttl_seconds};

    if (zone->nameserver_count == 0) {
        return error_set(error, "the zone has no nameserver");
    }
    if (!name_prepend(&mailbox, HOSTMASTER, strlen(HOSTMASTER))) {
        return error_set(error, "the origin is too long: %s.<origin> is over %d octets", HOSTMASTER,
                         NAME_MAX_LENGTH);
    }
    record.type = RECORD_SOA;
    record.rdata = soa;
    record.rdata_length = (uint16_t)soa_write(soa, zone, 0);
    if (!record_draft_add(draft, encoder, scratch, &record, error)) {
        return false;
    }
    record.type = RECORD_NS;
    for (size_t i = 0; i < zone->nameserver_count; i++) {
        record.rdata = zone->nameservers[i].octets;
        record.rdata_length = zone->nameservers[i].length;
        if (!record_draft_add(draft, encoder, scratch, &record, error)) {
            return false;
        }
    }
    return true;
}

struct answer apex_set_serial(struct node *node, struct encoder *encoder, const struct zone *zone,
                              uint32_t serial)
{
    uint8_t rdata[SOA_MAX_LENGTH];
    struct encoder_record record = {
        .owner = OWNER_OF_QUESTION,
        .owner_length = POINTER_LENGTH,
        .type = RECORD_SOA,
        .ttl_seconds = zone->ttl_seconds,
        .rdata = rdata,
        .rdata_length = (uint16_t)soa_write(rdata, zone, serial),
    };

    encoder_begin(encoder, node->name_length);
    (void)encoder_add(encoder, SECTION_ANSWER, &record);
    node_rrset(node, RECORD_SOA)->answer = encoder_finish(encoder);

    /* Shared by questions of every length: no pointers, and room for the longest of them. */
    record.owner = zone->origin.octets;
    record.owner_length = zone->origin.length;
    if (zone->negative_ttl_seconds < record.ttl_seconds) {
        record.ttl_seconds = zone->negative_ttl_seconds;
    }
    encoder_begin(encoder, NAME_MAX_LENGTH);
    (void)encoder_add(encoder, SECTION_AUTHORITY, &record);
    return encoder_finish(encoder);
}
