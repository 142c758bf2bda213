/* SPDX-License-Identifier: MIT */

/*
 * A fleet as octets and back: nothing of a member is lost, every wrong octet is noticed, and what a
 * hostile document says does not get in. Promise P6, acceptance group 17.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "discovery/state_file.h"
#include "tests/unit/discovery/fleet_stage.h"

enum { NOW_S = 1795356000 }; /* 2026-11-22T14:00:00Z */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct state_place places[2] = {
    {.settings = "ec2 region=\"self\"", .region = "eu-west-1"},
    {.settings = "file path=\"fleet.json\""                                },
};

/* Three members with everything that a member can have, and one of another source. */
static void fleet_fill(struct stage *stage)
{
    struct instance instances[] = {
        fixture_instance("i-1", "prod-web", "10.0.0.1"),
        fixture_instance("i-2", "prod-web", "10.0.0.2"),
        fixture_instance("i-3", "prod-\xc3\xa4pi \"x\"\\", "fd00::1"),
    };
    const struct instance other = fixture_instance("db-1", "db", "10.0.3.7");

    instances[0].port_tag = "8443";
    instances[0].weight_tag = "7";
    instances[1].hold_tag = "maint until=2027-01-01T00:00:00Z by=ann reason=new \"kernel\"";
    stage_poll(stage, 0, instances, COUNT_OF(instances));
    instances[0].weight_tag = "7\nx";
    stage_poll(stage, 0, instances, COUNT_OF(instances));
    stage_poll(stage, 1, &other, 1);
}

static struct fleet *fleet_empty(const struct stage *stage)
{
    struct fleet *fleet = NULL;

    assert_true(fleet_new(&fleet, &stage->settings, NULL));
    return fleet;
}

struct skips {
    size_t count;
    char source[64];
    char why[256];
};

static void on_skipped(void *owner, const char *source, const char *why)
{
    struct skips *skips = owner;

    skips->count++;
    (void)snprintf(skips->source, sizeof(skips->source), "%s", source);
    (void)snprintf(skips->why, sizeof(skips->why), "%s", why);
}

static struct state *decode(const char *text, size_t length)
{
    struct state *state = NULL;
    struct error error = {""};

    if (state_decode(&state, text, length, &error) != STATE_READ) {
        fail_msg("%s", error.text);
    }
    return state;
}

