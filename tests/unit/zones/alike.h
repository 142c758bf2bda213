/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/alike.h - whether two snapshots give the same octets for every name that one of
 * them has, and for some that neither has.
 */

#ifndef TESTS_UNIT_ZONES_ALIKE_H
#define TESTS_UNIT_ZONES_ALIKE_H

#include "fixture.h"
#include "zones/target_name.h"

enum { SERIAL_FROM_END = 20 /* of an SOA record: five numbers of four octets */ };

/* Answers but for the serial that one with an SOA record has; all octets in other answers. */
static inline bool alike_answers(const struct answer *left, const struct answer *right,
                                 bool has_soa)
{
    size_t kept = 0;

    if (!has_soa || left == NULL || right == NULL) {
        return left == right ||
               (left != NULL && right != NULL && answer_equals(left, right) &&
                (left->compact == NULL) == (right->compact == NULL) &&
                (left->compact == NULL || answer_equals(left->compact, right->compact)));
    }
    kept = (size_t)left->length - SERIAL_FROM_END;
    return left->length == right->length && memcmp(left->octets, right->octets, kept) == 0 &&
           memcmp(left->octets + kept + 4, right->octets + kept + 4, SERIAL_FROM_END - 4) == 0;
}

/* Settings that no answer shows do not count. */
static inline bool alike_zones(const struct zone *left, const struct zone *right)
{
    return left == right ||
           (left != NULL && right != NULL && name_equals(&left->origin, &right->origin));
}

static inline bool alike_lookups(const struct snapshot *left, const struct snapshot *right,
                                 const struct name *name, uint16_t type)
{
    struct lookup one = fixture_look_up(left, name, type);
    struct lookup other = fixture_look_up(right, name, type);

    return one.result == other.result && alike_zones(one.zone, other.zone) &&
           alike_answers(one.answer, other.answer,
                         one.result != LOOKUP_ANSWER || type == RECORD_SOA);
}

static inline bool alike_name(const struct snapshot *left, const struct snapshot *right,
                              const uint8_t *octets, size_t length)
{
    static const uint16_t types[] = {RECORD_A,   RECORD_AAAA, RECORD_TXT, RECORD_SRV,
                                     RECORD_ANY, RECORD_SOA,  RECORD_NS,  RECORD_CNAME};
    struct name name = {.length = (uint8_t)length};
    struct name absent;

    memcpy(name.octets, octets, length);
    absent = name;
    if (name_prepend(&absent, "absent", 6) && !alike_lookups(left, right, &absent, RECORD_A)) {
        return false;
    }
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (!alike_lookups(left, right, &name, types[i])) {
            return false;
        }
    }
    return true;
}

/* Every name of `left` gives the same in both. */
static inline bool alike_names(const struct snapshot *left, const struct snapshot *right)
{
    const struct table *table = &left->table;

    for (size_t i = 0; i < table->node_count; i++) {
        if (table->nodes[i].name_length > 0 &&
            !alike_name(left, right, table->nodes[i].name, table->nodes[i].name_length)) {
            return false;
        }
    }
    for (size_t i = 0; i < table->slot_count; i++) {
        size_t cluster = 0;
        size_t offset = 0;

        if (slot_target(table->slots[i], &cluster, &offset)) {
            const uint8_t *name = table->bases[cluster] + offset;

            if (!alike_name(left, right, name, target_length(name))) {
                return false;
            }
        }
    }
    return true;
}

static inline bool alike(const struct snapshot *left, const struct snapshot *right)
{
    return alike_names(left, right) && alike_names(right, left);
}

#endif
