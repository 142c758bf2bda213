/* SPDX-License-Identifier: MIT */

/*
 * The writing of a state under ptrace(2): killed at every system call, and every system call
 * failing once. What lies in the folder must be the old table or the new one, never neither, and
 * the next writing must work. Promise P6, acceptance group 17; the disk's faults of the fault list.
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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "discovery/log.h"
#include "discovery/state_file.h"
#include "server/state_keeper.h"
#include "server/state_write.h"
#include "tests/unit/discovery/fleet_stage.h"

enum {
    TEXT_COUNT = 4,
    STOPS_MAX = 500, /* a writing has about 14 system calls, two stops each */
    /* open, write, fsync, close, link, two renames, fsync of the folder. */
    CALLS_THAT_MATTER = 8,
    EXIT_WRITTEN = 0,
    EXIT_FAILED = 1,
};

struct texts {
    char *text[TEXT_COUNT]; /* with 1, 2, ... members */
    size_t length[TEXT_COUNT];
};

struct scene {
    struct texts texts;
    char path[64];
    int folder;
};

static const struct state_place places[2] = {{.settings = "one"}, {.settings = "two"}};

static void on_line(void *owner, enum log_level level, const char *line, size_t length)
{
    (void)owner;
    (void)level;
    (void)line;
    (void)length;
}

static void texts_make(struct texts *texts)
{
    void *state = NULL;
    struct stage *stage = NULL;

    (void)stage_setup(&state);
    stage = state;
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        const struct instance instances[TEXT_COUNT] = {
            fixture_instance("i-1", "web", "10.0.0.1"), fixture_instance("i-2", "web", "10.0.0.2"),
            fixture_instance("i-3", "web", "10.0.0.3"), fixture_instance("i-4", "web", "10.0.0.4")};

        stage_poll(stage, 0, instances, i + 1);
        texts->text[i] = state_encode(stage->fleet, places, 1000, &texts->length[i]);
    }
    (void)stage_teardown(&state);
}