/* A text of the format around any document. Freed by the caller. */
static char *frame(const char *document, size_t *length)
{
    unsigned char digest[32];
    char hex[65];
    char *text = malloc(strlen(document) + 128);

    (void)EVP_Q_digest(NULL, "SHA256", NULL, document, strlen(document), digest, NULL);
    for (size_t i = 0; i < sizeof(digest); i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
    *length = (size_t)sprintf(text, "rollcall-state 1 %zu %s\n%s", strlen(document), hex, document);
    return text;
}

/* What a restart finds of the stage's fleet. */
static struct state *write_and_read(const struct stage *stage)
{
    size_t length = 0;
    char *text = state_encode(stage->fleet, places, NOW_S, &length);
    struct state *read = decode(text, length);

    free(text);
    return read;
}

static void a_fleet_comes_back_as_it_was(void **state)
{
    struct stage *stage = *state;
    struct fleet *fleet = fleet_empty(stage);
    struct skips skips = {0};
    size_t length = 0;
    size_t again_length = 0;
    char *text = NULL;
    char *again = NULL;
    struct state *read = NULL;
    const struct view_entry *entry = NULL;

    fleet_fill(stage);
    stage_assemble(stage);
    text = state_encode(stage->fleet, places, NOW_S, &length);
    read = decode(text, length);
    assert_int_equal(state_written_s(read), NOW_S);
    assert_string_equal(state_region(read, "ec2 main"), "eu-west-1");
    assert_null(state_region(read, "file on-prem"));
    assert_null(state_region(read, "ec2 other"));
    assert_int_equal(state_restore(read, fleet, places, on_skipped, &skips), 4);
    assert_int_equal(skips.count, 0);
    state_free(read);

    assert_true(fleet_view(fleet, 0)->is_restored);
    assert_int_equal(fleet_view(fleet, 0)->poll.number, 0);
    entry = view_find(fleet_view(fleet, 0), "i-1");
    assert_int_equal(entry->reason, REASON_BAD_WEIGHT);
    assert_string_equal(entry->value, "7\nx");
    assert_int_equal(entry->accepted.weight, 7);
    assert_int_equal(entry->accepted.port, 8443);
    entry = view_find(fleet_view(fleet, 0), "i-2");
    assert_int_equal(entry->accepted.hold.kind, HOLD_MAINT);
    assert_string_equal(entry->accepted.hold.by, "ann");
    assert_string_equal(entry->accepted.hold.reason, "new \"kernel\"");
    assert_int_equal(entry->changed.number, 0);
    entry = view_find(fleet_view(fleet, 0), "i-3");
    assert_string_equal(entry->accepted.group, "prod-\xc3\xa4pi \"x\"\\");
    assert_int_equal(entry->accepted.address.length, ADDRESS_V6_LENGTH);

    again = state_encode(fleet, places, NOW_S, &again_length);
    assert_string_equal(again, text);
    free(text);
    free(again);
    fleet_free(fleet);
}

static void a_later_writing_of_the_same_is_the_same(void **state)
{
    struct stage *stage = *state;
    struct instance changed = fixture_instance("db-1", "db", "10.0.3.8");
    const struct fingerprint none = {0};
    char *texts[3] = {NULL};
    size_t lengths[3] = {0};
    struct fingerprint prints[3];
    struct fingerprint cut;

    fleet_fill(stage);
    texts[0] = state_encode(stage->fleet, places, NOW_S, &lengths[0]);
    texts[1] = state_encode(stage->fleet, places, NOW_S + 3600, &lengths[1]);
    stage_poll(stage, 1, &changed, 1);
    texts[2] = state_encode(stage->fleet, places, NOW_S, &lengths[2]);
    assert_string_not_equal(texts[0], texts[1]);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        prints[i] = state_print(texts[i], lengths[i]);
    }
    cut = state_print(texts[0], lengths[0] - 1);
    assert_true(fingerprint_matches(&prints[0], &prints[1]));
    assert_false(fingerprint_matches(&prints[0], &prints[2]));
    assert_false(fingerprint_matches(&prints[0], &cut));
    assert_false(fingerprint_matches(&none, &none)); /* nothing on disk is no reason not to write */
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        free(texts[i]);
    }
}

static void any_octet_changed_or_missing_is_noticed(void **state)
{
    struct stage *stage = *state;
    size_t length = 0;
    char *text = NULL;

    fleet_fill(stage);
    text = state_encode(stage->fleet, places, NOW_S, &length);
    for (size_t i = 0; i < length; i++) {
        for (int bit = 0; bit < 8; bit++) {
            struct state *read = NULL;
            struct error error = {""};

            text[i] = (char)(text[i] ^ (1 << bit));
            assert_int_not_equal(state_decode(&read, text, length, &error), STATE_READ);
            assert_string_not_equal(error.text, "");
            text[i] = (char)(text[i] ^ (1 << bit));
        }
    }
    for (size_t cut = 0; cut < length; cut++) {
        struct state *read = NULL;
        char *copy = malloc(cut + 1); /* its own memory: reading past the end is noticed */

        memcpy(copy, text, cut);
        assert_int_equal(state_decode(&read, copy, cut, NULL), STATE_CORRUPT);
        free(copy);
    }
    memset(text, 0, length);
    assert_int_equal(state_decode(&(struct state *){NULL}, text, length, NULL), STATE_CORRUPT);
    free(text);
}

