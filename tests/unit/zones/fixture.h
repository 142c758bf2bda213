/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/fixture.h - zones, clusters and messages for the tests of this room.
 */

#ifndef TESTS_UNIT_ZONES_FIXTURE_H
#define TESTS_UNIT_ZONES_FIXTURE_H

#include <ldns/ldns.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "zones/builder.h"
#include "zones/record.h"
#include "zones/snapshot.h"
#include "zones/snapshot_internal.h"

enum { FIXTURE_TEXT_SIZE = 64, FIXTURE_NOW = 1800000000 };

static inline struct name fixture_name(const char *text)
{
    struct name name;
    struct error error;

    if (!name_from_text(&name, text, &error)) {
        fail_msg("%s", error.text);
    }
    return name;
}

/* A zone with one nameserver, ns1.<origin>. `nameserver` must live as long as the zone. */
static inline struct zone fixture_zone(const char *origin, struct name *nameserver)
{
    *nameserver = fixture_name(origin);
    assert_true(name_prepend(nameserver, "ns1", 3));
    return (struct zone){
        .origin = fixture_name(origin),
        .ttl_seconds = 10,
        .negative_ttl_seconds = 2,
        .nameservers = nameserver,
        .nameserver_count = 1,
        .cluster_name = "_{group}._tcp",
        .target_names = TARGET_ADDRESS,
        .udp_size_octets = 8192,
    };
}

static inline struct member fixture_member(const char *id, const char *address, uint16_t weight)
{
    struct member member = {.id = id, .az = "eu-west-1a", .hold = "none", .port = 443};

    assert_true(address_parse(&member.address, address));
    member.weight = weight;
    return member;
}

/* A builder with the one complete zone sd.example.com, for the snapshot after `previous`. */
static inline struct builder *fixture_builder_after(const struct snapshot *previous,
                                                    enum target_names target_names)
{
    struct builder *builder = builder_new(previous);
    struct name nameserver;
    struct zone zone = fixture_zone("sd.example.com", &nameserver);

    zone.target_names = target_names;
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    return builder;
}

static inline struct builder *fixture_builder(enum target_names target_names)
{
    return fixture_builder_after(NULL, target_names);
}

static inline void fixture_add_cluster(struct builder *builder, const char *name,
                                       const struct member *members, size_t count)
{
    const struct cluster cluster = {.name = name, .members = members, .member_count = count};
    struct error error;

    if (!builder_add_cluster(builder, &cluster, &error)) {
        fail_msg("%s", error.text);
    }
}

/* Add records as a zone file has them; the result of builder_add_records(). */
static inline bool fixture_add_records(struct builder *builder, const char *origin,
                                       const char *text, struct error *error)
{
    struct arena arena;
    struct record_list list = {.count = 0};
    const struct name zone = fixture_name(origin);
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    bool is_read = false;
    bool is_added = false;

    assert_non_null(file);
    arena_init(&arena);
    is_read = record_list_read(&list, file, &zone, 60, &arena, error);
    (void)fclose(file);
    is_added = is_read && builder_add_records(builder, &list, error);
    arena_free(&arena);
    if (!is_read) {
        fail_msg("%s", error == NULL ? "records" : error->text);
    }
    return is_added;
}

static inline struct snapshot *fixture_finish(struct builder *builder)
{
    return builder_finish(builder, FIXTURE_NOW);
}

/* What is found is valid until the room is used again, 64 lookups later. */
static inline struct lookup fixture_look_up(const struct snapshot *snapshot,
                                            const struct name *name, uint16_t type)
{
    enum { ROOMS = 64 };
    static _Thread_local struct lookup_room rooms[ROOMS];
    static _Thread_local unsigned next;

    return snapshot_lookup(snapshot, name, type, &rooms[next++ % ROOMS]);
}

static inline struct lookup fixture_lookup(const struct snapshot *snapshot, const char *name,
                                           uint16_t type)
{
    const struct name wire = fixture_name(name);

    return fixture_look_up(snapshot, &wire, type);
}

/* The answer that must be there. */
static inline const struct answer *fixture_answer(const struct snapshot *snapshot, const char *name,
                                                  uint16_t type)
{
    struct lookup lookup = fixture_lookup(snapshot, name, type);

    if (lookup.result != LOOKUP_ANSWER) {
        fail_msg("%s type %u: result %d", name, type, lookup.result);
    }
    return lookup.answer;
}

/*
 * Header, question and as much of the answer as `size` octets take, as respond.c puts them
 * together, read back by ldns. The caller frees the packet.
 */
static inline ldns_pkt *fixture_packet(const struct answer *answer, const char *name, uint16_t type,
                                       size_t size)
{
    static uint8_t message[MESSAGE_MAX_LENGTH];
    const struct name question = fixture_name(name);
    size_t head = HEADER_LENGTH + (size_t)question.length + 4;
    const struct answer *form = answer_form(answer, size - head);
    struct answer_cut cut = answer_fit(form, size - head);
    ldns_pkt *packet = NULL;

    memset(message, 0, HEADER_LENGTH);
    message[2] = (uint8_t)(0x84 | (cut.is_truncated ? 2 : 0));
    message[5] = 1;
    ldns_write_uint16(message + 6, cut.answer_count);
    ldns_write_uint16(message + 8, cut.authority_count);
    ldns_write_uint16(message + 10, cut.additional_count);
    memcpy(message + HEADER_LENGTH, question.octets, question.length);
    ldns_write_uint16(message + head - 4, type);
    ldns_write_uint16(message + head - 2, RECORD_CLASS_IN);
    assert_true(head + cut.length <= size);
    memcpy(message + head, form->octets, cut.length);
    assert_int_equal(ldns_wire2pkt(&packet, message, head + cut.length), LDNS_STATUS_OK);
    return packet;
}

/* One record as text without its newline; tabs become spaces. */
static inline char *fixture_record_text(const ldns_rr *record)
{
    char *text = ldns_rr2str(record);

    for (char *octet = text; *octet != '\0'; octet++) {
        if (*octet == '\t') {
            *octet = ' ';
        } else if (*octet == '\n') {
            *octet = '\0';
            break;
        }
    }
    return text;
}

/* The answer's sections must read exactly like `expected`, one record a line, in this order. */
static inline void fixture_assert_records(const struct snapshot *snapshot, const char *name,
                                          uint16_t type, const char *expected)
{
    char text[8192] = "";
    struct lookup lookup = fixture_lookup(snapshot, name, type);
    ldns_pkt *packet = NULL;
    ldns_rr_list *sections[3] = {NULL};

    assert_non_null(lookup.answer);
    packet = fixture_packet(lookup.answer, name, type, MESSAGE_MAX_LENGTH);
    sections[0] = ldns_pkt_answer(packet);
    sections[1] = ldns_pkt_authority(packet);
    sections[2] = ldns_pkt_additional(packet);
    for (size_t section = 0; section < 3; section++) {
        for (size_t i = 0; i < ldns_rr_list_rr_count(sections[section]); i++) {
            char *line = fixture_record_text(ldns_rr_list_rr(sections[section], i));
            size_t length = strlen(text);

            (void)snprintf(text + length, sizeof(text) - length, "%s\n", line);
            free(line);
        }
    }
    ldns_pkt_free(packet);
    assert_string_equal(text, expected);
}

/* xorshift64*: the same sequence everywhere, from a seed that is not 0. */
static inline uint32_t fixture_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (uint32_t)((*state * UINT64_C(2685821657736338717)) >> 32);
}

#endif
