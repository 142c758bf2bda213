/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster_name.c - puts a cluster's name into the pattern, label by label from the right.
 */

#include "zones/cluster_name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char GROUP_MARK[] = "{group}";

/* Put `length` octets of cluster-name, one label, in front of the name. */
static bool label_prepend(struct name *name, const char *label, size_t length, const char *group)
{
    char text[LABEL_MAX_LENGTH + 1];
    const char *mark = memmem(label, length, GROUP_MARK, strlen(GROUP_MARK));
    size_t before = mark == NULL ? length : (size_t)(mark - label);
    size_t after = mark == NULL ? 0 : length - before - strlen(GROUP_MARK);
    size_t inserted = mark == NULL ? 0 : strlen(group);

    if (before + inserted + after > LABEL_MAX_LENGTH) {
        return false;
    }
    (void)snprintf(text, sizeof(text), "%.*s%.*s%.*s", (int)before, label, (int)inserted, group,
                   (int)after, label + length - after);
    for (char *octet = text; *octet != '\0'; octet++) {
        *octet = (char)tolower((unsigned char)*octet);
    }
    return label_is_valid(text) && name_prepend(name, text, strlen(text));
}

bool cluster_srv_name(struct name *name, const struct zone *zone, const char *cluster,
                      struct error *error)
{
    const char *pattern = zone->cluster_name;
    size_t end = strlen(pattern);

    if (strstr(pattern, GROUP_MARK) == NULL) {
        return error_set(error, "cluster-name \"%s\" has no {group}", pattern);
    }
    *name = zone->origin;
    while (true) {
        const char *dot = memrchr(pattern, '.', end);
        size_t start = dot == NULL ? 0 : (size_t)(dot - pattern) + 1;

        if (!label_prepend(name, pattern + start, end - start, cluster)) {
            return error_set(error, "cluster-name \"%s\" with \"%s\" as {group} is no name",
                             pattern, cluster);
        }
        if (dot == NULL) {
            return true;
        }
        end = start - 1;
    }
}
