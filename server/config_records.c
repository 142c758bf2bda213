/* SPDX-License-Identifier: MIT */

/*
 * server/config_records.c - reads the zones' record files: to serve them, and to judge them.
 */

#include "server/config_records.h"

#include <errno.h>
#include <string.h>

#include "server/config_build.h"

bool config_records_read(struct record_list *list, const struct config_zone *zone,
                         struct arena *arena, struct error *error)
{
    FILE *file = NULL;
    bool is_read = false;

    if (zone->records_path == NULL) {
        return true;
    }
    file = fopen(zone->records_path, "re");
    if (file == NULL) {
        return error_set(error, "%s: %s", zone->records_path, strerrordesc_np(errno));
    }
    is_read =
        zone->zone.origin.length == 0 ||
        record_list_read(list, file, &zone->zone.origin, zone->zone.ttl_seconds, arena, error);
    fclose(file);
    return is_read || error_prefix(error, "%s", zone->records_path);
}

static void zone_records_check(const struct config_draft *draft, size_t index)
{
    size_t row = config_key_find(SECTION_ZONE, "records", strlen("records"));
    struct record_list list;
    struct arena arena;
    struct error error;

    arena_init(&arena);
    if (!config_records_read(&list, draft->values[index], &arena, &error)) {
        complain(draft->complaints, draft->tree->sections[index].settings[row].line, "records: %s",
                 error.text);
    }
    arena_free(&arena);
}

void config_records_check(const struct config_draft *draft)
{
    const struct config_tree *tree = draft->tree;

    for (size_t i = config_section_next(tree, SECTION_ZONE, 0); i < tree->count;
         i = config_section_next(tree, SECTION_ZONE, i)) {
        zone_records_check(draft, i);
    }
}
