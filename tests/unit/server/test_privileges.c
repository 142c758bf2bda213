/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/server/test_privileges.c - what a process has left, asked of the kernel. Each story
 * runs in a child, as there is no way back; those that begin as root are skipped without it.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "discovery/log.h"
#include "server/privileges.h"

enum { NOBODY = 65534, PATH_SIZE = 256, STATUS_SIZE = 4096 };

/* Of every Unix, and who has nothing that a test could break. */
static const char user[] = "daemon";

static char folder[] = "/tmp/rollcall-privileges-XXXXXX";

static int setup(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL || chmod(folder, 0755) != 0;
}

static int teardown(void **state)
{
    char command[PATH_SIZE];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    return system(command);
}

/* Whether a line of /proc/self/status has this value, as in "CapEff:\t0000000000000000". */
static bool status_has(const char *line)
{
    char text[STATUS_SIZE];
    int fd = open("/proc/self/status", O_RDONLY);
    ssize_t length = read(fd, text, sizeof(text) - 1);
    char *found = NULL;

    (void)close(fd);
    text[length < 0 ? 0 : length] = '\0';
    found = strstr(text, line);
    return found != NULL && found > text && found[-1] == '\n' && found[strlen(line)] == '\n';
}

static bool has_no_rights(void)
{
    return status_has("CapInh:\t0000000000000000") && status_has("CapPrm:\t0000000000000000") &&
           status_has("CapEff:\t0000000000000000") && status_has("CapAmb:\t0000000000000000") &&
           status_has("NoNewPrivs:\t1");
}

static bool has_no_core(void)
{
    struct rlimit limit;

    return getrlimit(RLIMIT_CORE, &limit) == 0 && limit.rlim_max == 0 &&
           prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == PRIVILEGES_MEMORY_IS_SHOWN;
}

