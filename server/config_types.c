/* SPDX-License-Identifier: MIT */

/*
 * server/config_types.c - the table of types: how the text of a key becomes a value.
 */

#include "server/config_types.h"

enum { SECOND_IN_MS = 1000 };

typedef bool (*value_parser)(union config_value *value, const struct config_key *key,
                             const char *text, struct arena *arena, struct error *error);

static bool text_value(union config_value *value, const struct config_key *key, const char *text,
                       struct arena *arena, struct error *error)
{
    (void)key;
    (void)arena;
    (void)error;
    value->text = text;
    return true;
}

static bool number_value(union config_value *value, const struct config_key *key, const char *text,
                         struct arena *arena, struct error *error)
{
    (void)arena;
    return number_parse(&value->number, text, key->min, key->max, error);
}

static bool milliseconds_value(union config_value *value, const struct config_key *key,
                               const char *text, struct arena *arena, struct error *error)
{
    (void)arena;
    return duration_parse(&value->number, text, key->min, key->max, error);
}

static bool seconds_value(union config_value *value, const struct config_key *key, const char *text,
                          struct arena *arena, struct error *error)
{
    if (!milliseconds_value(value, key, text, arena, error)) {
        return false;
    }
    if (value->number % SECOND_IN_MS != 0) {
        return error_set(error, "not whole seconds");
    }
    value->number /= SECOND_IN_MS;
    return true;
}

static bool choice_value(union config_value *value, const struct config_key *key, const char *text,
                         struct arena *arena, struct error *error)
{
    (void)arena;
    return choice_parse(&value->number, text, key->choices, error);
}

static bool socket_value(union config_value *value, const struct config_key *key, const char *text,
                         struct arena *arena, struct error *error)
{
    (void)key;
    (void)arena;
    return socket_parse(&value->socket, text, error);
}

static bool prefix_value(union config_value *value, const struct config_key *key, const char *text,
                         struct arena *arena, struct error *error)
{
    (void)key;
    (void)arena;
    return prefix_parse(&value->prefix, text, error);
}

static bool name_value(union config_value *value, const struct config_key *key, const char *text,
                       struct arena *arena, struct error *error)
{
    (void)key;
    (void)arena;
    return name_from_text(&value->name, text, error);
}

static bool labels_value(union config_value *value, const struct config_key *key, const char *text,
                         struct arena *arena, struct error *error)
{
    (void)key;
    (void)arena;
    value->text = text;
    return labels_check(text, error);
}

static bool region_value(union config_value *value, const struct config_key *key, const char *text,
                         struct arena *arena, struct error *error)
{
    (void)key;
    (void)arena;
    value->text = text;
    return region_check(text, error);
}

static bool queue_url_value(union config_value *value, const struct config_key *key,
                            const char *text, struct arena *arena, struct error *error)
{
    (void)key;
    value->text = text;
    return queue_url_check(text, arena, error);
}

static bool proxy_value(union config_value *value, const struct config_key *key, const char *text,
                        struct arena *arena, struct error *error)
{
    (void)key;
    value->text = text;
    return proxy_check(text, arena, error);
}

static bool filter_value(union config_value *value, const struct config_key *key, const char *text,
                         struct arena *arena, struct error *error)
{
    (void)key;
    return filter_parse(&value->filter, text, arena, error);
}

static const struct {
    const char *name;
    size_t size;
    value_parser parse;
} types[] = {
    [TYPE_TEXT] = {"text",         sizeof(const char *),         text_value        },
    [TYPE_PATH] = {"path",         sizeof(const char *),         text_value        },
    [TYPE_NUMBER] = {"number",       sizeof(int64_t),              number_value      },
    [TYPE_SECONDS] = {"duration",     sizeof(int64_t),              seconds_value     },
    [TYPE_MILLISECONDS] = {"duration",     sizeof(int64_t),              milliseconds_value},
    [TYPE_CHOICE] = {"choice",       sizeof(int64_t),              choice_value      },
    [TYPE_SOCKET] = {"address:port", sizeof(struct config_listen), socket_value      },
    [TYPE_PREFIX] = {"prefix",       sizeof(struct prefix),        prefix_value      },
    [TYPE_NAME] = {"domain name",  sizeof(struct name),          name_value        },
    [TYPE_LABELS] = {"labels",       sizeof(const char *),         labels_value      },
    [TYPE_REGION] = {"region",       sizeof(const char *),         region_value      },
    [TYPE_QUEUE_URL] = {"URL",          sizeof(const char *),         queue_url_value   },
    [TYPE_PROXY] = {"URL",          sizeof(const char *),         proxy_value       },
    [TYPE_FILTER] = {"name=value",   sizeof(struct ec2_filter),    filter_value      },
};

bool config_value_parse(union config_value *value, const struct config_key *key, const char *text,
                        struct arena *arena, struct error *error)
{
    *value = (union config_value){.number = 0};
    for (const char *octet = text; *octet != '\0'; octet++) {
        if ((unsigned char)*octet < ' ' || *octet == '\x7f') {
            return error_set(error, "has a control character in it");
        }
    }
    if (text[0] == '\0') {
        return error_set(error, "is empty");
    }
    return types[key->type].parse(value, key, text, arena, error);
}

size_t config_type_size(enum config_type type)
{
    return types[type].size;
}

const char *config_type_name(enum config_type type)
{
    return types[type].name;
}
