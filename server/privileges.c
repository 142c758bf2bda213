/* SPDX-License-Identifier: MIT */

/*
 * server/privileges.c - from root, or from a service with one capability, to nobody in particular.
 *
 * The capability sets are only ever emptied, so the two system calls do without a library.
 */

#include "server/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "discovery/log.h"
#include "zones/arena.h"

enum {
    /* A record of the user database: a name, a home, a shell. */
    ACCOUNT_TEXT_SIZE = 16 * 1024,
    STATE_DIR_MODE = 0700,
    CONTROL_DIR_MODE = 0755,
};

struct account {
    char *name;
    uid_t user;
    gid_t group;
};

void privileges_hide_memory(void)
{
    const struct rlimit none = {.rlim_cur = 0, .rlim_max = 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    /* The limit does not stop a core_pattern that is a pipe; this does. */
    (void)prctl(PR_SET_DUMPABLE, PRIVILEGES_MEMORY_IS_SHOWN, 0, 0, 0);
}

/* ---- who ---- */

/* `account->name` is the caller's to free on success. */
static bool account_find(struct account *account, const char *name, struct error *error)
{
    char *text = memory_new(ACCOUNT_TEXT_SIZE);
    struct passwd entry;
    struct passwd *found = NULL;
    int code = getpwnam_r(name, &entry, text, ACCOUNT_TEXT_SIZE, &found);

    if (found == NULL) {
        (void)error_set(error, "user %s: %s", name,
                        code == 0 ? "there is no such user" : strerrordesc_np(code));
    } else if (entry.pw_uid == 0) {
        found = NULL;
        (void)error_set(error, "user %s: is root, and has to be somebody else", name);
    } else {
        *account = (struct account){memory_string(name), entry.pw_uid, entry.pw_gid};
    }
    free(text);
    return found != NULL;
}

bool privileges_user_is_known(const char *user, struct error *error)
{
    struct account account = {.name = NULL};

    if (!account_find(&account, user, error)) {
        return false;
    }
    free(account.name);
    return true;
}

/* ---- folders ---- */

/*
 * A folder that nobody has made yet is made and given away. One that is there already is left as it
 * is: to change the owner of what a path leads to is how a root process is made to give away more.
 */
static void folder_give(const char *path, mode_t mode, const struct account *account)
{
    struct stat status;
    int fd = -1;

    if (mkdir(path, mode) != 0) {
        return; /* whoever opens it tells what is wrong with it */
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &status) == 0 && status.st_uid == geteuid() &&
        fchown(fd, account->user, account->group) != 0) {
        log_event(LEVEL_WARNING, "cannot give a folder away", log_text("path", path),
                  log_text("error", strerrordesc_np(errno)));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
}

static void folders_give(const struct privileges_wish *wish, const struct account *account)
{
    char *folder = memory_string(wish->control_path);
    char *slash = strrchr(folder, '/');

    if (slash != NULL && slash != folder) {
        *slash = '\0';
        folder_give(folder, CONTROL_DIR_MODE, account);
    }
    free(folder);
    folder_give(wish->state_dir, STATE_DIR_MODE, account);
}

/* ---- capabilities ---- */

static bool capability_sets_are_empty(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];

    if (syscall(SYS_capget, &header, sets) != 0) {
        return false;
    }
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        if ((sets[i].effective | sets[i].permitted | sets[i].inheritable) != 0) {
            return false;
        }
    }
    return true;
}

/* What a program that we became could get. Needs CAP_SETPCAP; without it no_new_privs has to do. */
static void capability_bounds_drop(void)
{
    for (unsigned long each = 0; prctl(PR_CAPBSET_READ, each, 0, 0, 0) >= 0; each++) {
        (void)prctl(PR_CAPBSET_DROP, each, 0, 0, 0);
    }
}

static bool capabilities_drop(struct error *error)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    const struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{.effective = 0}};

    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    if (syscall(SYS_capset, &header, none) != 0 && !capability_sets_are_empty()) {
        return error_set(error, "cannot give up capabilities: %s", strerrordesc_np(errno));
    }
    return capability_sets_are_empty() || error_set(error, "capabilities were not given up");
}

/* ---- becoming somebody else ---- */

static bool root_is_gone(const struct account *account, struct error *error)
{
    uid_t users[3];
    gid_t groups[3];

    if (getresuid(&users[0], &users[1], &users[2]) != 0 ||
        getresgid(&groups[0], &groups[1], &groups[2]) != 0) {
        return error_set(error, "%s", strerrordesc_np(errno));
    }
    for (size_t i = 0; i < 3; i++) {
        if (users[i] != account->user || groups[i] != account->group) {
            return error_set(error, "not all of root was given up");
        }
    }
    if (setuid(0) == 0 || setresuid((uid_t)-1, 0, (uid_t)-1) == 0) {
        return error_set(error, "root could be had again");
    }
    return true;
}

/* Groups go first: who is not root any more cannot change them. */
static bool account_become(const struct account *account, struct error *error)
{
    capability_bounds_drop();
    if (initgroups(account->name, account->group) != 0 ||
        setresgid(account->group, account->group, account->group) != 0 ||
        setresuid(account->user, account->user, account->user) != 0) {
        return error_set(error, "%s", strerrordesc_np(errno));
    }
    return capabilities_drop(error) && root_is_gone(account, error);
}

static bool user_switch(const struct privileges_wish *wish, struct error *error)
{
    struct account account = {.name = NULL};
    bool is_done = false;

    if (!account_find(&account, wish->user, error)) {
        return false;
    }
    if (geteuid() == 0) {
        folders_give(wish, &account);
        is_done = account_become(&account, error) ||
                  error_prefix(error, "cannot become user %s", wish->user);
    } else if (geteuid() == account.user) {
        is_done = true; /* a service manager has done it */
    } else {
        (void)error_set(error, "user %s: only root can become another user", wish->user);
    }
    free(account.name);
    return is_done;
}

/* Without a user. A filter of system calls may be in the way, and that is no reason not to serve.
 */
static void capabilities_leave(void)
{
    struct error error;

    if (geteuid() == 0) {
        log_write(LEVEL_WARNING, "runs as root, and needs to be nobody: set user", NULL, 0);
    } else if (!capabilities_drop(&error)) {
        log_event(LEVEL_WARNING, "keeps rights that it does not need",
                  log_text("error", error.text));
    }
}

bool privileges_drop(const struct privileges_wish *wish, struct error *error)
{
    if (wish->user != NULL && !user_switch(wish, error)) {
        return false;
    }
    capabilities_leave();
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    privileges_hide_memory(); /* setresuid(2) has changed it */
    return true;
}
