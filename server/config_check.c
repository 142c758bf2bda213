/* SPDX-License-Identifier: MIT */

/*
 * server/config_check.c - combinations that cannot be: one function for each kind.
 */

#include <string.h>

#include "discovery/naming.h"
#include "server/config_build.h"
#include "server/config_values.h"
#include "server/edns.h"
#include "zones/name.h"

static void listens_check(const struct config_draft *draft)
{
    const struct config *config = draft->config;
    size_t listen_row = config_key_find(SECTION_ROOT, "listen", strlen("listen"));
    unsigned line = draft->tree->sections[0].settings[listen_row].line;

    for (size_t i = 0; i < config->listen_count; i++) {
        for (size_t j = 0; j < i; j++) {
            const struct config_listen *left = &config->listens[i];
            const struct config_listen *right = &config->listens[j];

            if (left->length != 0 && left->length == right->length &&
                memcmp(&left->address, &right->address, left->length) == 0) {
                complain(draft->complaints, line, "listen: %s is there twice", left->text);
                break;
            }
        }
    }
}

static void nsid_check(const struct config_draft *draft)
{
    const char *nsid = draft->config->nsid;
    size_t row = config_key_find(SECTION_ROOT, "nsid", strlen("nsid"));

    if (nsid != NULL && strlen(nsid) > EDNS_NSID_MAX) {
        complain(draft->complaints, draft->tree->sections[0].settings[row].line,
                 "nsid: has %zu octets, and may have %d", strlen(nsid), EDNS_NSID_MAX);
    }
}

/* Open to everybody by accident is how servers become amplifiers: it must be said. */
static void public_check(const struct config_draft *draft, size_t index)
{
    const struct config *config = draft->config;
    const struct config_section *zone = &draft->tree->sections[index];
    size_t row = config_key_find(SECTION_ZONE, "allow-query", strlen("allow-query"));

    for (size_t i = 0; i < config->listen_count && zone->settings[row].line == 0; i++) {
        if (socket_is_public(&config->listens[i])) {
            complain(draft->complaints, zone->line,
                     "zone %s: allow-query must be set when listen has a %s address (%s)",
                     zone->title, socket_is_wildcard(&config->listens[i]) ? "wildcard" : "public",
                     config->listens[i].text);
            return;
        }
    }
}

/* The names that the zone makes must fit into 255 octets, at least for a short cluster name. */
static void cluster_name_check(const struct config_draft *draft, size_t index)
{
    const struct config_section *section = &draft->tree->sections[index];
    const struct config_zone *zone = draft->values[index];
    size_t row = config_key_find(SECTION_ZONE, "cluster-name", strlen("cluster-name"));
    struct name name;
    struct error error;
    const char *text = NULL;

    if (zone->zone.cluster_name == NULL || zone->zone.origin.length <= 1) {
        return;
    }
    text = arena_format(&draft->config->arena, "%s.%s", zone->zone.cluster_name, section->title);
    if (!name_from_text(&name, text, &error)) {
        unsigned line = section->settings[row].line;

        complain(draft->complaints, line == 0 ? section->line : line, "cluster-name in zone %s: %s",
                 section->title, error.text);
    }
}

static void rename_check(const struct config_draft *draft, size_t index)
{
    const struct config_section *section = &draft->tree->sections[index];
    const struct config_zone *zone = draft->values[index];
    size_t row = config_key_find(SECTION_ZONE, "rename", strlen("rename"));

    for (size_t i = 0; i < zone->fleet.rename_count; i++) {
        struct naming *naming = NULL;
        struct error error;

        /* One at a time, so that every bad rule is told; one that was refused as text is NULL. */
        if (zone->fleet.rename[i] != NULL &&
            !naming_new(&naming, &zone->fleet.rename[i], 1, &error)) {
            complain(draft->complaints, section->settings[row].line, "%s", error.text);
        } else {
            naming_free(naming);
        }
    }
}

