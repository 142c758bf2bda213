/* SPDX-License-Identifier: MIT */

/*
 * discovery/fleet_file.c - the fleet file's form, checked to the last member.
 */

#include "discovery/fleet_file.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/hold.h"
#include "discovery/json.h"
#include "zones/address.h"
#include "zones/name.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

enum { QUOTED_MAX = 64 };

static const char weight_default[] = "65535";

/* A name that may be there once only. */
struct mention {
    const char *text;
    size_t group;
    size_t member;
};

struct mentions {
    struct mention *items;
    size_t count;
    size_t capacity;
};

struct fleet_reader {
    struct inventory *inventory;
    struct mentions groups;
    struct mentions members;
};

static void mentions_add(struct mentions *mentions, const char *text, size_t group, size_t member)
{
    if (mentions->count == mentions->capacity) {
        mentions->capacity = mentions->capacity * 2 + 16;
        mentions->items =
            memory_grow(mentions->items, mentions->capacity, sizeof(*mentions->items));
    }
    mentions->items[mentions->count++] = (struct mention){text, group, member};
}

/* By text, then in the order of the file. */
static int mention_compare(const void *left, const void *right)
{
    const struct mention *a = left;
    const struct mention *b = right;
    int order = strcmp(a->text, b->text);

    if (order == 0) {
        order = (a->group > b->group) - (a->group < b->group);
    }
    return order != 0 ? order : (a->member > b->member) - (a->member < b->member);
}

/* The first of two mentions of one text, the second right behind it; NULL if there are none. */
static const struct mention *mentions_find_repeat(struct mentions *mentions)
{
    if (mentions->count > 1) {
        qsort(mentions->items, mentions->count, sizeof(*mentions->items), mention_compare);
    }
    for (size_t index = 1; index < mentions->count; index++) {
        if (strcmp(mentions->items[index - 1].text, mentions->items[index].text) == 0) {
            return &mentions->items[index - 1];
        }
    }
    return NULL;
}

/* An optional number as text in `arena`; `*text` stays as it is without one. */
static bool number_read(const struct json_value *member, const char *key, int64_t min,
                        struct arena *arena, const char **text, struct error *error)
{
    struct json_value value;
    int64_t number = 0;

    if (!json_optional(member, key, JSON_NUMBER, &value, error)) {
        return false;
    }
    if (json_is_there(&value)) {
        if (!json_integer(&value, min, UINT16_MAX, &number, error)) {
            return false;
        }
        *text = arena_format(arena, "%" PRId64, number);
    }
    return true;
}

static bool id_read(const struct json_value *member, struct arena *arena, struct instance *instance,
                    struct error *error)
{
    struct json_value value;

    if (!json_member(member, "id", JSON_STRING, &value, error)) {
        return false;
    }
    if (!label_is_valid(json_text(&value))) {
        return json_complain(&value, error, "\"%.*s\" is not a DNS label of [a-z0-9_-]", QUOTED_MAX,
                             json_text(&value));
    }
    instance->id = arena_string(arena, json_text(&value));
    return true;
}

static bool address_read(const struct json_value *member, struct arena *arena,
                         struct instance *instance, struct error *error)
{
    struct json_value value;
    struct address address;

    if (!json_member(member, "address", JSON_STRING, &value, error)) {
        return false;
    }
    if (!address_parse(&address, json_text(&value)) || !address_is_unicast(&address)) {
        return json_complain(&value, error, "\"%.*s\" is not the address of a host", QUOTED_MAX,
                             json_text(&value));
    }
    instance->address_tag = arena_string(arena, json_text(&value));
    return true;
}

static bool az_read(const struct json_value *member, struct arena *arena, struct instance *instance,
                    struct error *error)
{
    struct json_value value;

    if (!json_optional(member, "az", JSON_STRING, &value, error)) {
        return false;
    }
    if (!json_is_there(&value)) {
        return true;
    }
    if (!label_is_valid(json_text(&value))) {
        return json_complain(&value, error, "\"%.*s\" is not a word of [a-z0-9_-]", QUOTED_MAX,
                             json_text(&value));
    }
    instance->az = arena_string(arena, json_text(&value));
    return true;
}

static bool hold_read(const struct json_value *member, struct arena *arena,
                      struct instance *instance, struct error *error)
{
    struct json_value value;
    struct hold hold;
    struct error reason;

