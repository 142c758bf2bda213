/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster_answer.c - encodes what stands at a cluster's names and at its targets'.
 */

#include "zones/cluster_answer.h"

#include <string.h>

#include "zones/member_record.h"
#include "zones/record.h"
#include "zones/srv_answer.h"
#include "zones/target.h"

enum {
    TARGET_RRSETS = 2,
    CLUSTER_RRSETS = 3,
};

static struct answer single_answer(struct encoder *encoder, const struct node *node,
                                   const struct encoder_record *record)
{
    encoder_begin(encoder, node->name_length);
    (void)encoder_add(encoder, SECTION_ANSWER, record); /* one short record always fits */
    return encoder_finish(encoder);
}

void target_encode(struct node *node, struct encoder *encoder, const struct zone *zone,
                   const struct member *member)
{
    struct encoder_record address = member_address_record(zone, &member->address);
    struct encoder_record text = member_record(zone, RECORD_TXT);
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
    struct encoder_record text = member_record(zone, RECORD_TXT);
    uint8_t rdata[TARGET_TEXT_SIZE];

    text.rdata = rdata;
    text.rdata_length = (uint16_t)target_text(rdata, member);
    if (octets_compare(rdata, text.rdata_length, old->octets + RDATA_START,
                       (size_t)old->ends[0] - RDATA_START) < 0) {
        rrset->answer = single_answer(encoder, node, &text);
    }
}

static struct rrset addresses_encode(const struct zone *zone, struct encoder *encoder,
                                     const struct placement *placements, size_t count,
                                     uint16_t type)
{
    struct rrset rrset = {.type = type};

    for (size_t i = 0; i < count; i++) {
        const struct address *address = &placements[i].member->address;

        if (placements[i].is_first_of_address && member_address_type(address) == type) {
            struct encoder_record record = member_address_record(zone, address);

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
    srv_answer_encode(&rrset, draft, encoder, node->name_length, placements, count);
    node_append(node, &rrset);
}
