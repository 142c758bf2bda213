/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_zone_file.c - any octets as a zone file. What is taken is served: every record is
 * found under its owner and type, within what one message holds.
 */

#include "tests/fuzz/reply.h"
#include "zones/builder.h"
#include "zones/record.h"

static void records_serve(const struct name *origin, const struct record_list *list)
{
    static struct lookup_room room;
    struct builder *builder = builder_new(NULL);
    struct name nameserver = *origin;
    struct zone zone = {.origin = *origin,
                        .ttl_seconds = 10,
                        .negative_ttl_seconds = 2,
                        .nameservers = &nameserver,
                        .nameserver_count = 1,
                        .cluster_name = "_{group}._tcp",
                        .udp_size_octets = 1232};
    struct snapshot *snapshot = NULL;

    expect(name_prepend(&nameserver, "ns1", 3), "there is a nameserver");
    expect(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL), "there is a zone");
    if (builder_add_records(builder, list, NULL)) {
        snapshot = builder_finish(builder, 1800000000);
        for (size_t i = 0; i < list->count; i++) {
            struct lookup lookup =
                snapshot_lookup(snapshot, &list->records[i].owner, list->records[i].type, &room);

            expect(lookup.result == LOOKUP_ANSWER && lookup.answer->answer_count > 0,
                   "a record that is taken is served");
        }
        snapshot_unref(snapshot);
    } else {
        builder_free(builder);
    }
}

static void zone_read(struct outcome *outcome, const char *text, size_t length)
{
    struct arena arena;
    struct name origin;
    struct record_list list = {.count = 0};
    FILE *file = fmemopen((void *)(uintptr_t)text, length, "r");

    expect(file != NULL, "there is a file with the input");
    arena_init(&arena);
    expect(name_from_text(&origin, "sd.example.com", NULL), "there is an origin");
    outcome->is_taken = record_list_read(&list, file, &origin, 60, &arena, &outcome->error);
    for (size_t i = 0; outcome->is_taken && i < list.count; i++) {
        expect(name_is_within(&list.records[i].owner, &origin), "a record lies within its zone");
        outcome_add_number(outcome, list.records[i].type);
        outcome_add_number(outcome, list.records[i].ttl_seconds);
        outcome_add_number(outcome, list.records[i].rdata_length);
    }
    if (outcome->is_taken) {
        records_serve(&origin, &list);
    }
    (void)fclose(file);
    arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    if (length > 0) {
        reply_try(zone_read, octets, length);
    }
    return 0;
}
