/* SPDX-License-Identifier: MIT */

/*
 * The keeper of the state: one server a folder, what cannot be read is set aside and never lost,
 * one writing at a time, and a disk that hangs holds nothing up. Promise P6, acceptance group 17.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "discovery/log.h"
#include "discovery/state_file.h"
#include "server/state_keeper.h"
#include "server/state_write.h"
#include "tests/unit/discovery/fleet_stage.h"

enum { TEXT_COUNT = 4, DEADLINE_MS = 20 * 1000, LOG_SIZE = 8192 };

static const struct state_place places[2] = {{.settings = "one"}, {.settings = "two"}};

struct scene {
    char path[64];
    uv_loop_t loop;
    uv_timer_t deadline;
    struct state_keeper *keeper;
    size_t members; /* of the state that is to be kept; 0: there is none */
    unsigned made;  /* texts, so far */
};

/* What the writers below see and are told; one scene at a time. */
static struct {
    uv_sem_t may_end; /* a writing waits for it */
    uv_sem_t has_begun;
    int under_way; /* writings at this moment */
    int most_under_way;
    int count;
    size_t last_length; /* of the newest writing */
    const char *error;  /* with which writings fail; NULL: they do not */
} disk;

static char log_seen[LOG_SIZE];

static void on_line(void *owner, enum log_level level, const char *line, size_t length)
{
    size_t used = strlen(log_seen);

    (void)owner;
    (void)level;
    (void)snprintf(log_seen + used, sizeof(log_seen) - used, "%.*s", (int)length, line);
}

static size_t log_count(const char *words)
{
    size_t count = 0;

    for (const char *found = strstr(log_seen, words); found != NULL;
         found = strstr(found + 1, words)) {
        count++;
    }
    return count;
}

/* A state of `members` members; freed by the keeper. */
static char *text_make(size_t members, size_t *length)
{
    const struct instance instances[TEXT_COUNT] = {
        fixture_instance("i-1", "web", "10.0.0.1"), fixture_instance("i-2", "web", "10.0.0.2"),
        fixture_instance("i-3", "web", "10.0.0.3"), fixture_instance("i-4", "web", "10.0.0.4")};
    static int64_t now_s = 1000;
    void *state = NULL;
    struct stage *stage = NULL;
    char *text = NULL;

    (void)stage_setup(&state);
    stage = state;
    stage_poll(stage, 0, instances, members);
    text = state_encode(stage->fleet, places, now_s++, length);
    (void)stage_teardown(&state);
    return text;
}

/* A state_maker. */
static char *on_make(void *owner, size_t *length)
{
    struct scene *scene = owner;

    scene->made++;
    return scene->members == 0 ? NULL : text_make(scene->members, length);
}

/* No time has passed since the last save, however slow the machine. */
static void save_in_same_turn(struct scene *scene, size_t members)
{
    scene->members = members;
    state_keeper_save(scene->keeper, on_make, scene);
}

static void save(struct scene *scene, size_t members)
{
    uv_update_time(&scene->loop);
    save_in_same_turn(scene, members);
}

static enum state_keeper_result scene_keeper_open(struct scene *scene, struct error *error)
{
    return state_keeper_open(&scene->keeper, &scene->loop, scene->path, error);
}

static void scene_keeper_close(struct scene *scene)
{
    state_keeper_close(scene->keeper);
    scene->keeper = NULL;
}

/* The members of what a start finds; 0 without any. */
static size_t load(struct scene *scene)
{
    struct state *table = state_keeper_load(scene->keeper);
    void *state = NULL;
    struct stage *stage = NULL;
    size_t count = 0;

    if (table == NULL) {
        return 0;
    }
    (void)stage_setup(&state);
    stage = state;
    count = state_restore(table, stage->fleet, places, NULL, NULL);
    (void)stage_teardown(&state);
    state_free(table);
    return count;
}

static size_t reload(struct scene *scene)
{
    scene_keeper_close(scene);
    assert_int_equal(scene_keeper_open(scene, NULL), STATE_KEEPER_OPEN);
    return load(scene);
}

