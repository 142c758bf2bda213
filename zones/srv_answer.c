/* SPDX-License-Identifier: MIT */

/*
 * zones/srv_answer.c - encodes what is asked for all day.
 */

#include "zones/srv_answer.h"

#include <string.h>

#include "zones/member_record.h"
#include "zones/record.h"
#include "zones/wire.h"

enum {
    SRV_PRIORITY = 0, /* the article's; HAProxy never reads it */
    SRV_FIXED_LENGTH = 6,
    EVERY_CLIENT_SIZE = 512, /* that can be had without EDNS, RFC 1035 section 4.2.1 */
};

/* One form of the answer in the making. */
struct form {
    const struct zone_draft *draft;
    struct encoder *encoder;
    struct placement *placements;
    size_t count;
    bool is_compact;
    size_t origin_offset; /* message offset of the zone's name in the first target that ends with
                             it; 0: none yet, or beyond pointers */
};

static const struct node *form_target(const struct form *form, size_t index)
{
    return &form->draft->names.nodes[form->placements[index].target];
}

/* Whether the name is one label below the origin, as all targets but the literal ones are. */
static bool target_is_in_zone(const struct form *form, const struct node *target)
{
    const struct name *origin = &form->draft->zone.origin;
    size_t label_length = 1 + (size_t)target->name[0];

    return target->name_length == label_length + origin->length &&
           memcmp(target->name + label_length, origin->octets, origin->length) == 0;
}

/*
 * Write a name as its first label and a pointer to the zone's name, where there is one to point
 * to, else in full. (The question ends with the zone's name too, but in whatever case the client
 * typed it.) Returns the length.
 */
static size_t target_write(const struct form *form, const struct node *target,
                           uint8_t name[NAME_MAX_LENGTH])
{
    size_t label_length = 1 + (size_t)target->name[0];

    if (form->origin_offset == 0 || !target_is_in_zone(form, target)) {
        memcpy(name, target->name, target->name_length);
        return target->name_length;
    }
    memcpy(name, target->name, label_length);
    (void)encoder_pointer(name + label_length, form->origin_offset);
    return label_length + POINTER_LENGTH;
}

/* A target is in the message from here on: glue may point to it, and others to its zone. */
static void target_note(struct form *form, size_t index, size_t offset)
{
    struct placement *placement = &form->placements[index];
    const struct node *target = form_target(form, index);

    placement->target_offset = 0;
    if (offset == 0 || offset + SRV_FIXED_LENGTH >= POINTER_OFFSET_LIMIT) {
        return;
    }
    placement->target_offset = (uint16_t)(offset + SRV_FIXED_LENGTH);
    if (form->origin_offset == 0 && target_is_in_zone(form, target)) {
        form->origin_offset = placement->target_offset + 1 + (size_t)target->name[0];
    }
}

static void srv_records_add(struct form *form)
{
    struct encoder_record record = member_record(&form->draft->zone, RECORD_SRV);

    for (size_t i = 0; i < form->count; i++) {
        const struct node *target = form_target(form, i);
        uint8_t rdata[SRV_FIXED_LENGTH + NAME_MAX_LENGTH];
        struct wire_writer writer;

        wire_writer_init(&writer, rdata, sizeof(rdata));
        wire_write_u16(&writer, SRV_PRIORITY);
        wire_write_u16(&writer, form->placements[i].member->weight);
        wire_write_u16(&writer, form->placements[i].member->port);
        if (form->is_compact) {
            uint8_t name[NAME_MAX_LENGTH];

            wire_write(&writer, name, target_write(form, target, name));
        } else {
            wire_write(&writer, target->name, target->name_length);
        }
        record.rdata = rdata;
        record.rdata_length = (uint16_t)writer.position;
        target_note(form, i, encoder_add(form->encoder, SECTION_ANSWER, &record));
    }
}

/* One address record per target that stands in the answer, of one family. */
static void glue_add(const struct form *form, uint16_t type)
{
    for (size_t i = 0; i < form->count && !form->encoder->is_full; i++) {
        const struct placement *placement = &form->placements[i];
        const struct address *address = &placement->member->address;
        struct encoder_record record;
        uint8_t owner[NAME_MAX_LENGTH];

        if (!placement->is_first_of_target || member_address_type(address) != type) {
            continue;
        }
        record = member_address_record(&form->draft->zone, address);
        record.owner = owner;
        if (placement->target_offset != 0) {
            (void)encoder_pointer(owner, placement->target_offset);
            record.owner_length = POINTER_LENGTH;
        } else {
            record.owner_length = (uint16_t)target_write(form, form_target(form, i), owner);
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
    return encoder_finish(form->encoder);
}

void srv_answer_encode(struct rrset *rrset, const struct zone_draft *draft, struct encoder *encoder,
                       size_t name_length, struct placement *placements, size_t count)
{
    enum compress_targets compress = draft->zone.compress_targets;
    struct form form = {.draft = draft,
                        .encoder = encoder,
                        .placements = placements,
                        .count = count,
                        .is_compact = compress == COMPRESS_ALWAYS};
    struct answer compact;

    *rrset = (struct rrset){.type = RECORD_SRV, .answer = form_encode(&form, name_length)};
    rrset->left_out_hash = encoder->left_out_hash;
    if (compress != COMPRESS_WHEN_NEEDED || form.origin_offset == 0 ||
        (rrset->answer.is_whole &&
         encoder->question_end + encoder->length + OPT_RESERVE <= EVERY_CLIENT_SIZE)) {
        return;
    }
    form.is_compact = true;
    compact = form_encode(&form, name_length);
    rrset->answer.compact = arena_copy(encoder->arena, &compact, sizeof(compact));
}
