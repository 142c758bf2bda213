/* SPDX-License-Identifier: MIT */

/*
 * discovery/state_read.c - a state's document, checked to the last value: a checksum tells of
 * broken disks, not of who wrote.
 */

#include <string.h>

#include "discovery/json.h"
#include "discovery/state_internal.h"
#include "discovery/utf8.h"
#include "zones/name.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum {
    QUOTED_MAX = 64,
    /* Octets: a tag value has 256 characters of up to 4 (EC2 User Guide, "Tag restrictions"). */
    TAG_TEXT_MAX = 1024,
    AZ_TEXT_MAX = 63,
};

/* How a text must look. */
struct text_rule {
    size_t min;
    size_t max;
    bool (*is_right)(const char *text);
    const char *wanted;
};

static bool text_is_printable(const char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        uint32_t character = 0;
        size_t length = utf8_decode(text, left, &character);

        if (length == 0 || character < 0x20 || (character >= 0x7f && character < 0xa0)) {
            return false;
        }
        text += length;
        left -= length;
    }
    return true;
}

static bool text_is_word(const char *text)
{
    return text_is_printable(text) && strchr(text, ' ') == NULL;
}

static bool text_is_zone_word(const char *text)
{
    return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")] ==
           '\0';
}

/* As the rule of membership has it of a group. */
static bool text_has_no_control(const char *text)
{
    while ((unsigned char)*text >= ' ' && *text != 0x7f) {
        text++;
    }
    return *text == '\0';
}

static bool text_is_anything(const char *text)
{
    (void)text;
    return true;
}

/* clang-format off */
static const struct text_rule label_rule = {1, LABEL_MAX_LENGTH, label_is_valid, "a DNS label of [a-z0-9_-]"};
static const struct text_rule group_rule = {1, TAG_TEXT_MAX, text_has_no_control, "a group's name"};
static const struct text_rule note_rule = {0, TAG_TEXT_MAX, text_is_printable, "a printable text"};
static const struct text_rule word_rule = {0, TAG_TEXT_MAX, text_is_word, "one word"};
static const struct text_rule az_rule = {0, AZ_TEXT_MAX, text_is_zone_word, "an availability zone"};
/* What is only compared with the configuration and told in messages; and what a tag said, which
 * was not taken because of what it is. */
static const struct text_rule any_rule = {0, STATE_SIZE_LIMIT, text_is_anything, "a text"};
/* clang-format on */

static bool text_check(const struct json_value *value, const struct text_rule *rule,
                       struct error *error)
{
    const char *text = json_text(value);
    size_t length = strlen(text);

    if (length < rule->min || length > rule->max || !rule->is_right(text)) {
        return json_complain(value, error, "\"%.*s\" is not %s", QUOTED_MAX, text, rule->wanted);
    }
    return true;
}

static bool text_read(const struct json_value *object, const char *key,
                      const struct text_rule *rule, struct arena *arena, const char **text,
                      struct error *error)
{
    struct json_value value;

    if (!json_member(object, key, JSON_STRING, &value, error) || !text_check(&value, rule, error)) {
        return false;
    }
    *text = arena_string(arena, json_text(&value));
    return true;
}

/* `*text` stays as it is when the member is not there. */
static bool text_read_optional(const struct json_value *object, const char *key,
                               const struct text_rule *rule, struct arena *arena, const char **text,
                               struct error *error)
{
    struct json_value value;

    return json_optional(object, key, JSON_STRING, &value, error) &&
           (!json_is_there(&value) || text_read(object, key, rule, arena, text, error));
}

static bool integer_read(const struct json_value *object, const char *key, int64_t max,
                         int64_t *integer, struct error *error)
{
    struct json_value value;

    return json_member(object, key, JSON_NUMBER, &value, error) &&
           json_integer(&value, 0, max, integer, error);
}

static bool u16_read(const struct json_value *object, const char *key, uint16_t *number,
                     struct error *error)
{
    int64_t integer = 0;

    if (!integer_read(object, key, UINT16_MAX, &integer, error)) {
        return false;
    }
    *number = (uint16_t)integer;
    return true;
}

static bool address_read(const struct json_value *member, struct address *address,
                         struct error *error)
{
    struct json_value value;

    if (!json_member(member, "address", JSON_STRING, &value, error)) {
        return false;
    }
    return (address_parse(address, json_text(&value)) && address_is_unicast(address)) ||
           json_complain(&value, error, "\"%.*s\" is not the address of a host", QUOTED_MAX,
                         json_text(&value));
}