static void zone_check(const struct config_draft *draft, size_t index)
{
    const struct config_section *section = &draft->tree->sections[index];
    const struct config_zone *zone = draft->values[index];
    size_t first = config_zone_section(draft, section->title);

    if (first < index && zone->zone.origin.length != 0 && !section->is_refused) {
        complain(draft->complaints, section->line, "zone %s is the same as zone %s on line %u",
                 section->title, draft->tree->sections[first].title,
                 draft->tree->sections[first].line);
    }
    cluster_name_check(draft, index);
    rename_check(draft, index);
    if (!section->is_refused) {
        public_check(draft, index);
    }
}

static void source_check(const struct config_draft *draft, size_t index)
{
    const struct config_section *section = &draft->tree->sections[index];
    const struct source_values *values = draft->values[index];
    size_t row = config_key_find(section->kind, "zone", strlen("zone"));

    if (values->zone != NULL && config_zone_section(draft, values->zone) == draft->tree->count) {
        complain(draft->complaints, section->settings[row].line,
                 "%s %s: zone %s is not configured in this file",
                 config_sections[section->kind].name, section->title, values->zone);
    }
}

static void lifecycle_check(const struct config_draft *draft, size_t index)
{
    const struct config_section *section = &draft->tree->sections[index];
    const struct lifecycle_values *values = draft->values[index];
    const char *source = draft->tree->sections[section->parent].title;

    if (values->launch_hook == NULL && values->terminate_hook == NULL && !section->is_refused) {
        complain(draft->complaints, section->line,
                 "ec2 %s: lifecycle: launch-hook or terminate-hook must be set", source);
    } else if (values->launch_hook != NULL && values->terminate_hook != NULL &&
               strcmp(values->launch_hook, values->terminate_hook) == 0) {
        complain(draft->complaints, section->line,
                 "ec2 %s: lifecycle: launch-hook and terminate-hook are both %s; a group has one "
                 "hook of a name",
                 source, values->launch_hook);
    }
}

static void events_check(const struct config_draft *draft, size_t index)
{
    const struct config_section *section = &draft->tree->sections[index];
    const struct events_values *values = draft->values[index];
    size_t row = config_key_find(SECTION_EVENTS, "queue-url", strlen("queue-url"));

    if (values->queue_url == NULL && section->settings[row].line == 0 && !section->is_refused) {
        complain(draft->complaints, section->line, "ec2 %s: events: queue-url must be set",
                 draft->tree->sections[section->parent].title);
    }
}

static void secondary_check(const struct config_draft *draft, size_t index)
{
    const struct config_tree *tree = draft->tree;
    const struct config_section *section = &tree->sections[index];
    const struct secondary_values *values = draft->values[index];
    size_t row = config_key_find(SECTION_SECONDARY, "key", strlen("key"));

    if (values->key == NULL) {
        return;
    }
    for (size_t i = config_section_next(tree, SECTION_KEY, 0); i < tree->count;
         i = config_section_next(tree, SECTION_KEY, i)) {
        if (strcmp(tree->sections[i].title, values->key) == 0) {
            return;
        }
    }
    complain(draft->complaints, section->settings[row].line,
             "secondary %s: key %s is not configured in this file", section->title, values->key);
}

void config_check(const struct config_draft *draft)
{
    const struct config_tree *tree = draft->tree;

    listens_check(draft);
    nsid_check(draft);
    if (config_section_next(tree, SECTION_ZONE, 0) == tree->count) {
        complain(draft->complaints, 0, "no zone is configured: zone \"sd.example.com\" {...}");
    }
    for (size_t i = 0; i < tree->count; i++) {
        switch (tree->sections[i].kind) {
        case SECTION_ZONE:
            zone_check(draft, i);
            break;
        case SECTION_EC2:
        case SECTION_FILE:
            source_check(draft, i);
            break;
        case SECTION_LIFECYCLE:
            lifecycle_check(draft, i);
            break;
        case SECTION_EVENTS:
            events_check(draft, i);
            break;
        case SECTION_SECONDARY:
            secondary_check(draft, i);
            break;
        default:
            break;
        }
    }
}