/* An empty folder. */
static void folder_make(struct scene *scene)
{
    (void)snprintf(scene->path, sizeof(scene->path), "/tmp/rollcall-write-XXXXXX");
    assert_non_null(mkdtemp(scene->path));
    scene->folder = open(scene->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(scene->folder >= 0);
}

static size_t folder_empty(const struct scene *scene)
{
    DIR *folder = opendir(scene->path);
    size_t count = 0;

    for (const struct dirent *file = readdir(folder); file != NULL; file = readdir(folder)) {
        if (file->d_name[0] != '.') {
            assert_int_equal(unlinkat(scene->folder, file->d_name, 0), 0);
            count++;
        }
    }
    (void)closedir(folder);
    return count;
}

static void folder_remove(struct scene *scene)
{
    (void)folder_empty(scene);
    (void)close(scene->folder);
    assert_int_equal(rmdir(scene->path), 0);
}

static int scene_open(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    texts_make(&scene->texts);
    folder_make(scene);
    log_set_sink(on_line, NULL);
    *state = scene;
    return 0;
}

static int scene_close(void **state)
{
    struct scene *scene = *state;

    log_set_sink(NULL, NULL);
    folder_remove(scene);
    for (size_t i = 0; i < TEXT_COUNT; i++) {
        free(scene->texts.text[i]);
    }
    free(scene);
    return 0;
}

static bool table_write(const struct scene *scene, size_t text)
{
    return state_write(scene->folder, scene->texts.text[text], scene->texts.length[text], NULL);
}

/* The members of the table that a start finds, 0 without one. */
static size_t table_load(const struct scene *scene)
{
    struct state_keeper *keeper = NULL;
    struct state *table = NULL;
    struct error error = {""};
    uv_loop_t loop;
    size_t count = 0;

    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(state_keeper_open(&keeper, &loop, scene->path, &error), STATE_KEEPER_OPEN);
    table = state_keeper_load(keeper);
    if (table != NULL) {
        void *state = NULL;
        struct stage *stage = NULL;

        (void)stage_setup(&state);
        stage = state;
        count = state_restore(table, stage->fleet, places, NULL, NULL);
        (void)stage_teardown(&state);
        state_free(table);
    }
    state_keeper_close(keeper);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    return count;
}

/* What is done to the child at one stop. */
struct blow {
    int stop;         /* the how-manieth, from 1 */
    int error_number; /* its system call fails with it; 0: it is killed */
};

/* Registers are the machine's own: elsewhere the tests of failing calls are skipped. */
#if defined(__x86_64__)
/* Sanitizers have calls of their own, which they do not do without. */
static bool call_is_ours(unsigned long long call)
{
    switch (call) {
    case SYS_openat:
    case SYS_write:
    case SYS_fsync:
    case SYS_close:
    case SYS_linkat:
    case SYS_renameat:
    case SYS_unlinkat:
        return true;
    default:
        return false;
    }
}

/* True: the call at whose entry the child stands is over, which was one stop. */
static bool call_fail(pid_t child, int error_number)
{
    struct user_regs_struct registers;
    int status = 0;

    assert_int_equal(ptrace(PTRACE_GETREGS, child, NULL, &registers), 0);
    if (!call_is_ours(registers.orig_rax)) {
        return false;
    }
    registers.orig_rax = (unsigned long long)-1; /* no such system call: nothing is done */
    (void)ptrace(PTRACE_SETREGS, child, NULL, &registers);
    (void)ptrace(PTRACE_SYSCALL, child, NULL, NULL);
    (void)waitpid(child, &status, 0);
    assert_true(WIFSTOPPED(status));
    (void)ptrace(PTRACE_GETREGS, child, NULL, &registers);
    registers.rax = (unsigned long long)-(long long)error_number;
    assert_int_equal(ptrace(PTRACE_SETREGS, child, NULL, &registers), 0);
    return true;
}
static const bool can_fail_calls = true;
#else
static bool call_fail(pid_t child, int error_number)
{
    (void)child;
    (void)error_number;
    return false;
}
static const bool can_fail_calls = false;
#endif

static void child_run(const struct scene *scene, size_t text)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0) {
        _exit(EXIT_FAILED);
    }
    (void)raise(SIGSTOP);
    _exit(table_write(scene, text) ? EXIT_WRITTEN : EXIT_FAILED);
}

/*
 * Let a child write `text`, with one blow. True when it came to its end: the blow's stop was not
 * reached any more, or the failing call did not end it; then `*exit_status` is its own.
 */
static bool child_strike(const struct scene *scene, size_t text, const struct blow *blow,
                         int *exit_status)
{
    pid_t child = fork();
    int status = 0;
    int stop = 0;

    assert_true(child >= 0);
    if (child == 0) {
        child_run(scene, text);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSTOPPED(status)); /* else ptrace(2) is forbidden here */
    (void)ptrace(PTRACE_SETOPTIONS, child, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
    for (;;) {
        (void)ptrace(PTRACE_SYSCALL, child, NULL, NULL);
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSTOPPED(status)) {
            break;
        }
        stop++;
        if (stop == blow->stop && blow->error_number == 0) {
            (void)kill(child, SIGKILL);
        } else if (stop == blow->stop) {
            stop += call_fail(child, blow->error_number) ? 1 : 0;
        }
        assert_true(stop < STOPS_MAX);
    }
    *exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    return WIFEXITED(status) && stop < blow->stop;
}

/* With `before` tables (0 to 2) written already. The number of stops there are. */
static int killed_everywhere(const struct scene *scene, size_t before)
{
    struct blow blow = {0};
    bool is_over = false;
    int exit_status = 0;

    while (!is_over) {
        size_t found = 0;

        (void)folder_empty(scene);
        for (size_t i = 0; i < before; i++) {
            assert_true(table_write(scene, i));
        }
        blow.stop++;
        is_over = child_strike(scene, before, &blow, &exit_status);
        found = table_load(scene);
        if (is_over) {
            assert_int_equal(exit_status, EXIT_WRITTEN);
            assert_int_equal(found, before + 1);
        } else if (found != before && found != before + 1) {
            fail_msg("killed at stop %d: %zu members, neither %zu nor %zu", blow.stop, found,
                     before, before + 1);
        }
        assert_true(table_write(scene, before + 1));
        assert_int_equal(table_load(scene), before + 2);
    }
    assert_true(blow.stop > 12); /* it was traced at all */
    return blow.stop;
}

