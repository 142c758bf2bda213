/* SPDX-License-Identifier: MIT */

/*
 * discovery/log_limit.h - how many lines of one kind the log takes, so that nobody who can cause a
 * line can fill a disk with it, or hide another line behind a thousand of them.
 *
 * A kind is the text of the event. Each has LOG_LIMIT_PER_SECOND lines a second, and those that it
 * did not use, up to LOG_LIMIT_BURST: a release that touches a hundred members is told in full.
 * What is left out is counted, and told once a second. Pure; the clock is passed in. One thread.
 */

#ifndef DISCOVERY_LOG_LIMIT_H
#define DISCOVERY_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    LOG_LIMIT_PER_SECOND = 10,
    LOG_LIMIT_BURST = 100,
    LOG_LIMIT_KINDS = 96,     /* rollcall has some 60 */
    LOG_LIMIT_KIND_SIZE = 96, /* NUL included; texts that only differ behind it are one kind */
    LOG_LIMIT_TELL_MS = 1000, /* between two summaries of a kind */
};

struct log_kind {
    char text[LOG_LIMIT_KIND_SIZE]; /* "": free */
    int64_t debt_ms;                /* time that the lines written so far have used up */
    int64_t at_ms;                  /* when that was reckoned */
    int64_t told_ms;                /* when what was left out was told, or began to be */
    uint64_t left_out_count;        /* since then */
    int most_urgent;                /* the lowest priority number of these */
};

/* Zeroed memory is a valid start. The last kind is shared by all that find no place. */
struct log_limit {
    struct log_kind kinds[LOG_LIMIT_KINDS];
};

/* Whether a line of this event, with systemd's priority `level`, is written at `now_ms` (any clock
 * that only goes forward). False: it is counted as left out. */
bool log_limit_admit(struct log_limit *limit, const char *event, int level, int64_t now_ms);

/* What is to be told: `count` lines of `text` were left out, the most urgent of this `level`. */
struct log_left_out {
    char text[LOG_LIMIT_KIND_SIZE];
    uint64_t count;
    int level;
};

/*
 * Take one summary that is due at `now_ms`, or, when `is_last`, any that there is. False: none. To
 * be called until it is.
 */
bool log_limit_tell(struct log_limit *limit, bool is_last, int64_t now_ms,
                    struct log_left_out *left_out);

#endif
