/* SPDX-License-Identifier: MIT */

/*
 * server/verb_explain.c - rollcall explain: why an instance is in the answer, or is not.
 */

#include <ctype.h>
#include <string.h>

#include "server/explain_document.h"
#include "server/verb_control.h"
#include "server/verbs.h"

/* As a segment of a path: everything but RFC 3986's unreserved characters is encoded. */
static char *path_segment(const char *text, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEF";
    char *segment = arena_array(arena, strlen(text) + 1, 3);
    size_t length = 0;

    for (const char *octet = text; *octet != '\0'; octet++) {
        unsigned char value = (unsigned char)*octet;

        if (isalnum(value) || strchr("-._~", *octet) != NULL) {
            segment[length++] = *octet;
        } else {
            segment[length++] = '%';
            segment[length++] = digits[value >> 4];
            segment[length++] = digits[value & 15];
        }
    }
    return segment;
}

enum exit_status verb_explain(const struct options *options)
{
    const char *subject = options->argument_count == 0 ? "" : options->arguments[0];
    enum exit_status result = STATUS_FAILED;
    struct arena arena;

    if (subject[0] == '\0' || strlen(subject) > EXPLAIN_SUBJECT_MAX) {
        fprintf(stderr,
                "rollcall: explain needs an instance id, an address, a target's name or a cluster"
                "\nTry: rollcall help explain\n");
        return STATUS_USAGE;
    }
    arena_init(&arena);
    result = verb_control_show(
        options, "GET", arena_format(&arena, "/v1/explain/%s", path_segment(subject, &arena)),
        explain_print);
    arena_free(&arena);
    return result;
}
