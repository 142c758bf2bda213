/* SPDX-License-Identifier: MIT */

/*
 * server/complaints.c - collecting, sorting and telling what is wrong with a file.
 */

#include "server/complaints.h"

#include <stdarg.h>
#include <stdlib.h>

#include "zones/error.h"

void complain(struct complaints *complaints, unsigned line, const char *format, ...)
{
    struct error error;
    char raw[ERROR_TEXT_SIZE];
    va_list arguments;

    if (complaints->count++ >= COMPLAINTS_LIMIT) {
        return;
    }
    va_start(arguments, format);
    vsnprintf(raw, sizeof(raw), format, arguments);
    va_end(arguments);
    error_set(&error, "%s", raw);
    complaints->list[complaints->count - 1] =
        (struct complaint){.line = line, .text = arena_string(complaints->arena, error.text)};
}

static int complaint_compare(const void *left, const void *right)
{
    const struct complaint *first = left;
    const struct complaint *second = right;

    return (first->line > second->line) - (first->line < second->line);
}

static void complaint_tell(const struct complaints *complaints, const struct complaint *complaint,
                           config_complaint hear, void *owner)
{
    const char *text = NULL;

    if (complaint->line == 0) {
        text = arena_format(complaints->arena, "%s: %s", complaints->path, complaint->text);
    } else {
        text = arena_format(complaints->arena, "%s:%u: %s", complaints->path, complaint->line,
                            complaint->text);
    }
    hear(owner, text);
}

void complaints_tell(struct complaints *complaints, config_complaint hear, void *owner)
{
    size_t kept = complaints->count < COMPLAINTS_LIMIT ? complaints->count : COMPLAINTS_LIMIT;

    /* glibc's qsort() merges, so that problems of one line stay in the order they were found. */
    qsort(complaints->list, kept, sizeof(complaints->list[0]), complaint_compare);
    for (size_t i = 0; i < kept; i++) {
        complaint_tell(complaints, &complaints->list[i], hear, owner);
    }
    if (complaints->count > kept) {
        hear(owner, arena_format(complaints->arena, "%s: and %zu more problems", complaints->path,
                                 complaints->count - kept));
    }
}
