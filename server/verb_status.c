/* SPDX-License-Identifier: MIT */

/*
 * server/verb_status.c - rollcall status: what the server on this host serves.
 */

#include "server/status_table.h"
#include "server/verb_control.h"
#include "server/verbs.h"
#include "zones/arena.h"
#include "zones/name.h"

enum exit_status verb_status(const struct options *options)
{
    const char *cluster = options->argument_count == 0 ? NULL : options->arguments[0];
    enum exit_status result = STATUS_FAILED;
    struct arena arena;

    /* Whatever is no label is no cluster either, and would not be a part of a URL. */
    if (cluster != NULL && !label_is_valid(cluster)) {
        fprintf(stderr, "rollcall: not the name of a cluster: %s\n", cluster);
        return STATUS_USAGE;
    }
    arena_init(&arena);
    result = verb_control_show(options, "GET",
                               cluster == NULL ? "/v1/status"
                                               : arena_format(&arena, "/v1/status/%s", cluster),
                               status_table_print);
    arena_free(&arena);
    return result;
}
