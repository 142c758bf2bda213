/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_capacity.c - how many members a message holds, to the octet, and what one
 * more costs.
 */

#include "tests/unit/server/capacity_fixture.h"

/*
 * The most members, by limit and setting. 53 octets go to header, question and OPT. A member takes
 *
 *     46 + 16   its SRV record with the target in full, and its address
 *     32 + 16   with the target compressed, but for the first one, which is 14 longer
 *
 * and past 16,383 octets, where no pointer reaches the target, its address takes 28 and not 16:
 * a label and a pointer to the zone's name.
 */
struct capacity {
    struct request request;
    enum compress_targets compress;
    size_t in_full; /* the most members with all addresses and targets in full */
    size_t whole;   /* the most with all addresses */
    size_t all_srv; /* the most with all SRV records: one more sets TC */
    size_t missing; /* addresses that are missing with one member more than `whole` */
};

/* clang-format off */
static const struct capacity capacities[] = {
    {{"459 = 7 x 62 + 25: three addresses make way for the eighth", TRANSPORT_UDP, 512, 512},
     COMPRESS_NEVER, 7, 7, 9, 3},
    {{"445 = 9 x 48 + 13", TRANSPORT_UDP, 512, 512}, COMPRESS_WHEN_NEEDED, 7, 9, 13, 3},
    {{"445 = 9 x 48 + 13", TRANSPORT_UDP, 512, 512}, COMPRESS_ALWAYS, 0, 9, 13, 3},

    {{"1179 = 19 x 62 + 1", TRANSPORT_UDP, 1232, 1232}, COMPRESS_NEVER, 19, 19, 25, 4},
    {{"1165 = 24 x 48 + 13", TRANSPORT_UDP, 1232, 1232}, COMPRESS_WHEN_NEEDED, 19, 24, 36, 3},
    {{"1165 = 24 x 48 + 13", TRANSPORT_UDP, 1232, 1232}, COMPRESS_ALWAYS, 0, 24, 36, 3},

    {{"4043 = 65 x 62 + 13", TRANSPORT_UDP, 4096, 4096}, COMPRESS_NEVER, 65, 65, 87, 4},
    {{"4029 = 83 x 48 + 45: 84 lack three octets, which is one address", TRANSPORT_UDP, 4096, 4096},
     COMPRESS_WHEN_NEEDED, 65, 83, 125, 1},
    {{"4029 = 83 x 48 + 45", TRANSPORT_UDP, 4096, 4096}, COMPRESS_ALWAYS, 0, 83, 125, 1},

    {{"8139 = 131 x 62 + 17", TRANSPORT_UDP, 8192, 8192}, COMPRESS_NEVER, 131, 131, 176, 3},
    {{"8125 = 169 x 48 + 13", TRANSPORT_UDP, 8192, 8192}, COMPRESS_WHEN_NEEDED, 131, 169, 253, 3},
    {{"8125 = 169 x 48 + 13", TRANSPORT_UDP, 8192, 8192}, COMPRESS_ALWAYS, 0, 169, 253, 3},

    {{"16331 = 263 x 62 + 25", TRANSPORT_UDP, 16384, 16384}, COMPRESS_NEVER, 263, 263, 355, 3},
    {{"16317 = 339 x 48 + 45", TRANSPORT_UDP, 16384, 16384},
     COMPRESS_WHEN_NEEDED, 263, 339, 509, 1},
    {{"16317 = 339 x 48 + 45", TRANSPORT_UDP, 16384, 16384}, COMPRESS_ALWAYS, 0, 339, 509, 1},

    {{"a datagram: 355 x 62 + 586 x 74 = 65374 of 65429", TRANSPORT_UDP, 65535, DATAGRAM_OCTETS},
     COMPRESS_NEVER, 941, 941, 1422, 1},
    {{"a datagram: 510 x 48 + 682 x 60 = 65400 of 65415", TRANSPORT_UDP, 65535, DATAGRAM_OCTETS},
     COMPRESS_WHEN_NEEDED, 941, 1192, 2044, 2},
    {{"a datagram: 510 x 48 + 682 x 60 = 65400 of 65415", TRANSPORT_UDP, 65535, DATAGRAM_OCTETS},
     COMPRESS_ALWAYS, 0, 1192, 2044, 2},

    {{"TCP, as a datagram: what is kept free for OPT is more than the 28 octets of its headers",
      TRANSPORT_TCP, 65535, MESSAGE_MAX_LENGTH}, COMPRESS_NEVER, 941, 941, 1422, 1},
    {{"TCP, targets compressed", TRANSPORT_TCP, 65535, MESSAGE_MAX_LENGTH},
     COMPRESS_WHEN_NEEDED, 941, 1192, 2044, 2},
    {{"TCP, targets compressed", TRANSPORT_TCP, 65535, MESSAGE_MAX_LENGTH},
     COMPRESS_ALWAYS, 0, 1192, 2044, 2},
    {{"TCP, whatever size the client names", TRANSPORT_TCP, 512, MESSAGE_MAX_LENGTH},
     COMPRESS_WHEN_NEEDED, 941, 1192, 2044, 2},
};
/* clang-format on */

