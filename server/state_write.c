/* SPDX-License-Identifier: MIT */

/*
 * server/state_write.c - the system calls of a writing, in the order that survives a crash between
 * any two of them.
 */

#include "server/state_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "discovery/state_file.h"

/* Names that only a writing uses; what a crash leaves of them goes with the next one. */
#define NEW_NAME "table.new"
#define LINK_NAME "table.link"

static bool fail(struct error *error, const char *what)
{
    return error_set(error, "%s: %s", what, strerrordesc_np(errno));
}

static bool octets_write(int file, const char *text, size_t length, struct error *error)
{
    while (length > 0) {
        ssize_t written = write(file, text, length);

        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return fail(error, "write " NEW_NAME);
        }
        text += written;
        length -= (size_t)written;
    }
    return true;
}

/* A new file and no other: nobody's link is followed and nothing old is written over. */
static bool new_file_write(int folder, const char *text, size_t length, struct error *error)
{
    int file = -1;
    bool is_written = false;

    (void)unlinkat(folder, NEW_NAME, 0);
    file = openat(folder, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) {
        return fail(error, "create " NEW_NAME);
    }
    is_written = octets_write(file, text, length, error);
    if (is_written && fsync(file) != 0) {
        is_written = fail(error, "fsync " NEW_NAME);
    }
    if (close(file) != 0 && is_written) {
        is_written = fail(error, "close " NEW_NAME);
    }
    return is_written;
}

/* The newest also becomes the previous, without being away from its own name for a moment. */
static bool newest_keep(int folder, struct error *error)
{
    (void)unlinkat(folder, LINK_NAME, 0);
    if (linkat(folder, STATE_NEWEST_NAME, folder, LINK_NAME, 0) == 0) {
        if (renameat(folder, LINK_NAME, folder, STATE_PREVIOUS_NAME) != 0) {
            return fail(error, "rename " LINK_NAME);
        }
        /* After a crash between the two renames both names are one file, and this one stays. */
        (void)unlinkat(folder, LINK_NAME, 0);
        return true;
    }
    if (errno == ENOENT) {
        return true;
    }
    /* A file system without links: for a moment the previous one is all there is. */
    if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK && errno != ENOSYS) {
        return fail(error, "link " STATE_NEWEST_NAME);
    }
    return renameat(folder, STATE_NEWEST_NAME, folder, STATE_PREVIOUS_NAME) == 0 ||
           fail(error, "rename " STATE_NEWEST_NAME);
}

bool state_write(int folder, const char *text, size_t length, struct error *error)
{
    if (length > STATE_SIZE_LIMIT) {
        return error_set(error, "%zu octets, more than the %d that are read again", length,
                         STATE_SIZE_LIMIT);
    }
    if (!new_file_write(folder, text, length, error) || !newest_keep(folder, error)) {
        goto fail;
    }
    if (renameat(folder, NEW_NAME, folder, STATE_NEWEST_NAME) != 0) {
        (void)fail(error, "rename " NEW_NAME);
        goto fail;
    }
    return fsync(folder) == 0 || fail(error, "fsync of the folder");

fail:
    (void)unlinkat(folder, NEW_NAME, 0); /* a full disk wants its room back */
    return false;
}
