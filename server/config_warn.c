/* SPDX-License-Identifier: MIT */

/*
 * server/config_warn.c - settings that are obeyed although they hurt somebody: one function for
 * each kind.
 */

#include <string.h>

#include "server/config_build.h"
#include "server/respond.h"

enum {
    /* Prefixes that are shorter hold more than any one organisation has, and 10.0.0.0/8 and
     * fc00::/7 are private. */
    IPV4_WIDE_BITS = 8,
    IPV6_WIDE_BITS = 7,
};

static bool prefix_is_wide(const struct prefix *prefix)
{
    return prefix->bits <
           (prefix->network.length == ADDRESS_V4_LENGTH ? IPV4_WIDE_BITS : IPV6_WIDE_BITS);
}

static unsigned setting_line(const struct config_section *section, const char *name)
{
    unsigned line = section->settings[config_key_find(section->kind, name, strlen(name))].line;

    return line == 0 ? section->line : line;
}

/* Anybody can forge the source of a question over UDP, and have the answer sent to a victim. */
static bool amplifier_warn(const struct config_draft *draft, size_t index,
                           struct config_warning *warning)
{
    const struct config_section *section = &draft->tree->sections[index];
    const struct zone *zone = &((const struct config_zone *)draft->values[index])->zone;

    if (zone->udp_size_octets <= UDP_STRANGER_SIZE) {
        return false;
    }
    for (size_t i = 0; i < zone->allow_query_count; i++) {
        char text[ADDRESS_MAX_TEXT + 4];

        if (prefix_is_wide(&zone->allow_query[i])) {
            *warning = (struct config_warning){
                .line = setting_line(section, "udp-size"),
                .text = arena_format(
                    &draft->config->arena,
                    "zone %s: udp-size is %d and allow-query has %s: whoever forges an address "
                    "can have answers of that size sent to it; set udp-size to %d or less, or "
                    "name the clients",
                    section->title, zone->udp_size_octets,
                    prefix_to_text(&zone->allow_query[i], text), UDP_STRANGER_SIZE),
            };
            return true;
        }
    }
    return false;
}

void config_warn(const struct config_draft *draft)
{
    const struct config_tree *tree = draft->tree;
    struct config *config = draft->config;
    struct config_warning *warnings = arena_array(&config->arena, tree->count, sizeof(*warnings));
    size_t count = 0;

    for (size_t i = config_section_next(tree, SECTION_ZONE, 0); i < tree->count;
         i = config_section_next(tree, SECTION_ZONE, i)) {
        count += amplifier_warn(draft, i, &warnings[count]) ? 1 : 0;
    }
    config->warnings = warnings;
    config->warning_count = count;
}
