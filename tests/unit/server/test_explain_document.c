/* SPDX-License-Identifier: MIT */

/*
 * The document about an instance: as the server writes it, and as a person reads it, to the
 * character.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>
#include <string.h>

#include "server/explain_document.h"

static const struct fleet_zone zone = {.origin = "sd.example.com"};
static const struct fleet_source source = {.name = "ec2 main", .rules = {.port = 443}};
static const struct fleet_settings settings = {&zone, 1, &source, 1};
static const struct fleet_moment now = {.now_s = 1767323045, .now_ms = 63000};

/* One member and one outsider of poll 12, which is 3 s old. */
static struct fleet *fleet_make(void)
{
    const struct view_entry entry = {
        .accepted = {.id = "i-1",
                     .group = "web",
                     .az = "",
                     .address = {ADDRESS_V4_LENGTH, {10, 0, 0, 1}},
                     .weight = 100},
        .changed = {7, 3000 },
    };
    struct view *view = view_new();
    struct fleet *fleet = NULL;

    view->poll = (struct view_poll){12, 60000};
    (void)view_add(view, &entry);
    view->outsiders = arena_array(&view->arena, 1, sizeof(*view->outsiders));
    view->outsider_count = 1;
    view->outsiders[0] = (struct view_outsider){
        .id = "i-2",
        .group = "web",
        .reason = REASON_BAD_WEIGHT,
        .value = "\x1b[1m",
        .since = {12, 60000}
    };
    assert_true(fleet_new(&fleet, &settings, NULL));
    fleet_restore(fleet, 0, view);
    return fleet;
}

static void the_document_has_every_field_and_null_for_what_is_not(void **state)
{
    struct fleet *fleet = fleet_make();
    char *text = explain_to_json(fleet, "web", &now);

    (void)state;
    assert_string_equal(
        text,
        "{\"subject\":\"web\",\"now\":\"2026-01-02T03:04:05Z\",\"instances\":["
        "{\"id\":\"i-1\",\"source\":\"ec2 main\",\"zone\":\"sd.example.com\",\"group\":\"web\","
        "\"cluster\":\"web\",\"served\":true,\"weight\":100,\"address\":\"10.0.0.1\",\"port\":443,"
        "\"rule\":\"member\",\"text\":\"It is running, in group \\\"web\\\", with a valid "
        "srv_weight. It is served at 10.0.0.1:443 with weight 100.\",\"value\":null,\"poll\":7,"
        "\"poll_age_ms\":60000},"
        "{\"id\":\"i-2\",\"source\":\"ec2 main\",\"zone\":\"sd.example.com\",\"group\":\"web\","
        "\"cluster\":\"web\",\"served\":false,\"weight\":null,\"address\":null,\"port\":null,"
        "\"rule\":\"bad-weight\",\"text\":\"Its srv_weight, \\\"\\u001b[1m\\\", is no number from "
        "0 "
        "to 65535.\",\"value\":\"\\u001b[1m\",\"poll\":12,\"poll_age_ms\":3000}]}");
    free(text);
    assert_null(explain_to_json(fleet, "i-3", &now));
    fleet_free(fleet);
}

/* What was printed, owned by the caller; NULL with the error when it was refused. */
static char *printed(const char *json, struct error *error)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    bool is_printed = explain_print(json, strlen(json), out, error);

    (void)fclose(out);
    if (!is_printed) {
        free(text);
        return NULL;
    }
    return text;
}

static void a_person_reads_a_block_for_each_instance(void **state)
{
    struct fleet *fleet = fleet_make();
    char *json = explain_to_json(fleet, "web", &now);
    struct error error = {""};
    char *text = printed(json, &error);

    (void)state;
    assert_string_equal(
        text, "i-1 at 10.0.0.1: IN the answer of cluster web in sd.example.com, weight 100\n"
              "  member: It is running, in group \"web\", with a valid srv_weight. It is served at "
              "10.0.0.1:443 with weight 100.\n"
              "  group web, ec2 main, poll 7, 60s ago\n"
              "\n"
              "i-2: NOT in the answer of cluster web in sd.example.com\n"
              "  bad-weight: Its srv_weight, \"?[1m\", is no number from 0 to 65535.\n"
              "  group web, ec2 main, poll 12, 3.0s ago\n");
    free(text);
    free(json);
    fleet_free(fleet);
}

static void what_comes_from_disk_has_no_poll(void **state)
{
    struct error error = {""};
    char *text = printed("{\"instances\":[{\"id\":\"i-1\",\"source\":\"s\",\"zone\":\"z\","
                         "\"group\":null,\"cluster\":null,\"served\":false,\"weight\":null,"
                         "\"address\":null,\"port\":null,\"rule\":\"r\",\"text\":\"T.\","
                         "\"value\":null,\"poll\":0,\"poll_age_ms\":5}]}",
                         &error);

    (void)state;
    assert_string_equal(text, "i-1: NOT in the answer in z\n"
                              "  r: T.\n"
                              "  group none, s, known from disk\n");
    free(text);
}

static void what_is_no_such_document_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "[]",
        "{}",
        "{\"instances\":{}}",
        "{\"instances\":[{}]}",
        "{\"instances\":[{\"id\":1}]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct error error = {""};

        assert_null(printed(texts[i], &error));
        assert_true(strlen(error.text) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_document_has_every_field_and_null_for_what_is_not),
        cmocka_unit_test(a_person_reads_a_block_for_each_instance),
        cmocka_unit_test(what_comes_from_disk_has_no_poll),
        cmocka_unit_test(what_is_no_such_document_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
