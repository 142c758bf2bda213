/* SPDX-License-Identifier: MIT */

/*
 * server/place.c - the settings that decide who is found, one after the other.
 */

#include "server/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Quoted, so that no value looks like two settings. */
static void setting_write(FILE *out, const char *key, const char *value)
{
    if (value == NULL) {
        return;
    }
    (void)fprintf(out, " %s=\"", key);
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\') {
            (void)putc('\\', out);
        }
        (void)putc(*value, out);
    }
    (void)putc('"', out);
}

static void ec2_write(FILE *out, const struct ec2_settings *ec2,
                      const struct membership_rules *rules)
{
    (void)fputs("ec2", out);
    setting_write(out, "region", ec2->region);
    setting_write(out, "role-arn", ec2->role_arn);
    for (size_t i = 0; i < ec2->filter_count; i++) {
        setting_write(out, "filter", ec2->filters[i].name);
        setting_write(out, "is", ec2->filters[i].value);
    }
    for (size_t i = 0; i < rules->group_count; i++) {
        setting_write(out, "group", rules->groups[i]);
    }
    setting_write(out, "group-tag", ec2->group_tag);
    setting_write(out, "weight-tag", ec2->weight_tag);
    setting_write(out, "address-tag", ec2->address_tag);
    setting_write(out, "port-tag", ec2->port_tag);
    setting_write(out, "hold-tag", ec2->hold_tag);
}

const char *place_settings(const struct config *config, size_t source, struct arena *arena)
{
    const struct config_source *settings = &config->sources[source];
    const struct fleet_source *fleet = &config->fleet.sources[source];
    const char *copy = NULL;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (out == NULL) {
        abort(); /* out of memory, as memory_new() would have it */
    }
    switch (settings->kind) {
    case SOURCE_EC2:
        ec2_write(out, &settings->ec2, &fleet->rules);
        break;
    case SOURCE_FILE:
        (void)fputs("file", out);
        setting_write(out, "path", settings->file.path);
        break;
    }
    setting_write(out, "zone", config->fleet.zones[fleet->zone].origin);
    if (fclose(out) != 0) {
        abort(); /* likewise */
    }
    copy = arena_string(arena, text);
    free(text);
    return copy;
}
