/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_snapshot.c - what a name and a type find, and who holds the table. */

#include <pthread.h>

#include "fixture.h"

static struct snapshot *snapshot_in(enum zone_state state)
{
    const struct member member = fixture_member("i-1", "10.0.0.1", 1);
    struct builder *builder = builder_new(NULL);
    struct name nameserver;
    struct zone zone = fixture_zone("sd.example.com", &nameserver);

    assert_true(builder_add_zone(builder, &zone, state, NULL));
    fixture_add_cluster(builder, "web", &member, 1);
    return fixture_finish(builder);
}

struct lookup_row {
    const char *why;
    const char *name;
    uint16_t type;
    enum lookup_result loading;
    enum lookup_result partial;
    enum lookup_result complete;
};

static const struct lookup_row ROWS[] = {
    {"a cluster",              "_web._tcp.sd.example.com",   RECORD_SRV,  LOOKUP_NOT_READY, LOOKUP_ANSWER,
     LOOKUP_ANSWER                                                                                                         },
    {"another type of it",     "_web._tcp.sd.example.com",   RECORD_A,    LOOKUP_NOT_READY, LOOKUP_NODATA,
     LOOKUP_NODATA                                                                                                         },
    {"its plain name",         "web.sd.example.com",         RECORD_A,    LOOKUP_NOT_READY, LOOKUP_ANSWER,
     LOOKUP_ANSWER                                                                                                         },
    {"the other family",       "web.sd.example.com",         RECORD_AAAA, LOOKUP_NOT_READY, LOOKUP_NODATA,
     LOOKUP_NODATA                                                                                                         },
    {"a target",               "ip-10-0-0-1.sd.example.com", RECORD_A,    LOOKUP_NOT_READY, LOOKUP_ANSWER,
     LOOKUP_ANSWER                                                                                                         },
    {"a target's text",        "ip-10-0-0-1.sd.example.com", RECORD_TXT,  LOOKUP_NOT_READY, LOOKUP_ANSWER,
     LOOKUP_ANSWER                                                                                                         },
    {"a target, other family", "ip-10-0-0-1.sd.example.com", RECORD_AAAA, LOOKUP_NOT_READY,
     LOOKUP_NODATA,                                                                                         LOOKUP_NODATA  },
    {"the apex",               "sd.example.com",             RECORD_SOA,  LOOKUP_NOT_READY, LOOKUP_ANSWER,  LOOKUP_ANSWER  },
    {"an empty non-terminal",  "_tcp.sd.example.com",        RECORD_SRV,  LOOKUP_NOT_READY, LOOKUP_NODATA,
     LOOKUP_NODATA                                                                                                         },
    {"ANY at one",             "_tcp.sd.example.com",        RECORD_ANY,  LOOKUP_NOT_READY, LOOKUP_NODATA,
     LOOKUP_NODATA                                                                                                         },
    {"an unknown cluster",     "_api._tcp.sd.example.com",   RECORD_SRV,  LOOKUP_NOT_READY,
     LOOKUP_NOT_READY,                                                                                      LOOKUP_NXDOMAIN},
    {"below a cluster",        "x._web._tcp.sd.example.com", RECORD_SRV,  LOOKUP_NOT_READY,
     LOOKUP_NOT_READY,                                                                                      LOOKUP_NXDOMAIN},
    {"above the zone",         "example.com",                RECORD_SOA,  LOOKUP_REFUSED,   LOOKUP_REFUSED, LOOKUP_REFUSED },
    {"beside the zone",        "xsd.example.com",            RECORD_A,    LOOKUP_REFUSED,   LOOKUP_REFUSED,
     LOOKUP_REFUSED                                                                                                        },
    {"another zone",           "sd.example.org",             RECORD_A,    LOOKUP_REFUSED,   LOOKUP_REFUSED, LOOKUP_REFUSED },
    {"the root",               ".",                          RECORD_NS,   LOOKUP_REFUSED,   LOOKUP_REFUSED, LOOKUP_REFUSED },
    {"type 0",                 "web.sd.example.com",         0,           LOOKUP_NOT_READY, LOOKUP_NODATA,  LOOKUP_NODATA  },
};

static void assert_row(const struct lookup_row *row, const struct snapshot *snapshot,
                       enum lookup_result expected)
{
    struct lookup lookup = fixture_lookup(snapshot, row->name, row->type);

    if (lookup.result != expected) {
        fail_msg("%s: result %d, expected %d", row->why, lookup.result, expected);
    }
    assert_int_equal(lookup.zone == NULL, expected == LOOKUP_REFUSED);
    assert_int_equal(lookup.answer == NULL,
                     expected == LOOKUP_REFUSED || expected == LOOKUP_NOT_READY);
    if (expected == LOOKUP_NODATA || expected == LOOKUP_NXDOMAIN) {
        assert_int_equal(lookup.answer->answer_count, 0);
        assert_int_equal(lookup.answer->authority_count, 1);
        assert_int_equal(lookup.answer->additional_count, 0);
    }
}

