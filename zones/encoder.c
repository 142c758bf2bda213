/* SPDX-License-Identifier: MIT */

/*
 * zones/encoder.c - writing records into a message-sized scratch buffer, then keeping the result
 * as tightly as it goes: most answers are a few dozen octets long, and there are two per member.
 */

#include "zones/encoder.h"

#include <string.h>

#include "zones/name.h"
#include "zones/record.h"
#include "zones/wire.h"

enum {
    SLAB_SIZE = 16384,       /* what a snapshot wastes at most, at its end */
    SLAB_MAX_PIECE = 2048,   /* larger pieces get memory of their own */
    LEFT_OUT_MULTIPLIER = 31 /* makes the hash depend on the order of the records */
};

const uint8_t OWNER_OF_QUESTION[POINTER_LENGTH] = {0xc0, HEADER_LENGTH};

void encoder_init(struct encoder *encoder, struct arena *arena)
{
    encoder->arena = arena;
    encoder->slab = NULL;
    encoder->slab_left = 0;
    encoder_begin(encoder, 1);
}

void encoder_begin(struct encoder *encoder, size_t name_length)
{
    encoder->question_end = HEADER_LENGTH + name_length + QUESTION_FIXED_LENGTH;
    encoder->room = MESSAGE_MAX_LENGTH - OPT_RESERVE - encoder->question_end;
    encoder->length = 0;
    memset(encoder->counts, 0, sizeof(encoder->counts));
    encoder->record_count = 0;
    encoder->is_full = false;
    encoder->left_out_hash = 0;
}

static void leave_out(struct encoder *encoder, enum message_section section,
                      const struct encoder_record *record)
{
    encoder->is_full = true;
    if (section != SECTION_ADDITIONAL) {
        uint32_t hash = encoder->left_out_hash * LEFT_OUT_MULTIPLIER +
                        name_hash(record->rdata, record->rdata_length);

        encoder->left_out_hash = hash == 0 ? 1 : hash;
    }
}

size_t encoder_add(struct encoder *encoder, enum message_section section,
                   const struct encoder_record *record)
{
    size_t head_length = (size_t)record->owner_length + RECORD_FIXED_LENGTH;
    struct wire_writer writer;

    if (encoder->is_full || head_length + record->rdata_length > encoder->room - encoder->length) {
        leave_out(encoder, section, record);
        return 0;
    }
    wire_writer_init(&writer, encoder->octets + encoder->length, encoder->room - encoder->length);
    wire_write(&writer, record->owner, record->owner_length);
    wire_write_u16(&writer, record->type);
    wire_write_u16(&writer, RECORD_CLASS_IN);
    wire_write_u32(&writer, record->ttl_seconds);
    wire_write_u16(&writer, record->rdata_length);
    wire_write(&writer, record->rdata, record->rdata_length);
    encoder->length += writer.position;
    encoder->ends[encoder->record_count++] = (uint16_t)encoder->length;
    encoder->counts[section]++;
    return encoder->question_end + encoder->length - record->rdata_length;
}

/* Room for `size` octets, at an even address so that `ends` may stand in front. */
static uint8_t *slab_take(struct encoder *encoder, size_t size)
{
    size_t even_size = size + (size & 1);
    uint8_t *piece = NULL;

    if (even_size > SLAB_MAX_PIECE) {
        return arena_alloc(encoder->arena, even_size);
    }
    if (even_size > encoder->slab_left) {
        encoder->slab = arena_alloc(encoder->arena, SLAB_SIZE);
        encoder->slab_left = SLAB_SIZE;
    }
    piece = encoder->slab;
    encoder->slab += even_size;
    encoder->slab_left -= even_size;
    return piece;
}

struct answer encoder_finish(struct encoder *encoder)
{
    size_t ends_size = encoder->record_count * sizeof(encoder->ends[0]);
    uint8_t *kept = slab_take(encoder, ends_size + encoder->length);

    memcpy(kept, encoder->ends, ends_size);
    memcpy(kept + ends_size, encoder->octets, encoder->length);
    return (struct answer){
        .octets = kept + ends_size,
        .ends = (const uint16_t *)(const void *)kept,
        .answer_count = encoder->counts[SECTION_ANSWER],
        .authority_count = encoder->counts[SECTION_AUTHORITY],
        .additional_count = encoder->counts[SECTION_ADDITIONAL],
        .is_partial = encoder->left_out_hash != 0,
        .is_whole = !encoder->is_full,
    };
}

bool encoder_pointer(uint8_t pointer[POINTER_LENGTH], size_t message_offset)
{
    if (message_offset >= POINTER_OFFSET_LIMIT) {
        return false;
    }
    pointer[0] = (uint8_t)(0xc0 | (message_offset >> 8));
    pointer[1] = (uint8_t)message_offset;
    return true;
}

const uint8_t *encoder_keep(struct encoder *encoder, const uint8_t *octets, size_t length)
{
    uint8_t *kept = slab_take(encoder, length);

    memcpy(kept, octets, length);
    return kept;
}
