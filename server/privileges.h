/* SPDX-License-Identifier: MIT */

/*
 * server/privileges.h - what the process keeps of the rights that it was started with: none, once
 * its sockets are bound.
 *
 * All of it is called from the main thread, before there is another one: capabilities(7) are a
 * thread's own, and those that come later get what is left.
 */

#ifndef SERVER_PRIVILEGES_H
#define SERVER_PRIVILEGES_H

#include <stdbool.h>

#include "zones/error.h"

/* 1 in builds with a sanitizer, whose search for leaks looks at the process from another one. */
enum { PRIVILEGES_MEMORY_IS_SHOWN = ROLLCALL_DUMPABLE };

/*
 * Keep secrets in memory out of core dumps and from other processes of the same user (prctl(2),
 * PR_SET_DUMPABLE; core(5)). For every verb: an operator's keys are secrets too.
 */
void privileges_hide_memory(void);

struct privileges_wish {
    const char *user;         /* NULL: stay who we are */
    const char *state_dir;    /* a folder that is made for `user` when it is missing */
    const char *control_path; /* a socket whose folder is made likewise */
};

/*
 * Become `user` for good, with the groups that it has, and give up every capability. False when
 * there is no such user, when we may not become it, or when root could be had again.
 *
 * Without a user, root stays root, and is warned; anybody else still gives up the capabilities.
 */
bool privileges_drop(const struct privileges_wish *wish, struct error *error);

/* Whether privileges_drop() could find `user`, for those who check a configuration. */
bool privileges_user_is_known(const char *user, struct error *error);

#endif