static void a_later_format_is_told_from_a_broken_file(void **state)
{
    static const struct {
        const char *text;
        enum state_outcome expected;
        const char *why;
    } rows[] = {
        {"rollcall-state 2 5 abc\nanything",       STATE_FUTURE,  "format 2"      },
        {"rollcall-state 999",                     STATE_FUTURE,  "format 999"    },
        {"rollcall-state 0 5 abc\n",               STATE_CORRUPT, "does not begin"},
        {"rollcall-state x",                       STATE_CORRUPT, "does not begin"},
        {"rollcall-state ",                        STATE_CORRUPT, "does not begin"},
        {"",                                       STATE_CORRUPT, "does not begin"},
        {"{\"written\":1}",                        STATE_CORRUPT, "does not begin"},
        {"rollcall-state 1",                       STATE_CORRUPT, "first line"    },
        {"rollcall-state 1 99999999999999999 a\n", STATE_CORRUPT, "first line"    },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct state *read = NULL;
        struct error error = {""};

        assert_int_equal(state_decode(&read, rows[i].text, strlen(rows[i].text), &error),
                         rows[i].expected);
        assert_non_null(strstr(error.text, rows[i].why));
    }
}

#define HEAD "{\"written\":\"2026-11-22T14:00:00Z\","
#define MEMBERS(text)                                                                              \
    HEAD "\"sources\":[{\"name\":\"a\",\"place\":\"p\",\"members\":[" text "]}],\"zones\":[]}"
#define MEMBER(id, rest) "{\"id\":\"" id "\"," rest "}"
#define GOOD "\"group\":\"g\",\"az\":\"\",\"address\":\"10.0.0.1\",\"port\":0,\"weight\":65535"

