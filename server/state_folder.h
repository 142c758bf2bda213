/* SPDX-License-Identifier: MIT */

/*
 * server/state_folder.h - the folder of the last good table: who may write there, what lies there,
 * and what is set aside. Every function blocks. One thread.
 */

#ifndef SERVER_STATE_FOLDER_H
#define SERVER_STATE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/state_keeper.h"
#include "zones/error.h"

struct state_folder {
    char *path;
    int fd;   /* of the folder */
    int lock; /* of the lock file; -1: the folder itself is locked */
};

/* See state_keeper_open(). `folder` is to be closed on STATE_KEEPER_OPEN only. */
enum state_keeper_result state_folder_open(struct state_folder *folder, const char *path,
                                           struct error *error);

/*
 * Before a writing: when the path leads to another folder or to none by now, or the lock file is
 * gone, open and lock what is there as state_folder_open() does. False, with the error and `folder`
 * as it was, when that cannot be.
 */
bool state_folder_renew(struct state_folder *folder, struct error *error);

void state_folder_close(struct state_folder *folder);

enum state_folder_read {
    STATE_FOLDER_READ,
    STATE_FOLDER_NONE, /* there is no such file */
    STATE_FOLDER_BAD,  /* it cannot be read; the error says why */
};

/* Read the file `name`, at most STATE_SIZE_LIMIT octets. `*text` is owned by the caller. */
enum state_folder_read state_folder_read(const struct state_folder *folder, const char *name,
                                         char **text, size_t *length, struct error *error);

enum { STATE_ASIDE_SIZE = 64 };

/*
 * Rename `name` to "table.WHY-UNIXTIME", or with a number behind it when there is one already,
 * and write the new name into `aside`. False, with the error, when it stays where it is.
 */
bool state_folder_set_aside(const struct state_folder *folder, const char *name, const char *why,
                            int64_t now_s, char aside[STATE_ASIDE_SIZE], struct error *error);

#endif
