/* SPDX-License-Identifier: MIT */

/*
 * server/state_folder.c - opening, locking, reading and renaming.
 *
 * Files are never opened through a symbolic link. The folder may be one: systemd makes it so for a
 * service with DynamicUser (systemd.exec(5), StateDirectory).
 */

#include "server/state_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "discovery/state_file.h"
#include "zones/arena.h"

static const char lock_name[] = "lock";

enum {
    PID_TEXT_SIZE = 24,
    /* Files that were set aside within one second; more than that is no accident. */
    ASIDE_TRIES = 1000,
};

static bool folder_is_safe(int fd, struct error *error)
{
    struct stat status;

    if (fstat(fd, &status) != 0) {
        return error_set(error, "%s", strerrordesc_np(errno));
    }
    if ((status.st_mode & S_IWOTH) != 0) {
        return error_set(error, "everybody may write there: chmod 0700 it");
    }
    return true;
}

static int folder_descriptor(const char *path, struct error *error)
{
    int fd = -1;

    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        (void)error_set(error, "cannot make it: %s", strerrordesc_np(errno));
        return -1;
    }
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        (void)error_set(error, "cannot open it: %s", strerrordesc_np(errno));
        return -1;
    }
    if (!folder_is_safe(fd, error)) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Who holds the lock, as it says itself: for the message only. */
static void holder_tell(int lock, const char *path, struct error *error)
{
    char text[PID_TEXT_SIZE] = "";
    ssize_t length = lock < 0 ? 0 : pread(lock, text, sizeof(text) - 1, 0);

    text[length < 0 ? 0 : strspn(text, "0123456789")] = '\0';
    (void)error_set(error, "state-dir %s is in use by another rollcall%s%s", path,
                    text[0] == '\0' ? "" : ", process ", text);
}

static void holder_write(int lock)
{
    char text[PID_TEXT_SIZE];

    (void)snprintf(text, sizeof(text), "%" PRIdMAX "\n", (intmax_t)getpid());
    if (ftruncate(lock, 0) != 0 || pwrite(lock, text, strlen(text), 0) < 0) {
        return; /* only a message would be poorer */
    }
}

/*
 * On a disk that became read-only, or is full, the last good table is wanted most: then the lock
 * file is opened for reading, and when there is none the folder itself is locked.
 */
static enum state_keeper_result folder_lock(struct state_folder *folder, struct error *error)
{
    int fd = -1;

    folder->lock = openat(folder->fd, lock_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (folder->lock < 0) {
        folder->lock = openat(folder->fd, lock_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    }
    fd = folder->lock < 0 ? folder->fd : folder->lock;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) {
            holder_tell(folder->lock, folder->path, error);
            return STATE_KEEPER_TAKEN;
        }
        (void)error_set(error, "state-dir %s: cannot lock it: %s", folder->path,
                        strerrordesc_np(errno));
        return STATE_KEEPER_ABSENT;
    }
    if (folder->lock >= 0) {
        holder_write(folder->lock);
    }
    return STATE_KEEPER_OPEN;
}

enum state_keeper_result state_folder_open(struct state_folder *folder, const char *path,
                                           struct error *error)
{
    enum state_keeper_result locked;
    int fd = folder_descriptor(path, error);

    if (fd < 0) {
        (void)error_prefix(error, "state-dir %s", path);
        return STATE_KEEPER_ABSENT;
    }
    *folder = (struct state_folder){.path = memory_string(path), .fd = fd, .lock = -1};
    locked = folder_lock(folder, error);
    if (locked != STATE_KEEPER_OPEN) {
        state_folder_close(folder);
    }
    return locked;
}

/* Whether `name` in `folder` still is what was opened as `fd`. What cannot be told is left to the
 * writing, which says what is wrong. */
static bool name_leads_to(int folder, const char *name, int fd)
{
    struct stat named;
    struct stat opened;

    if (fstatat(folder, name, &named, 0) != 0) {
        return errno != ENOENT;
    }
    return fstat(fd, &opened) != 0 ||
           (named.st_dev == opened.st_dev && named.st_ino == opened.st_ino);
}

bool state_folder_renew(struct state_folder *folder, struct error *error)
{
    struct state_folder found;

    if (name_leads_to(AT_FDCWD, folder->path, folder->fd) &&
        (folder->lock < 0 || name_leads_to(folder->fd, lock_name, folder->lock))) {
        return true;
    }
    if (state_folder_open(&found, folder->path, error) != STATE_KEEPER_OPEN) {
        return false;
    }
    state_folder_close(folder);
    *folder = found;
    return true;
}

void state_folder_close(struct state_folder *folder)
{
    if (folder->lock >= 0) {
        (void)close(folder->lock);
    }
    (void)close(folder->fd);
    free(folder->path);
}

/* All of an open file whose size is known. */
static bool octets_read(int file, char *text, size_t length, struct error *error)
{
    size_t taken = 0;

    while (taken < length) {
        ssize_t count = read(file, text + taken, length - taken);

        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return error_set(error, "cannot be read: %s",
                             count == 0 ? "it became shorter" : strerrordesc_np(errno));
        }
        taken += (size_t)count;
    }
    return true;
}

static bool file_read(int file, char **text, size_t *length, struct error *error)
{
    struct stat status;

    if (fstat(file, &status) != 0) {
        return error_set(error, "cannot be read: %s", strerrordesc_np(errno));
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(error, "is not a file");
    }
    if (status.st_size > STATE_SIZE_LIMIT) {
        return error_set(error, "has %" PRIdMAX " octets, more than the %d that are read",
                         (intmax_t)status.st_size, STATE_SIZE_LIMIT);
    }
    *length = (size_t)status.st_size;
    *text = memory_new(*length + 1);
    if (!octets_read(file, *text, *length, error)) {
        free(*text);
        return false;
    }
    return true;
}

enum state_folder_read state_folder_read(const struct state_folder *folder, const char *name,
                                         char **text, size_t *length, struct error *error)
{
    /* O_NONBLOCK: a FIFO of that name must not hold the start up. */
    int file = openat(folder->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool is_read = false;

    if (file < 0 && errno == ENOENT) {
        return STATE_FOLDER_NONE;
    }
    if (file < 0) {
        (void)error_set(error, "cannot be opened: %s", strerrordesc_np(errno));
        return STATE_FOLDER_BAD;
    }
    is_read = file_read(file, text, length, error);
    (void)close(file);
    return is_read ? STATE_FOLDER_READ : STATE_FOLDER_BAD;
}

bool state_folder_set_aside(const struct state_folder *folder, const char *name, const char *why,
                            int64_t now_s, char aside[STATE_ASIDE_SIZE], struct error *error)
{
    struct stat status;
    int length = snprintf(aside, STATE_ASIDE_SIZE, "table.%s-%" PRId64, why, now_s);

    /* The lock is ours: between the look and the rename nobody makes a file of that name. */
    for (int number = 2; fstatat(folder->fd, aside, &status, AT_SYMLINK_NOFOLLOW) == 0; number++) {
        if (number > ASIDE_TRIES) {
            return error_set(error, "too many files were set aside");
        }
        (void)snprintf(aside + length, STATE_ASIDE_SIZE - (size_t)length, "-%d", number);
    }
    return renameat(folder->fd, name, folder->fd, aside) == 0 ||
           error_set(error, "cannot be renamed: %s", strerrordesc_np(errno));
}
