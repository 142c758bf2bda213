/* SPDX-License-Identifier: MIT */

/*
 * server/config_assemble.c - puts the values of all sections together: zones, sources and what
 * the fleet is made from, index for index.
 */

#include <sched.h>
#include <stdlib.h>

#include "server/config_build.h"

static void clusters_assemble(const struct config_draft *draft, size_t parent,
                              struct fleet_zone *fleet)
{
    const struct config_tree *tree = draft->tree;
    struct cluster_rule *clusters =
        arena_array(&draft->config->arena, tree->count, sizeof(*clusters));

    fleet->clusters = clusters;
    for (size_t i = config_section_next(tree, SECTION_CLUSTER, 0); i < tree->count;
         i = config_section_next(tree, SECTION_CLUSTER, i)) {
        if (tree->sections[i].parent == parent) {
            const struct cluster_rule *values = draft->values[i];

            clusters[fleet->cluster_count] = *values;
            clusters[fleet->cluster_count++].name = tree->sections[i].title;
        }
    }
}

/* The place among the zones of the zone section at `index`. */
static size_t zone_number(const struct config_tree *tree, size_t index)
{
    size_t number = 0;

    for (size_t i = config_section_next(tree, SECTION_ZONE, 0); i < index;
         i = config_section_next(tree, SECTION_ZONE, i)) {
        number++;
    }
    return number;
}

static void zones_assemble(const struct config_draft *draft)
{
    struct config *config = draft->config;
    const struct config_tree *tree = draft->tree;
    struct config_zone *zones = arena_array(&config->arena, tree->count, sizeof(*zones));
    struct fleet_zone *fleets = arena_array(&config->arena, tree->count, sizeof(*fleets));
    size_t count = 0;

    for (size_t i = config_section_next(tree, SECTION_ZONE, 0); i < tree->count;
         i = config_section_next(tree, SECTION_ZONE, i)) {
        const struct config_zone *values = draft->values[i];

        zones[count] = *values;
        zones[count].fleet.origin = tree->sections[i].title;
        zones[count].fleet.ttl_seconds = zones[count].zone.ttl_seconds;
        zones[count].fleet.zone = &zones[count].zone;
        clusters_assemble(draft, i, &zones[count].fleet);
        fleets[count] = zones[count].fleet;
        count++;
    }
    config->zones = zones;
    config->zone_count = count;
    config->fleet.zones = fleets;
    config->fleet.zone_count = count;
}

/* As long as the last load balancer may need to see the weight 0, however short `drain` is. */
static int64_t drain_seconds(const struct lifecycle_values *values, uint32_t ttl_seconds)
{
    int64_t seen_ms = ttl_seconds * INT64_C(1000) + 2 * values->resolve_interval_ms;
    int64_t drain_ms = values->drain_ms > seen_ms ? values->drain_ms : seen_ms;

    return (drain_ms + 999) / 1000;
}

static void lifecycle_assemble(const struct config_draft *draft, size_t index, size_t zone,
                               struct config_source *source)
{
    const struct config_tree *tree = draft->tree;
    const struct source_values *source_values = draft->values[index];
    size_t section = config_section_next(tree, SECTION_LIFECYCLE, index);
    const struct lifecycle_values *values = NULL;

    if (section == tree->count || tree->sections[section].parent != index) {
        return;
    }
    values = draft->values[section];
    source->has_lifecycle = true;
    source->lifecycle = (struct lifecycle_settings){
        .name = source->ec2.name,
        .poll_ms = source->ec2.poll_ms,
        .rules = {.launch_hook = values->launch_hook,
                  .terminate_hook = values->terminate_hook,
                  .drain_s = drain_seconds(values, draft->config->zones[zone].zone.ttl_seconds),
                  .groups = source_values->rules.groups,
                  .group_count = source_values->rules.group_count,
                  .weight_tag = source->ec2.weight_tag,
                  .address_tag = source->ec2.address_tag,
                  .drain_since_tag = source->ec2.drain_since_tag},
    };
}

static void events_assemble(const struct config_draft *draft, size_t index,
                            struct config_source *source)
{
    const struct config_tree *tree = draft->tree;
    size_t section = config_section_next(tree, SECTION_EVENTS, index);

    if (section < tree->count && tree->sections[section].parent == index) {
        source->queue_url = ((const struct events_values *)draft->values[section])->queue_url;
    }
}

