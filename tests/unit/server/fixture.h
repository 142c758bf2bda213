/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/fixture.h - a small zone and requests for it, for the tests of the packet
 * path.
 *
 * The zone sd.example.com has one cluster "web" of members 10.0.1.1, 10.0.1.2, …; its SRV records
 * stand at _web._tcp.sd.example.com.
 */

#ifndef TESTS_UNIT_SERVER_FIXTURE_H
#define TESTS_UNIT_SERVER_FIXTURE_H

/* clang-format off */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
/* clang-format on */

#include "server/seen.h"
#include "zones/builder.h"
#include "zones/wire.h"

#define FIXTURE_CLUSTER "_web._tcp.sd.example.com"

enum {
    FIXTURE_MEMBERS_MAX = 2000,
    FIXTURE_REQUEST_MAX = 512,
    FIXTURE_UDP_SIZE = 8192,
    FIXTURE_PORT = 8443,
};

/*
 * A snapshot with `member_count` members whose weight is `weight`, that follows `previous`; one
 * reference.
 */
static inline struct snapshot *fixture_snapshot_after(const struct snapshot *previous,
                                                      size_t member_count, uint16_t weight,
                                                      enum zone_state state)
{
    static struct member members[FIXTURE_MEMBERS_MAX];
    static char ids[FIXTURE_MEMBERS_MAX][24];
    struct cluster cluster = {.name = "web", .members = members, .member_count = member_count};
    struct name nameserver;
    struct prefix allowed[2];
    struct zone zone = {.ttl_seconds = 10,
                        .negative_ttl_seconds = 2,
                        .nameservers = &nameserver,
                        .nameserver_count = 1,
                        .cluster_name = "_{group}._tcp",
                        .target_names = TARGET_ADDRESS,
                        .udp_size_octets = FIXTURE_UDP_SIZE,
                        .allow_query = allowed,
                        .allow_query_count = 2};
    struct builder *builder = builder_new(previous);

    assert_true(name_from_text(&zone.origin, "sd.example.com", NULL));
    assert_true(name_from_text(&nameserver, "ns1.sd.example.com", NULL));
    assert_true(prefix_parse(&allowed[0], "127.0.0.0/8", NULL));
    assert_true(prefix_parse(&allowed[1], "::1", NULL));
    for (size_t i = 0; i < member_count; i++) {
        (void)snprintf(ids[i], sizeof(ids[i]), "i-%08zx", i);
        members[i] = (struct member){
            .id = ids[i],
            .az = "az-a",
            .hold = "none",
            .address = {.length = ADDRESS_V4_LENGTH,
                        .octets = {10, 0, (uint8_t)(1 + i / 250), (uint8_t)(1 + i % 250)}},
            .port = FIXTURE_PORT,
            .weight = weight
        };
    }
    assert_true(builder_add_zone(builder, &zone, state, NULL));
    assert_true(builder_add_cluster(builder, &cluster, NULL));
    return builder_finish(builder, 1000);
}

/* The first snapshot. */
static inline struct snapshot *fixture_snapshot(size_t member_count, uint16_t weight,
                                                enum zone_state state)
{
    return fixture_snapshot_after(NULL, member_count, weight, state);
}

/*
 * Write a query with RD for (`name`, `type`) into `octets` of FIXTURE_REQUEST_MAX; `edns_size` 0
 * leaves OPT out. Keeps the letter case of `name`. Returns the length.
 */
static inline size_t fixture_query(uint8_t *octets, uint16_t id, const char *name, uint16_t type,
                                   uint16_t edns_size)
{
    struct wire_writer writer;
    const char *label = name;

    wire_writer_init(&writer, octets, FIXTURE_REQUEST_MAX);
    wire_write_u16(&writer, id);
    wire_write_u16(&writer, 0x0100);
    wire_write_u16(&writer, 1);
    wire_write_u32(&writer, 0);
    wire_write_u16(&writer, edns_size == 0 ? 0 : 1);
    while (*label != '\0') {
        size_t length = strcspn(label, ".");

        wire_write_u8(&writer, (uint8_t)length);
        wire_write(&writer, label, length);
        label += length + (label[length] == '.' ? 1 : 0);
    }
    wire_write_u8(&writer, 0);
    wire_write_u16(&writer, type);
    wire_write_u16(&writer, 1);
    if (edns_size != 0) {
        wire_write_u8(&writer, 0);
        wire_write_u16(&writer, 41);
        wire_write_u16(&writer, edns_size);
        wire_write_u32(&writer, 0);
        wire_write_u16(&writer, 0);
    }
    assert_false(writer.failed);
    return writer.position;
}

/*
 * Who has seen the cluster at `now_ms` by these tables: at most `limit` of them go to `clients`.
 * Returns how many there are.
 */
static inline size_t fixture_seen(const struct seen_table *const *tables, size_t table_count,
                                  int64_t now_ms, struct seen_client *clients, size_t limit)
{
    struct seen_client *collected = NULL;
    struct arena arena;
    struct name name;
    size_t count = 0;

    arena_init(&arena);
    assert_true(name_from_text(&name, FIXTURE_CLUSTER, NULL));
    count =
        seen_collect(tables, table_count, snapshot_cluster_key(&name), now_ms, &arena, &collected);
    memcpy(clients, collected, (count < limit ? count : limit) * sizeof(*clients));
    arena_free(&arena);
    return count;
}

static inline uint16_t fixture_u16(const uint8_t *octets, size_t offset)
{
    return (uint16_t)(octets[offset] << 8 | octets[offset + 1]);
}

static inline struct sockaddr_storage fixture_address(const char *text, uint16_t port)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    struct sockaddr_in *inet = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *inet6 = (struct sockaddr_in6 *)&address;

    if (strchr(text, ':') != NULL) {
        inet6->sin6_family = AF_INET6;
        inet6->sin6_port = htons(port);
        assert_int_equal(inet_pton(AF_INET6, text, &inet6->sin6_addr), 1);
    } else {
        inet->sin_family = AF_INET;
        inet->sin_port = htons(port);
        assert_int_equal(inet_pton(AF_INET, text, &inet->sin_addr), 1);
    }
    return address;
}

#endif