static void names_are_answered_as_far_as_the_zone_is_known(void **state)
{
    struct snapshot *loading = snapshot_in(ZONE_LOADING);
    struct snapshot *partial = snapshot_in(ZONE_PARTIAL);
    struct snapshot *complete = snapshot_in(ZONE_COMPLETE);

    (void)state;
    for (size_t i = 0; i < sizeof(ROWS) / sizeof(ROWS[0]); i++) {
        assert_row(&ROWS[i], loading, ROWS[i].loading);
        assert_row(&ROWS[i], partial, ROWS[i].partial);
        assert_row(&ROWS[i], complete, ROWS[i].complete);
    }
    snapshot_unref(loading);
    snapshot_unref(partial);
    snapshot_unref(complete);
}

static void any_gets_one_rrset(void **state)
{
    struct snapshot *snapshot = snapshot_in(ZONE_COMPLETE);

    (void)state;
    fixture_assert_records(snapshot, "ip-10-0-0-1.sd.example.com", RECORD_ANY,
                           "ip-10-0-0-1.sd.example.com. 10 IN A 10.0.0.1\n");
    fixture_assert_records(snapshot, "sd.example.com", RECORD_ANY,
                           "sd.example.com. 10 IN NS ns1.sd.example.com.\n");
    snapshot_unref(snapshot);
}

static void names_of_every_length_are_told_apart(void **state)
{
    struct snapshot *snapshot = snapshot_in(ZONE_COMPLETE);
    struct name inside = fixture_name("sd.example.com");
    struct name outside = fixture_name("example.net");

    (void)state;
    while (name_prepend(&inside, "a", 1)) {
        assert_int_equal(fixture_look_up(snapshot, &inside, RECORD_A).result, LOOKUP_NXDOMAIN);
    }
    while (name_prepend(&outside, "a", 1)) {
        assert_int_equal(fixture_look_up(snapshot, &outside, RECORD_A).result, LOOKUP_REFUSED);
    }
    snapshot_unref(snapshot);
}

static void clients_of_any_zone_are_known_to_all_of_it(void **state)
{
    static const char *const origins[] = {"one.example", "two.example", "three.example"};
    static const char *const texts[] = {"10.0.0.0/8", "192.0.2.7", "10.1.0.0/16"};
    static const struct {
        const char *address;
        bool is_known;
    } rows[] = {
        {"10.1.2.3",     true },
        {"10.2.0.0",     true },
        {"192.0.2.7",    true },
        {"::ffff:a00:1", true },
        {"192.0.2.8",    false},
        {"11.0.0.0",     false},
        {"9.9.9.9",      false},
        {"::1",          false},
    };
    struct builder *builder = builder_new(NULL);
    struct snapshot *snapshot = NULL;

    (void)state;
    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        struct name nameserver;
        struct zone zone = fixture_zone(origins[i], &nameserver);
        struct prefix allowed;

        assert_true(prefix_parse(&allowed, texts[i], NULL));
        zone.allow_query = &allowed;
        zone.allow_query_count = 1;
        assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    }
    snapshot = fixture_finish(builder);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct address address;

        assert_true(address_parse(&address, rows[i].address));
        if (snapshot_has_client(snapshot, &address) != rows[i].is_known) {
            fail_msg("%s", rows[i].address);
        }
    }
    snapshot_unref(snapshot);
}

static void a_snapshot_lives_as_long_as_its_last_reference(void **state)
{
    struct snapshot *snapshot = snapshot_in(ZONE_COMPLETE);

    (void)state;
    assert_ptr_equal(snapshot_ref(snapshot), snapshot);
    snapshot_unref(snapshot);
    assert_int_equal(fixture_lookup(snapshot, "sd.example.com", RECORD_SOA).result, LOOKUP_ANSWER);
    snapshot_unref(snapshot);
    snapshot_unref(NULL);
}

static void *reader(void *argument)
{
    struct snapshot *snapshot = argument;

    for (int i = 0; i < 2000; i++) {
        struct snapshot *mine = snapshot_ref(snapshot);
        const struct answer *answer =
            fixture_lookup(mine, "_web._tcp.sd.example.com", RECORD_SRV).answer;

        if (answer == NULL || answer_fit(answer, MESSAGE_MAX_LENGTH).answer_count != 1) {
            abort();
        }
        snapshot_unref(mine);
    }
    snapshot_unref(snapshot);
    return NULL;
}

static void threads_read_and_the_last_one_frees(void **state)
{
    enum { THREADS = 4 };
    struct snapshot *snapshot = snapshot_in(ZONE_COMPLETE);
    pthread_t threads[THREADS];

    (void)state;
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, reader, snapshot_ref(snapshot)), 0);
    }
    snapshot_unref(snapshot);
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

