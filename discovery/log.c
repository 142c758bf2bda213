/* SPDX-License-Identifier: MIT */

/*
 * discovery/log.c - writing log lines that nothing from outside can forge or break.
 */

#include "discovery/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "discovery/log_limit.h"
#include "discovery/utf8.h"

enum {
    /* One value takes at most half of the line: a long one leaves room for those after it. */
    VALUE_MAX_OCTETS = LOG_LINE_SIZE / 2,
    ESCAPE_MAX_OCTETS = 16, /* "\xHH" for each octet of one character */
    VALUE_TAIL_OCTETS = 4,  /* what a cut value ends with: ..." */
    LINE_TAIL_OCTETS = 2,   /* newline and NUL */
    PRIORITY_OCTETS = 3,    /* "<6>" */
    NUMBER_MAX_OCTETS = 20, /* -9223372036854775808 */
};

/* The settings of the process's one log; a logger passed to everybody would say no more. */
static _Atomic int log_level_limit = LEVEL_INFO;
static log_sink log_sink_now; /* set by tests before threads start */
static void *log_sink_owner;
static struct log_limit log_limit_now; /* of standard error; a sink hears everything */

struct line {
    char text[PRIORITY_OCTETS + LOG_LINE_SIZE];
    size_t length;
};

static size_t line_room(const struct line *line)
{
    return LOG_LINE_SIZE - LINE_TAIL_OCTETS - line->length;
}

static void line_append(struct line *line, const char *octets, size_t length)
{
    memcpy(line->text + line->length, octets, length);
    line->length += length;
}

/*
 * The character at the start of `text` as the line shows it, in quotes. Returns the octets of
 * `text` that it stands for.
 */
static size_t character_escape(const char *text, size_t available, char *escape, size_t *length)
{
    uint32_t character = 0;
    size_t taken = utf8_decode(text, available, &character);

    if (character == '"' || character == '\\') {
        escape[0] = '\\';
        escape[1] = text[0];
        *length = 2;
        return 1;
    }
    if (taken > 0 && utf8_is_printable(character)) {
        memcpy(escape, text, taken);
        *length = taken;
        return taken;
    }
    taken = taken == 0 ? 1 : taken;
    for (size_t index = 0; index < taken; index++) {
        snprintf(escape + 4 * index, 5, "\\x%02x", (unsigned char)text[index]);
    }
    *length = 4 * taken;
    return taken;
}

/* A word that needs no quotes: what names, addresses and times are made of. */
static bool value_is_plain(const char *text)
{
    return text[0] != '\0' &&
           text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                             "0123456789-_.:/@+,%*")] == '\0';
}

static void line_append_value(struct line *line, const char *text)
{
    size_t left = strlen(text);
    size_t room = line_room(line) < VALUE_MAX_OCTETS ? line_room(line) : VALUE_MAX_OCTETS;
    const char *quote = value_is_plain(text) && left + VALUE_TAIL_OCTETS <= room ? "" : "\"";

    room -= VALUE_TAIL_OCTETS + strlen(quote);
    line_append(line, quote, strlen(quote));
    while (left > 0) {
        char escape[ESCAPE_MAX_OCTETS + 1];
        size_t length = 0;
        size_t taken = character_escape(text, left, escape, &length);

        /* The last character may stand where the dots would. */
        if (length > room + (taken == left ? VALUE_TAIL_OCTETS - 1 : 0)) {
            line_append(line, "...", 3);
            break;
        }
        line_append(line, escape, length);
        room = length > room ? 0 : room - length;
        text += taken;
        left -= taken;
    }
    line_append(line, quote, strlen(quote));
}

/* False when there is no room for the key and a value worth having: the line ends before it. */
static bool line_append_field(struct line *line, const struct log_field *field)
{
    size_t key_length = strlen(field->key);
    char number[NUMBER_MAX_OCTETS + 1];

    if (line_room(line) < key_length + 2 + ESCAPE_MAX_OCTETS + NUMBER_MAX_OCTETS) {
        return false;
    }
    if (line->length > 0) {
        line_append(line, " ", 1);
    }
    line_append(line, field->key, key_length);
    line_append(line, "=", 1);
    if (field->text != NULL) {
        line_append_value(line, field->text);
    } else {
        snprintf(number, sizeof(number), "%" PRId64, field->number);
        line_append(line, number, strlen(number));
    }
    return true;
}

static void line_write(struct line *line, enum log_level level)
{
    char octets[PRIORITY_OCTETS + LOG_LINE_SIZE];
    size_t length = 0;
    ssize_t written = 0;

    if (!isatty(STDERR_FILENO)) {
        length = (size_t)snprintf(octets, PRIORITY_OCTETS + 1, "<%d>", (int)level);
    }
    memcpy(octets + length, line->text, line->length);
    length += line->length;
    do {
        written = write(STDERR_FILENO, octets, length);
    } while (written < 0 && errno == EINTR);
}

void log_set_sink(log_sink sink, void *owner)
{
    log_sink_now = sink;
    log_sink_owner = owner;
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&log_level_limit, (int)level, memory_order_relaxed);
}

static void line_fill(struct line *line, const char *event, const struct log_field *fields,
                      size_t field_count)
{
    const struct log_field first = log_text("event", event);

    line->length = 0;
    line_append_field(line, &first);
    for (size_t index = 0; index < field_count; index++) {
        if (!line_append_field(line, &fields[index])) {
            break;
        }
    }
    line->text[line->length++] = '\n';
    line->text[line->length] = '\0';
}

static int64_t clock_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void left_out_write(bool is_last, int64_t now_ms)
{
    struct log_left_out left_out;

    while (log_limit_tell(&log_limit_now, is_last, now_ms, &left_out)) {
        const struct log_field fields[] = {log_text("of", left_out.text),
                                           log_number("count", (int64_t)left_out.count)};
        struct line line;

        line_fill(&line, "too many lines at once, these were left out", fields, 2);
        line_write(&line, (enum log_level)left_out.level);
    }
}

void log_tell_left_out(bool is_last)
{
    left_out_write(is_last, clock_ms());
}

void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t field_count)
{
    struct line line;
    int saved_errno = errno;

    if ((int)level > atomic_load_explicit(&log_level_limit, memory_order_relaxed)) {
        return;
    }
    if (log_sink_now != NULL) {
        line_fill(&line, event, fields, field_count);
        log_sink_now(log_sink_owner, level, line.text, line.length);
    } else {
        int64_t now_ms = clock_ms();

        left_out_write(false, now_ms);
        if (log_limit_admit(&log_limit_now, event, (int)level, now_ms)) {
            line_fill(&line, event, fields, field_count);
            line_write(&line, level);
        }
    }
    errno = saved_errno;
}
