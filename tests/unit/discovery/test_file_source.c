/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_file_source.c - a real loop, a real folder, every way in which a file
 * changes.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "discovery/file_source.h"
#include "zones/arena.h"

enum {
    OFTEN_MS = 50,      /* rechecks that come soon */
    NEVER_MS = 3600000, /* rechecks that do not come: only events tell of a change */
    QUIET_MS = 250,     /* several rechecks that come soon */
    DEADLINE_MS = 30000,
};

struct watching {
    uv_loop_t loop;
    char folder[64];
    char path[128];
    char next_path[128];
    struct file_settings settings;
    struct source *source;
    unsigned looks;
    unsigned failures;
    unsigned wanted_looks;
    unsigned wanted_failures;
    bool stops_in_callback;
    struct inventory *newest;
    int64_t newest_ms;   /* when its look began, */
    int64_t previous_ms; /* and when the one before did */
    struct error failure;
    uv_timer_t deadline;
    bool is_late;
};

static void check_wanted(struct watching *watching)
{
    if (watching->looks >= watching->wanted_looks &&
        watching->failures >= watching->wanted_failures) {
        uv_stop(&watching->loop);
    }
}

static void stop_source(struct watching *watching)
{
    if (watching->source != NULL) {
        source_stop(watching->source);
        watching->source = NULL;
    }
}

static void on_inventory(void *owner, struct inventory *inventory, int64_t started_ms)
{
    struct watching *watching = owner;

    assert_in_range(started_ms, 1, uv_now(&watching->loop));
    inventory_free(watching->newest);
    watching->newest = inventory;
    watching->previous_ms = watching->newest_ms;
    watching->newest_ms = started_ms;
    watching->looks++;
    if (watching->stops_in_callback) {
        stop_source(watching);
    }
    check_wanted(watching);
}

static void on_failure(void *owner, const struct error *error)
{
    struct watching *watching = owner;

    watching->failure = *error;
    watching->failures++;
    if (watching->stops_in_callback) {
        stop_source(watching);
    }
    check_wanted(watching);
}

static void on_deadline(uv_timer_t *deadline)
{
    struct watching *watching = deadline->data;

    watching->is_late = true;
    uv_stop(&watching->loop);
}

static bool run_until(struct watching *watching, unsigned looks, unsigned failures,
                      uint64_t timeout_ms)
{
    watching->wanted_looks = looks;
    watching->wanted_failures = failures;
    watching->is_late = false;
    if (watching->looks >= looks && watching->failures >= failures) {
        return true;
    }
    uv_update_time(&watching->loop);
    uv_timer_start(&watching->deadline, on_deadline, timeout_ms, 0);
    uv_run(&watching->loop, UV_RUN_DEFAULT);
    uv_timer_stop(&watching->deadline);
    return !watching->is_late;
}

/* Run until so many looks and failures in all were heard; not one more must have come. */
static void expect(struct watching *watching, unsigned looks, unsigned failures)
{
    if (!run_until(watching, looks, failures, DEADLINE_MS)) {
        fail_msg("%u looks, %u failures (%s) instead of %u, %u", watching->looks,
                 watching->failures, watching->failure.text, looks, failures);
    }
    assert_int_equal(watching->looks, looks);
    assert_int_equal(watching->failures, failures);
}

/* Nothing is heard for longer than a recheck takes. */
static void expect_quiet(struct watching *watching)
{
    unsigned looks = watching->looks;
    unsigned failures = watching->failures;

    assert_false(run_until(watching, UINT32_MAX, UINT32_MAX, QUIET_MS));
    assert_int_equal(watching->looks, looks);
    assert_int_equal(watching->failures, failures);
}

