/* SPDX-License-Identifier: MIT */

/*
 * server/status_table.c - reads the document and prints it as tables.
 */

#include "server/status_table.h"

#include <inttypes.h>
#include <string.h>

#include "discovery/json.h"
#include "server/text_table.h"
#include "zones/arena.h"

enum { INDENT = 2 };

/* JSON's numbers are doubles: integers are exact up to here (RFC 8259 section 6). */
static const int64_t integer_max = INT64_C(1) << 53;

/* What is being read: the first thing that is not as it should be is kept and ends it. */
struct reader {
    struct arena *arena;
    FILE *out;
    struct error *error;
    bool is_wrong;
};

static struct json_value member_get(struct reader *reader, const struct json_value *object,
                                    const char *key, enum json_type type)
{
    struct json_value value = {.node = NULL};

    if (!reader->is_wrong && !json_member(object, key, type, &value, reader->error)) {
        reader->is_wrong = true;
    }
    return value;
}

static const char *text_get(struct reader *reader, const struct json_value *object, const char *key)
{
    struct json_value value = member_get(reader, object, key, JSON_STRING);

    return reader->is_wrong ? "" : json_text(&value);
}

/* `fallback` when it is null. */
static const char *text_get_or(struct reader *reader, const struct json_value *object,
                               const char *key, const char *fallback)
{
    struct json_value value;

    if (json_member(object, key, JSON_NULL, &value, NULL)) {
        return fallback;
    }
    return text_get(reader, object, key);
}

static int64_t integer_get(struct reader *reader, const struct json_value *object, const char *key)
{
    struct json_value value = member_get(reader, object, key, JSON_NUMBER);
    int64_t integer = 0;

    if (!reader->is_wrong &&
        !json_integer(&value, -integer_max, integer_max, &integer, reader->error)) {
        reader->is_wrong = true;
    }
    return integer;
}

static bool bool_get(struct reader *reader, const struct json_value *object, const char *key)
{
    struct json_value value = member_get(reader, object, key, JSON_BOOL);

    return !reader->is_wrong && json_bool(&value);
}

static const char *integer_text(struct reader *reader, const struct json_value *object,
                                const char *key)
{
    return arena_format(reader->arena, "%" PRId64, integer_get(reader, object, key));
}

/* "0.4s", "12s", "5m", "3h": as much as a person wants to know. */
static const char *age_text(struct arena *arena, int64_t age_ms)
{
    static const int64_t second = 1000;
    static const int64_t minute = INT64_C(60) * 1000;
    static const int64_t hour = INT64_C(60) * 60 * 1000;

    if (age_ms < 10 * second) {
        return arena_format(arena, "%.1fs", (double)age_ms / (double)second);
    }
    if (age_ms < 2 * minute) {
        return arena_format(arena, "%" PRId64 "s", age_ms / second);
    }
    if (age_ms < 2 * hour) {
        return arena_format(arena, "%" PRId64 "m", age_ms / minute);
    }
    return arena_format(arena, "%" PRId64 "h", age_ms / hour);
}

/* "10.0.1.5:443", "[fd00::5]:443" */
static const char *endpoint_text(struct reader *reader, const struct json_value *object)
{
    const char *address = text_get(reader, object, "address");
    int64_t port = integer_get(reader, object, "port");

    return arena_format(reader->arena,
                        strchr(address, ':') == NULL ? "%s:%" PRId64 : "[%s]:%" PRId64, address,
                        port);
}

/* "maint until 2026-01-02T03:04:05Z by ann: new kernel" */
static const char *hold_text(struct reader *reader, const struct json_value *member)
{
    struct json_value hold;
    const char *until = NULL;
    const char *by = NULL;
    const char *reason = NULL;

    if (json_member(member, "hold", JSON_NULL, &hold, NULL)) {
        return bool_get(reader, member, "standby") ? "standby" : "-";
    }
    hold = member_get(reader, member, "hold", JSON_OBJECT);
    if (reader->is_wrong) {
        return "";
    }
    until = text_get_or(reader, &hold, "until", "");
    by = text_get(reader, &hold, "by");
    reason = text_get(reader, &hold, "reason");
    return arena_format(reader->arena, "%s%s%s%s%s%s%s%s", text_get(reader, &hold, "kind"),
                        until[0] == '\0' ? "" : " until ", until, by[0] == '\0' ? "" : " by ", by,
                        reason[0] == '\0' ? "" : ": ", reason,
                        bool_get(reader, &hold, "active") ? "" : " (expired)");
}

