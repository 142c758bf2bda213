/* SPDX-License-Identifier: MIT */

/*
 * zones/answer.h - one answer, encoded once and sent many times.
 *
 * An answer is a run of records in wire form: everything that follows the question, without OPT.
 * The answer section comes first, then authority, then additional, and where every
 * sixteenth record starts is known, so that fitting an answer into any size means cutting its tail:
 * glue goes first, whole SRV records after it, and only then is the answer truncated (RFC 2181
 * section 9: missing glue is no reason for TC). Before anything is cut, the answer's compact form
 * takes its place, if it has one: the same records in the same order, with compressed SRV targets.
 *
 * Compression pointers are offsets from the start of the message. For an exact match the
 * question's length is that of the owner name, so they are fixed when the answer is encoded:
 * owner names of the answer section are 0xC00C (the question), owners of glue point at the target
 * inside the SRV record. Negative answers are shared by questions of every length, therefore
 * they hold no pointer at all.
 */

#ifndef ZONES_ANSWER_H
#define ZONES_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MESSAGE_MAX_LENGTH = 65535, /* the TCP length field, RFC 1035 section 4.2.2 */
    HEADER_LENGTH = 12,
    OPT_RESERVE = 64, /* octets that every encoded answer leaves for OPT and its options */
    /* One start is kept for so many records, the others are found by walking: two octets for each
     * record would be a tenth of a table, and only an answer that must be cut needs them. */
    ANSWER_STRIDE = 16,
};

/*
 * Says whose SRV records an answer holds and since when they are what they are: what tells that a
 * load balancer has the newest ones.
 */
struct cluster_mark {
    uint64_t generation;  /* number of the snapshot in which the answer last changed, from 1 */
    uint32_t cluster_key; /* snapshot_cluster_key() of the owner name, never 0 */
};

struct answer {
    const uint8_t *octets;
    const uint16_t *starts; /* offsets of the records number 16, 32, …; NULL when there is none */
    const struct cluster_mark *mark; /* of a cluster's SRV answer; NULL for all else */
    const struct answer *compact;    /* the compact form; NULL: there is none */
    uint16_t length;                 /* of all records, in octets */
    uint16_t answer_count;
    uint16_t authority_count;
    uint16_t additional_count;
    bool is_partial; /* records of answer or authority were left out at encoding: larger than any
                        message can be */
    bool is_whole;   /* nothing was left out at all */
};

/* The part of an answer that fits: a prefix of its octets, and the header's counts for it. */
struct answer_cut {
    uint16_t length;
    uint16_t answer_count;
    uint16_t authority_count;
    uint16_t additional_count;
    bool is_truncated; /* the header's TC: a record of answer or authority is missing */
};

/* The form of the answer that is to be cut to `room` octets: itself when it is whole there. */
const struct answer *answer_form(const struct answer *answer, size_t room);

/* How many records the answer has in all sections. */
static inline size_t answer_record_count(const struct answer *answer)
{
    return (size_t)answer->answer_count + answer->authority_count + answer->additional_count;
}

/* The offset in `octets` just after the record number `index`, which must exist. */
size_t answer_end(const struct answer *answer, size_t index);

/* The number of the record that starts at `offset`. */
size_t answer_record_at(const struct answer *answer, size_t offset);

/* Whether two answers have the same records in the same sections, to the octet. */
bool answer_equals(const struct answer *left, const struct answer *right);

/*
 * The largest prefix of whole records that fits into `room` octets. Does not allocate and cannot
 * fail; O(log records). Any thread.
 */
struct answer_cut answer_fit(const struct answer *answer, size_t room);

#endif
