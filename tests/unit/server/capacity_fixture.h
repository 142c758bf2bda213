/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/capacity_fixture.h - clusters whose names are all equally long, and what each
 * of their answers must be.
 *
 * Next to the server stands a naive model: it adds up the length of each record by the rules of
 * RFC 1035 and goes down the ladder rung by rung until one fits. Every answer must be that rung,
 * exactly as long, and say what it should when ldns reads it.
 *
 * Targets are "ip-10-0-0-1.sd.example.com": 26 octets as text and 28 in a message, the less
 * favourable reading of "targets of 26 octets".
 */

#ifndef TESTS_UNIT_SERVER_CAPACITY_FIXTURE_H
#define TESTS_UNIT_SERVER_CAPACITY_FIXTURE_H

#include <ldns/ldns.h>

#include "server/query.h"
#include "tests/unit/server/respond_fixture.h"
#include "zones/name.h"
#include "zones/record.h"

enum {
    MEMBERS_MAX = 2100,
    ADDRESSES_PER_NET = 1000, /* a.b.c with one digit each, so that all names are equally long */
    DRAINED_EVERY = 3,        /* one member in three has weight 0 */
    SERVED_WEIGHT = 65535,

    LABEL_OCTETS = 1 + 11, /* "ip-10-0-0-1" */
    ORIGIN_OCTETS = 16,    /* sd.example.com. */
    QUESTION_OCTETS = 26 + 4,
    POINTER_OCTETS = 2,
    POINTER_REACH = 16384,   /* a pointer has 14 bits */
    RECORD_OCTETS = 2 + 10,  /* owner as a pointer; type, class, TTL and RDLENGTH */
    SRV_NUMBERS_OCTETS = 6,  /* priority, weight and port */
    OPT_OCTETS = 11,         /* without options */
    DATAGRAM_OCTETS = 65507, /* over IPv4 */
};

/* A cluster as it is configured, and the order in which its members must stand in the answer. */
struct fleet {
    struct member members[MEMBERS_MAX];
    char ids[MEMBERS_MAX][32];
    const struct member *order[MEMBERS_MAX];
    size_t count;
};

static inline void fleet_make(struct fleet *fleet, size_t count)
{
    size_t placed = 0;

    assert_in_range(count, 1, MEMBERS_MAX);
    fleet->count = count;
    for (size_t i = 0; i < count; i++) {
        (void)snprintf(fleet->ids[i], sizeof(fleet->ids[i]), "i-%03zx0a1b2c3d4e5", i);
        fleet->members[i] = (struct member){
            .id = fleet->ids[i],
            .az = "az-a",
            .hold = "none",
            .address = {.length = ADDRESS_V4_LENGTH,
                        .octets = {(uint8_t)(10 + i / ADDRESSES_PER_NET), (uint8_t)(i / 100 % 10),
                                   (uint8_t)(i / 10 % 10), (uint8_t)(i % 10)}},
            .port = FIXTURE_PORT,
            .weight = i % DRAINED_EVERY == 0 ? 0 : SERVED_WEIGHT,
        };
    }
    for (int is_drained = 0; is_drained < 2; is_drained++) {
        for (size_t i = 0; i < count; i++) {
            if ((fleet->members[i].weight == 0) == is_drained) {
                fleet->order[placed++] = &fleet->members[i];
            }
        }
    }
}

static inline struct snapshot *fleet_snapshot(const struct fleet *fleet,
                                              enum compress_targets compress, uint16_t udp_size)
{
    struct cluster cluster = {
        .name = "web", .members = fleet->members, .member_count = fleet->count};
    struct name nameserver;
    struct prefix allowed;
    struct zone zone = {.ttl_seconds = 10,
                        .negative_ttl_seconds = 2,
                        .nameservers = &nameserver,
                        .nameserver_count = 1,
                        .cluster_name = "_{group}._tcp",
                        .target_names = TARGET_ADDRESS,
                        .compress_targets = compress,
                        .udp_size_octets = udp_size,
                        .allow_query = &allowed,
                        .allow_query_count = 1};
    struct builder *builder = builder_new(NULL);