static bool hold_kind_read(const struct json_value *object, enum hold_kind *kind,
                           struct error *error)
{
    struct json_value value;

    if (!json_member(object, "kind", JSON_STRING, &value, error)) {
        return false;
    }
    for (enum hold_kind known = HOLD_DRAIN; known <= HOLD_MAINT; known++) {
        if (strcmp(json_text(&value), hold_kind_name(known)) == 0) {
            *kind = known;
            return true;
        }
    }
    return json_complain(&value, error, "neither drain nor maint");
}

static bool hold_read(const struct json_value *member, struct arena *arena, struct hold *hold,
                      struct error *error)
{
    static const char *const keys[] = {"kind", "until", "by", "reason"};
    /* RFC 3339 cannot pass the end of the year 9999, by a clock that is a day behind UTC. */
    static const int64_t until_max_s = INT64_C(253402300800) + 24L * 60 * 60;
    struct json_value object;

    hold->by = "";
    hold->reason = "";
    if (!json_optional(member, "hold", JSON_OBJECT, &object, error)) {
        return false;
    }
    return !json_is_there(&object) ||
           (json_only(&object, keys, COUNT_OF(keys), error) &&
            hold_kind_read(&object, &hold->kind, error) &&
            integer_read(&object, "until", until_max_s, &hold->until_s, error) &&
            text_read(&object, "by", &word_rule, arena, &hold->by, error) &&
            text_read(&object, "reason", &note_rule, arena, &hold->reason, error));
}

/* The reason for which last good values are served, when there is one. */
static bool reason_read(const struct json_value *member, struct arena *arena,
                        struct view_entry *entry, struct error *error)
{
    struct json_value value;

    if (!json_optional(member, "bridges", JSON_STRING, &value, error)) {
        return false;
    }
    if (!json_is_there(&value)) {
        return true;
    }
    for (enum membership_reason known = REASON_NO_GROUP; known <= REASON_BAD_ZONE; known++) {
        if (strcmp(json_text(&value), membership_reason_name(known)) == 0) {
            entry->reason = known;
            return text_read_optional(member, "value", &any_rule, arena, &entry->value, error);
        }
    }
    return json_complain(&value, error, "an unknown reason");
}

static bool entry_read(const struct json_value *member, struct arena *arena,
                       struct view_entry *entry, struct error *error)
{
    static const char *const keys[] = {"id",     "group", "az",      "address", "port",
                                       "weight", "hold",  "standby", "bridges", "value"};
    struct accepted *accepted = &entry->accepted;

    return json_is(member, JSON_OBJECT, error) && json_only(member, keys, COUNT_OF(keys), error) &&
           text_read(member, "id", &label_rule, arena, &accepted->id, error) &&
           text_read(member, "group", &group_rule, arena, &accepted->group, error) &&
           text_read(member, "az", &az_rule, arena, &accepted->az, error) &&
           address_read(member, &accepted->address, error) &&
           u16_read(member, "port", &accepted->port, error) &&
           u16_read(member, "weight", &accepted->weight, error) &&
           hold_read(member, arena, &accepted->hold, error) &&
           reason_read(member, arena, entry, error);
}

static size_t array_count(const struct json_value *array)
{
    struct json_value element = {0};
    size_t count = 0;

    while (json_each(array, &element)) {
        count++;
    }
    return count;
}

/* Auto Scaling has it in Standby. */
static bool standby_read(const struct json_value *member, const char *id,
                         struct state_source *source, struct error *error)
{
    struct json_value value;

    if (!json_optional(member, "standby", JSON_BOOL, &value, error)) {
        return false;
    }
    if (json_is_there(&value) && json_bool(&value)) {
        source->standby[source->standby_count++] = id;
    }
    return true;
}

static bool members_read(const struct json_value *array, struct arena *arena,
                         struct state_source *source, struct error *error)
{
    struct json_value member = {0};

    source->entries = arena_array(arena, array_count(array), sizeof(*source->entries));
    source->standby = arena_array(arena, array_count(array), sizeof(*source->standby));
    while (json_each(array, &member)) {
        struct view_entry *entry = &source->entries[source->count];

        if (!entry_read(&member, arena, entry, error) ||
            !standby_read(&member, entry->accepted.id, source, error)) {
            return false;
        }
        /* By this order entries are found; it also keeps an id from coming twice. */
        if (source->count > 0 && strcmp(entry[-1].accepted.id, entry->accepted.id) >= 0) {
            return json_complain(&member, error, "out of order");
        }
        source->count++;
    }
    return true;
}