static void source_assemble(const struct config_draft *draft, size_t index,
                            struct config_source *source, struct fleet_source *fleet)
{
    const struct config_section *section = &draft->tree->sections[index];
    const struct source_values *values = draft->values[index];
    size_t zone = zone_number(draft->tree, config_zone_section(draft, values->zone));

    *source = values->source;
    if (section->kind == SECTION_EC2) {
        source->kind = SOURCE_EC2;
        source->ec2.name = section->title;
        lifecycle_assemble(draft, index, zone, source);
        events_assemble(draft, index, source);
    } else {
        source->kind = SOURCE_FILE;
        source->file.name = section->title;
    }
    *fleet = (struct fleet_source){
        .name = config_section_words(draft, section), .zone = zone, .rules = values->rules};
    fleet->rules.allowed_prefixes = draft->config->zones[zone].allowed_prefixes;
    fleet->rules.allowed_prefix_count = draft->config->zones[zone].allowed_prefix_count;
    fleet->names = section->kind == SECTION_EC2
                       ? (struct value_names){source->ec2.weight_tag, source->ec2.address_tag,
                                              source->ec2.port_tag, source->ec2.hold_tag}
                       : (struct value_names){"weight", "address", "port", "hold"};
}

static void sources_assemble(const struct config_draft *draft)
{
    static const enum section_kind kinds[] = {SECTION_EC2, SECTION_FILE};
    struct config *config = draft->config;
    const struct config_tree *tree = draft->tree;
    struct config_source *sources = arena_array(&config->arena, tree->count, sizeof(*sources));
    struct fleet_source *fleets = arena_array(&config->arena, tree->count, sizeof(*fleets));
    size_t count = 0;

    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
        for (size_t i = config_section_next(tree, kinds[k], 0); i < tree->count;
             i = config_section_next(tree, kinds[k], i)) {
            source_assemble(draft, i, &sources[count], &fleets[count]);
            count++;
        }
    }
    config->sources = sources;
    config->fleet.sources = fleets;
    config->fleet.source_count = count;
}

static size_t cores_count(void)
{
    cpu_set_t cores;

    if (sched_getaffinity(0, sizeof(cores), &cores) != 0 || CPU_COUNT(&cores) < 1) {
        return 1;
    }
    return (size_t)CPU_COUNT(&cores);
}

/* "zone sd.example.com: cluster web: " before a key or section of `index`. */
static void place_print(const struct config_draft *draft, size_t index, FILE *out)
{
    if (index != 0) {
        const struct config_section *section = &draft->tree->sections[index];

        place_print(draft, section->parent, out);
        fprintf(out, "%s: ", config_section_words(draft, section));
    }
}

static bool setting_is_unbuilt(const struct config_key *key, const struct config_setting *setting)
{
    return key->is_unbuilt && setting->line != 0 && setting->count > 0 &&
           setting->texts[0][0] != '\0';
}

static void unbuilt_print(const struct config_draft *draft, size_t index, FILE *out)
{
    const struct config_section *section = &draft->tree->sections[index];
    const char *comma = ftell(out) == 0 ? "" : ", ";

    if (config_sections[section->kind].is_unbuilt) {
        fputs(comma, out);
        place_print(draft, section->parent, out);
        fprintf(out, "%s (line %u)", config_section_words(draft, section), section->line);
        return;
    }
    for (size_t row = 0; row < config_key_count; row++) {
        if (config_keys[row].section == section->kind &&
            setting_is_unbuilt(&config_keys[row], &section->settings[row])) {
            fputs(comma, out);
            place_print(draft, index, out);
            fprintf(out, "%s (line %u)", config_keys[row].name, section->settings[row].line);
            comma = ", ";
        }
    }
}

static const char *unbuilt_words(const struct config_draft *draft)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    const char *kept = NULL;

    if (out == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < draft->tree->count; i++) {
        unbuilt_print(draft, i, out);
    }
    if (fclose(out) == 0 && length > 0) {
        kept = arena_string(&draft->config->arena, text);
    }
    free(text);
    return kept;
}

void config_assemble(const struct config_draft *draft)
{
    if (draft->config->workers == 0) {
        draft->config->workers = cores_count();
    }
    zones_assemble(draft);
    sources_assemble(draft);
    draft->config->unbuilt = unbuilt_words(draft);
}