    assert_true(name_from_text(&zone.origin, "sd.example.com", NULL));
    assert_true(name_from_text(&nameserver, "ns1.sd.example.com", NULL));
    assert_true(prefix_parse(&allowed, "127.0.0.0/8", NULL));
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    assert_true(builder_add_cluster(builder, &cluster, NULL));
    return builder_finish(builder, 1000);
}

/* A rung of the ladder: what the answer holds there, and how long it is without OPT. */
struct rung {
    size_t srv_count;
    size_t glue_count;
    size_t length;
};

/* Where each record of one form ends: all SRV records, then the address of each target. */
struct model_form {
    size_t ends[2 * MEMBERS_MAX + 1];
    size_t count; /* of the members */
};

static inline void model_form_make(struct model_form *form, size_t count, bool is_compact)
{
    size_t at = HEADER_LENGTH + QUESTION_OCTETS;
    bool is_reached[MEMBERS_MAX];

    form->count = count;
    form->ends[0] = at;
    for (size_t i = 0; i < count; i++) {
        bool is_whole = !is_compact || i == 0;

        is_reached[i] = at + RECORD_OCTETS + SRV_NUMBERS_OCTETS < POINTER_REACH;
        at += RECORD_OCTETS + SRV_NUMBERS_OCTETS + LABEL_OCTETS;
        at += is_whole ? ORIGIN_OCTETS : POINTER_OCTETS;
        form->ends[1 + i] = at;
    }
    for (size_t i = 0; i < count; i++) {
        at += is_reached[i] ? 0 : LABEL_OCTETS;
        at += RECORD_OCTETS + ADDRESS_V4_LENGTH;
        form->ends[1 + count + i] = at;
    }
}

static inline struct rung model_rung(const struct model_form *form, size_t records)
{
    size_t srv_count = records < form->count ? records : form->count;

    return (struct rung){
        .srv_count = srv_count, .glue_count = records - srv_count, .length = form->ends[records]};
}

/* Both forms of a cluster's answer, as compress-targets has them. */
struct model {
    struct model_form first; /* what is sent where it fits whole */
    struct model_form then;  /* what is cut */
};

static inline void model_make(struct model *model, size_t count, enum compress_targets compress)
{
    model_form_make(&model->first, count, compress == COMPRESS_ALWAYS);
    model_form_make(&model->then, count, compress != COMPRESS_NEVER);
}

/* Down the ladder: first the targets, then glue from the tail, then SRV records. */
static inline struct rung model_fit(const struct model *model, size_t limit)
{
    size_t records = 2 * model->first.count;

    if (model->first.ends[records] <= limit) {
        return model_rung(&model->first, records);
    }
    while (model->then.ends[records] > limit) {
        assert_true(records > 0);
        records--;
    }
    return model_rung(&model->then, records);
}

/*
 * What is left for header, question and records. Answers are encoded once for all clients, with
 * room for the longest OPT, so a message of 65,535 octets keeps OPT_RESERVE free.
 */
static inline size_t records_limit(size_t limit)
{
    size_t kept = MESSAGE_MAX_LENGTH - OPT_RESERVE;

    return limit - OPT_OCTETS < kept ? limit - OPT_OCTETS : kept;
}

/* How a cluster is asked for. */
struct request {
    const char *why;
    enum transport transport;
    uint16_t edns_size;
    size_t limit; /* that follows from both, in octets */
};

static inline void request_send(struct flat *flat, const struct snapshot *snapshot,
                                const struct request *request)
{
    const struct address loopback = {
        .length = 4, .octets = {127, 0, 0, 1}
    };
    uint8_t octets[FIXTURE_REQUEST_MAX];
    size_t length = fixture_query(octets, 7, FIXTURE_CLUSTER, RECORD_SRV, request->edns_size);

    respond_flat(flat, snapshot, octets, length, request->transport, &loopback);
}

