/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster_answer.c - encodes what is asked for all day: SRV with glue, addresses, TXT.
 */

#include "zones/cluster_answer.h"

#include <string.h>

#include "zones/record.h"
#include "zones/target.h"
#include "zones/wire.h"

enum {
    SRV_PRIORITY = 0, /* the article's; HAProxy never reads it */
    SRV_FIXED_LENGTH = 6,
    TARGET_RRSETS = 2,
    CLUSTER_RRSETS = 3,
};

static uint16_t address_type(const struct address *address)
{
    return address->length == ADDRESS_V4_LENGTH ? RECORD_A : RECORD_AAAA;
}

static struct answer single_answer(struct encoder *encoder, const struct node *node,
                                   const struct encoder_record *record)
{
    encoder_begin(encoder, node->name_length);
    (void)encoder_add(encoder, SECTION_ANSWER, record); /* one short record always fits */
    return encoder_finish(encoder);
}

static struct encoder_record answer_record(const struct zone *zone, uint16_t type)
{
    return (struct encoder_record){
        .owner = OWNER_OF_QUESTION,
        .owner_length = POINTER_LENGTH,
        .type = type,
        .ttl_seconds = zone->ttl_seconds,
    };
}

static struct encoder_record address_record(const struct zone *zone, const struct address *address)
{
    struct encoder_record record = answer_record(zone, address_type(address));

    record.rdata = address->octets;
    record.rdata_length = address->length;
    return record;
}

void target_encode(struct node *node, struct encoder *encoder, const struct zone *zone,
                   const struct member *member)
{
    struct encoder_record address = address_record(zone, &member->address);
    struct encoder_record text = answer_record(zone, RECORD_TXT);
    uint8_t rdata[TARGET_TEXT_SIZE];
    bool is_v4 = address.type == RECORD_A;

    text.rdata = rdata;
    text.rdata_length = (uint16_t)target_text(rdata, member);
    node->rrsets = arena_array(encoder->arena, TARGET_RRSETS, sizeof(*node->rrsets));
    node->rrset_count = TARGET_RRSETS;
    node->rrsets[is_v4 ? 0 : 1] =
        (struct rrset){.answer = single_answer(encoder, node, &address), .type = address.type};
    node->rrsets[is_v4 ? 1 : 0] =
        (struct rrset){.answer = single_answer(encoder, node, &text), .type = RECORD_TXT};
}

/* As memcmp(), a shorter run of octets before the longer ones that it begins. */
static int octets_compare(const uint8_t *left, size_t left_length, const uint8_t *right,
                          size_t right_length)
{
    size_t shorter = left_length < right_length ? left_length : right_length;
    int order = memcmp(left, right, shorter);

    return order != 0 ? order : (left_length > right_length) - (left_length < right_length);
}

void target_merge(struct node *node, struct encoder *encoder, const struct zone *zone,
                  const struct member *member)
{
    enum { RDATA_START = POINTER_LENGTH + RECORD_FIXED_LENGTH };
    struct rrset *rrset = node_rrset(node, RECORD_TXT);
    const struct answer *old = &rrset->answer;
    struct encoder_record text = answer_record(zone, RECORD_TXT);
    uint8_t rdata[TARGET_TEXT_SIZE];

    text.rdata = rdata;
    text.rdata_length = (uint16_t)target_text(rdata, member);
    if (octets_compare(rdata, text.rdata_length, old->octets + RDATA_START,
                       (size_t)old->ends[0] - RDATA_START) < 0) {
        rrset->answer = single_answer(encoder, node, &text);
    }
}

/* Write the SRV records; note where glue can point to. */
static void srv_records_add(const struct zone_draft *draft, struct encoder *encoder,
                            struct placement *placements, size_t count)
{
    struct encoder_record record = answer_record(&draft->zone, RECORD_SRV);

    for (size_t i = 0; i < count; i++) {
        const struct node *target = &draft->names.nodes[placements[i].target];
        uint8_t rdata[SRV_FIXED_LENGTH + NAME_MAX_LENGTH];
        struct wire_writer writer;
        size_t offset = 0;

        wire_writer_init(&writer, rdata, sizeof(rdata));
        wire_write_u16(&writer, SRV_PRIORITY);
        wire_write_u16(&writer, placements[i].member->weight);
        wire_write_u16(&writer, placements[i].member->port);
        wire_write(&writer, target->name, target->name_length);
        record.rdata = rdata;
        record.rdata_length = (uint16_t)writer.position;
        offset = encoder_add(encoder, SECTION_ANSWER, &record);
        if (offset != 0 && offset + SRV_FIXED_LENGTH < POINTER_OFFSET_LIMIT) {
            placements[i].target_offset = (uint16_t)(offset + SRV_FIXED_LENGTH);
        }
    }
}

/* Whether the name is one label below the origin, as all targets but the literal ones are. */
static bool target_is_in_zone(const struct zone_draft *draft, const struct node *target)
{
    const struct name *origin = &draft->zone.origin;
    size_t label_length = 1 + (size_t)target->name[0];

    return target->name_length == label_length + origin->length &&
           memcmp(target->name + label_length, origin->octets, origin->length) == 0;
}

