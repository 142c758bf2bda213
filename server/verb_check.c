/* SPDX-License-Identifier: MIT */

/*
 * server/verb_check.c - rollcall check: everything that can be wrong before anything is served.
 *
 * Zone files are errors here as they are when serving; fleet files only warn, because a source
 * waits for its file to become right.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/fleet_file.h"
#include "server/config.h"
#include "server/verbs.h"
#include "zones/record.h"

static void complaint_print(void *owner, const char *text)
{
    (void)owner;
    fprintf(stderr, "%s\n", text);
}

/* Zone files say "line N: what"; we say FILE:N: what, as of the configuration. */
static void record_error_print(const char *path, const struct error *error)
{
    static const char mark[] = "line ";
    const char *number = error->text + strlen(mark);
    size_t digits = 0;

    if (strncmp(error->text, mark, strlen(mark)) == 0) {
        digits = strspn(number, "0123456789");
    }
    if (digits > 0 && number[digits] == ':') {
        fprintf(stderr, "%s:%s\n", path, number);
    } else {
        fprintf(stderr, "%s: %s\n", path, error->text);
    }
}

static bool records_check(const struct config_zone *zone)
{
    struct record_list records;
    struct arena arena;
    struct error error;
    FILE *file = fopen(zone->records_path, "re");
    bool is_read = false;

    if (file == NULL) {
        fprintf(stderr, "%s: cannot be opened: %s (records of zone %s)\n", zone->records_path,
                strerrordesc_np(errno), zone->fleet.origin);
        return false;
    }
    arena_init(&arena);
    is_read = record_list_read(&records, file, &zone->zone.origin, zone->zone.ttl_seconds, &arena,
                               &error);
    if (!is_read) {
        record_error_print(zone->records_path, &error);
    }
    arena_free(&arena);
    fclose(file);
    return is_read;
}

/* NULL when it cannot be read to the end, or is too long. Owned by the caller. */
static char *fleet_file_read(const char *path, size_t *length, struct error *error)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;

    if (file == NULL) {
        error_set(error, "cannot be opened: %s", strerrordesc_np(errno));
        return NULL;
    }
    text = memory_new(FLEET_FILE_MAX_OCTETS + 1);
    *length = fread(text, 1, FLEET_FILE_MAX_OCTETS + 1, file);
    if (ferror(file) != 0 || *length > FLEET_FILE_MAX_OCTETS) {
        error_set(error, "cannot be read, or is larger than %d octets", FLEET_FILE_MAX_OCTETS);
        free(text);
        text = NULL;
    }
    fclose(file);
    return text;
}

static void fleet_file_check(const struct file_settings *settings)
{
    struct error error;
    size_t length = 0;
    char *text = fleet_file_read(settings->path, &length, &error);
    struct inventory *inventory = text == NULL ? NULL : fleet_file_parse(text, length, &error);

    if (inventory == NULL) {
        fprintf(stderr, "%s: warning: %s (file %s)\n", settings->path, error.text, settings->name);
    }
    inventory_free(inventory);
    free(text);
}

static bool files_check(const struct config *config)
{
    bool are_right = true;

    for (size_t i = 0; i < config->zone_count; i++) {
        if (config->zones[i].records_path != NULL) {
            are_right = records_check(&config->zones[i]) && are_right;
        }
    }
    for (size_t i = 0; i < config->fleet.source_count; i++) {
        if (config->sources[i].kind == SOURCE_FILE) {
            fleet_file_check(&config->sources[i].file);
        }
    }
    return are_right;
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

enum exit_status verb_check(const struct options *options)
{
    const char *path = options->config_path;
    struct config *config = NULL;
    bool is_right = false;

    if (options->prints_reference) {
        config_print_reference(stdout);
        return STATUS_DONE;
    }
    config = config_load(path, complaint_print, NULL);
    if (config == NULL) {
        return STATUS_FAILED;
    }
    is_right = files_check(config);
    if (config->unbuilt != NULL) {
        fprintf(stderr, "%s: warning: not built yet, without effect: %s\n", path, config->unbuilt);
    }
    if (is_right && options->prints_config) {
        is_right = config_print(path, stdout, complaint_print, NULL);
    } else if (is_right) {
        printf("%s: ok: %zu zone%s, %zu source%s\n", path, config->zone_count,
               plural(config->zone_count), config->fleet.source_count,
               plural(config->fleet.source_count));
    }
    config_free(config);
    return is_right ? STATUS_DONE : STATUS_FAILED;
}
