/* SPDX-License-Identifier: MIT */

/*
 * discovery/log.h - one line per event, key=value, to standard error.
 *
 *     <6>event="poll done" source=main instances=24
 *
 * The number in front is the systemd priority (sd-daemon(3)); it is left out on a terminal.
 * Values are escaped: whatever comes from outside, a line stays a line of printable UTF-8, and at
 * most LOG_LINE_SIZE octets. One write(2) per line; how many of a kind are written is limited, see
 * log_limit.h. Main thread only, and never called per packet.
 */

#ifndef DISCOVERY_LOG_H
#define DISCOVERY_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest line, NUL included; longer values are cut with "...". */
enum { LOG_LINE_SIZE = 2048 };

/* systemd's priorities, those that we use. */
enum log_level {
    LEVEL_ERROR = 3,
    LEVEL_WARNING = 4,
    LEVEL_NOTICE = 5,
    LEVEL_INFO = 6,
    LEVEL_DEBUG = 7,
};

struct log_field {
    const char *key;  /* lower case letters and '-'; ours, not escaped */
    const char *text; /* NULL: `number` counts */
    int64_t number;
};

static inline struct log_field log_text(const char *key, const char *text)
{
    return (struct log_field){.key = key, .text = text == NULL ? "" : text};
}

static inline struct log_field log_number(const char *key, int64_t number)
{
    return (struct log_field){.key = key, .number = number};
}

/* Where lines go; `line` ends with a newline. For tests; NULL brings standard error back. */
typedef void (*log_sink)(void *owner, enum log_level level, const char *line, size_t length);
void log_set_sink(log_sink sink, void *owner);

/* Lines of a level above `level` are not written. LEVEL_INFO from the start. */
void log_set_level(enum log_level level);

/*
 * Write the summaries of lines that were left out: those that are due, or all of them at the end of
 * the process. Between other lines that happens by itself; this is for the time when there are
 * none.
 */
void log_tell_left_out(bool is_last);

/* Write one event. `event` says what happened, in a few words. */
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t field_count);

/* log_event(LEVEL_INFO, "poll done", log_text("source", name), log_number("instances", n)); */
#define log_event(level, event, ...)                                                               \
    log_write(level, event, (const struct log_field[]){__VA_ARGS__},                               \
              sizeof((const struct log_field[]){__VA_ARGS__}) / sizeof(struct log_field))

#endif
