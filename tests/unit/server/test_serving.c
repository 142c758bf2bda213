/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_serving.c - what strangers get out of us: how much for an octet, how
 * often, and that every query is counted as an answer or as a drop.
 */

#include <stdlib.h>

#include "server/serving.h"
#include "tests/unit/server/counters_fixture.h"
#include "tests/unit/server/fixture.h"

enum {
    MEMBERS = 300, /* whose answer has some 20,000 octets */
    QUERIES = 1000 * 1000,
    AMPLIFICATION_MAX = 30,
    FLOOD_MS = 10 * 1000,
    FLOOD_PER_MS = 2,
    RATE_PER_SECOND = 50,
};

static const uint8_t hash_key[SIPHASH_KEY_LENGTH] = {42};

static void serving_open(struct serving *serving, uint32_t slip)
{
    memset(serving, 0, sizeof(*serving));
    serving->snapshot = fixture_snapshot(MEMBERS, 65535, ZONE_COMPLETE);
    serving->rate_limit = rate_limit_new(hash_key);
    rate_limit_set(serving->rate_limit, &(struct rate_limit_settings){RATE_PER_SECOND, slip, 1});
}

static void serving_close(struct serving *serving)
{
    rate_limit_free(serving->rate_limit);
    snapshot_unref(serving->snapshot);
}

/* xorshift64 (Marsaglia, 2003): the same questions in every run. */
static uint32_t draw(uint64_t *random, uint32_t end)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;
    return (uint32_t)(*random >> 32) % end;
}

static void options_add(struct wire_writer *writer, uint64_t *random)
{
    static const uint16_t codes[] = {3, 5, 8, 9, 10, 11, 12, 14, 15, 65001};
    uint8_t octets[64];
    size_t at = writer->position;
    uint32_t count = draw(random, 4);

    for (size_t i = 0; i < sizeof(octets); i++) {
        octets[i] = (uint8_t)draw(random, 256);
    }
    wire_write_u16(writer, 0);
    for (uint32_t i = 0; i < count; i++) {
        uint16_t code = codes[draw(random, sizeof(codes) / sizeof(codes[0]))];
        uint16_t length = (uint16_t)(draw(random, 2) == 0 ? 8 * draw(random, 4) : draw(random, 48));

        wire_write_u16(writer, code);
        wire_write_u16(writer, length);
        wire_write(writer, octets, length);
    }
    writer->octets[at] = (uint8_t)((writer->position - at - 2) >> 8);
    writer->octets[at + 1] = (uint8_t)(writer->position - at - 2);
}

/* A question of any kind, with and without EDNS, now and then spoilt. */
static size_t query_draw(uint8_t *octets, uint64_t *random)
{
    static const char *const names[] = {
        FIXTURE_CLUSTER,
        "web.sd.example.com",
        "sd.example.com",
        "ip-10-0-1-1.sd.example.com",
        "nobody.sd.example.com",
        "example.org",
        "_tcp.sd.example.com",
        "version.bind",
        "",
        "a.very.long.name.that.nobody.has.ever.asked.for.but.that.is.well.formed.sd.example.com",
    };
    static const uint16_t types[] = {1,  2,  5,  6,  12, 15,  16,  28,  33,  35,  41,  43,  46,
                                     48, 50, 64, 65, 99, 249, 250, 251, 252, 253, 255, 257, 65535};
    static const uint16_t sizes[] = {0, 0, 1, 512, 1232, 4096, 8192, 65535};
    const char *name = names[draw(random, sizeof(names) / sizeof(names[0]))];
    uint16_t type = types[draw(random, sizeof(types) / sizeof(types[0]))];
    uint16_t size = sizes[draw(random, sizeof(sizes) / sizeof(sizes[0]))];
    size_t length = fixture_query(octets, (uint16_t)draw(random, 65536), name, type, size);

    if (size != 0 && draw(random, 2) == 0) {
        struct wire_writer writer;

        wire_writer_init(&writer, octets, FIXTURE_REQUEST_MAX);
        writer.position = length - 2;
        options_add(&writer, random);
        assert_false(writer.failed);
        length = writer.position;
    }
    if (draw(random, 4) == 0) {
        octets[2] = (uint8_t)draw(random, 128); /* opcode and flags, QR clear */
    }
    for (uint32_t i = draw(random, 4) == 0 ? 1 + draw(random, 3) : 0; i > 0; i--) {
        octets[draw(random, (uint32_t)length)] = (uint8_t)draw(random, 256);
    }
    return draw(random, 16) == 0 ? draw(random, (uint32_t)length + 1) : length;
}