static void killed_at_any_system_call_it_leaves_the_old_or_the_new(void **state)
{
    const struct scene *scene = *state;

    for (size_t before = 0; before < 3; before++) {
        print_message("%zu tables before: %d stops\n", before, killed_everywhere(scene, before));
    }
}

/* Twice in a row: what the first one left behind must not be in the second one's way. */
static void killed_twice_it_leaves_a_whole_one(void **state)
{
    const struct scene *scene = *state;
    struct blow first = {0};
    bool is_first_over = false;
    int exit_status = 0;

    while (!is_first_over) {
        struct blow second = {0};
        bool is_second_over = false;

        first.stop++;
        while (!is_second_over) {
            size_t found = 0;

            second.stop++;
            (void)folder_empty(scene);
            assert_true(table_write(scene, 0));
            is_first_over = child_strike(scene, 1, &first, &exit_status);
            is_second_over = child_strike(scene, 2, &second, &exit_status);
            found = table_load(scene);
            assert_true(found >= 1 && found <= 3);
        }
    }
}

static void any_system_call_that_fails_leaves_a_whole_one(void **state)
{
    static const int errors[] = {ENOSPC, EIO, EROFS};
    const struct scene *scene = *state;

    if (!can_fail_calls) {
        skip();
    }
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        struct blow blow = {.stop = 1, .error_number = errors[i]};
        bool is_over = false;
        size_t failed_count = 0;
        int exit_status = 0;

        for (; !is_over; blow.stop += 2) { /* entries: every other stop is a call's return */
            size_t found = 0;

            (void)folder_empty(scene);
            assert_true(table_write(scene, 0));
            assert_true(table_write(scene, 1));
            is_over = child_strike(scene, 2, &blow, &exit_status);
            found = table_load(scene);
            assert_true(found == 2 || found == 3);
            if (exit_status == EXIT_WRITTEN) {
                assert_int_equal(found, 3);
            }
            failed_count += exit_status == EXIT_FAILED;
            assert_true(table_write(scene, 3));
            assert_int_equal(table_load(scene), 4);
        }
        assert_int_equal(failed_count, CALLS_THAT_MATTER);
    }
}

/* Neither the link nor what it leads to is written through. */
static void links_that_somebody_laid_are_not_followed(void **state)
{
    static const char *const names[] = {"table.new", "table.link", "table.state", "table.previous"};
    const struct scene *scene = *state;
    struct stat status;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)folder_empty(scene);
        assert_int_equal(symlinkat("victim", scene->folder, names[i]), 0);
        assert_true(table_write(scene, 0));
        assert_int_equal(fstatat(scene->folder, "victim", &status, 0), -1);
        assert_int_equal(fstatat(scene->folder, "table.state", &status, AT_SYMLINK_NOFOLLOW), 0);
        assert_true(S_ISREG(status.st_mode));
        assert_int_equal(status.st_mode & 0777, 0600);
    }
}

static void the_newest_and_the_one_before_are_all_there_is(void **state)
{
    const struct scene *scene = *state;

    for (size_t i = 0; i < TEXT_COUNT; i++) {
        assert_true(table_write(scene, i));
    }
    assert_int_equal(unlinkat(scene->folder, "table.state", 0), 0);
    assert_int_equal(table_load(scene), TEXT_COUNT - 1);
    assert_int_equal(unlinkat(scene->folder, "lock", 0), 0);
    assert_int_equal(folder_empty(scene), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_any_system_call_it_leaves_the_old_or_the_new),
        cmocka_unit_test(killed_twice_it_leaves_a_whole_one),
        cmocka_unit_test(any_system_call_that_fails_leaves_a_whole_one),
        cmocka_unit_test(links_that_somebody_laid_are_not_followed),
        cmocka_unit_test(the_newest_and_the_one_before_are_all_there_is),
    };

    return cmocka_run_group_tests(tests, scene_open, scene_close);
}