static void file_path(const struct scene *scene, const char *name, char path[128])
{
    (void)snprintf(path, 128, "%s/%s", scene->path, name);
}

static void file_put(const struct scene *scene, const char *name, const char *octets, size_t length)
{
    char path[128];
    FILE *file = NULL;

    file_path(scene, name, path);
    file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(octets, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void state_put(const struct scene *scene, const char *name, size_t members)
{
    size_t length = 0;
    char *text = text_make(members, &length);

    file_put(scene, name, text, length);
    free(text);
}

/* Files whose name matches; removed as well with `remove`. */
static size_t files_match(const struct scene *scene, const char *glob, bool remove)
{
    DIR *folder = opendir(scene->path);
    char path[512];
    size_t count = 0;

    for (const struct dirent *file = readdir(folder); file != NULL; file = readdir(folder)) {
        if (file->d_name[0] != '.' && fnmatch(glob, file->d_name, 0) == 0) {
            count++;
            (void)snprintf(path, sizeof(path), "%s/%s", scene->path, file->d_name);
            assert_true(!remove || unlink(path) == 0);
        }
    }
    (void)closedir(folder);
    return count;
}

static int scene_open(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    (void)snprintf(scene->path, sizeof(scene->path), "/tmp/rollcall-keeper-XXXXXX");
    assert_non_null(mkdtemp(scene->path));
    assert_int_equal(uv_loop_init(&scene->loop), 0);
    assert_int_equal(uv_timer_init(&scene->loop, &scene->deadline), 0);
    memset(&disk, 0, sizeof(disk));
    assert_int_equal(uv_sem_init(&disk.may_end, 0), 0);
    assert_int_equal(uv_sem_init(&disk.has_begun, 0), 0);
    log_seen[0] = '\0';
    log_set_sink(on_line, NULL);
    assert_int_equal(scene_keeper_open(scene, NULL), STATE_KEEPER_OPEN);
    *state = scene;
    return 0;
}

static int scene_close(void **state)
{
    struct scene *scene = *state;

    scene_keeper_close(scene);
    uv_close((uv_handle_t *)&scene->deadline, NULL);
    assert_int_equal(uv_run(&scene->loop, UV_RUN_DEFAULT), 0);
    assert_int_equal(uv_loop_close(&scene->loop), 0);
    uv_sem_destroy(&disk.may_end);
    uv_sem_destroy(&disk.has_begun);
    log_set_sink(NULL, NULL);
    (void)files_match(scene, "*", true);
    assert_int_equal(rmdir(scene->path), 0);
    free(scene);
    return 0;
}

static void on_deadline(uv_timer_t *timer)
{
    (void)timer;
    fail_msg("not in time");
}

/* Run the loop until so many writings are over. */
static void run_until(struct scene *scene, uint64_t written, uint64_t failed)
{
    const struct state_keeper_past *past = state_keeper_past(scene->keeper);

    (void)uv_timer_start(&scene->deadline, on_deadline, DEADLINE_MS, 0);
    while (past->write_count < written || past->failure_count < failed) {
        (void)uv_run(&scene->loop, UV_RUN_ONCE);
    }
    (void)uv_timer_stop(&scene->deadline);
    assert_int_equal(past->write_count, written);
    assert_int_equal(past->failure_count, failed);
}

/* ---- writers ---- */

static bool slow_write(int folder, const char *text, size_t length, struct error *error)
{
    (void)folder;
    (void)text;
    (void)error;
    disk.under_way++;
    disk.most_under_way =
        disk.under_way > disk.most_under_way ? disk.under_way : disk.most_under_way;
    uv_sem_post(&disk.has_begun);
    uv_sem_wait(&disk.may_end);
    disk.last_length = length;
    disk.count++;
    disk.under_way--;
    return true;
}

static bool failing_write(int folder, const char *text, size_t length, struct error *error)
{
    disk.count++;
    if (disk.error != NULL) {
        return error_set(error, "%s", disk.error);
    }
    return state_write(folder, text, length, error);
}

/* ---- writing ---- */

static void what_was_saved_is_loaded_again(void **state)
{
    struct scene *scene = *state;

    assert_int_equal(load(scene), 0);
    save(scene, 3);
    run_until(scene, 1, 0);
    assert_int_equal(reload(scene), 3);
    assert_string_equal(log_seen, "");
}

static void a_disk_that_hangs_holds_nothing_up(void **state)
{
    struct scene *scene = *state;

    state_keeper_set_writer(scene->keeper, slow_write, STATE_RETRY_MS);
    save(scene, 1);
    uv_sem_wait(&disk.has_begun);
    save(scene, 2); /* were it to wait for the disk, it would wait for ever */
    save(scene, 3);
    assert_int_equal(uv_run(&scene->loop, UV_RUN_NOWAIT) != 0, true);
    assert_int_equal(state_keeper_past(scene->keeper)->write_count, 0);
    uv_sem_post(&disk.may_end);
    uv_sem_post(&disk.may_end);
    run_until(scene, 2, 0);
}

static void there_is_one_writing_at_a_time_and_the_newest_wins(void **state)
{
    struct scene *scene = *state;
    size_t newest_length = 0;

    free(text_make(4, &newest_length));
    state_keeper_set_writer(scene->keeper, slow_write, STATE_RETRY_MS);
    save(scene, 1);
    uv_sem_wait(&disk.has_begun);
    save(scene, 2);
    save(scene, 3);
    save(scene, 4);
    uv_sem_post(&disk.may_end);
    uv_sem_post(&disk.may_end);
    run_until(scene, 2, 0);
    assert_int_equal(disk.most_under_way, 1);
    assert_int_equal(disk.count, 2);
    assert_int_equal(disk.last_length, newest_length);
}

static void writings_begin_a_second_apart(void **state)
{
    struct scene *scene = *state;
    uint64_t start_ms = 0;

    save(scene, 1);
    start_ms = uv_now(&scene->loop); /* the time at which it began to write */
    run_until(scene, 1, 0);
    save(scene, 2);
    run_until(scene, 2, 0);
    assert_true(uv_now(&scene->loop) - start_ms >= STATE_WRITE_GAP_MS);
    assert_int_equal(reload(scene), 2);
}

/* The text of a large fleet takes long: one for all that happens within a second. */
static void of_many_changes_only_the_last_is_made_a_text(void **state)
{
    struct scene *scene = *state;

    for (size_t i = 0; i < 100; i++) {
        save(scene, 1 + i % TEXT_COUNT);
    }
    assert_int_equal(scene->made, 1);
    scene_keeper_close(scene);
    assert_int_equal(scene->made, 2);
    assert_int_equal(reload(scene), TEXT_COUNT);
}

static void nothing_to_be_kept_takes_nothing_from_the_disk(void **state)
{
    struct scene *scene = *state;

    save(scene, 2);
    run_until(scene, 1, 0);
    save(scene, 0);
    assert_int_equal(reload(scene), 2);
}

static void what_is_on_disk_already_is_not_written_again(void **state)
{
    struct scene *scene = *state;

    state_keeper_set_writer(scene->keeper, failing_write, STATE_RETRY_MS);
    save(scene, 2);
    run_until(scene, 1, 0);
    save(scene, 2);
    save_in_same_turn(scene, 3);
    save_in_same_turn(scene, 2);
    (void)uv_run(&scene->loop, UV_RUN_NOWAIT);
    assert_int_equal(disk.count, 1);

    assert_int_equal(reload(scene), 2);
    state_keeper_set_writer(scene->keeper, failing_write, STATE_RETRY_MS);
    save(scene, 2);
    scene_keeper_close(scene);
    assert_int_equal(disk.count, 1);
}

static void a_disk_that_refuses_is_told_once_and_asked_again(void **state)
{
    struct scene *scene = *state;

    state_keeper_set_writer(scene->keeper, failing_write, STATE_WRITE_GAP_MS);
    disk.error = "no space";
    save(scene, 1);
    run_until(scene, 0, 1);
    assert_string_equal(state_keeper_past(scene->keeper)->last_error.text, "no space");
    save(scene, 2); /* a change is worth a try before the retry would come */
    run_until(scene, 0, 2);
    assert_int_equal(log_count("cannot be written"), 1);
    disk.error = "broken";
    save(scene, 3);
    run_until(scene, 0, 3);
    assert_int_equal(log_count("cannot be written"), 2);

    disk.error = NULL; /* nothing changes any more: the retry */
    run_until(scene, 1, 3);
    assert_int_equal(log_count("is written again"), 1);
    assert_string_equal(state_keeper_past(scene->keeper)->last_error.text, "");
    assert_int_equal(reload(scene), 3);
}

/* It got there, but perhaps not for certain, as when the fsync of the folder fails. */
static bool unsure_write(int folder, const char *text, size_t length, struct error *error)
{
    return state_write(folder, text, length, error) && error_set(error, "fsync of the folder");
}

static void after_a_failure_nobody_knows_what_is_on_disk(void **state)
{
    struct scene *scene = *state;

    save(scene, 1);
    run_until(scene, 1, 0);
    state_keeper_set_writer(scene->keeper, unsure_write, STATE_RETRY_MS);
    save(scene, 2);
    run_until(scene, 1, 1);
    state_keeper_set_writer(scene->keeper, state_write, STATE_RETRY_MS);
    save(scene, 1); /* as it was before the failure */
    run_until(scene, 2, 1);
    assert_string_equal(state_keeper_past(scene->keeper)->last_error.text, "");
    assert_int_equal(reload(scene), 1);
}

static void a_folder_that_went_away_is_made_again(void **state)
{
    struct scene *scene = *state;

    state_keeper_set_writer(scene->keeper, state_write, STATE_WRITE_GAP_MS);
    save(scene, 1);
    run_until(scene, 1, 0);
    (void)files_match(scene, "*", true);
    assert_int_equal(rmdir(scene->path), 0);
    save(scene, 2);
    run_until(scene, 2, 0);
    assert_int_equal(files_match(scene, STATE_NEWEST_NAME, false), 1);
    assert_int_equal(
        state_keeper_open(&(struct state_keeper *){NULL}, &scene->loop, scene->path, NULL),
        STATE_KEEPER_TAKEN); /* it is locked as the first was */
    assert_int_equal(reload(scene), 2);
}

/* Else a second server could take the folder, and both would write there. */
static void a_lock_that_went_away_is_taken_again(void **state)
{
    struct scene *scene = *state;

    (void)files_match(scene, "lock", true);
    save(scene, 1);
    run_until(scene, 1, 0);
    assert_int_equal(
        state_keeper_open(&(struct state_keeper *){NULL}, &scene->loop, scene->path, NULL),
        STATE_KEEPER_TAKEN);
}

static void a_folder_that_another_server_made_again_is_left_to_it(void **state)
{
    struct scene *scene = *state;
    struct state_keeper *second = NULL;

    (void)files_match(scene, "*", true);
    assert_int_equal(rmdir(scene->path), 0);
    assert_int_equal(state_keeper_open(&second, &scene->loop, scene->path, NULL),
                     STATE_KEEPER_OPEN);
    save(scene, 1);
    run_until(scene, 0, 1);
    assert_int_equal(log_count("in use by another rollcall"), 1);
    assert_int_equal(files_match(scene, "table.*", false), 0);
    state_keeper_close(second);
    run_until(scene, 0, 1);
}

static void closing_writes_what_is_pending(void **state)
{
    struct scene *scene = *state;

    save(scene, 1);
    save(scene, 2); /* the first is under way or queued */
    assert_int_equal(reload(scene), 2);
    save(scene, 3); /* this alone */
    assert_int_equal(reload(scene), 3);
}

static void closing_waits_for_the_writing_under_way(void **state)
{
    struct scene *scene = *state;

    state_keeper_set_writer(scene->keeper, slow_write, STATE_RETRY_MS);
    save(scene, 1);
    uv_sem_wait(&disk.has_begun);
    uv_sem_post(&disk.may_end);
    scene_keeper_close(scene);
    assert_int_equal(disk.count, 1);
    assert_int_equal(disk.under_way, 0);
}

/* ---- one server a folder ---- */

static int lock_errno; /* with which flock(2) fails; 0: it does what it does */

/* In the place of the C library's, as on a file system without locks. */
int flock(int fd, int operation)
{
    if (lock_errno != 0) {
        errno = lock_errno;
        return -1;
    }
    return (int)syscall(SYS_flock, fd, operation);
}

static void a_folder_without_locks_is_done_without(void **state)
{
    struct scene *scene = *state;
    struct state_keeper *second = NULL;
    struct error error = {""};
    char path[128];

    file_path(scene, "new", path);
    lock_errno = ENOLCK;
    assert_int_equal(state_keeper_open(&second, &scene->loop, path, &error), STATE_KEEPER_ABSENT);
    lock_errno = 0;
    assert_non_null(strstr(error.text, "No locks available"));
    file_path(scene, "new/lock", path);
    assert_int_equal(unlink(path), 0);
    file_path(scene, "new", path);
    assert_int_equal(rmdir(path), 0);
}

static void a_second_server_is_told_who_has_the_folder(void **state)
{
    struct scene *scene = *state;
    struct state_keeper *second = NULL;
    struct error error = {""};
    char pid[32];

    assert_int_equal(state_keeper_open(&second, &scene->loop, scene->path, &error),
                     STATE_KEEPER_TAKEN);
    assert_null(second);
    (void)snprintf(pid, sizeof(pid), "process %d", (int)getpid());
    assert_non_null(strstr(error.text, pid));
    assert_non_null(strstr(error.text, scene->path));
    scene_keeper_close(scene);
    assert_int_equal(scene_keeper_open(scene, &error), STATE_KEEPER_OPEN);
}

static void a_folder_is_made_for_its_owner_alone(void **state)
{
    struct scene *scene = *state;
    struct state_keeper *second = NULL;
    struct stat status;
    char path[128];
    char lock[160];

    file_path(scene, "new", path);
    assert_int_equal(state_keeper_open(&second, &scene->loop, path, NULL), STATE_KEEPER_OPEN);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    (void)snprintf(lock, sizeof(lock), "%s/lock", path);
    assert_int_equal(stat(lock, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    state_keeper_close(second);
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(rmdir(path), 0);
}

static void a_folder_that_cannot_be_used_is_told_with_the_reason(void **state)
{
    struct scene *scene = *state;
    struct state_keeper *second = NULL;
    struct error error = {""};
    char path[128];

    file_path(scene, "a/b/c", path);
    assert_int_equal(state_keeper_open(&second, &scene->loop, path, &error), STATE_KEEPER_ABSENT);
    assert_non_null(strstr(error.text, "No such file"));
    file_path(scene, "lock", path);
    assert_int_equal(state_keeper_open(&second, &scene->loop, path, &error), STATE_KEEPER_ABSENT);
    assert_non_null(strstr(error.text, "Not a directory"));
    scene_keeper_close(scene);
    assert_int_equal(chmod(scene->path, 0777), 0);
    assert_int_equal(scene_keeper_open(scene, &error), STATE_KEEPER_ABSENT);
    assert_non_null(strstr(error.text, "everybody may write"));
    assert_int_equal(chmod(scene->path, 0700), 0);
    assert_int_equal(scene_keeper_open(scene, &error), STATE_KEEPER_OPEN);
}

/* ---- what lies there ---- */

static void a_file_that_cannot_be_used_is_set_aside(void **state)
{
    static const struct {
        const char *why;
        const char *octets;
        const char *glob;
    } rows[] = {
        {"empty",             "",                                     "table.corrupt-[0-9]*"},
        {"another's",         "#!/bin/sh\n",                          "table.corrupt-[0-9]*"},
        {"a wrong checksum",
         "rollcall-state 1 2 0000000000000000000000000000000000000000000000"
         "000000000000000000\n{}",                                    "table.corrupt-[0-9]*"},
        {"of a later format", "rollcall-state 2 whatever comes then", "table.future-[0-9]*" },
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        log_seen[0] = '\0';
        (void)files_match(scene, "table.*", true);
        state_put(scene, STATE_PREVIOUS_NAME, 2);
        file_put(scene, STATE_NEWEST_NAME, rows[i].octets, strlen(rows[i].octets));
        if (load(scene) != 2 || files_match(scene, rows[i].glob, false) != 1 ||
            files_match(scene, STATE_NEWEST_NAME, false) != 0) {
            fail_msg("%s", rows[i].why);
        }
        assert_int_equal(log_count("is set aside"), 1);
        assert_int_equal(log_count("the one before is used"), 1);
        /* The next writing does not put the one that was just of use away. */
        save(scene, 4);
        assert_int_equal(reload(scene), 4);
        assert_int_equal(files_match(scene, rows[i].glob, false), 1);
    }
}

static void zeroed_and_cut_files_are_set_aside(void **state)
{
    struct scene *scene = *state;
    size_t length = 0;
    char *text = text_make(3, &length);

    file_put(scene, STATE_NEWEST_NAME, text, length - 1);
    memset(text, 0, length);
    file_put(scene, STATE_PREVIOUS_NAME, text, length);
    free(text);
    assert_int_equal(load(scene), 0);
    assert_int_equal(files_match(scene, "table.corrupt-*", false), 2);
    save(scene, 1);
    assert_int_equal(reload(scene), 1);
}

/* Ten times within a second or two: each gets a name of its own. */
static void what_was_set_aside_is_never_written_over(void **state)
{
    enum { TIMES = 10 };
    struct scene *scene = *state;

    for (size_t i = 0; i < TIMES; i++) {
        char octets[16];

        (void)snprintf(octets, sizeof(octets), "broken %zu", i);
        file_put(scene, STATE_NEWEST_NAME, octets, strlen(octets));
        assert_int_equal(load(scene), 0);
    }
    assert_int_equal(files_match(scene, "table.corrupt-*", false), TIMES);
}

static void what_is_no_file_is_set_aside(void **state)
{
    struct scene *scene = *state;
    char path[128];

    state_put(scene, STATE_PREVIOUS_NAME, 2);
    file_path(scene, STATE_NEWEST_NAME, path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(load(scene), 2);
    assert_int_equal(symlink(STATE_PREVIOUS_NAME, path), 0);
    assert_int_equal(load(scene), 2);
    assert_int_equal(files_match(scene, "table.corrupt-*", false), 2);
}

int main(void)
{
#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, scene_open, scene_close)
    const struct CMUnitTest tests[] = {
        SCENE_TEST(what_was_saved_is_loaded_again),
        SCENE_TEST(a_disk_that_hangs_holds_nothing_up),
        SCENE_TEST(there_is_one_writing_at_a_time_and_the_newest_wins),
        SCENE_TEST(writings_begin_a_second_apart),
        SCENE_TEST(of_many_changes_only_the_last_is_made_a_text),
        SCENE_TEST(nothing_to_be_kept_takes_nothing_from_the_disk),
        SCENE_TEST(what_is_on_disk_already_is_not_written_again),
        SCENE_TEST(a_disk_that_refuses_is_told_once_and_asked_again),
        SCENE_TEST(after_a_failure_nobody_knows_what_is_on_disk),
        SCENE_TEST(a_folder_that_went_away_is_made_again),
        SCENE_TEST(a_lock_that_went_away_is_taken_again),
        SCENE_TEST(a_folder_that_another_server_made_again_is_left_to_it),
        SCENE_TEST(a_folder_without_locks_is_done_without),
        SCENE_TEST(closing_writes_what_is_pending),
        SCENE_TEST(closing_waits_for_the_writing_under_way),
        SCENE_TEST(a_second_server_is_told_who_has_the_folder),
        SCENE_TEST(a_folder_is_made_for_its_owner_alone),
        SCENE_TEST(a_folder_that_cannot_be_used_is_told_with_the_reason),
        SCENE_TEST(a_file_that_cannot_be_used_is_set_aside),
        SCENE_TEST(zeroed_and_cut_files_are_set_aside),
        SCENE_TEST(what_was_set_aside_is_never_written_over),
        SCENE_TEST(what_is_no_file_is_set_aside),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
