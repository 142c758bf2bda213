/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/stage.h - what is served while requests are made up: clusters of one, of 40 and of 120
 * members, records of a zone file, and a zone of which nothing is known yet.
 */

#ifndef TESTS_FUZZ_STAGE_H
#define TESTS_FUZZ_STAGE_H

#include <stdio.h>

#include "server/respond.h"
#include "tests/fuzz/expect.h"
#include "zones/builder.h"

enum {
    STAGE_MEMBERS_MAX = 120,
    STAGE_ID_SIZE = 8,
    STAGE_UDP_SIZE = 4096,
    STAGE_NOW_S = 1800000000
};

static const char stage_records[] = "note TXT \"hello\" \"world\"\n"
                                    "here CNAME web\n"
                                    "far CNAME www.example.org.\n"
                                    "a.b.c.d AAAA fd00::1\n"
                                    "old TYPE65280 \\# 3 abcdef\n";

/* An allowed client, and one that nobody knows. */
static inline struct address stage_friend(void)
{
    return (struct address){
        ADDRESS_V4_LENGTH, {127, 0, 0, 1}
    };
}

static inline struct address stage_stranger(void)
{
    return (struct address){
        ADDRESS_V4_LENGTH, {203, 0, 113, 9}
    };
}

static inline void stage_add_cluster(struct builder *builder, const char *name, uint8_t family,
                                     size_t count)
{
    static char ids[STAGE_MEMBERS_MAX][STAGE_ID_SIZE];
    static struct member members[STAGE_MEMBERS_MAX];

    for (size_t i = 0; i < count; i++) {
        (void)snprintf(ids[i], sizeof(ids[i]), "i-%03x", (unsigned)(i & 0xfff));
        members[i] = (struct member){
            .id = ids[i], .az = "eu-west-1a", .hold = "none", .port = 443, .weight = 1};
        members[i].address.length = family;
        members[i].address.octets[0] = family == ADDRESS_V4_LENGTH ? 10 : 0xfd;
        members[i].address.octets[family - 2] = (uint8_t)(i >> 8);
        members[i].address.octets[family - 1] = (uint8_t)i;
    }
    expect(builder_add_cluster(
               builder, &(struct cluster){.name = name, .members = members, .member_count = count},
               NULL),
           "a cluster of the stage is taken");
}

static inline void stage_add_records(struct builder *builder, const struct name *origin)
{
    struct arena arena;
    struct record_list list = {.count = 0};
    FILE *file = fmemopen((void *)(uintptr_t)stage_records, sizeof(stage_records) - 1, "r");

    expect(file != NULL, "the records of the stage can be read");
    arena_init(&arena);
    expect(record_list_read(&list, file, origin, 60, &arena, NULL) &&
               builder_add_records(builder, &list, NULL),
           "the records of the stage are taken");
    (void)fclose(file);
    arena_free(&arena);
}

/* One snapshot for the whole run. */
static inline struct snapshot *stage_snapshot(void)
{
    static struct prefix everybody;
    struct name nameserver;
    struct zone zone = {
        .ttl_seconds = 10,
        .negative_ttl_seconds = 2,
        .nameservers = &nameserver,
        .nameserver_count = 1,
        .cluster_name = "_{group}._tcp",
        .udp_size_octets = STAGE_UDP_SIZE,
        .allow_query = &everybody,
        .allow_query_count = 1,
    };
    struct builder *builder = builder_new(NULL);

    (void)prefix_parse(&everybody, "127.0.0.0/8", NULL);
    (void)name_from_text(&nameserver, "ns1.sd.example.com", NULL);
    (void)name_from_text(&zone.origin, "loading.example", NULL);
    expect(builder_add_zone(builder, &zone, ZONE_LOADING, NULL), "a zone is taken");
    (void)name_from_text(&zone.origin, "sd.example.com", NULL);
    expect(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL), "a zone is taken");
    stage_add_cluster(builder, "web", ADDRESS_V4_LENGTH, 40);
    stage_add_cluster(builder, "one", ADDRESS_V4_LENGTH, 1);
    stage_add_cluster(builder, "six", ADDRESS_V6_LENGTH, STAGE_MEMBERS_MAX);
    stage_add_records(builder, &zone.origin);
    return builder_finish(builder, STAGE_NOW_S);
}

/* Cookies, a name and a time for idle connections: all that can be asked for is there. */
static const struct respond_rules stage_rules = {
    .has_cookies = true,
    .cookies = {.current = {1, 2, 3}, .previous = {4, 5, 6}},
    .nsid = { 's', 't', 'a', 'g', 'e'},
    .nsid_length = 5,
    .keepalive = 100,
};

/* A response in one piece. */
struct flat {
    size_t length; /* 0: there is none */
    uint16_t rcode;
    uint8_t octets[MESSAGE_MAX_LENGTH];
};

static inline void stage_flatten(struct flat *flat, const struct response *response)
{
    flat->length = 0;
    flat->rcode = response->rcode;
    for (size_t i = 0; i < response->part_count; i++) {
        expect(flat->length + response->parts[i].iov_len <= sizeof(flat->octets),
               "a response has at most 65,535 octets");
        memcpy(flat->octets + flat->length, response->parts[i].iov_base,
               response->parts[i].iov_len);
        flat->length += response->parts[i].iov_len;
    }
    expect(response->part_count == 0 || flat->length == response->length,
           "a response is as long as it says");
}

/* Answer one request, on memory that holds nothing of what came before. */
static inline void stage_respond(struct response *response, const struct snapshot *snapshot,
                                 const uint8_t *request, size_t length, enum transport transport,
                                 const struct address *client)
{
    const struct respond_basis basis = {
        .snapshot = snapshot, .rules = &stage_rules, .now_s = STAGE_NOW_S};

    memset(response, 0xa5, sizeof(*response));
    respond(response, &basis, request, length, transport, client);
}

#endif