/* Returns how many are served with a weight. */
static size_t members_read(struct reader *reader, const struct json_value *cluster,
                           struct text_table *table, size_t *total)
{
    static const char *const titles[] = {"INSTANCE", "STATE", "WEIGHT", "HAPROXY",
                                         "ADDRESS",  "ZONE",  "HOLD",   "PROBLEM"};
    struct json_value members = member_get(reader, cluster, "members", JSON_ARRAY);
    struct json_value member = {.node = NULL};
    size_t in_service = 0;

    text_table_open(table, reader->arena, sizeof(titles) / sizeof(titles[0]), 1U << 2 | 1U << 3);
    text_table_row(table, titles);
    while (!reader->is_wrong && json_each(&members, &member)) {
        const char *state = text_get(reader, &member, "state");
        bool is_answered = strcmp(state, "served") == 0 || strcmp(state, "drained") == 0;
        const char *cells[] = {
            text_get(reader, &member, "id"),
            state,
            integer_text(reader, &member, "weight"),
            is_answered ? integer_text(reader, &member, "weight_haproxy") : "-",
            endpoint_text(reader, &member),
            text_get_or(reader, &member, "az", "-"),
            hold_text(reader, &member),
            text_get_or(reader, &member, "problem", ""),
        };

        text_table_row(table, cells);
        in_service += strcmp(state, "served") == 0;
    }
    *total = table->row_count - 1;
    return in_service;
}

static const char *generation_text(struct arena *arena, int64_t seen, int64_t newest)
{
    if (seen == 0) { /* over TCP it must be seen more than once to count, see server/seen.h */
        return "not counted yet";
    }
    return seen >= newest ? "the newest answer"
                          : arena_format(arena, "generation %" PRId64 ", not the newest", seen);
}

static void load_balancers_print(struct reader *reader, const struct json_value *cluster,
                                 int64_t generation)
{
    static const char *const titles[] = {"LOAD BALANCER", "HAS", "ASKED"};
    struct json_value clients = member_get(reader, cluster, "load_balancers", JSON_ARRAY);
    struct json_value client = {.node = NULL};
    struct text_table table;

    text_table_open(&table, reader->arena, sizeof(titles) / sizeof(titles[0]), 0);
    text_table_row(&table, titles);
    while (!reader->is_wrong && json_each(&clients, &client)) {
        int64_t seen = integer_get(reader, &client, "generation");
        int64_t age_ms = integer_get(reader, &client, "age_ms");
        bool is_tcp = integer_get(reader, &client, "port") == 0;
        const char *cells[] = {
            is_tcp ? arena_format(reader->arena, "%s (TCP)", text_get(reader, &client, "address"))
                   : endpoint_text(reader, &client),
            generation_text(reader->arena, seen, generation),
            arena_format(reader->arena, "%s ago%s", age_text(reader->arena, age_ms),
                         bool_get(reader, &client, "is_gone") ? ", gone" : ""),
        };

        text_table_row(&table, cells);
    }
    if (table.row_count == 1) {
        fprintf(reader->out, "%*sno load balancer has asked\n", INDENT, "");
        return;
    }
    text_table_print(&table, INDENT, reader->out);
}

static void cluster_print(struct reader *reader, const struct json_value *cluster)
{
    const char *name = text_get(reader, cluster, "name");
    const char *srv_name = text_get(reader, cluster, "srv_name");
    int64_t generation = integer_get(reader, cluster, "generation");
    int64_t octets = integer_get(reader, cluster, "answer_octets");
    int64_t limit = integer_get(reader, cluster, "udp_limit_octets");
    size_t total = 0;
    struct text_table members;
    size_t in_service = members_read(reader, cluster, &members, &total);

    if (reader->is_wrong) {
        return;
    }
    fputs("\ncluster ", reader->out);
    text_print(name, reader->out);
    fputs(": ", reader->out);
    text_print(srv_name, reader->out);
    fprintf(reader->out,
            "\n%*s%zu of %zu in service, generation %" PRId64 ", answer of %" PRId64
            " octets, %s the UDP limit of %" PRId64 "\n",
            INDENT, "", in_service, total, generation, octets, octets > limit ? "OVER" : "within",
            limit);
    text_table_print(&members, INDENT, reader->out);
    load_balancers_print(reader, cluster, generation);
}