/* The checksum is right each time: whoever wrote this knew it. */
static void a_document_with_a_bad_value_is_refused(void **state)
{
    static const struct {
        const char *document;
        const char *why;
    } rows[] = {
        {"",                                                                    "line 1"                                                 },
        {"[]",                                                                  "an array, not an object"                                },
        {HEAD "\"sources\":[]}",                                                "\"zones\" is missing"                                   },
        {"{\"written\":\"today\",\"sources\":[],\"zones\":[]}",                 "written: not a time"                                    },
        {HEAD "\"sources\":[],\"zones\":[],\"more\":1}",                        "unknown key \"more\""                                   },
        {HEAD "\"sources\":[1],\"zones\":[]}",                                  "sources[0]"                                             },
        {MEMBERS(MEMBER("I-1",                                                  GOOD)),                                                    "DNS label"},
        {MEMBERS(MEMBER("",                                                                     GOOD)),                                                                                                              "DNS label"},
        {MEMBERS(MEMBER("a.b",                                                          GOOD)),      "DNS label"},
        {MEMBERS(MEMBER("a",      GOOD ",\"x\":1")),                                               "unknown key \"x\""},
        {MEMBERS(MEMBER("b",                                                    GOOD) "," MEMBER("a",                                                                                       GOOD)), "out of order"},
        {MEMBERS(MEMBER("a",                                                                     GOOD) "," MEMBER("a",                                                                                                             GOOD)), "out of order"},
        {MEMBERS("{\"id\":\"a\"}"),                                                               "\"group\" is missing"                   },
        {MEMBERS(MEMBER("a",                                                    "\"group\":\"\",\"az\":\"\"")),                     "group"},
        {MEMBERS(MEMBER("a",                                                       "\"group\":\"x\\ny\",\"az\":\"\"")),                                                                                                                "group"},
        {MEMBERS(MEMBER("a","\"group\":\"g\",\"az\":\"a b\"")),                       "availability zone"},
        {MEMBERS(MEMBER("a","\"group\":\"g\",\"az\":\"\",\"address\":\"10.0.0\"")),
         "the address of a host"},
        {MEMBERS(MEMBER("a",                                                    "\"group\":\"g\",\"az\":\"\",\"address\":\"224.0.0.1\"")),
         "the address of a host"},
        {MEMBERS(
             MEMBER("a",                                                                     "\"group\":\"g\",\"az\":\"\",\"address\":\"10.0.0.1\",\"port\":65536")),
         "65536 is not in"},
        {MEMBERS(MEMBER("a",                                                  "\"group\":\"g\",\"az\":\"\",\"address\":\"10.0.0.1\",\"port\":-1")),
         "-1 is not in"},
        {MEMBERS(MEMBER(
             "a",                            "\"group\":\"g\",\"az\":\"\",\"address\":\"10.0.0.1\",\"port\":1,\"weight\":1.5")),
         "not a whole number"},
        {MEMBERS(MEMBER(
             "a",                                                    "\"group\":\"g\",\"az\":\"\",\"address\":\"10.0.0.1\",\"port\":1,\"weight\":\"1\"")),
         "a string, not a number"},
        {MEMBERS(MEMBER("a",                                                                     GOOD ",\"hold\":\"drain\"")),                                                                                                        "not an object"},
        {MEMBERS(MEMBER("a",                                                     GOOD
                        ",\"hold\":{\"kind\":\"none\",\"until\":0,\"by\":\"\",\"reason\":\"\"}")),
         "neither drain nor maint"},
        {MEMBERS(MEMBER("a",GOOD
                        ",\"hold\":{\"kind\":\"drain\",\"until\":-1,\"by\":\"\",\"reason\":\"\"}")),
         "-1 is not in"},
        {MEMBERS(
             MEMBER("a",                                                      GOOD
                    ",\"hold\":{\"kind\":\"drain\",\"until\":1e17,\"by\":\"\",\"reason\":\"\"}")),
         "is not in"},
        {MEMBERS(
             MEMBER("a",                                                                     GOOD
                    ",\"hold\":{\"kind\":\"drain\",\"until\":0,\"by\":\"a b\",\"reason\":\"\"}")),
         "one word"},
        {MEMBERS(MEMBER(
             "a",                                              GOOD
             ",\"hold\":{\"kind\":\"drain\",\"until\":0,\"by\":\"\",\"reason\":\"a\\u0085b\"}")),
         "printable"},
        {MEMBERS(MEMBER("a",GOOD ",\"bridges\":\"member\"")),"unknown reason"},
        {HEAD "\"sources\":[],\"zones\":[{\"zone\":\"z\",\"owners\":[{\"cluster\":\"A\",\"source\":"
              "\"s\",\"group\":\"g\"}]}]}",                                                    "DNS label"            },
        {HEAD "\"sources\":[],\"zones\":[{\"zone\":\"z\",\"owners\":[{\"cluster\":\"b\",\"source\":"
              "\"s\",\"group\":\"g\"},"
              "{\"cluster\":\"a\",\"source\":\"s\",\"group\":\"g\"}]}]}",                                                                     "out of order"                                                                                                            },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct state *read = NULL;
        struct error error = {""};
        size_t length = 0;
        char *text = frame(rows[i].document, &length);

        if (state_decode(&read, text, length, &error) != STATE_CORRUPT ||
            strstr(error.text, rows[i].why) == NULL) {
            fail_msg("%s: %s, wanted %s", rows[i].document, error.text, rows[i].why);
        }
        free(text);
    }
}

static void a_document_with_good_values_is_taken(void **state)
{
    size_t length = 0;
    char *text = frame(MEMBERS(MEMBER("a", GOOD) "," MEMBER("b", GOOD)), &length);

    (void)state;
    state_free(decode(text, length));
    free(text);
}

static void members_of_another_place_are_left_out(void **state)
{
    struct stage *stage = *state;
    const struct state_place moved[2] = {{.settings = "ec2 region=\"us-east-1\""}, places[1]};
    struct fleet *fleet = fleet_empty(stage);
    struct skips skips = {0};
    struct state *read = NULL;

    fleet_fill(stage);
    read = write_and_read(stage);
    assert_int_equal(state_restore(read, fleet, moved, on_skipped, &skips), 1);
    assert_int_equal(skips.count, 1);
    assert_string_equal(skips.source, "ec2 main");
    assert_null(fleet_view(fleet, 0));
    assert_int_equal(fleet_view(fleet, 1)->count, 1);
    state_free(read);
    fleet_free(fleet);
}