    if (!json_optional(member, "hold", JSON_STRING, &value, error)) {
        return false;
    }
    if (!json_is_there(&value)) {
        return true;
    }
    if (!hold_parse(&hold, json_text(&value), arena, &reason)) {
        return json_complain(&value, error, "%s", reason.text);
    }
    instance->hold_tag = arena_string(arena, json_text(&value));
    return true;
}

/* `group` is the group's name, in the inventory's arena already. */
static bool member_read(struct fleet_reader *reader, const struct json_value *member,
                        const char *group, struct error *error)
{
    static const char *const keys[] = {"id", "address", "port", "weight", "az", "hold"};
    struct arena *arena = &reader->inventory->arena;
    struct instance *instance = inventory_add(reader->inventory);

    instance->group = group;
    instance->state = STATE_RUNNING;
    instance->weight_tag = weight_default;
    if (!json_is(member, JSON_OBJECT, error) || !id_read(member, arena, instance, error)) {
        return false;
    }
    if (!json_only(member, keys, COUNT_OF(keys), error) ||
        !address_read(member, arena, instance, error) ||
        !number_read(member, "port", 1, arena, &instance->port_tag, error) ||
        !number_read(member, "weight", 0, arena, &instance->weight_tag, error) ||
        !az_read(member, arena, instance, error) || !hold_read(member, arena, instance, error)) {
        return error_prefix(error, "member \"%s\"", instance->id);
    }
    return true;
}

static bool group_read(struct fleet_reader *reader, const struct json_value *group,
                       struct error *error)
{
    static const char *const keys[] = {"name", "members"};
    struct json_value value;
    struct json_value members;
    struct json_value member = {0};
    const char *name = NULL;

    if (!json_is(group, JSON_OBJECT, error) || !json_only(group, keys, COUNT_OF(keys), error) ||
        !json_member(group, "name", JSON_STRING, &value, error) ||
        !json_member(group, "members", JSON_ARRAY, &members, error)) {
        return false;
    }
    if (json_text(&value)[0] == '\0') {
        return json_complain(&value, error, "empty");
    }
    name = arena_string(&reader->inventory->arena, json_text(&value));
    mentions_add(&reader->groups, name, group->index, 0);
    while (json_each(&members, &member)) {
        if (!member_read(reader, &member, name, error)) {
            return false;
        }
        mentions_add(&reader->members,
                     reader->inventory->instances[reader->inventory->count - 1].id, group->index,
                     member.index);
    }
    return true;
}

static bool reader_check_repeats(struct fleet_reader *reader, struct error *error)
{
    const struct mention *first = mentions_find_repeat(&reader->groups);

    if (first != NULL) {
        return error_set(error, "groups[%zu].name: \"%.*s\" is the name of groups[%zu] too",
                         first[1].group, QUOTED_MAX, first->text, first->group);
    }
    first = mentions_find_repeat(&reader->members);
    if (first != NULL) {
        return error_set(error,
                         "groups[%zu].members[%zu].id: \"%s\" is the id of "
                         "groups[%zu].members[%zu] too",
                         first[1].group, first[1].member, first->text, first->group, first->member);
    }
    return true;
}

static bool document_read(struct fleet_reader *reader, const struct json_document *document,
                          struct error *error)
{
    static const char *const keys[] = {"groups"};
    struct json_value root;
    struct json_value groups;
    struct json_value group = {0};

    if (!json_root(document, JSON_OBJECT, &root, error) ||
        !json_only(&root, keys, COUNT_OF(keys), error) ||
        !json_member(&root, "groups", JSON_ARRAY, &groups, error)) {
        return false;
    }
    while (json_each(&groups, &group)) {
        if (!group_read(reader, &group, error)) {
            return false;
        }
    }
    return reader_check_repeats(reader, error);
}

struct inventory *fleet_file_parse(const char *text, size_t length, struct error *error)
{
    struct json_document *document = json_parse(text, length, FLEET_FILE_MAX_OCTETS, error);
    struct fleet_reader reader = {.inventory = NULL};

    if (document == NULL) {
        return NULL;
    }
    reader.inventory = inventory_new();
    if (document_read(&reader, document, error)) {
        inventory_finish(reader.inventory);
    } else {
        inventory_free(reader.inventory);
        reader.inventory = NULL;
    }
    free(reader.groups.items);
    free(reader.members.items);
    json_free(document);
    return reader.inventory;
}
