/* SPDX-License-Identifier: MIT */

/*
 * zones/alias.c - follows CNAMEs while a zone is being built.
 */

#include "zones/alias.h"

#include "zones/record.h"
#include "zones/wire.h"

/* More links than anybody needs; BIND stops at 16, most resolvers at 8 to 12. */
enum { MAX_LINKS = 8 };

struct alias_chain {
    const struct node *links[MAX_LINKS];
    size_t count;
    bool has_end;            /* false: outside the zone, absent, or never reached */
    struct name_answers end; /* has no CNAME */
};

/* Owners in answer sections are one pointer each: what follows is at a fixed place. */
static void record_read(const uint8_t *octets, struct encoder_record *record)
{
    enum { TYPE_AND_CLASS_LENGTH = 4 };

    octets += POINTER_LENGTH + TYPE_AND_CLASS_LENGTH;
    record->ttl_seconds = wire_load_u32(octets);
    record->rdata_length = wire_load_u16(octets + 4);
    record->rdata = octets + 6;
}

void alias_read_record(const struct answer *answer, size_t index, struct encoder_record *record)
{
    record_read(answer->octets + (index == 0 ? 0 : answer_end(answer, index - 1)), record);
}

/*
 * The SRV records of a cluster's image in full: those in its answer may hold pointers, which mean
 * nothing in the answer to another question. NULL for any other RRset.
 */
static const uint8_t *services_in_full(const struct zone_draft *draft,
                                       const struct name_answers *answers,
                                       const struct rrset *rrset)
{
    if (answers->node == NULL || answers->node->cluster == 0 || rrset->type != RECORD_SRV) {
        return NULL;
    }
    return draft->clusters[answers->node->cluster - 1].image->names;
}

/* What stands at the name that the CNAME at `node` names; false when that is not known here. */
static bool next_answers(const struct zone_draft *draft, const struct node *node,
                         struct name_answers *answers)
{
    struct encoder_record record;
    struct name target;

    alias_read_record(&node_rrset(node, RECORD_CNAME)->answer, 0, &record);
    return name_from_wire(&target, record.rdata, record.rdata_length) != 0 &&
           zone_draft_answers(draft, &target, answers);
}

static bool chain_holds(const struct alias_chain *chain, const struct node *node)
{
    for (size_t i = 0; i < chain->count; i++) {
        if (chain->links[i] == node) {
            return true;
        }
    }
    return false;
}

/* `node` has a CNAME: it is the first link. */
static void chain_follow(struct alias_chain *chain, const struct zone_draft *draft,
                         const struct node *node)
{
    chain->links[0] = node;
    chain->count = 1;
    chain->has_end = next_answers(draft, node, &chain->end);
    while (chain->has_end && chain->end.node != NULL &&
           node_rrset(chain->end.node, RECORD_CNAME) != NULL) {
        node = chain->end.node;
        if (chain->count == MAX_LINKS || chain_holds(chain, node)) {
            chain->has_end = false;
            return;
        }
        chain->links[chain->count++] = node;
        chain->has_end = next_answers(draft, node, &chain->end);
    }
}

/* The chain's CNAMEs, then the RRset at its end; NULL for none. `services` may be NULL, too. */
static struct rrset chain_encode(const struct alias_chain *chain, struct encoder *encoder,
                                 const struct rrset *rrset, const uint8_t *services)
{
    uint8_t owner[POINTER_LENGTH] = {OWNER_OF_QUESTION[0], OWNER_OF_QUESTION[1]};
    struct encoder_record record = {.owner = owner, .owner_length = POINTER_LENGTH};
    struct rrset result = {.type = rrset == NULL ? RRSET_OTHER_TYPES : rrset->type};

    encoder_begin(encoder, chain->links[0]->name_length);
    record.type = RECORD_CNAME;
    for (size_t i = 0; i < chain->count; i++) {
        alias_read_record(&node_rrset(chain->links[i], RECORD_CNAME)->answer, 0, &record);
        /* Eight links end far below the reach of pointers. */
        (void)encoder_pointer(owner, encoder_add(encoder, SECTION_ANSWER, &record));
    }
    record.type = result.type;
    for (size_t i = 0; rrset != NULL && i < rrset->answer.answer_count; i++) {
        if (services == NULL) {
            alias_read_record(&rrset->answer, i, &record);
        } else {
            record_read(services, &record);
            services = record.rdata + record.rdata_length;
        }
        (void)encoder_add(encoder, SECTION_ANSWER, &record);
    }
    result.left_out_hash = encoder->left_out_hash;
    result.answer = encoder_finish(encoder);
    return result;
}

void alias_encode(const struct zone_draft *draft, struct encoder *encoder, struct node *node)
{
    const struct rrset *cname = node_rrset(node, RECORD_CNAME);
    struct alias_chain chain;
    struct rrset *rrsets = NULL;
    struct rrset own;
    size_t end_count = 0;
    size_t count = 0;

    if (cname == NULL) {
        return;
    }
    own = *cname;
    chain_follow(&chain, draft, node);
    end_count = chain.has_end ? chain.end.rrset_count : 0;
    rrsets = arena_array(encoder->arena, end_count + 2, sizeof(*rrsets));
    rrsets[count++] = chain_encode(&chain, encoder, NULL, NULL);
    for (size_t i = 0; i < end_count; i++) {
        const struct rrset *rrset = &chain.end.rrsets[i];

        if (count > 0 && rrsets[count - 1].type < own.type && rrset->type > own.type) {
            rrsets[count++] = own;
        }
        /* The SOA's serial is not known yet, and nobody asks an alias for it. */
        if (rrset->type != RECORD_SOA) {
            rrsets[count++] =
                chain_encode(&chain, encoder, rrset, services_in_full(draft, &chain.end, rrset));
        }
    }
    if (rrsets[count - 1].type < own.type) {
        rrsets[count++] = own;
    }
    node->rrsets = rrsets;
    node->rrset_count = (uint8_t)count;
}
