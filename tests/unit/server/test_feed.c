/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_feed.c - one source at work: that its looks become what is served, and
 * that answers tell when nobody has been able to look for a minute, and tell it no more afterwards.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
/* clang-format on */

#include "discovery/log.h"
#include "server/publisher.h"
#include "server/staleness.h"
#include "tests/unit/moved_clock.h"

enum { NOW_S = 1000000, STEP_MS = 500, STEPS_MAX = 400, PATH_SIZE = 64 };

#define MEMBER_OF(address)                                                                         \
    "{\"groups\":[{\"name\":\"web\",\"members\":[{\"id\":\"w-1\",\"address\":\"" address           \
    "\",\"port\":80}]}]}"

static const char configuration[] =
    "listen = {\"127.0.0.1:5353\"}\n"
    "zone \"sd.example.com\" {\n"
    "    nameservers = {\"ns1.sd.example.com\"}\n"
    "}\n"
    "zone \"other.example\" {\n"
    "    nameservers = {\"ns1.other.example\"}\n"
    "}\n"
    "file \"one\" { zone = \"sd.example.com\" path = \"one.json\" }\n"
    "file \"two\" { zone = \"other.example\" path = \"two.json\" }\n";

struct stage {
    uv_loop_t loop;
    struct site *site;
    struct publisher *publisher;
    size_t change_count;
    char folder[PATH_SIZE];
};

static void be_silent(void *owner, enum log_level level, const char *line, size_t length)
{
    (void)owner;
    (void)level;
    (void)line;
    (void)length;
}

static void on_change(void *owner)
{
    struct stage *stage = owner;

    stage->change_count++;
}

static void config_must_be_right(void *owner, const char *text)
{
    (void)owner;
    fail_msg("%s", text);
}

static char *path_in(const struct stage *stage, const char *name, char path[2 * PATH_SIZE])
{
    (void)snprintf(path, 2 * (size_t)PATH_SIZE, "%s/%s", stage->folder, name);
    return path;
}

