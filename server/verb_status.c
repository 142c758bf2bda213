/* SPDX-License-Identifier: MIT */

/*
 * server/verb_status.c - rollcall status: what the server on this host serves.
 */

#include <stdlib.h>

#include "server/status_table.h"
#include "server/verb_control.h"
#include "server/verbs.h"
#include "zones/arena.h"
#include "zones/name.h"

static enum exit_status status_show(const struct options *options, const char *body, size_t length)
{
    struct error error;

    if (options->is_json) {
        fwrite(body, 1, length, stdout);
        putchar('\n');
    } else if (!status_table_print(body, length, stdout, &error)) {
        fprintf(stderr, "rollcall: the server's answer is not understood: %s\n", error.text);
        return STATUS_FAILED;
    }
    return STATUS_DONE;
}

enum exit_status verb_status(const struct options *options)
{
    const char *cluster = options->argument_count == 0 ? NULL : options->arguments[0];
    enum exit_status result = STATUS_FAILED;
    size_t length = 0;
    char *body = NULL;
    int status = 0;
    struct arena arena;

    /* Whatever is no label is no cluster either, and would not be a part of a URL. */
    if (cluster != NULL && !label_is_valid(cluster)) {
        fprintf(stderr, "rollcall: not the name of a cluster: %s\n", cluster);
        return STATUS_USAGE;
    }
    arena_init(&arena);
    if (verb_control_ask(options, "GET",
                         cluster == NULL ? "/v1/status"
                                         : arena_format(&arena, "/v1/status/%s", cluster),
                         &status, &body, &length)) {
        if (status == 200) {
            result = status_show(options, body, length);
        } else {
            verb_control_refusal(body, length);
        }
    }
    free(body);
    arena_free(&arena);
    return result;
}