static bool has_all(const struct rung *rung, size_t count)
{
    return rung->srv_count == count && rung->glue_count == count;
}

static struct rung capacity_ask(const struct capacity *row, size_t count)
{
    return cluster_ask(&row->request, row->compress, MESSAGE_MAX_LENGTH, count);
}

/* Whether all targets of so many members, whose addresses are there too, stand in full. */
static bool is_in_full(const struct rung *rung, size_t count)
{
    size_t srv = RECORD_OCTETS + SRV_NUMBERS_OCTETS + LABEL_OCTETS + ORIGIN_OCTETS;
    size_t glue = RECORD_OCTETS + ADDRESS_V4_LENGTH;

    return rung->length >= HEADER_LENGTH + QUESTION_OCTETS + count * (srv + glue);
}

static void assert_step(const struct capacity *row, size_t count, bool is_expected)
{
    if (!is_expected) {
        fail_msg("%s: otherwise with %zu members", row->request.why, count);
    }
}

static void each_message_holds_exactly_so_many_members(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
        const struct capacity *row = &capacities[i];
        struct rung rung = capacity_ask(row, row->whole);

        assert_step(row, row->whole, has_all(&rung, row->whole));
        rung = capacity_ask(row, row->whole + 1);
        assert_step(row, row->whole + 1,
                    rung.srv_count == row->whole + 1 &&
                        rung.glue_count == row->whole + 1 - row->missing);
        rung = capacity_ask(row, row->all_srv);
        assert_step(row, row->all_srv, rung.srv_count == row->all_srv);
        rung = capacity_ask(row, row->all_srv + 1);
        assert_step(row, row->all_srv + 1, rung.srv_count == row->all_srv && rung.glue_count == 0);
    }
}

static void targets_are_compressed_before_anything_is_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
        const struct capacity *row = &capacities[i];
        size_t count = row->in_full;
        struct rung rung;

        if (count > 0) {
            rung = capacity_ask(row, count);
            assert_step(row, count, has_all(&rung, count) && is_in_full(&rung, count));
        }
        count++;
        if (count > 1 && count <= row->whole) {
            rung = capacity_ask(row, count);
            assert_step(row, count, has_all(&rung, count) && !is_in_full(&rung, count));
        }
    }
}

/* In a message that is one octet too small, the last member's address is missing and no more. */
static void one_octet_less_costs_exactly_one_address(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(capacities) / sizeof(capacities[0]); i++) {
        struct capacity row = capacities[i];
        struct rung rung;

        if (row.request.transport == TRANSPORT_TCP) {
            continue; /* has no limit of the client's */
        }
        rung = capacity_ask(&row, row.whole);
        row.request.limit = rung.length + OPT_OCTETS - 1;
        row.request.edns_size = (uint16_t)row.request.limit;
        if (row.request.limit < UDP_PLAIN_SIZE) {
            continue; /* every client takes that */
        }
        rung = capacity_ask(&row, row.whole);
        if (rung.srv_count != row.whole || rung.glue_count != row.whole - 1) {
            fail_msg("%s: %zu SRV, %zu addresses", row.request.why, rung.srv_count,
                     rung.glue_count);
        }
    }
}