static void file_write(const struct stage *stage, const char *name, const char *text)
{
    char path[2 * PATH_SIZE];
    FILE *file = fopen(path_in(stage, name, path), "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void file_remove(const struct stage *stage, const char *name)
{
    char path[2 * PATH_SIZE];

    (void)unlink(path_in(stage, name, path));
}

/* A site of what the folder's configuration says now; it starts with site_start(). */
static struct site *site_open(struct stage *stage)
{
    const struct site_listener listener = {.owner = stage, .on_change = on_change};
    char path[2 * PATH_SIZE];
    struct config *config =
        config_load(path_in(stage, "rollcall.conf", path), config_must_be_right, NULL);
    struct site *site = NULL;

    assert_true(site_new(&site, config, &stage->loop, NULL, &listener, NULL));
    return site;
}

static int stage_open(void **state)
{
    struct stage *stage = calloc(1, sizeof(*stage));

    assert_non_null(stage);
    (void)snprintf(stage->folder, sizeof(stage->folder), "/tmp/rollcall-feed-XXXXXX");
    assert_non_null(mkdtemp(stage->folder));
    file_write(stage, "rollcall.conf", configuration);
    file_write(stage, "one.json", MEMBER_OF("10.0.0.1"));
    file_write(stage, "two.json", MEMBER_OF("10.0.0.2"));
    assert_int_equal(uv_loop_init(&stage->loop), 0);
    log_set_sink(be_silent, NULL);
    stage->site = site_open(stage);
    stage->publisher = publisher_new();
    site_start(stage->site);
    *state = stage;
    return 0;
}

static int stage_close(void **state)
{
    static const char *const names[] = {"rollcall.conf", "one.json", "two.json"};
    struct stage *stage = *state;

    log_set_sink(NULL, NULL);
    publisher_free(stage->publisher);
    site_free(stage->site);
    assert_int_equal(uv_run(&stage->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&stage->loop), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        file_remove(stage, names[i]);
    }
    assert_int_equal(rmdir(stage->folder), 0);
    free(stage);
    return 0;
}

/* Time passes, and what is due then runs. */
static void pass(struct stage *stage, int64_t wait_ms)
{
    clock_ahead_ms += wait_ms;
    (void)uv_run(&stage->loop, UV_RUN_NOWAIT);
}

/* As long as looks take that are due every now and then. */
static void pass_until_looked(struct stage *stage, size_t source, bool has_failed)
{
    size_t step = 0;

    for (pass(stage, 0); step < STEPS_MAX; step++) {
        const struct site_source *past = site_source(stage->site, source);

        if (has_failed ? past->failing_since_ms != 0
                       : past->look_count > 0 && past->failing_since_ms == 0) {
            return;
        }
        pass(stage, STEP_MS);
    }
    fail_msg("source %zu: no look after %d steps", source, STEPS_MAX);
}

static const struct snapshot *stage_build(struct stage *stage)
{
    const struct fleet_moment now = {.now_s = NOW_S, .now_ms = (int64_t)uv_now(&stage->loop)};

    return publisher_build(stage->publisher, stage->site, &now);
}

/* What answers tell: the zone's flag in the snapshot that on_change() makes the app publish. */
static bool answers_are_stale(struct stage *stage, size_t zone)
{
    return snapshot_zone(stage_build(stage), zone)->is_stale;
}

static void answers_tell_that_looks_have_failed_for_a_minute_and_no_longer(void **state)
{
    struct stage *stage = *state;
    size_t changes = 0;
    uint32_t serial = 0;

    pass_until_looked(stage, 0, false);
    pass_until_looked(stage, 1, false);
    assert_true(stage->change_count > 0);
    assert_false(answers_are_stale(stage, 0));
    serial = snapshot_zone_serial(stage_build(stage), 0);

    file_remove(stage, "one.json");
    pass_until_looked(stage, 0, true);
    changes = stage->change_count;
    pass(stage, STALE_AFTER_MS - 1);
    assert_int_equal(stage->change_count, changes); /* a hiccup publishes nothing */
    assert_false(answers_are_stale(stage, 0));
    pass(stage, 1);
    assert_int_equal(stage->change_count, changes + 1);
    assert_true(answers_are_stale(stage, 0));
    assert_false(answers_are_stale(stage, 1)); /* the other zone's source is well */
    assert_int_equal(snapshot_zone_serial(stage_build(stage), 0), serial);
    pass(stage, (int64_t)10 * STALE_AFTER_MS);
    assert_int_equal(stage->change_count, changes + 1); /* told once */

    file_write(stage, "one.json", MEMBER_OF("10.0.0.1"));
    pass_until_looked(stage, 0, false);
    assert_int_equal(stage->change_count, changes + 2); /* although nobody has changed */
    assert_false(answers_are_stale(stage, 0));
    assert_int_equal(snapshot_zone_serial(stage_build(stage), 0), serial);
    pass(stage, (int64_t)2 * STALE_AFTER_MS);
    assert_int_equal(stage->change_count, changes + 2); /* the timer went with the failure */
}

static void looks_that_fail_for_less_than_a_minute_are_nobodys_business(void **state)
{
    struct stage *stage = *state;
    size_t changes = 0;

    pass_until_looked(stage, 0, false);
    for (size_t i = 0; i < 5; i++) {
        file_remove(stage, "one.json");
        pass_until_looked(stage, 0, true);
        pass(stage, STALE_AFTER_MS / 2);
        changes = stage->change_count;
        file_write(stage, "one.json", MEMBER_OF("10.0.0.1"));
        pass_until_looked(stage, 0, false);
        assert_int_equal(stage->change_count, changes);
        assert_false(answers_are_stale(stage, 0));
    }
}

static void what_is_known_of_a_source_before_a_reload_counts_after_it(void **state)
{
    struct stage *stage = *state;
    struct site *old = stage->site;
    size_t changes = 0;

    pass_until_looked(stage, 0, false);
    file_remove(stage, "one.json");
    pass_until_looked(stage, 0, true);
    pass(stage, STALE_AFTER_MS - 10 * STEP_MS);
    assert_false(answers_are_stale(stage, 0));

    stage->site = site_open(stage);
    site_adopt(stage->site, old);
    site_free(old);
    site_start(stage->site);
    pass(stage, 0);
    assert_false(answers_are_stale(stage, 0));
    changes = stage->change_count;
    pass(stage, 10 * STEP_MS);
    assert_true(stage->change_count > changes);
    assert_true(answers_are_stale(stage, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            answers_tell_that_looks_have_failed_for_a_minute_and_no_longer, stage_open,
            stage_close),
        cmocka_unit_test_setup_teardown(looks_that_fail_for_less_than_a_minute_are_nobodys_business,
                                        stage_open, stage_close),
        cmocka_unit_test_setup_teardown(what_is_known_of_a_source_before_a_reload_counts_after_it,
                                        stage_open, stage_close),
    };

    clock_stands = true;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