static void an_address_that_is_not_allowed_any_more_is_left_out(void **state)
{
    struct stage *stage = *state;
    struct fleet *fleet = fleet_empty(stage);
    struct skips skips = {0};
    struct state *read = NULL;

    fleet_fill(stage);
    read = write_and_read(stage);
    stage->sources[0].rules.allowed_prefix_count = 1; /* IPv4 alone */
    assert_int_equal(state_restore(read, fleet, places, on_skipped, &skips), 3);
    assert_string_equal(skips.source, "ec2 main");
    assert_non_null(strstr(skips.why, "1 of its 3 members"));
    assert_null(view_find(fleet_view(fleet, 0), "i-3"));
    assert_non_null(view_find(fleet_view(fleet, 0), "i-2"));
    state_free(read);
    fleet_free(fleet);
}

/* What one instance's tags say must never make the whole table unreadable. */
static void what_was_accepted_can_be_read_again(void **state)
{
    static const struct {
        const char *what;
        struct instance instance;
    } rows[] = {
        {"the last second",  {.hold_tag = "drain until=9999-12-31T23:59:59Z"}      },
        {"beyond it",        {.hold_tag = "drain until=9999-12-31T23:59:60-23:59"} },
        {"long ago",         {.hold_tag = "maint until=0000-01-01T00:00:00+23:59"} },
        {"a strange name",   {.hold_tag = "maint by=\xc2\xa0\xe2\x80\xa8"}         },
        {"a strange reason", {.hold_tag = "maint reason=\xef\xbf\xbf \xe2\x80\xae"}},
        {"a strange group",  {.group = "\xc2\x85\\\"\xf0\x9f\x98\x80"}             },
        {"no zone",          {.az = ""}                                            },
        {"a mapped address", {.address_tag = "::ffff:10.0.0.1"}                    },
    };
    struct stage *stage = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
        struct fleet *fleet = fleet_empty(stage);
        struct skips skips = {0};
        struct state *read = NULL;

        instance.hold_tag = rows[i].instance.hold_tag;
        instance.az = rows[i].instance.az != NULL ? rows[i].instance.az : instance.az;
        instance.group = rows[i].instance.group != NULL ? rows[i].instance.group : instance.group;
        if (rows[i].instance.address_tag != NULL) {
            instance.address_tag = rows[i].instance.address_tag;
        }
        stage_poll(stage, 0, &instance, 1);
        read = write_and_read(stage);
        if (state_restore(read, fleet, places, on_skipped, &skips) !=
            fleet_view(stage->fleet, 0)->count) {
            fail_msg("%s", rows[i].what);
        }
        state_free(read);
        fleet_free(fleet);
    }
}

static void who_is_in_standby_stays_drained_over_a_restart(void **state)
{
    /* One comes twice, and one is nobody's. */
    static const char *const ids[] = {"NOT A LABEL", "i-2", "i-2"};
    struct stage *stage = *state;
    struct fleet *fleet = fleet_empty(stage);
    struct state *read = NULL;

    fleet_fill(stage);
    assert_true(fleet_set_standby(stage->fleet, 0, ids, COUNT_OF(ids)));
    read = write_and_read(stage);
    assert_int_equal(state_restore(read, fleet, places, on_skipped, NULL), 4);
    assert_true(fleet_is_standby(fleet, 0, "i-2"));
    assert_false(fleet_is_standby(fleet, 0, "i-1"));
    assert_false(fleet_is_standby(fleet, 0, "NOT A LABEL"));
    state_free(read);
    fleet_free(fleet);
}

