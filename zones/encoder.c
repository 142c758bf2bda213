/* SPDX-License-Identifier: MIT */

/*
 * zones/encoder.c - writing records into a message-sized scratch buffer, then keeping the result
 * as tightly as it goes: most answers of a zone file are a few dozen octets long.
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
    size_t length = (size_t)record->owner_length + RECORD_FIXED_LENGTH + record->rdata_length;
    uint8_t *out = encoder->octets + encoder->length;

    if (encoder->is_full || length > encoder->room - encoder->length) {
        leave_out(encoder, section, record);
        return 0;
    }
    if (record->owner_length == POINTER_LENGTH) {
        memcpy(out, record->owner, POINTER_LENGTH); /* most are, and this is one instruction */
    } else {
        memcpy(out, record->owner, record->owner_length);
    }
    out += record->owner_length;
    wire_store_u16(out, record->type);
    wire_store_u16(out + 2, RECORD_CLASS_IN);
    wire_store_u32(out + 4, record->ttl_seconds);
    wire_store_u16(out + 8, record->rdata_length);
    if (record->rdata_length > 0) {
        memcpy(out + RECORD_FIXED_LENGTH, record->rdata, record->rdata_length);
    }
    encoder->length += length;
    encoder->counts[section]++;
    if (++encoder->record_count % ANSWER_STRIDE == 0) {
        encoder->starts[encoder->record_count / ANSWER_STRIDE - 1] = (uint16_t)encoder->length;
    }
    return encoder->question_end + encoder->length - record->rdata_length;
}

/* Room for `size` octets, at an even address so that `starts` may stand in front. */
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

struct answer encoder_view(const struct encoder *encoder)
{
    return (struct answer){
        .octets = encoder->octets,
        .starts = encoder->starts,
        .length = (uint16_t)encoder->length,
        .answer_count = encoder->counts[SECTION_ANSWER],
        .authority_count = encoder->counts[SECTION_AUTHORITY],
        .additional_count = encoder->counts[SECTION_ADDITIONAL],
        .is_partial = encoder->left_out_hash != 0,
        .is_whole = !encoder->is_full,
    };
}

struct answer encoder_finish(struct encoder *encoder)
{
    size_t starts_size = encoder->record_count / ANSWER_STRIDE * sizeof(encoder->starts[0]);
    uint8_t *kept = slab_take(encoder, starts_size + encoder->length);
    struct answer answer = encoder_view(encoder);

    memcpy(kept, encoder->starts, starts_size);
    memcpy(kept + starts_size, encoder->octets, encoder->length);
    answer.octets = kept + starts_size;
    answer.starts = (const uint16_t *)(const void *)kept;
    return answer;
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