/* Ten clusters of 100 members with targets of 26 octets. `weight` is the first one's. */
static struct snapshot *snapshot_of_1000(const struct snapshot *previous, uint16_t weight)
{
    enum { CLUSTERS = 10, MEMBERS = 100 };
    static char ids[CLUSTERS * MEMBERS][FIXTURE_TEXT_SIZE];
    static struct member members[CLUSTERS * MEMBERS];
    struct builder *builder = builder_new(previous);
    struct name nameserver;
    struct zone zone = fixture_zone("s.example.com", &nameserver);

    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    for (size_t i = 0; i < CLUSTERS * MEMBERS; i++) {
        char address[FIXTURE_TEXT_SIZE];

        (void)snprintf(ids[i], sizeof(ids[i]), "i-%017zx", i);
        (void)snprintf(address, sizeof(address), "1.%zu.%zu.%zu", i / 100, i / 10 % 10, i % 10);
        members[i] = fixture_member(ids[i], address, 65535);
    }
    members[0].weight = weight;
    for (size_t i = 0; i < CLUSTERS; i++) {
        char name[FIXTURE_TEXT_SIZE];

        (void)snprintf(name, sizeof(name), "c%zu", i);
        fixture_add_cluster(builder, name, members + i * MEMBERS, MEMBERS);
    }
    return builder_finish(builder, FIXTURE_NOW);
}

static void a_member_takes_150_octets_at_most(void **state)
{
    struct snapshot *small = snapshot_in(ZONE_COMPLETE);
    struct snapshot *large = snapshot_of_1000(NULL, 65535);

    (void)state;
    assert_int_equal(snapshot_shared_octets(large), 0);
    assert_int_equal(fixture_answer(large, "_c0._tcp.s.example.com", RECORD_SRV)->additional_count,
                     100);
    assert_in_range(snapshot_size_octets(large) - snapshot_size_octets(small), 1000 * 100,
                    1000 * 150);
    snapshot_unref(small);
    snapshot_unref(large);
}

static void what_did_not_change_is_shared_and_counted_once(void **state)
{
    struct snapshot *first = snapshot_of_1000(NULL, 65535);
    size_t alone = snapshot_size_octets(first);
    struct snapshot *second = snapshot_of_1000(first, 65535);
    struct snapshot *third = NULL;

    (void)state;
    /* The table is each one's own, the octets of answers are not. */
    assert_true(snapshot_size_octets(second) < alone / 5);
    assert_in_range(snapshot_size_octets(second) + snapshot_shared_octets(second), alone - 1000,
                    alone + 1000);
    assert_ptr_equal(fixture_answer(first, "_c0._tcp.s.example.com", RECORD_SRV)->octets,
                     fixture_answer(second, "_c0._tcp.s.example.com", RECORD_SRV)->octets);
    third = snapshot_of_1000(second, 1);
    snapshot_unref(first);
    assert_ptr_not_equal(fixture_answer(third, "_c0._tcp.s.example.com", RECORD_SRV)->octets,
                         fixture_answer(second, "_c0._tcp.s.example.com", RECORD_SRV)->octets);
    assert_ptr_equal(fixture_answer(third, "_c1._tcp.s.example.com", RECORD_SRV)->octets,
                     fixture_answer(second, "_c1._tcp.s.example.com", RECORD_SRV)->octets);
    snapshot_unref(second);
    assert_int_equal(snapshot_shared_octets(third), 0);
    assert_int_equal(fixture_answer(third, "_c1._tcp.s.example.com", RECORD_SRV)->answer_count,
                     100);
    snapshot_unref(third);
}

/* Each thread follows another table; images are theirs together. */
static void threads_let_go_of_shared_images(void **state)
{
    enum { TABLES = 8 };
    struct snapshot *snapshots[TABLES] = {NULL};
    pthread_t threads[TABLES];

    (void)state;
    for (size_t i = 0; i < TABLES; i++) {
        const struct member members[] = {fixture_member("i-1", "10.0.0.1", 1),
                                         fixture_member("i-2", "10.0.0.2", (uint16_t)(i / 2))};
        struct builder *builder =
            fixture_builder_after(i == 0 ? NULL : snapshots[i - 1], TARGET_ADDRESS);

        fixture_add_cluster(builder, "web", &members[0], 1);
        fixture_add_cluster(builder, "api", members, 2);
        snapshots[i] = fixture_finish(builder);
    }
    for (size_t i = 0; i < TABLES; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, reader, snapshots[i]), 0);
    }
    for (size_t i = 0; i < TABLES; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_answered_as_far_as_the_zone_is_known),
        cmocka_unit_test(any_gets_one_rrset),
        cmocka_unit_test(names_of_every_length_are_told_apart),
        cmocka_unit_test(clients_of_any_zone_are_known_to_all_of_it),
        cmocka_unit_test(a_snapshot_lives_as_long_as_its_last_reference),
        cmocka_unit_test(threads_read_and_the_last_one_frees),
        cmocka_unit_test(a_member_takes_150_octets_at_most),
        cmocka_unit_test(what_did_not_change_is_shared_and_counted_once),
        cmocka_unit_test(threads_let_go_of_shared_images),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
