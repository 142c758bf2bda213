/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_publisher.c - from a site's fleet to a snapshot: serials, zone states, and
 * complaints that are told once.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "discovery/log.h"
#include "server/publisher.h"

enum { NOW_S = 1000000 };

static const char configuration[] = "listen = {\"127.0.0.1:5353\"}\n"
                                    "zone \"sd.example.com\" {\n"
                                    "    nameservers = {\"ns1.sd.example.com\"}\n"
                                    "}\n"
                                    "file \"one\" { zone = \"sd.example.com\" path = \"none\" }\n";

static size_t complaint_lines;

static void count_complaints(void *owner, enum log_level level, const char *line, size_t length)
{
    (void)owner;
    (void)level;
    (void)length;
    complaint_lines += strstr(line, "not served") != NULL;
}

static void no_change_expected(void *owner)
{
    (void)owner;
    fail_msg("nothing runs, so nothing may change");
}

static void config_must_be_right(void *owner, const char *text)
{
    (void)owner;
    fail_msg("%s", text);
}

/* A site of `configuration` whose source is never started, and a publisher. */
struct stage {
    uv_loop_t loop;
    struct site *site;
    struct publisher *publisher;
    int64_t poll_ms;
};

static int stage_open(void **state)
{
    static const struct site_listener listener = {.on_change = no_change_expected};
    struct stage *stage = calloc(1, sizeof(*stage));
    char path[] = "/tmp/rollcall-publisher-XXXXXX";
    int fd = mkstemp(path);
    struct config *config = NULL;

    assert_non_null(stage);
    assert_int_equal(write(fd, configuration, sizeof(configuration) - 1),
                     sizeof(configuration) - 1);
    (void)close(fd);
    config = config_load(path, config_must_be_right, NULL);
    (void)unlink(path);
    assert_int_equal(uv_loop_init(&stage->loop), 0);
    assert_true(site_new(&stage->site, config, &stage->loop, NULL, &listener, NULL));
    stage->publisher = publisher_new();
    complaint_lines = 0;
    log_set_sink(count_complaints, NULL);
    *state = stage;
    return 0;
}

static int stage_close(void **state)
{
    struct stage *stage = *state;

    log_set_sink(NULL, NULL);
    publisher_free(stage->publisher);
    site_free(stage->site);
    assert_int_equal(uv_loop_close(&stage->loop), 0);
    free(stage);
    return 0;
}

/* One complete look that found instance i-1 in each of `groups`, NULL-terminated. */
static void stage_look(struct stage *stage, const char *const *groups, const char *weight)
{
    struct inventory *inventory = inventory_new();

    for (size_t i = 0; groups[i] != NULL; i++) {
        struct instance *instance = inventory_add(inventory);

        instance->id = arena_format(&inventory->arena, "i-%zu", i);
        instance->group = groups[i];
        instance->private_address = arena_format(&inventory->arena, "10.0.0.%zu", i + 1);
        instance->weight_tag = weight;
        instance->state = STATE_RUNNING;
    }
    (void)inventory_finish(inventory);
    fleet_apply(site_fleet(stage->site), 0, inventory, ++stage->poll_ms, NULL, NULL);
    inventory_free(inventory);
}

static enum lookup_result stage_ask(const struct snapshot *snapshot, const char *text,
                                    enum record_type type)
{
    struct lookup_room room;
    struct name name;

    assert_true(name_from_text(&name, text, NULL));
    return snapshot_lookup(snapshot, &name, (uint16_t)type, &room).result;
}

static void nothing_is_ready_before_the_first_look(void **state)
{
    struct stage *stage = *state;
    const struct snapshot *snapshot =
        publisher_build(stage->publisher, stage->site, &(struct fleet_moment){.now_s = NOW_S});

    assert_int_equal(stage_ask(snapshot, "_web._tcp.sd.example.com", RECORD_SRV), LOOKUP_NOT_READY);
    assert_int_equal(stage_ask(snapshot, "sd.example.com", RECORD_SOA), LOOKUP_NOT_READY);
}

static void a_look_makes_the_clusters_and_completes_the_zone(void **state)
{
    struct stage *stage = *state;
    const struct snapshot *snapshot = NULL;

    stage_look(stage, (const char *const[]){"web", NULL}, "65535");
    snapshot =
        publisher_build(stage->publisher, stage->site, &(struct fleet_moment){.now_s = NOW_S});
    assert_int_equal(stage_ask(snapshot, "_web._tcp.sd.example.com", RECORD_SRV), LOOKUP_ANSWER);
    assert_int_equal(stage_ask(snapshot, "_api._tcp.sd.example.com", RECORD_SRV), LOOKUP_NXDOMAIN);
}

static void the_serial_grows_when_content_changes_and_only_then(void **state)
{
    struct stage *stage = *state;
    uint32_t serial = 0;

    stage_look(stage, (const char *const[]){"web", NULL}, "65535");
    serial = snapshot_zone_serial(
        publisher_build(stage->publisher, stage->site, &(struct fleet_moment){.now_s = NOW_S}), 0);
    stage_look(stage, (const char *const[]){"web", NULL}, "65535");
    assert_int_equal(
        snapshot_zone_serial(publisher_build(stage->publisher, stage->site,
                                             &(struct fleet_moment){.now_s = NOW_S + 9}),
                             0),
        serial);
    stage_look(stage, (const char *const[]){"web", NULL}, "0");
    assert_true(snapshot_zone_serial(publisher_build(stage->publisher, stage->site,
                                                     &(struct fleet_moment){.now_s = NOW_S + 9}),
                                     0) > serial);
}

static void a_complaint_is_told_once_for_as_long_as_it_lasts(void **state)
{
    static const char *const bad[] = {"web", "not a label", NULL};
    static const char *const good[] = {"web", NULL};
    struct stage *stage = *state;

    stage_look(stage, bad, "1");
    (void)publisher_build(stage->publisher, stage->site, &(struct fleet_moment){.now_s = NOW_S});
    (void)publisher_build(stage->publisher, stage->site, &(struct fleet_moment){.now_s = NOW_S});
    assert_int_equal(complaint_lines, 1);
    /* Absent twice, and as the last of its cluster until that is proved: gone. */
    for (int look = 0; look < 1 + GUARD_FREEZE_POLLS; look++) {
        stage_look(stage, good, "1");
        stage->poll_ms += GUARD_FREEZE_MS;
    }
    (void)publisher_build(stage->publisher, stage->site, &(struct fleet_moment){.now_s = NOW_S});
    stage_look(stage, bad, "1");
    (void)publisher_build(stage->publisher, stage->site, &(struct fleet_moment){.now_s = NOW_S});
    assert_int_equal(complaint_lines, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_ready_before_the_first_look, stage_open,
                                        stage_close),
        cmocka_unit_test_setup_teardown(a_look_makes_the_clusters_and_completes_the_zone,
                                        stage_open, stage_close),
        cmocka_unit_test_setup_teardown(the_serial_grows_when_content_changes_and_only_then,
                                        stage_open, stage_close),
        cmocka_unit_test_setup_teardown(a_complaint_is_told_once_for_as_long_as_it_lasts,
                                        stage_open, stage_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
