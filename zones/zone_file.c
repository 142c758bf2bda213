/* SPDX-License-Identifier: MIT */

/*
 * zones/zone_file.c - lines to entries: comments, quotes, parentheses, escapes.
 */

#include "zones/zone_file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"

void zone_file_open(struct zone_file *zone_file, FILE *file)
{
    *zone_file = (struct zone_file){.file = file};
}

void zone_file_close(struct zone_file *zone_file)
{
    free(zone_file->line);
    free(zone_file->entry);
    zone_file_open(zone_file, NULL);
}

static bool line_error(const struct zone_file *zone_file, const char *what, struct error *error)
{
    return error_set(error, "line %zu: %s", zone_file->line_number, what);
}

static void entry_append(struct zone_file *zone_file, char octet)
{
    if (zone_file->entry_length + 1 >= zone_file->entry_capacity) {
        zone_file->entry_capacity = zone_file->entry_capacity * 2 + 256;
        zone_file->entry = memory_grow(zone_file->entry, zone_file->entry_capacity, 1);
    }
    zone_file->entry[zone_file->entry_length++] = octet;
    zone_file->entry[zone_file->entry_length] = '\0';
}

/* The line without its end; false at the end of the file or on an error. */
static bool line_read(struct zone_file *zone_file, size_t *length)
{
    ssize_t got = getline(&zone_file->line, &zone_file->line_capacity, zone_file->file);

    if (got < 0) {
        return false;
    }
    zone_file->line_number++;
    *length = (size_t)got;
    while (*length > 0 &&
           (zone_file->line[*length - 1] == '\n' || zone_file->line[*length - 1] == '\r')) {
        (*length)--;
    }
    return true;
}

/*
 * Copy one octet that is neither quoted nor escaped. False for a parenthesis that does not fit
 * `is_open`, which tells whether one is open.
 */
static bool octet_append(struct zone_file *zone_file, char octet, bool *is_open)
{
    bool is_parenthesis = octet == '(' || octet == ')';

    if (is_parenthesis && *is_open == (octet == '(')) {
        return false;
    }
    if (is_parenthesis) {
        *is_open = !*is_open;
        octet = ' ';
    }
    entry_append(zone_file, octet);
    return true;
}

/* Copy one line up to its comment; it may open or close a parenthesis. */
static bool line_append(struct zone_file *zone_file, size_t length, bool *is_open,
                        struct error *error)
{
    const char *line = zone_file->line;
    bool is_quoted = false;

    if (memchr(line, '\0', length) != NULL) {
        return line_error(zone_file, "a NUL octet", error);
    }
    if (zone_file->entry_length + length > ENTRY_MAX_OCTETS) {
        return line_error(zone_file, "the entry is too long", error);
    }
    for (size_t index = 0; index < length && (is_quoted || line[index] != ';'); index++) {
        char octet = line[index];

        is_quoted ^= octet == '"';
        if (octet == '\\' && index + 1 < length) {
            entry_append(zone_file, octet);
            entry_append(zone_file, line[++index]);
        } else if (is_quoted) {
            entry_append(zone_file, octet);
        } else if (!octet_append(zone_file, octet, is_open)) {
            return line_error(zone_file, *is_open ? "'(' within '('" : "')' without '('", error);
        }
    }
    return !is_quoted || line_error(zone_file, "a quote is not closed", error);
}

enum zone_file_result zone_file_next(struct zone_file *zone_file, struct error *error)
{
    bool is_open = false;
    size_t length = 0;

    zone_file->entry_length = 0;
    while (line_read(zone_file, &length)) {
        if (zone_file->entry_length == 0) {
            zone_file->entry_line = zone_file->line_number;
        } else {
            entry_append(zone_file, ' ');
        }
        if (!line_append(zone_file, length, &is_open, error)) {
            return ZONE_FILE_BAD;
        }
        if (is_open) {
            continue;
        }
        if (zone_file->entry_length > 0 &&
            zone_file->entry[strspn(zone_file->entry, " \t")] != '\0') {
            return ZONE_FILE_ENTRY;
        }
        zone_file->entry_length = 0;
    }
    if (ferror(zone_file->file)) {
        error_set(error, "after line %zu: %s", zone_file->line_number, strerrordesc_np(errno));
        return ZONE_FILE_BAD;
    }
    if (is_open) {
        error_set(error, "line %zu: '(' is not closed", zone_file->entry_line);
        return ZONE_FILE_BAD;
    }
    return ZONE_FILE_END;
}