static void a_source_that_has_not_delivered_is_not_written(void **state)
{
    struct stage *stage = *state;
    const struct instance other = fixture_instance("db-1", "db", "10.0.3.7");
    struct fleet *fleet = fleet_empty(stage);
    struct skips skips = {0};
    struct state *read = NULL;

    stage_poll(stage, 1, &other, 1);
    read = write_and_read(stage);
    assert_int_equal(state_restore(read, fleet, places, on_skipped, &skips), 1);
    assert_null(fleet_view(fleet, 0));
    state_free(read);
    fleet_free(fleet);
}

/* "prod-web" and "web" both make the cluster web: who had it keeps it over a restart. */
static void the_owner_of_a_name_keeps_it_over_a_restart(void **state)
{
    struct stage *stage = *state;
    const struct instance both[] = {
        fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "prod-web", "10.0.0.2"),
    };
    struct fleet *old = NULL;
    struct skips skips = {0};
    struct state *read = NULL;

    stage_poll(stage, 0, &both[0], 1);
    assert_served(stage, "web:i-1");
    stage_poll(stage, 0, both, 2);
    assert_served(stage, "web:i-1"); /* although prod-web sorts first */

    read = write_and_read(stage);
    old = stage->fleet;
    stage->fleet = fleet_empty(stage);
    assert_int_equal(state_restore(read, stage->fleet, places, on_skipped, &skips), 2);
    assert_served(stage, "web:i-1");
    state_free(read);
    fleet_free(old);
}

static double elapsed_ms(const struct timespec *start)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) * 1e3 +
           (double)(now.tv_nsec - start->tv_nsec) / 1e6;
}

/* A start has 200 ms for everything. The limit here is loose: debug builds and sanitizers. */
static void ten_thousand_members_are_read_in_time(void **state)
{
    enum { COUNT = 10000, LIMIT_MS = 5000 };
    struct stage *stage = *state;
    struct inventory *poll = inventory_new();
    struct fleet *fleet = fleet_empty(stage);
    struct skips skips = {0};
    struct timespec start;
    struct state *read = NULL;
    size_t length = 0;
    char *text = NULL;

    for (size_t i = 0; i < COUNT; i++) {
        *inventory_add(poll) =
            fixture_instance(arena_format(&poll->arena, "i-%017zx", i),
                             arena_format(&poll->arena, "prod-group-%zu-asg", i % 50),
                             arena_format(&poll->arena, "10.0.%zu.%zu", i / 250, 1 + i % 250));
    }
    (void)inventory_finish(poll);
    fleet_apply(stage->fleet, 0, poll, 1, NULL, NULL);
    inventory_free(poll);

    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    text = state_encode(stage->fleet, places, NOW_S, &length);
    print_message("%zu octets, written in %.1f ms, ", length, elapsed_ms(&start));
    (void)clock_gettime(CLOCK_MONOTONIC, &start);
    read = decode(text, length);
    assert_int_equal(state_restore(read, fleet, places, on_skipped, &skips), COUNT);
    print_message("read in %.1f ms\n", elapsed_ms(&start));
    assert_true(elapsed_ms(&start) < LIMIT_MS);
    state_free(read);
    free(text);
    fleet_free(fleet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGE_TEST(a_fleet_comes_back_as_it_was),
        STAGE_TEST(a_later_writing_of_the_same_is_the_same),
        STAGE_TEST(any_octet_changed_or_missing_is_noticed),
        cmocka_unit_test(a_later_format_is_told_from_a_broken_file),
        cmocka_unit_test(a_document_with_a_bad_value_is_refused),
        cmocka_unit_test(a_document_with_good_values_is_taken),
        STAGE_TEST(members_of_another_place_are_left_out),
        STAGE_TEST(an_address_that_is_not_allowed_any_more_is_left_out),
        STAGE_TEST(what_was_accepted_can_be_read_again),
        STAGE_TEST(who_is_in_standby_stays_drained_over_a_restart),
        STAGE_TEST(a_source_that_has_not_delivered_is_not_written),
        STAGE_TEST(the_owner_of_a_name_keeps_it_over_a_restart),
        STAGE_TEST(ten_thousand_members_are_read_in_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
