/* SPDX-License-Identifier: MIT */

/*
 * server/complaints.h - the problems of one configuration file, collected to be told together.
 */

#ifndef SERVER_COMPLAINTS_H
#define SERVER_COMPLAINTS_H

#include <stddef.h>

#include "server/config.h"

/* Enough for a person to work through; a file that is not ours at all would give thousands. */
enum { COMPLAINTS_LIMIT = 100 };

struct complaint {
    unsigned line; /* 0: the file as a whole */
    const char *text;
};

struct complaints {
    const char *path;
    struct arena *arena; /* for the texts */
    size_t count;        /* all, also those past the limit, which are only counted */
    struct complaint list[COMPLAINTS_LIMIT];
};

/* Add one. Control octets that it quotes become '?'. */
void complain(struct complaints *complaints, unsigned line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Tell all of them in the order of their lines as "FILE:LINE: what". */
void complaints_tell(struct complaints *complaints, config_complaint hear, void *owner);

#endif