static bool source_read(const struct json_value *object, struct state *state, struct error *error)
{
    static const char *const keys[] = {"name", "place", "region", "members"};
    struct state_source *source = &state->sources[state->source_count];
    struct arena *arena = &state->arena;
    struct json_value members;

    if (!json_is(object, JSON_OBJECT, error) || !json_only(object, keys, COUNT_OF(keys), error) ||
        !text_read(object, "name", &any_rule, arena, &source->name, error) ||
        !text_read(object, "place", &any_rule, arena, &source->place.settings, error) ||
        !text_read_optional(object, "region", &any_rule, arena, &source->place.region, error) ||
        !json_member(object, "members", JSON_ARRAY, &members, error) ||
        !members_read(&members, arena, source, error)) {
        return false;
    }
    state->source_count++;
    return true;
}

static bool owners_read(const struct json_value *array, struct arena *arena,
                        struct state_zone *zone, struct error *error)
{
    static const char *const keys[] = {"cluster", "source", "group"};
    struct json_value object = {0};

    zone->owners = arena_array(arena, array_count(array), sizeof(*zone->owners));
    while (json_each(array, &object)) {
        struct cluster_owner *owner = &zone->owners[zone->count];

        if (!json_is(&object, JSON_OBJECT, error) ||
            !json_only(&object, keys, COUNT_OF(keys), error) ||
            !text_read(&object, "cluster", &label_rule, arena, &owner->cluster, error) ||
            !text_read(&object, "source", &any_rule, arena, &owner->source, error) ||
            !text_read(&object, "group", &group_rule, arena, &owner->group, error)) {
            return false;
        }
        if (zone->count > 0 && strcmp(owner[-1].cluster, owner->cluster) >= 0) {
            return json_complain(&object, error, "out of order");
        }
        zone->count++;
    }
    return true;
}

static bool zone_read(const struct json_value *object, struct state *state, struct error *error)
{
    static const char *const keys[] = {"zone", "owners"};
    struct state_zone *zone = &state->zones[state->zone_count++];
    struct json_value owners;

    return json_is(object, JSON_OBJECT, error) && json_only(object, keys, COUNT_OF(keys), error) &&
           text_read(object, "zone", &any_rule, &state->arena, &zone->origin, error) &&
           json_member(object, "owners", JSON_ARRAY, &owners, error) &&
           owners_read(&owners, &state->arena, zone, error);
}

static bool written_read(const struct json_value *root, int64_t *written_s, struct error *error)
{
    struct json_value value;

    if (!json_member(root, "written", JSON_STRING, &value, error)) {
        return false;
    }
    return time_parse(written_s, json_text(&value)) || json_complain(&value, error, "not a time");
}

static bool root_read(const struct json_value *root, struct state *state, struct error *error)
{
    static const char *const keys[] = {"written", "sources", "zones"};
    struct json_value sources;
    struct json_value zones;
    struct json_value element = {0};

    if (!json_only(root, keys, COUNT_OF(keys), error) ||
        !written_read(root, &state->written_s, error) ||
        !json_member(root, "sources", JSON_ARRAY, &sources, error) ||
        !json_member(root, "zones", JSON_ARRAY, &zones, error)) {
        return false;
    }
    state->sources = arena_array(&state->arena, array_count(&sources), sizeof(*state->sources));
    state->zones = arena_array(&state->arena, array_count(&zones), sizeof(*state->zones));
    while (json_each(&sources, &element)) {
        if (!source_read(&element, state, error)) {
            return false;
        }
    }
    element = (struct json_value){0};
    while (json_each(&zones, &element)) {
        if (!zone_read(&element, state, error)) {
            return false;
        }
    }
    return true;
}

bool state_read_document(struct state *state, const char *text, size_t length, struct error *error)
{
    struct json_document *document = json_parse(text, length, STATE_SIZE_LIMIT, error);
    struct json_value root;
    bool is_read = false;

    if (document != NULL) {
        is_read = json_root(document, JSON_OBJECT, &root, error) && root_read(&root, state, error);
        json_free(document);
    }
    return is_read;
}