static void zone_print(struct reader *reader, const struct json_value *zone)
{
    struct json_value clusters = member_get(reader, zone, "clusters", JSON_ARRAY);
    struct json_value cluster = {.node = NULL};
    const char *origin = text_get(reader, zone, "origin");
    const char *state = text_get(reader, zone, "state");
    int64_t serial = integer_get(reader, zone, "serial");

    if (reader->is_wrong) {
        return;
    }
    fputs("\nzone ", reader->out);
    text_print(origin, reader->out);
    fprintf(reader->out, ": serial %" PRId64 ", ", serial);
    text_print(state, reader->out);
    fputs(strcmp(state, "complete") == 0 ? "\n" : ": a source has not delivered yet\n",
          reader->out);
    while (!reader->is_wrong && json_each(&clusters, &cluster)) {
        cluster_print(reader, &cluster);
    }
}

static const char *refused_text(struct reader *reader, const struct json_value *source)
{
    struct json_value refused = member_get(reader, source, "refused", JSON_ARRAY);
    struct json_value instance = {.node = NULL};
    const char *text = "";

    while (!reader->is_wrong && json_each(&refused, &instance)) {
        text =
            arena_format(reader->arena, "%s%s%s (%s)", text, text[0] == '\0' ? "" : ", ",
                         text_get(reader, &instance, "id"), text_get(reader, &instance, "problem"));
    }
    return text[0] == '\0' ? "" : arena_format(reader->arena, "refused: %s", text);
}

static void sources_print(struct reader *reader, const struct json_value *root)
{
    static const char *const titles[] = {"SOURCE", "FRESH", "LOOKS", "FAILED", "MEMBERS", ""};
    struct json_value sources = member_get(reader, root, "sources", JSON_ARRAY);
    struct json_value source = {.node = NULL};
    struct text_table table;

    text_table_open(&table, reader->arena, sizeof(titles) / sizeof(titles[0]),
                    1U << 2 | 1U << 3 | 1U << 4);
    text_table_row(&table, titles);
    while (!reader->is_wrong && json_each(&sources, &source)) {
        struct json_value age;
        bool has_looked = !json_member(&source, "age_ms", JSON_NULL, &age, NULL);
        const char *error = text_get_or(reader, &source, "last_error", "");
        const char *refused = refused_text(reader, &source);
        const char *cells[] = {
            text_get(reader, &source, "name"),
            has_looked
                ? arena_format(reader->arena, "%s ago",
                               age_text(reader->arena, integer_get(reader, &source, "age_ms")))
                : "never",
            integer_text(reader, &source, "looks"),
            integer_text(reader, &source, "failures"),
            integer_text(reader, &source, "members"),
            error[0] == '\0' ? refused
                             : arena_format(reader->arena, "failing: %s%s%s", error,
                                            refused[0] == '\0' ? "" : "; ", refused),
        };

        text_table_row(&table, cells);
    }
    if (!reader->is_wrong && table.row_count > 1) {
        text_table_print(&table, 0, reader->out);
    }
}

static void document_print(struct reader *reader, const struct json_value *root)
{
    const char *version = text_get(reader, root, "version");
    const char *now = text_get(reader, root, "now");
    struct json_value zones = member_get(reader, root, "zones", JSON_ARRAY);
    struct json_value zone = {.node = NULL};

    if (reader->is_wrong) {
        return;
    }
    fputs("rollcall ", reader->out);
    text_print(version, reader->out);
    fputs(" at ", reader->out);
    text_print(now, reader->out);
    fputs("\n\n", reader->out);
    sources_print(reader, root);
    while (!reader->is_wrong && json_each(&zones, &zone)) {
        zone_print(reader, &zone);
    }
}

bool status_table_print(const char *json, size_t length, FILE *out, struct error *error)
{
    struct json_document *document = json_parse(json, length, STATUS_SIZE_LIMIT, error);
    struct arena arena;
    struct reader reader = {.arena = &arena, .out = out, .error = error};
    struct json_value root;

    if (document == NULL) {
        return false;
    }
    arena_init(&arena);
    if (json_root(document, JSON_OBJECT, &root, error)) {
        document_print(&reader, &root);
    } else {
        reader.is_wrong = true;
    }
    arena_free(&arena);
    json_free(document);
    return !reader.is_wrong;
}