/* The figures that operators are promised. */
static void the_promised_figures_hold(void **state)
{
    static const struct {
        size_t limit;
        enum compress_targets compress;
        size_t members;
    } promises[] = {
        {8192,               COMPRESS_NEVER,       130},
        {8192,               COMPRESS_WHEN_NEEDED, 150},
        {8192,               COMPRESS_ALWAYS,      150},
        {MESSAGE_MAX_LENGTH, COMPRESS_WHEN_NEEDED, 980},
        {MESSAGE_MAX_LENGTH, COMPRESS_ALWAYS,      980},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(promises) / sizeof(promises[0]); i++) {
        struct request request = {"promised", TRANSPORT_TCP, 65535, promises[i].limit};
        struct rung rung;

        if (promises[i].limit < MESSAGE_MAX_LENGTH) {
            request.transport = TRANSPORT_UDP;
            request.edns_size = (uint16_t)promises[i].limit;
        }
        rung = cluster_ask(&request, promises[i].compress, MESSAGE_MAX_LENGTH, promises[i].members);
        assert_true(has_all(&rung, promises[i].members));
    }
}

/* The zone's udp-size cuts as the client's own size does, whichever is smaller. */
static void the_smaller_of_the_two_sizes_is_the_limit(void **state)
{
    const struct request by_zone = {"udp-size 8192", TRANSPORT_UDP, 65535, 8192};
    const struct request by_client = {"EDNS size 4096", TRANSPORT_UDP, 4096, 4096};
    struct rung rung;

    (void)state;
    rung = cluster_ask(&by_zone, COMPRESS_WHEN_NEEDED, 8192, 169);
    assert_true(has_all(&rung, 169));
    rung = cluster_ask(&by_zone, COMPRESS_WHEN_NEEDED, 8192, 170);
    assert_int_equal(rung.glue_count, 170 - 3);
    rung = cluster_ask(&by_client, COMPRESS_WHEN_NEEDED, 8192, 84);
    assert_int_equal(rung.glue_count, 84 - 1);
}

static void every_count_is_fitted_to_every_limit(void **state)
{
    enum { COUNTS = 540 /* past the largest capacity at 16,384 octets */ };
    static const uint16_t limits[] = {512, 1232, 4096, 8192, 16384};
    static const enum compress_targets settings[] = {COMPRESS_NEVER, COMPRESS_WHEN_NEEDED,
                                                     COMPRESS_ALWAYS};
    static struct fleet fleet;
    static struct model model;
    static struct flat flat;

    (void)state;
    for (size_t count = 1; count <= COUNTS; count++) {
        fleet_make(&fleet, count);
        for (size_t s = 0; s < sizeof(settings) / sizeof(settings[0]); s++) {
            struct snapshot *snapshot = fleet_snapshot(&fleet, settings[s], MESSAGE_MAX_LENGTH);

            model_make(&model, count, settings[s]);
            for (size_t l = 0; l < sizeof(limits) / sizeof(limits[0]); l++) {
                struct request request = {"every count", TRANSPORT_UDP, limits[l], limits[l]};
                struct rung rung = model_fit(&model, records_limit(limits[l]));

                request_send(&flat, snapshot, &request);
                assert_rung(&flat, &rung, count, &request);
            }
            snapshot_unref(snapshot);
        }
    }
}

/*
 * One octet at a time, for clusters that are just whole or just not somewhere on the way, each at
 * least once. Where the rung changes, ldns reads what came.
 */
