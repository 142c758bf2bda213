/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_respond.c - any octets as a request, over UDP and TCP. A response must stay
 * within what its transport and the request allow.
 */

#include <stdlib.h>

#include "server/query.h"
#include "server/respond.h"
#include "zones/builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

/* One zone with one cluster of 40 members: enough to be cut at 512 octets. */
static struct snapshot *snapshot_make(void)
{
    enum { MEMBERS = 40 };
    static char ids[MEMBERS][8];
    struct member members[MEMBERS];
    struct prefix everybody;
    struct name nameserver;
    struct zone zone = {
        .ttl_seconds = 10,
        .negative_ttl_seconds = 2,
        .nameservers = &nameserver,
        .nameserver_count = 1,
        .cluster_name = "_{group}._tcp",
        .udp_size_octets = 4096,
        .allow_query = &everybody,
        .allow_query_count = 1,
    };
    struct builder *builder = builder_new(NULL);

    (void)prefix_parse(&everybody, "0.0.0.0/0", NULL);
    (void)name_from_text(&zone.origin, "sd.example.com", NULL);
    (void)name_from_text(&nameserver, "ns1.sd.example.com", NULL);
    for (uint8_t i = 0; i < MEMBERS; i++) {
        (void)snprintf(ids[i], sizeof(ids[i]), "i-%02d", i);
        members[i] = (struct member){
            .id = ids[i],
            .az = "a",
            .hold = "none",
            .address = {ADDRESS_V4_LENGTH, {10, 0, 0, i}},
            .port = 443,
            .weight = 1
        };
    }
    (void)builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL);
    (void)builder_add_cluster(
        builder, &(struct cluster){.name = "web", .members = members, .member_count = MEMBERS},
        NULL);
    return builder_finish(builder, 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct snapshot *snapshot = NULL;
    const struct address client = {
        ADDRESS_V4_LENGTH, {127, 0, 0, 1}
    };
    struct response response;
    struct query query;

    if (snapshot == NULL) {
        snapshot = snapshot_make();
    }
    respond(&response, snapshot, octets, length, TRANSPORT_UDP, &client);
    if (query_parse(&query, octets, length) != QUERY_DROP &&
        response.length > (query.has_edns ? query.edns_size : UDP_PLAIN_SIZE)) {
        abort();
    }
    respond(&response, snapshot, octets, length, TRANSPORT_TCP, &client);
    if (response.length > MESSAGE_MAX_LENGTH) {
        abort();
    }
    return 0;
}
