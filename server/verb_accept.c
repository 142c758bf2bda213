/* SPDX-License-Identifier: MIT */

/*
 * server/verb_accept.c - rollcall accept: the operator believes that they are gone.
 */

#include <inttypes.h>

#include "server/document_reader.h"
#include "server/text_table.h"
#include "server/verb_control.h"
#include "server/verbs.h"
#include "zones/arena.h"
#include "zones/name.h"

static void acceptance_read(struct document_reader *reader, const struct json_value *root)
{
    const char *cluster = document_text(reader, root, "cluster");
    int64_t count = document_integer(reader, root, "accepted");

    if (!reader->is_wrong) {
        text_print(cluster, reader->out);
        fprintf(reader->out, ": %" PRId64 " %s let go\n", count,
                count == 1 ? "member was" : "members were");
    }
}

static bool acceptance_print(const char *json, size_t length, FILE *out, struct error *error)
{
    return document_print(json, length, acceptance_read, out, error);
}

enum exit_status verb_accept(const struct options *options)
{
    const char *cluster = options->argument_count == 0 ? "" : options->arguments[0];
    enum exit_status result = STATUS_FAILED;
    struct arena arena;

    if (!label_is_valid(cluster)) {
        fprintf(stderr,
                "rollcall: accept needs the name of a cluster, not \"%s\"\n"
                "Try: rollcall help accept\n",
                cluster);
        return STATUS_USAGE;
    }
    arena_init(&arena);
    result = verb_control_show(options, "POST", arena_format(&arena, "/v1/accept/%s", cluster),
                               acceptance_print);
    arena_free(&arena);
    return result;
}
