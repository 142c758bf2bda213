/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/heard_log.h - what was logged, kept for the test to look at.
 */

#ifndef TESTS_UNIT_DISCOVERY_HEARD_LOG_H
#define TESTS_UNIT_DISCOVERY_HEARD_LOG_H

#include <string.h>

#include "discovery/log.h"

struct heard_log {
    char text[8192]; /* the lines; what does not fit is left out */
};

/* A sink for log_set_sink(); the owner is a heard_log. */
static inline void heard_log_add(void *owner, enum log_level level, const char *line, size_t length)
{
    struct heard_log *log = owner;

    (void)level;
    (void)length;
    strncat(log->text, line, sizeof(log->text) - strlen(log->text) - 1);
}

/* How often the words were logged. */
static inline size_t heard_log_count(const struct heard_log *log, const char *words)
{
    size_t count = 0;

    for (const char *at = log->text; (at = strstr(at, words)) != NULL; at++) {
        count++;
    }
    return count;
}

#endif
