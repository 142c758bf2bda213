/* SPDX-License-Identifier: MIT */

/*
 * zones/record_draft.c - collects records by name and type, and encodes them with their glue.
 */

#include "zones/record_draft.h"

#include <string.h>

#include "zones/alias.h"

enum {
    /* A CNAME to such a name still counts its RRsets, and two more, in one octet. */
    MAX_TYPES_AT_NAME = 250,
    NO_TARGET = -1,
    NS_TARGET_OFFSET = 0,  /* RFC 1035 section 3.3.11 */
    SRV_TARGET_OFFSET = 6, /* RFC 2782 */
    FIRST_META_TYPE = 128, /* 128 to 255 are questions, not data: RFC 6895 section 3.1 */
};

struct rdata_draft {
    struct rdata_draft *next; /* ascending by octets: the order of a file does not matter */
    const uint8_t *octets;
    size_t message_offset; /* where it was encoded */
    uint16_t length;
};

struct rrset_draft {
    struct rrset_draft *next; /* ascending by type */
    struct rdata_draft *records;
    uint32_t ttl_seconds;
    uint16_t type;
};

static bool type_is_data(uint16_t type)
{
    return type != RRSET_OTHER_TYPES && type != RECORD_OPT &&
           (type < FIRST_META_TYPE || type > RECORD_ANY);
}

static int rdata_compare(const struct rdata_draft *left, const struct record *right)
{
    size_t shorter = left->length < right->rdata_length ? left->length : right->rdata_length;
    int order = memcmp(left->octets, right->rdata, shorter);

    return order != 0 ? order : left->length - right->rdata_length;
}

/* CNAME stands alone, and once. */
static bool cname_fits(const struct rrset_draft *rrsets, const struct record *record)
{
    if (rrsets == NULL || (rrsets->type != RECORD_CNAME && record->type != RECORD_CNAME)) {
        return true;
    }
    return rrsets->type == record->type && rdata_compare(rrsets->records, record) == 0;
}

static bool record_fits(const struct zone_draft *draft, const struct record *record,
                        struct error *error)
{
    ptrdiff_t found = zone_draft_find(draft, &record->owner);
    enum name_use use = zone_draft_use(draft, &record->owner);
    char owner[NAME_MAX_TEXT];
    size_t type_count = 0;

    (void)name_to_text(&record->owner, owner);
    if (!name_is_within(&record->owner, &draft->zone.origin)) {
        return error_set(error, "%s: the name is outside the zone", owner);
    }
    if (!type_is_data(record->type)) {
        return error_set(error, "%s: type %u cannot stand in a zone", owner, record->type);
    }
    if (use == NAME_CLUSTER || use == NAME_TARGET) {
        return error_set(error, "%s: the name is taken by a cluster or its member", owner);
    }
    if (found == NAME_ABSENT) {
        return true;
    }
    if (!cname_fits(draft->drafts[found].rrsets, record)) {
        return error_set(error, "%s: a CNAME cannot stand beside other records", owner);
    }
    for (const struct rrset_draft *rrset = draft->drafts[found].rrsets; rrset != NULL;
         rrset = rrset->next) {
        type_count += rrset->type != record->type;
    }
    if (type_count >= MAX_TYPES_AT_NAME) {
        return error_set(error, "%s: more than %d record types", owner, MAX_TYPES_AT_NAME);
    }
    return true;
}

static struct rrset_draft *rrset_make(struct rrset_draft **link, const struct record *record,
                                      struct arena *scratch)
{
    struct rrset_draft *rrset = NULL;

    while (*link != NULL && (*link)->type < record->type) {
        link = &(*link)->next;
    }
    if (*link == NULL || (*link)->type != record->type) {
        rrset = arena_alloc(scratch, sizeof(*rrset));
        rrset->next = *link;
        rrset->ttl_seconds = record->ttl_seconds;
        rrset->type = record->type;
        *link = rrset;
    }
    return *link;
}

bool record_draft_add(struct zone_draft *draft, struct encoder *encoder, struct arena *scratch,
                      const struct record *record, struct error *error)
{
    struct name_draft *use = NULL;
    struct rrset_draft *rrset = NULL;
    struct rdata_draft **link = NULL;
    struct rdata_draft *added = NULL;
    size_t index = 0;

    if (!record_fits(draft, record, error)) {
        return false;
    }
    index = zone_draft_make(draft, &record->owner, encoder); /* may move the drafts */
    use = &draft->drafts[index];
    use->use = NAME_RECORDS;
    rrset = rrset_make(&use->rrsets, record, scratch);
    if (record->ttl_seconds < rrset->ttl_seconds) {
        rrset->ttl_seconds = record->ttl_seconds;
    }
    link = &rrset->records;
    while (*link != NULL && rdata_compare(*link, record) < 0) {
        link = &(*link)->next;
    }
    if (*link == NULL || rdata_compare(*link, record) != 0) {
        added = arena_alloc(scratch, sizeof(*added));
        added->next = *link;
        added->octets = arena_copy(scratch, record->rdata, record->rdata_length);
        added->length = record->rdata_length;
        *link = added;
    }
    return true;
}