/* Run it in a child; the number of the first check that fails is its exit status. */
#define CHECK(condition)                                                                           \
    if (!(condition)) {                                                                            \
        (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                              \
        _exit(1);                                                                                  \
    }

static void expect_of_child(void (*story)(void))
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        story();
        _exit(0);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void need_root(void)
{
    if (geteuid() != 0) {
        skip();
    }
}

static struct privileges_wish wish_of(const char *name)
{
    static char state_dir[PATH_SIZE];
    static char control[PATH_SIZE];

    (void)snprintf(state_dir, sizeof(state_dir), "%s/state", folder);
    (void)snprintf(control, sizeof(control), "%s/run/control.sock", folder);
    return (struct privileges_wish){name, state_dir, control};
}

static void root_becomes_daemon(void)
{
    const struct privileges_wish wish = wish_of(user);
    const struct passwd *account = getpwnam(user);
    struct error error;
    struct stat status;
    char path[PATH_SIZE];

    CHECK(account != NULL);
    CHECK(privileges_drop(&wish, &error));
    CHECK(getuid() == account->pw_uid && geteuid() == account->pw_uid);
    CHECK(getgid() == account->pw_gid && getegid() == account->pw_gid);
    CHECK(setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0);
    CHECK(setresuid(0, 0, 0) != 0 && setresgid(0, 0, 0) != 0);
    for (int i = getgroups(0, NULL); i > 0; i--) {
        gid_t groups[64];
        int count = getgroups(64, groups);

        CHECK(count >= i && groups[i - 1] != 0);
    }
    CHECK(has_no_rights() && has_no_core());
    CHECK(status_has("CapBnd:\t0000000000000000"));
    CHECK(open("/etc/shadow", O_RDONLY) < 0);
    CHECK(stat(wish.state_dir, &status) == 0 && status.st_uid == account->pw_uid &&
          (status.st_mode & 07777) == 0700);
    (void)snprintf(path, sizeof(path), "%s/run", folder);
    CHECK(stat(path, &status) == 0 && status.st_uid == account->pw_uid);
}

static void who_was_root_is_a_user_for_good(void **state)
{
    (void)state;
    need_root();
    expect_of_child(root_becomes_daemon);
}

/* A root process that changes the owner of what a path leads to gives away what it did not mean. */
static void root_finds_folders(void)
{
    const struct privileges_wish wish = wish_of(user);
    struct error error;
    struct stat status;
    char path[PATH_SIZE];

    (void)snprintf(path, sizeof(path), "%s/of-root", folder);
    CHECK(mkdir(path, 0700) == 0);
    (void)rmdir(wish.state_dir);
    CHECK(symlink(path, wish.state_dir) == 0);
    CHECK(privileges_drop(&wish, &error));
    CHECK(lstat(path, &status) == 0 && status.st_uid == 0);
    CHECK(lstat(wish.state_dir, &status) == 0 && S_ISLNK(status.st_mode) && status.st_uid == 0);
}

static void a_folder_that_was_there_keeps_its_owner(void **state)
{
    (void)state;
    need_root();
    expect_of_child(root_finds_folders);
}

static void nobody_wants_to_be_daemon(void)
{
    const struct privileges_wish wish = wish_of(user);
    struct error error = {.text = ""};

    CHECK(setresuid(NOBODY, NOBODY, NOBODY) == 0);
    CHECK(!privileges_drop(&wish, &error));
    CHECK(strcmp(error.text, "user daemon: only root can become another user") == 0);
}

static void only_root_becomes_another_user(void **state)
{
    (void)state;
    need_root();
    expect_of_child(nobody_wants_to_be_daemon);
}

static void daemon_wants_to_be_daemon(void)
{
    const struct privileges_wish wish = wish_of(user);
    const struct passwd *account = getpwnam(user);
    struct error error;

    CHECK(account != NULL && setresuid(account->pw_uid, account->pw_uid, account->pw_uid) == 0);
    CHECK(privileges_drop(&wish, &error));
    CHECK(has_no_rights() && has_no_core());
}

static void a_service_manager_may_have_done_it(void **state)
{
    (void)state;
    need_root();
    expect_of_child(daemon_wants_to_be_daemon);
}

static char heard[LOG_LINE_SIZE];

static void hear(void *owner, enum log_level level, const char *line, size_t length)
{
    (void)owner;
    (void)level;
    memcpy(heard, line, length + 1);
}

static void root_stays_root(void)
{
    const struct privileges_wish wish = wish_of(NULL);
    struct error error;

    log_set_sink(hear, NULL);
    CHECK(privileges_drop(&wish, &error));
    CHECK(geteuid() == 0 && has_no_core() && status_has("NoNewPrivs:\t1"));
    CHECK(strstr(heard, "runs as root") != NULL);
    CHECK(access("/etc/shadow", R_OK) == 0);
}

static void root_without_a_user_is_warned(void **state)
{
    (void)state;
    need_root();
    expect_of_child(root_stays_root);
}

/* As a service manager starts it: not root, with capabilities that outlive the change of user. */
static void nobody_has_capabilities(void)
{
    const struct privileges_wish wish = wish_of(NULL);
    struct error error;

    log_set_sink(hear, NULL);
    CHECK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
    CHECK(setresgid(NOBODY, NOBODY, NOBODY) == 0 && setresuid(NOBODY, NOBODY, NOBODY) == 0);
    CHECK(!status_has("CapPrm:\t0000000000000000"));
    CHECK(privileges_drop(&wish, &error));
    CHECK(has_no_rights() && has_no_core());
    CHECK(heard[0] == '\0');
}

static void capabilities_go_without_a_user_too(void **state)
{
    (void)state;
    need_root();
    expect_of_child(nobody_has_capabilities);
}

static void a_user_has_to_be_somebody_and_not_root(void **state)
{
    static const struct {
        const char *user;
        const char *told; /* NULL: taken */
    } cases[] = {
        {"daemon",           NULL                                             },
        {"root",             "user root: is root, and has to be somebody else"},
        {"no-such-rollcall", "user no-such-rollcall: there is no such user"   },
        {"0",                "user 0: there is no such user"                  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct error error = {.text = ""};

        assert_int_equal(privileges_user_is_known(cases[i].user, &error), cases[i].told == NULL);
        assert_string_equal(error.text, cases[i].told == NULL ? "" : cases[i].told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_was_root_is_a_user_for_good),
        cmocka_unit_test(a_folder_that_was_there_keeps_its_owner),
        cmocka_unit_test(only_root_becomes_another_user),
        cmocka_unit_test(a_service_manager_may_have_done_it),
        cmocka_unit_test(root_without_a_user_is_warned),
        cmocka_unit_test(capabilities_go_without_a_user_too),
        cmocka_unit_test(a_user_has_to_be_somebody_and_not_root),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
