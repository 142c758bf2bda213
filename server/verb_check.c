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

static void complaint_print(void *owner, const char *text)
{
    (void)owner;
    fprintf(stderr, "%s\n", text);
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

static void fleet_files_check(const struct config *config)
{
    for (size_t i = 0; i < config->fleet.source_count; i++) {
        if (config->sources[i].kind == SOURCE_FILE) {
            fleet_file_check(&config->sources[i].file);
        }
    }
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
    is_right = config_load_checked(&config, path, complaint_print, NULL);
    if (config == NULL) {
        return STATUS_FAILED;
    }
    fleet_files_check(config);
    for (size_t i = 0; i < config->warning_count; i++) {
        fprintf(stderr, "%s:%u: warning: %s\n", path, config->warnings[i].line,
                config->warnings[i].text);
    }
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