static void write_to(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

static void member_text(char text[200], const char *id)
{
    snprintf(
        text, 200,
        "{\"groups\":[{\"name\":\"db\",\"members\":[{\"id\":\"%s\",\"address\":\"10.0.3.7\"}]}]}",
        id);
}

/* As an editor does it: the new file takes the place of the old one. */
static void replace_file(struct watching *watching, const char *id)
{
    char text[200];

    member_text(text, id);
    write_to(watching->next_path, text);
    assert_int_equal(rename(watching->next_path, watching->path), 0);
}

static void overwrite_file(struct watching *watching, const char *id)
{
    char text[200];

    member_text(text, id);
    write_to(watching->path, text);
}

static void check_member(const struct watching *watching, const char *id)
{
    assert_int_equal(watching->newest->count, 1);
    assert_string_equal(watching->newest->instances[0].id, id);
}

static void start(struct watching *watching, uint64_t recheck_ms)
{
    const struct source_listener listener = {
        .owner = watching, .on_inventory = on_inventory, .on_failure = on_failure};

    watching->settings =
        (struct file_settings){.name = "on-prem", .path = watching->path, .recheck_ms = recheck_ms};
    watching->source = file_source_new(&watching->loop, &watching->settings, &listener);
    source_start(watching->source, 0);
    /* Nothing is told from within the call. */
    assert_int_equal(watching->looks + watching->failures, 0);
}

static int setup(void **state)
{
    struct watching *watching = calloc(1, sizeof(*watching));

    *state = watching;
    uv_loop_init(&watching->loop);
    uv_timer_init(&watching->loop, &watching->deadline);
    watching->deadline.data = watching;
    snprintf(watching->folder, sizeof(watching->folder), "/tmp/test_file_source.XXXXXX");
    if (mkdtemp(watching->folder) == NULL) {
        return -1;
    }
    snprintf(watching->path, sizeof(watching->path), "%s/fleet.json", watching->folder);
    snprintf(watching->next_path, sizeof(watching->next_path), "%s/.next", watching->folder);
    return 0;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static int teardown(void **state)
{
    struct watching *watching = *state;

    stop_source(watching);
    uv_close((uv_handle_t *)&watching->deadline, NULL);
    uv_run(&watching->loop, UV_RUN_DEFAULT);
    /* Every handle of the source is closed. */
    if (uv_loop_close(&watching->loop) != 0) {
        return -1;
    }
    inventory_free(watching->newest);
    nftw(watching->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    free(watching);
    return 0;
}

static void the_file_is_delivered_at_the_start_and_confirmed_once(void **state)
{
    struct watching *watching = *state;

    overwrite_file(watching, "db-1");
    start(watching, OFTEN_MS);
    expect(watching, 1, 0);
    check_member(watching, "db-1");
    expect(watching, FILE_LOOKS, 0);
    /* The guard would not count a look that came sooner. */
    assert_true(watching->newest_ms - watching->previous_ms >= GUARD_ABSENT_GAP_MS);
    expect_quiet(watching);
}

static void a_file_at_rest_is_delivered_again_and_again(void **state)
{
    struct watching *watching = *state;

    overwrite_file(watching, "db-1");
    start(watching, OFTEN_MS);
    watching->settings.repeat_ms = 4 * OFTEN_MS;
    expect(watching, FILE_LOOKS + 3, 0);
    check_member(watching, "db-1");
    assert_true(watching->newest_ms - watching->previous_ms >= 4 * OFTEN_MS);
    /* What cannot be read is told once, and is no look. */
    assert_int_equal(unlink(watching->path), 0);
    expect(watching, FILE_LOOKS + 3, 1);
    expect_quiet(watching);
    overwrite_file(watching, "db-2");
    expect(watching, FILE_LOOKS + 4, 1);
    check_member(watching, "db-2");
}

static void a_change_that_no_event_told_is_found_and_confirmed(void **state)
{
    struct watching *watching = *state;

    /* Nothing can be watched in a folder that is not there. */
    assert_int_equal(rmdir(watching->folder), 0);
    start(watching, OFTEN_MS);
    expect(watching, 0, 1);
    assert_int_equal(mkdir(watching->folder, 0700), 0);
    overwrite_file(watching, "db-1");
    expect(watching, FILE_LOOKS, 1);
    check_member(watching, "db-1");
    expect_quiet(watching);
}

static void a_file_that_is_replaced_is_read_without_waiting_for_the_recheck(void **state)
{
    struct watching *watching = *state;

    overwrite_file(watching, "db-1");
    start(watching, NEVER_MS);
    expect(watching, 1, 0);
    replace_file(watching, "db-2");
    expect(watching, 2, 0);
    check_member(watching, "db-2");
    replace_file(watching, "db-3");
    expect(watching, 3, 0);
    check_member(watching, "db-3");
}

static void a_file_that_is_written_in_place_is_read(void **state)
{
    struct watching *watching = *state;

    overwrite_file(watching, "db-1");
    start(watching, NEVER_MS);
    expect(watching, 1, 0);
    overwrite_file(watching, "db-2");
    expect(watching, 2, 0);
    check_member(watching, "db-2");
}

static void a_change_that_leaves_size_and_time_as_they_were_is_read(void **state)
{
    struct watching *watching = *state;
    const struct timespec times[2] = {{.tv_sec = 1700000000}, {.tv_sec = 1700000000}};

    overwrite_file(watching, "db-1");
    assert_int_equal(utimensat(AT_FDCWD, watching->path, times, 0), 0);
    start(watching, NEVER_MS);
    expect(watching, 1, 0);
    overwrite_file(watching, "db-2");
    assert_int_equal(utimensat(AT_FDCWD, watching->path, times, 0), 0);
    expect(watching, 2, 0);
    check_member(watching, "db-2");
}

static void a_link_in_the_folder_that_is_turned_is_followed(void **state)
{
    struct watching *watching = *state;
    char folder[128];
    char text[200];

    /* As container platforms mount configuration: fleet.json -> now/fleet.json, now -> 1. */
    for (int version = 1; version <= 2; version++) {
        char path[160];

        snprintf(folder, sizeof(folder), "%s/%d", watching->folder, version);
        assert_int_equal(mkdir(folder, 0700), 0);
        snprintf(path, sizeof(path), "%s/fleet.json", folder);
        member_text(text, version == 1 ? "db-1" : "db-2");
        write_to(path, text);
    }
    snprintf(folder, sizeof(folder), "%s/now", watching->folder);
    assert_int_equal(symlink("1", folder), 0);
    assert_int_equal(symlink("now/fleet.json", watching->path), 0);
    start(watching, NEVER_MS);
    expect(watching, 1, 0);
    check_member(watching, "db-1");
    assert_int_equal(symlink("2", watching->next_path), 0);
    assert_int_equal(rename(watching->next_path, folder), 0);
    expect(watching, 2, 0);
    check_member(watching, "db-2");
}

static void another_file_in_the_folder_is_no_reason_to_look(void **state)
{
    struct watching *watching = *state;

    overwrite_file(watching, "db-1");
    start(watching, NEVER_MS);
    expect(watching, 1, 0);
    write_to(watching->next_path, "noise");
    expect_quiet(watching);
}

static void a_bad_file_is_reported_once_and_delivers_nothing(void **state)
{
    struct watching *watching = *state;
    char expected[300];

    overwrite_file(watching, "db-1");
    start(watching, NEVER_MS);
    expect(watching, 1, 0);
    replace_file(watching, "DB");
    expect(watching, 1, 1);
    snprintf(expected, sizeof(expected),
             "%s: groups[0].members[0].id: \"DB\" is not a DNS label of [a-z0-9_-]",
             watching->path);
    assert_string_equal(watching->failure.text, expected);
    check_member(watching, "db-1");
    expect_quiet(watching);
    source_refresh(watching->source);
    replace_file(watching, "DB");
    expect_quiet(watching);
    replace_file(watching, "DC");
    expect(watching, 1, 2);
    replace_file(watching, "db-2");
    expect(watching, 2, 2);
    check_member(watching, "db-2");
    replace_file(watching, "DC");
    expect(watching, 2, 3);
}

static void a_file_that_is_not_there_yet_is_found_when_it_comes(void **state)
{
    struct watching *watching = *state;

    start(watching, NEVER_MS);
    expect(watching, 0, 1);
    assert_non_null(strstr(watching->failure.text, "fleet.json: No such file or directory"));
    expect_quiet(watching);
    replace_file(watching, "db-1");
    expect(watching, 1, 1);
    check_member(watching, "db-1");
}

static void a_file_that_goes_away_changes_nothing(void **state)
{
    struct watching *watching = *state;

    overwrite_file(watching, "db-1");
    start(watching, NEVER_MS);
    expect(watching, 1, 0);
    assert_int_equal(unlink(watching->path), 0);
    expect(watching, 1, 1);
    check_member(watching, "db-1");
    overwrite_file(watching, "db-1");
    expect(watching, 2, 1);
}

static void a_folder_that_takes_the_place_of_another_is_watched(void **state)
{
    struct watching *watching = *state;
    char moved[128];

    overwrite_file(watching, "db-1");
    start(watching, NEVER_MS);
    expect(watching, 1, 0);
    snprintf(moved, sizeof(moved), "%s.moved", watching->folder);
    assert_int_equal(rename(watching->folder, moved), 0);
    assert_int_equal(mkdir(watching->folder, 0700), 0);
    overwrite_file(watching, "db-2");
    expect(watching, 2, 0);
    check_member(watching, "db-2");
    /* The new folder's events count now. */
    replace_file(watching, "db-3");
    expect(watching, 3, 0);
    check_member(watching, "db-3");
    nftw(moved, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void a_fifo_is_refused_and_does_not_hold_up_the_loop(void **state)
{
    struct watching *watching = *state;

    assert_int_equal(mkfifo(watching->path, 0600), 0);
    start(watching, OFTEN_MS);
    expect(watching, 0, 1);
    assert_non_null(strstr(watching->failure.text, ": not a regular file"));
}

static void a_file_that_is_too_large_is_refused_unread(void **state)
{
    struct watching *watching = *state;

    overwrite_file(watching, "db-1");
    assert_int_equal(truncate(watching->path, FLEET_FILE_MAX_OCTETS + 1), 0);
    start(watching, OFTEN_MS);
    expect(watching, 0, 1);
    assert_non_null(strstr(watching->failure.text, "8388609 octets, more than the 8388608"));
    expect_quiet(watching);
}

static void refresh_reads_a_file_at_rest_again(void **state)
{
    struct watching *watching = *state;

    overwrite_file(watching, "db-1");
    start(watching, NEVER_MS);
    expect(watching, 1, 0);
    source_refresh(watching->source);
    assert_int_equal(watching->looks, 1);
    expect(watching, 2, 0);
    check_member(watching, "db-1");
}

static void nothing_is_told_after_stop(void **state)
{
    struct watching *watching = *state;

    overwrite_file(watching, "db-1");
    start(watching, OFTEN_MS);
    stop_source(watching);
    expect_quiet(watching);
    assert_int_equal(watching->looks, 0);
}

static void a_source_that_never_started_can_be_stopped(void **state)
{
    struct watching *watching = *state;
    const struct source_listener listener = {.owner = watching};

    watching->settings = (struct file_settings){.name = "x", .path = "fleet.json"};
    watching->source = file_source_new(&watching->loop, &watching->settings, &listener);
}

static void stopping_from_within_a_callback_is_safe(void **state)
{
    struct watching *watching = *state;

    watching->stops_in_callback = true;
    start(watching, OFTEN_MS);
    expect(watching, 0, 1);
    expect_quiet(watching);
    watching->failures = 0;
    overwrite_file(watching, "db-1");
    start(watching, OFTEN_MS);
    expect(watching, 1, 0);
    expect_quiet(watching);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_change_that_no_event_told_is_found_and_confirmed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_file_is_delivered_at_the_start_and_confirmed_once,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_at_rest_is_delivered_again_and_again, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_file_that_is_replaced_is_read_without_waiting_for_the_recheck, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_written_in_place_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_that_leaves_size_and_time_as_they_were_is_read,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_link_in_the_folder_that_is_turned_is_followed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(another_file_in_the_folder_is_no_reason_to_look, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_bad_file_is_reported_once_and_delivers_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_not_there_yet_is_found_when_it_comes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_that_goes_away_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_folder_that_takes_the_place_of_another_is_watched, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_fifo_is_refused_and_does_not_hold_up_the_loop, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_file_that_is_too_large_is_refused_unread, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(refresh_reads_a_file_at_rest_again, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_told_after_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(a_source_that_never_started_can_be_stopped, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(stopping_from_within_a_callback_is_safe, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