static void every_octet_of_the_limit_is_used(void **state)
{
    static const struct {
        size_t count;
        size_t largest; /* limit; some octets above the size of the whole answer */
        enum compress_targets compress;
    } walks[] = {
        {9,   800,   COMPRESS_WHEN_NEEDED},
        {25,  1800,  COMPRESS_WHEN_NEEDED},
        {84,  5400,  COMPRESS_NEVER      },
        {170, 10800, COMPRESS_WHEN_NEEDED},
        {170, 8400,  COMPRESS_ALWAYS     },
        {360, 22800, COMPRESS_WHEN_NEEDED}, /* its glue begins beyond the reach of pointers */
    };
    static struct fleet fleet;
    static struct model model;
    static struct flat flat;

    (void)state;
    for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++) {
        size_t length = 0;
        struct snapshot *snapshot = NULL;

        fleet_make(&fleet, walks[i].count);
        model_make(&model, walks[i].count, walks[i].compress);
        snapshot = fleet_snapshot(&fleet, walks[i].compress, MESSAGE_MAX_LENGTH);
        for (size_t limit = 512; limit <= walks[i].largest; limit++) {
            struct request request = {"every octet", TRANSPORT_UDP, (uint16_t)limit, limit};
            struct rung rung = model_fit(&model, records_limit(limit));

            request_send(&flat, snapshot, &request);
            assert_rung(&flat, &rung, walks[i].count, &request);
            if (rung.length != length) {
                assert_content(&flat, &fleet, &rung);
            }
            length = rung.length;
        }
        assert_int_equal(length, model.first.ends[2 * walks[i].count]);
        snapshot_unref(snapshot);
    }
}

/* Whatever the setting: as long as a drained member is in the answer, nobody in service is out. */
static void drained_members_are_cut_first(void **state)
{
    enum { MEMBERS = 300, DRAINED = MEMBERS / DRAINED_EVERY, IN_SERVICE = MEMBERS - DRAINED };
    static const struct {
        uint16_t limit;
        size_t kept;
        size_t drained;
    } cuts[] = {
        {8192, 253, 53}, /* 47 of the 100 drained ones are out */
        {4096, 125, 0 }, /* all of them, and 75 in service */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        static struct fleet fleet;
        static struct flat flat;
        struct request request = {"drained", TRANSPORT_UDP, cuts[i].limit, cuts[i].limit};
        struct snapshot *snapshot = NULL;
        ldns_pkt *packet = NULL;
        size_t drained = 0;

        fleet_make(&fleet, MEMBERS);
        snapshot = fleet_snapshot(&fleet, COMPRESS_WHEN_NEEDED, MESSAGE_MAX_LENGTH);
        request_send(&flat, snapshot, &request);
        assert_int_equal(ldns_wire2pkt(&packet, flat.octets, flat.length), LDNS_STATUS_OK);
        assert_true(ldns_pkt_tc(packet));
        assert_int_equal(ldns_rr_list_rr_count(ldns_pkt_answer(packet)), cuts[i].kept);
        for (size_t r = 0; r < cuts[i].kept; r++) {
            const ldns_rr *record = ldns_rr_list_rr(ldns_pkt_answer(packet), r);

            drained += ldns_rdf2native_int16(ldns_rr_rdf(record, 1)) == 0 ? 1 : 0;
        }
        assert_int_equal(drained, cuts[i].drained);
        ldns_pkt_free(packet);
        snapshot_unref(snapshot);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_holds_exactly_so_many_members),
        cmocka_unit_test(targets_are_compressed_before_anything_is_missing),
        cmocka_unit_test(one_octet_less_costs_exactly_one_address),
        cmocka_unit_test(the_promised_figures_hold),
        cmocka_unit_test(the_smaller_of_the_two_sizes_is_the_limit),
        cmocka_unit_test(every_count_is_fitted_to_every_limit),
        cmocka_unit_test(every_octet_of_the_limit_is_used),
        cmocka_unit_test(drained_members_are_cut_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
