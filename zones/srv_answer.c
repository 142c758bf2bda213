/* SPDX-License-Identifier: MIT */

/*
 * zones/srv_answer.c - encodes what is asked for all day.
 */

#include "zones/srv_answer.h"

#include <string.h>

#include "zones/member_record.h"
#include "zones/record.h"
#include "zones/target_name.h"
#include "zones/wire.h"

enum {
    EVERY_CLIENT_SIZE = 512, /* that can be had without EDNS, RFC 1035 section 4.2.1 */
};

/* One form of the answer in the making. */
struct form {
    const struct zone *zone;
    struct encoder *encoder;
    struct placement *placements;
    size_t count;
    bool is_compact;
    size_t origin_offset; /* message offset of the zone's name in the first target that ends with
                             it; 0: none yet, or beyond pointers */
};

/* Whether the name is one label below the origin, as all targets but the literal ones are. */
static bool target_is_in_zone(const struct form *form, const uint8_t *name)
{
    const struct name *origin = &form->zone->origin;
    size_t label_length = 1 + (size_t)name[0];

    return target_length(name) == label_length + origin->length &&
           memcmp(name + label_length, origin->octets, origin->length) == 0;
}

/*
 * Write a name as its first label and a pointer to the zone's name, where there is one to point
 * to, else in full. (The question ends with the zone's name too, but in whatever case the client
 * typed it.) Returns the length.
 */
static size_t target_write(const struct form *form, const uint8_t *name,
                           uint8_t out[NAME_MAX_LENGTH])
{
    size_t label_length = 1 + (size_t)name[0];

    if (form->origin_offset == 0 || !target_is_in_zone(form, name)) {
        memcpy(out, name, target_length(name));
        return target_length(name);
    }
    memcpy(out, name, label_length);
    (void)encoder_pointer(out + label_length, form->origin_offset);
    return label_length + POINTER_LENGTH;
}

/* A target is in the message from here on: glue may point to it, and others to its zone. */
static void target_note(struct form *form, struct placement *placement, size_t offset)
{
    placement->target_offset = 0;
    if (offset == 0 || offset + SRV_FIXED_LENGTH >= POINTER_OFFSET_LIMIT) {
        return;
    }
    placement->target_offset = (uint16_t)(offset + SRV_FIXED_LENGTH);
    if (form->origin_offset == 0 && target_is_in_zone(form, placement->name)) {
        form->origin_offset = placement->target_offset + 1 + (size_t)placement->name[0];
    }
}

static void srv_records_add(struct form *form)
{
    struct encoder_record record = member_record(form->zone, RECORD_SRV);

    for (size_t i = 0; i < form->count; i++) {
        struct placement *placement = &form->placements[i];
        const uint8_t *whole = placement->name - SRV_FIXED_LENGTH;
        uint8_t rdata[SRV_FIXED_LENGTH + NAME_MAX_LENGTH];

        if (form->is_compact) {
            memcpy(rdata, whole, SRV_FIXED_LENGTH);
            record.rdata = rdata;
            record.rdata_length =
                (uint16_t)(SRV_FIXED_LENGTH +
                           target_write(form, placement->name, rdata + SRV_FIXED_LENGTH));
        } else {
            record.rdata = whole;
            record.rdata_length = (uint16_t)(SRV_FIXED_LENGTH + target_length(placement->name));
        }
        target_note(form, placement, encoder_add(form->encoder, SECTION_ANSWER, &record));
    }
}

/* One address record per target that stands in the answer, of one family. */
static void glue_add(const struct form *form, uint16_t type)
{
    struct encoder_record record = member_record(form->zone, type);
    uint8_t owner[NAME_MAX_LENGTH];

    record.owner = owner;
    for (size_t i = 0; i < form->count && !form->encoder->is_full; i++) {
        const struct placement *placement = &form->placements[i];
        const struct address *address = &placement->member->address;

        if (!placement->is_first_of_target || member_address_type(address) != type) {
            continue;
        }
        record.rdata = address->octets;
        record.rdata_length = address->length;
        if (placement->target_offset != 0) {
            (void)encoder_pointer(owner, placement->target_offset);
            record.owner_length = POINTER_LENGTH;
        } else {
            record.owner_length = (uint16_t)target_write(form, placement->name, owner);
        }
        (void)encoder_add(form->encoder, SECTION_ADDITIONAL, &record);
    }
}

static struct answer form_encode(struct form *form, size_t name_length)
{
    form->origin_offset = 0;
    encoder_begin(form->encoder, name_length);
    srv_records_add(form);
    glue_add(form, RECORD_A);
    glue_add(form, RECORD_AAAA);
    return encoder_view(form->encoder);
}

struct rrset srv_answer_encode(const struct zone *zone, struct cluster_workspace *workspace,
                               size_t name_length, size_t count, struct answer *compact)
{
    struct encoder *whole = &workspace->encoders.whole;
    struct form form = {.zone = zone,
                        .encoder = whole,
                        .placements = workspace->placements,
                        .count = count,
                        .is_compact = zone->compress_targets == COMPRESS_ALWAYS};
    struct rrset rrset = {.type = RECORD_SRV, .answer = form_encode(&form, name_length)};

    rrset.left_out_hash = whole->left_out_hash;
    if (zone->compress_targets != COMPRESS_WHEN_NEEDED || form.origin_offset == 0 ||
        (rrset.answer.is_whole &&
         whole->question_end + whole->length + OPT_RESERVE <= EVERY_CLIENT_SIZE)) {
        return rrset;
    }
    form.encoder = &workspace->encoders.compact;
    form.is_compact = true;
    *compact = form_encode(&form, name_length);
    rrset.answer.compact = compact;
    return rrset;
}