/*
 * Message offset of the zone's origin inside the first SRV target that holds it, or 0. Targets
 * past the reach of pointers are written as one label and a pointer to here. (The question ends
 * with the origin too, but in whatever case the client typed it.)
 */
static size_t origin_offset(const struct zone_draft *draft, const struct placement *placements,
                            size_t count)
{
    for (size_t i = 0; i < count && placements[i].target_offset != 0; i++) {
        const struct node *target = &draft->names.nodes[placements[i].target];

        if (target_is_in_zone(draft, target)) {
            return placements[i].target_offset + 1 + (size_t)target->name[0];
        }
    }
    return 0;
}

/* Write the shortest owner name for the glue of a target; returns its length. */
static size_t glue_owner(uint8_t owner[NAME_MAX_LENGTH], const struct zone_draft *draft,
                         const struct placement *placement, size_t origin)
{
    const struct node *target = &draft->names.nodes[placement->target];
    size_t label_length = 0;

    if (placement->target_offset != 0) {
        (void)encoder_pointer(owner, placement->target_offset);
        return POINTER_LENGTH;
    }
    label_length = 1 + (size_t)target->name[0];
    if (origin != 0 && target_is_in_zone(draft, target)) {
        memcpy(owner, target->name, label_length);
        (void)encoder_pointer(owner + label_length, origin);
        return label_length + POINTER_LENGTH;
    }
    memcpy(owner, target->name, target->name_length);
    return target->name_length;
}

/* One address record per target that stands in the answer, of one family. */
static void glue_add(const struct zone_draft *draft, struct encoder *encoder,
                     const struct placement *placements, size_t count, uint16_t type)
{
    size_t origin = origin_offset(draft, placements, count);

    for (size_t i = 0; i < count && !encoder->is_full; i++) {
        const struct address *address = &placements[i].member->address;
        struct encoder_record record;
        uint8_t owner[NAME_MAX_LENGTH];

        if (!placements[i].is_first_of_target || address_type(address) != type) {
            continue;
        }
        record = address_record(&draft->zone, address);
        record.owner = owner;
        record.owner_length = (uint16_t)glue_owner(owner, draft, &placements[i], origin);
        (void)encoder_add(encoder, SECTION_ADDITIONAL, &record);
    }
}

static struct rrset srv_encode(const struct zone_draft *draft, struct encoder *encoder,
                               struct placement *placements, size_t count)
{
    struct rrset rrset = {.type = RECORD_SRV};

    srv_records_add(draft, encoder, placements, count);
    glue_add(draft, encoder, placements, count, RECORD_A);
    glue_add(draft, encoder, placements, count, RECORD_AAAA);
    rrset.left_out_hash = encoder->left_out_hash;
    rrset.answer = encoder_finish(encoder);
    return rrset;
}

static struct rrset addresses_encode(const struct zone *zone, struct encoder *encoder,
                                     const struct placement *placements, size_t count,
                                     uint16_t type)
{
    struct rrset rrset = {.type = type};

    for (size_t i = 0; i < count; i++) {
        const struct address *address = &placements[i].member->address;

        if (placements[i].is_first_of_address && address_type(address) == type) {
            struct encoder_record record = address_record(zone, address);

            (void)encoder_add(encoder, SECTION_ANSWER, &record);
        }
    }
    rrset.left_out_hash = encoder->left_out_hash;
    if (encoder->record_count > 0) {
        rrset.answer = encoder_finish(encoder);
    }
    return rrset;
}

/* Append an RRset to the node, which has room for it; none when it has no records. */
static void node_append(struct node *node, const struct rrset *rrset)
{
    if (rrset->answer.answer_count > 0) {
        node->rrsets[node->rrset_count++] = *rrset;
    }
}

void plain_encode(const struct zone *zone, struct encoder *encoder, size_t name_length,
                  const struct placement *placements, size_t count,
                  struct rrset rrsets[ADDRESS_FAMILIES])
{
    static const uint16_t families[ADDRESS_FAMILIES] = {RECORD_A, RECORD_AAAA};

    for (size_t i = 0; i < ADDRESS_FAMILIES; i++) {
        encoder_begin(encoder, name_length);
        rrsets[i] = addresses_encode(zone, encoder, placements, count, families[i]);
    }
}

void plain_append(struct node *node, const struct rrset rrsets[ADDRESS_FAMILIES])
{
    for (size_t i = 0; i < ADDRESS_FAMILIES; i++) {
        node_append(node, &rrsets[i]);
    }
}

void cluster_encode(struct zone_draft *draft, struct encoder *encoder, size_t srv,
                    struct placement *placements, size_t count,
                    const struct rrset plain[ADDRESS_FAMILIES])
{
    struct node *node = &draft->names.nodes[srv];
    struct rrset rrset;

    /* Types ascend when the two names are one: A, AAAA, SRV. */
    node->rrsets = arena_array(encoder->arena, plain == NULL ? 1 : CLUSTER_RRSETS, sizeof(rrset));
    if (plain != NULL) {
        plain_append(node, plain);
    }
    encoder_begin(encoder, node->name_length);
    rrset = srv_encode(draft, encoder, placements, count);
    node_append(node, &rrset);
}