/* The answer must be this rung: as long, counted so, and with TC when an SRV record is missing. */
static inline void assert_rung(const struct flat *flat, const struct rung *rung, size_t members,
                               const struct request *request)
{
    bool is_truncated = (flat->flags & FLAG_TC) != 0;

    if (flat->length > request->limit || flat->length != rung->length + OPT_OCTETS ||
        flat->counts[1] != rung->srv_count || flat->counts[2] != 0 ||
        flat->counts[3] != rung->glue_count + 1 || is_truncated != (rung->srv_count < members)) {
        fail_msg("%s, %zu octets, %zu members: %zu octets, %u SRV, %u additional, TC %d; "
                 "the ladder has %zu octets, %zu SRV, %zu addresses",
                 request->why, request->limit, members, flat->length, flat->counts[1],
                 flat->counts[3], is_truncated, rung->length + OPT_OCTETS, rung->srv_count,
                 rung->glue_count);
    }
}

static inline void assert_name(const ldns_rdf *read, const struct member *member)
{
    char text[64];
    struct name name;
    const uint8_t *octets = member->address.octets;

    (void)snprintf(text, sizeof(text), "ip-%u-%u-%u-%u.sd.example.com", octets[0], octets[1],
                   octets[2], octets[3]);
    assert_int_equal(strlen(text), 26);
    assert_true(name_from_text(&name, text, NULL));
    assert_int_equal(ldns_rdf_size(read), name.length);
    assert_memory_equal(ldns_rdf_data(read), name.octets, name.length);
}

/* As ldns reads it: the first members in order, and the addresses of the first of them. */
static inline void assert_content(const struct flat *flat, const struct fleet *fleet,
                                  const struct rung *rung)
{
    ldns_pkt *packet = NULL;
    const ldns_rr_list *answer = NULL;
    const ldns_rr_list *additional = NULL;

    assert_int_equal(ldns_wire2pkt(&packet, flat->octets, flat->length), LDNS_STATUS_OK);
    assert_true(ldns_pkt_edns(packet));
    answer = ldns_pkt_answer(packet);
    additional = ldns_pkt_additional(packet);
    assert_int_equal(ldns_rr_list_rr_count(answer), rung->srv_count);
    assert_int_equal(ldns_rr_list_rr_count(additional), rung->glue_count);
    for (size_t i = 0; i < rung->srv_count; i++) {
        const ldns_rr *record = ldns_rr_list_rr(answer, i);
        const struct member *member = fleet->order[i];

        assert_int_equal(ldns_rr_get_type(record), LDNS_RR_TYPE_SRV);
        assert_int_equal(ldns_rdf2native_int16(ldns_rr_rdf(record, 1)), member->weight);
        assert_int_equal(ldns_rdf2native_int16(ldns_rr_rdf(record, 2)), member->port);
        assert_name(ldns_rr_rdf(record, 3), member);
    }
    for (size_t i = 0; i < rung->glue_count; i++) {
        const ldns_rr *record = ldns_rr_list_rr(additional, i);

        assert_int_equal(ldns_rr_get_type(record), LDNS_RR_TYPE_A);
        assert_name(ldns_rr_owner(record), fleet->order[i]);
        assert_memory_equal(ldns_rdf_data(ldns_rr_rdf(record, 0)), fleet->order[i]->address.octets,
                            ADDRESS_V4_LENGTH);
    }
    ldns_pkt_free(packet);
}

/* One cluster, asked for once; what came must be the ladder's, and is returned. */
static inline struct rung cluster_ask(const struct request *request, enum compress_targets compress,
                                      uint16_t udp_size, size_t count)
{
    static struct fleet fleet;
    static struct model model;
    static struct flat flat;
    struct snapshot *snapshot = NULL;
    struct rung rung;

    fleet_make(&fleet, count);
    model_make(&model, count, compress);
    rung = model_fit(&model, records_limit(request->limit));
    snapshot = fleet_snapshot(&fleet, compress, udp_size);
    request_send(&flat, snapshot, request);
    assert_rung(&flat, &rung, count, request);
    assert_content(&flat, &fleet, &rung);
    snapshot_unref(snapshot);
    return rung;
}

#endif