static struct address stranger_draw(uint64_t *random)
{
    struct address client = {
        ADDRESS_V4_LENGTH, {203, 0, 113, 7}
    };

    if (draw(random, 2) == 0) {
        client = (struct address){
            ADDRESS_V6_LENGTH, {0x20, 0x01, 0x0d, 0xb8}
        };
        client.octets[4] = (uint8_t)draw(random, 256);
    }
    return client;
}

/* Acceptance: the bound on amplification with default settings. */
static void a_stranger_gets_no_more_than_30_octets_for_one(void **state)
{
    struct serving serving;
    uint64_t random = 20260807;
    double worst = 0;

    (void)state;
    serving_open(&serving, 2);
    for (size_t i = 0; i < QUERIES; i++) {
        uint8_t request[FIXTURE_REQUEST_MAX];
        struct response response;
        size_t length = query_draw(request, &random);
        struct address client = stranger_draw(&random);

        serving_respond(&serving, &response, request, length, TRANSPORT_UDP, &client);
        if (response.part_count > 0) {
            double ratio = (double)response.length / (double)length;

            worst = ratio > worst ? ratio : worst;
            assert_true(response.is_stranger);
            assert_true(response.length <= UDP_STRANGER_SIZE);
            assert_null(response.mark);
        }
    }
    print_message("the worst of %d queries: %.2f octets for one\n", QUERIES, worst);
    assert_true(worst > 0.5);
    assert_true(worst <= AMPLIFICATION_MAX);
    serving_close(&serving);
}

/* As udp.c does with one datagram. Octets that go out. */
static size_t datagram_answer(struct serving *serving, const uint8_t *request, size_t length,
                              const struct address *client, int64_t now_ms)
{
    struct response response;

    serving_respond(serving, &response, request, length, TRANSPORT_UDP, client);
    if (response.part_count == 0 || !serving_admit(serving, &response, client, now_ms)) {
        return 0;
    }
    serving_count(serving, &response);
    return response.length;
}

/* Acceptance: under flood no more goes out than comes in, and nothing is uncounted. */
static void a_flood_from_one_network_gets_less_than_it_sends(void **state)
{
    static const uint32_t slips[] = {2, 0};

    (void)state;
    for (size_t i = 0; i < sizeof(slips) / sizeof(slips[0]); i++) {
        struct serving serving;
        uint64_t random = 1 + i;
        uint64_t in = 0;
        uint64_t out = 0;

        serving_open(&serving, slips[i]);
        for (int64_t now_ms = 0; now_ms < FLOOD_MS; now_ms++) {
            for (int j = 0; j < FLOOD_PER_MS; j++) {
                uint8_t request[FIXTURE_REQUEST_MAX];
                size_t length = query_draw(request, &random);
                const struct address client = {
                    ADDRESS_V4_LENGTH, {203, 0, 113, (uint8_t)draw(&random, 256)}
                };

                in += length;
                out += datagram_answer(&serving, request, length, &client, now_ms);
            }
        }
        print_message("slip %u: %.2f octets for one under flood\n", slips[i],
                      (double)out / (double)in);
        assert_true(out > 0);
        assert_true(out <= in);
        assert_int_equal(counters_get(&serving.counters, COUNTER_QUERIES_UDP),
                         FLOOD_MS * FLOOD_PER_MS);
        assert_counters_balance(&serving.counters);
        assert_in_range(fixture_metric(&serving.counters, "answers_total") -
                            counters_get(&serving.counters, COUNTER_SLIPPED),
                        1, RATE_PER_SECOND * (FLOOD_MS / 1000 + 1));
        assert_int_equal(counters_get(&serving.counters, COUNTER_SLIPPED) > 0, slips[i] > 0);
        serving_close(&serving);
    }
}

