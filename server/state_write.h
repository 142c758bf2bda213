/* SPDX-License-Identifier: MIT */

/*
 * server/state_write.h - one writing of the last good table, so that at every moment a whole one
 * lies in the folder.
 */

#ifndef SERVER_STATE_WRITE_H
#define SERVER_STATE_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "zones/error.h"

#define STATE_NEWEST_NAME "table.state"
#define STATE_PREVIOUS_NAME "table.previous"

/*
 * Make `text` the newest table of `folder`, a descriptor of the folder, and what was the newest
 * the previous one: a new file, fsync, the old one linked and renamed to previous, rename, fsync of
 * the folder. False with what failed and why; a whole newest table lies there all the same, unless
 * there was none, but perhaps not for certain on the disk yet. Blocks. Any thread, one at a time a
 * folder.
 */
bool state_write(int folder, const char *text, size_t length, struct error *error);

#endif