/* Where in the RDATA a name stands whose addresses are useful to whoever asked. */
static int target_offset(uint16_t type)
{
    switch (type) {
    case RECORD_NS:
        return NS_TARGET_OFFSET;
    case RECORD_SRV:
        return SRV_TARGET_OFFSET;
    default:
        return NO_TARGET;
    }
}

static bool target_is_repeated(const struct rrset_draft *rrset, const struct rdata_draft *record,
                               int offset)
{
    for (const struct rdata_draft *other = rrset->records; other != record; other = other->next) {
        if (other->length == record->length &&
            memcmp(other->octets + offset, record->octets + offset,
                   (size_t)(record->length - offset)) == 0) {
            return true;
        }
    }
    return false;
}

/* The answer for a type, or NULL. */
static const struct answer *answers_of_type(const struct name_answers *answers, uint16_t type)
{
    for (size_t i = 0; i < answers->rrset_count; i++) {
        if (answers->rrsets[i].type == type) {
            return &answers->rrsets[i].answer;
        }
    }
    return NULL;
}

/* The addresses of one family that the zone has for the target of a record. */
static void glue_add(const struct zone_draft *draft, struct encoder *encoder,
                     const struct rdata_draft *record, int offset, uint16_t type)
{
    struct encoder_record glue = {.type = type};
    struct name_answers answers;
    const struct answer *addresses = NULL;
    struct name target;
    uint8_t pointer[POINTER_LENGTH];

    if (name_from_wire(&target, record->octets + offset, (size_t)(record->length - offset)) == 0) {
        return;
    }
    if (zone_draft_answers(draft, &target, &answers)) {
        addresses = answers_of_type(&answers, type);
    }
    glue.owner = target.octets;
    glue.owner_length = target.length;
    if (encoder_pointer(pointer, record->message_offset + (size_t)offset)) {
        glue.owner = pointer;
        glue.owner_length = POINTER_LENGTH;
    }
    for (size_t i = 0; addresses != NULL && i < addresses->answer_count; i++) {
        alias_read_record(addresses, i, &glue);
        (void)encoder_add(encoder, SECTION_ADDITIONAL, &glue);
    }
}

static void rrset_encode(const struct zone_draft *draft, struct encoder *encoder,
                         const struct node *node, struct rrset *rrset,
                         const struct rrset_draft *source)
{
    static const uint16_t families[] = {RECORD_A, RECORD_AAAA};
    int offset = target_offset(source->type);
    struct encoder_record record = {
        .owner = OWNER_OF_QUESTION,
        .owner_length = POINTER_LENGTH,
        .type = source->type,
        .ttl_seconds = source->ttl_seconds,
    };

    encoder_begin(encoder, node->name_length);
    for (struct rdata_draft *rdata = source->records; rdata != NULL; rdata = rdata->next) {
        record.rdata = rdata->octets;
        record.rdata_length = rdata->length;
        rdata->message_offset = encoder_add(encoder, SECTION_ANSWER, &record);
    }
    for (size_t family = 0; offset != NO_TARGET && family < 2; family++) {
        for (const struct rdata_draft *rdata = source->records; rdata != NULL && !encoder->is_full;
             rdata = rdata->next) {
            if (!target_is_repeated(source, rdata, offset)) {
                glue_add(draft, encoder, rdata, offset, families[family]);
            }
        }
    }
    rrset->type = source->type;
    rrset->left_out_hash = encoder->left_out_hash;
    rrset->answer = encoder_finish(encoder);
}

static void rrsets_make(struct node *node, const struct rrset_draft *rrsets,
                        struct encoder *encoder)
{
    size_t count = 0;

    for (const struct rrset_draft *rrset = rrsets; rrset != NULL; rrset = rrset->next) {
        count++;
    }
    node->rrsets = arena_array(encoder->arena, count, sizeof(*node->rrsets));
    node->rrset_count = (uint8_t)count;
}

/* Encode the RRsets of a name that do, or do not, want glue. */
static void name_encode(struct zone_draft *draft, struct encoder *encoder, size_t index,
                        bool wants_glue)
{
    struct node *node = &draft->names.nodes[index];
    size_t position = 0;

    for (const struct rrset_draft *rrset = draft->drafts[index].rrsets; rrset != NULL;
         rrset = rrset->next) {
        if ((target_offset(rrset->type) != NO_TARGET) == wants_glue) {
            rrset_encode(draft, encoder, node, &node->rrsets[position], rrset);
        }
        position++;
    }
}

void record_drafts_encode(struct zone_draft *draft, struct encoder *encoder)
{
    size_t count = draft->names.node_count;

    for (size_t i = 0; i < count; i++) {
        if (draft->drafts[i].rrsets != NULL) {
            rrsets_make(&draft->names.nodes[i], draft->drafts[i].rrsets, encoder);
            name_encode(draft, encoder, i, false);
        }
    }
    for (size_t i = 0; i < count; i++) {
        name_encode(draft, encoder, i, true);
    }
    for (size_t i = 0; i < count; i++) {
        if (draft->drafts[i].use == NAME_RECORDS) {
            alias_encode(draft, encoder, &draft->names.nodes[i]);
        }
    }
}