static void allowed_clients_are_never_limited(void **state)
{
    static const char *const names[] = {FIXTURE_CLUSTER, "no.sd.example.com", "example.org", ""};
    const struct address client = {
        ADDRESS_V4_LENGTH, {127, 0, 0, 1}
    };
    struct serving serving;

    (void)state;
    serving_open(&serving, 2);
    for (size_t i = 0; i < 4; i++) {
        uint8_t request[FIXTURE_REQUEST_MAX];
        size_t length = fixture_query(request, 1, names[i], 33, 8192);

        for (unsigned j = 0; j < 10 * RATE_PER_SECOND; j++) {
            assert_true(datagram_answer(&serving, request, length, &client, 0) > 0);
            request[2] = (uint8_t)(request[2] ^ 0x28); /* a query, and an UPDATE */
        }
    }
    assert_int_equal(counters_get(&serving.counters, COUNTER_DROPPED_RATE_LIMIT), 0);
    assert_int_equal(counters_get(&serving.counters, COUNTER_SLIPPED), 0);
    serving_close(&serving);
}

static void what_is_slipped_tells_a_real_client_to_come_over_tcp(void **state)
{
    const struct address client = {
        ADDRESS_V4_LENGTH, {203, 0, 113, 7}
    };
    struct serving serving;
    struct response response;
    uint8_t request[FIXTURE_REQUEST_MAX];
    size_t length = fixture_query(request, 0x4242, FIXTURE_CLUSTER, 33, 1232);
    size_t length_before = 0;

    (void)state;
    serving_open(&serving, 1);
    for (unsigned i = 0; i < RATE_PER_SECOND; i++) {
        assert_true(datagram_answer(&serving, request, length, &client, 0) > 0);
    }
    assert_int_equal(counters_get(&serving.counters, COUNTER_TRUNCATED), 0);
    serving_respond(&serving, &response, request, length, TRANSPORT_UDP, &client);
    length_before = response.length;
    assert_true(serving_admit(&serving, &response, &client, 0));
    assert_true(response.is_truncated);
    assert_true(response.length <= length_before);
    assert_int_equal(fixture_u16(response.head, 0), 0x4242);
    assert_int_equal(fixture_u16(response.head, 2) & 0x8200, 0x8200);
    assert_int_equal(fixture_u16(response.head, 4), 1);
    assert_int_equal(fixture_u16(response.head, 6), 0);
    assert_int_equal(fixture_u16(response.head, 8), 0);
    assert_int_equal(fixture_u16(response.head, 10), 1);
    assert_memory_equal(response.head + 12, request + 12, length - 12 - 11);
    serving_close(&serving);
}

static void over_tcp_nobody_is_limited_and_answers_are_counted_at_once(void **state)
{
    const struct address client = {
        ADDRESS_V4_LENGTH, {203, 0, 113, 7}
    };
    struct serving serving;
    uint8_t request[FIXTURE_REQUEST_MAX];
    size_t length = fixture_query(request, 1, FIXTURE_CLUSTER, 33, 0);

    (void)state;
    serving_open(&serving, 0);
    for (unsigned i = 0; i < 10 * RATE_PER_SECOND; i++) {
        struct response response;

        serving_respond(&serving, &response, request, length, TRANSPORT_TCP, &client);
        assert_true(response.part_count > 0);
    }
    assert_int_equal(counters_get(&serving.counters, COUNTER_REFUSED), 10 * RATE_PER_SECOND);
    assert_int_equal(counters_get(&serving.counters, COUNTER_QUERIES_TCP), 10 * RATE_PER_SECOND);
    serving_close(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stranger_gets_no_more_than_30_octets_for_one),
        cmocka_unit_test(a_flood_from_one_network_gets_less_than_it_sends),
        cmocka_unit_test(allowed_clients_are_never_limited),
        cmocka_unit_test(what_is_slipped_tells_a_real_client_to_come_over_tcp),
        cmocka_unit_test(over_tcp_nobody_is_limited_and_answers_are_counted_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
