/* SPDX-License-Identifier: MIT */

/*
 * zones/encoder.h - writes answers record by record and keeps them in a snapshot's arena.
 *
 *     encoder_begin() -> encoder_add() for each record, section by section -> encoder_finish()
 *
 * An answer is laid out as zones/answer.h says. The encoder knows the length of the question
 * that the answer follows, so it can turn positions into the message offsets that compression
 * pointers are made of (RFC 1035 section 4.1.4). The first record that does not fit closes the
 * answer: later ones are refused too, so that what was kept is always a prefix of what was
 * offered. One thread.
 */

#ifndef ZONES_ENCODER_H
#define ZONES_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/answer.h"
#include "zones/arena.h"

enum {
    POINTER_LENGTH = 2,
    POINTER_OFFSET_LIMIT = 0x4000, /* a pointer has 14 bits, RFC 1035 section 4.1.4 */
    QUESTION_FIXED_LENGTH = 4,     /* type and class behind the name */
    RECORD_FIXED_LENGTH = 10,      /* type, class, TTL and RDLENGTH */
    /* No owner is shorter than the root's one octet. */
    ENCODER_MAX_RECORDS = MESSAGE_MAX_LENGTH / (1 + RECORD_FIXED_LENGTH),
};

/* Sections in the order of the message. */
enum message_section { SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL, SECTION_COUNT };

/* The owner name of every record that answers the question itself: a pointer to offset 12. */
extern const uint8_t OWNER_OF_QUESTION[POINTER_LENGTH];

/* One record to be written; everything is borrowed for the call. */
struct encoder_record {
    const uint8_t *owner; /* wire form; may be, or end with, a compression pointer */
    uint16_t owner_length;
    uint16_t type;
    uint32_t ttl_seconds;
    const uint8_t *rdata;
    uint16_t rdata_length;
};

struct encoder {
    struct arena *arena; /* where finished answers go */
    uint8_t *slab;       /* free octets that small answers share, without padding */
    size_t slab_left;

    size_t question_end; /* message offset of the first record */
    size_t room;
    size_t length;
    uint16_t counts[SECTION_COUNT];
    size_t record_count;
    bool is_full;
    uint32_t left_out_hash; /* of the RDATA of answer records left out; 0: none is */
    uint8_t octets[MESSAGE_MAX_LENGTH];
    uint16_t starts[ENCODER_MAX_RECORDS / ANSWER_STRIDE];
};

/* Finished answers go to `arena`, which must outlive them; NULL: there will only be views. */
void encoder_init(struct encoder *encoder, struct arena *arena);

/* Begin the answer to a question whose name has `name_length` octets. */
void encoder_begin(struct encoder *encoder, size_t name_length);

/*
 * Add a record of class IN; sections must come in order. Returns the message offset of its
 * RDATA, or 0 when the record does not fit and was left out.
 */
size_t encoder_add(struct encoder *encoder, enum message_section section,
                   const struct encoder_record *record);

/* Copy what was added into the arena. */
struct answer encoder_finish(struct encoder *encoder);

/* What was added, where it is: valid until the next encoder_begin(). */
struct answer encoder_view(const struct encoder *encoder);

/* Write a pointer to `message_offset`; false when it is out of a pointer's reach. */
bool encoder_pointer(uint8_t pointer[POINTER_LENGTH], size_t message_offset);

/* Keep a copy of `length` octets beside the answers, without padding. */
const uint8_t *encoder_keep(struct encoder *encoder, const uint8_t *octets, size_t length);

#endif
