/* SPDX-License-Identifier: MIT */

/*
 * server/status_table.c - reads the document and prints it as tables.
 */

#include "server/status_table.h"

#include <inttypes.h>
#include <string.h>

#include "server/document_reader.h"
#include "server/status_sources.h"
#include "server/text_table.h"

enum { INDENT = 2 };

/* "10.0.1.5:443", "[fd00::5]:443" */
static const char *endpoint_text(struct document_reader *reader, const struct json_value *object)
{
    const char *address = document_text(reader, object, "address");
    int64_t port = document_integer(reader, object, "port");

    return arena_format(reader->arena,
                        strchr(address, ':') == NULL ? "%s:%" PRId64 : "[%s]:%" PRId64, address,
                        port);
}

/* "maint until 2026-01-02T03:04:05Z by ann: new kernel" */
static const char *hold_text(struct document_reader *reader, const struct json_value *member)
{
    struct json_value hold;
    const char *until = NULL;
    const char *by = NULL;
    const char *reason = NULL;

    if (json_member(member, "hold", JSON_NULL, &hold, NULL)) {
        return document_bool(reader, member, "standby") ? "standby" : "-";
    }
    hold = document_member(reader, member, "hold", JSON_OBJECT);
    if (reader->is_wrong) {
        return "";
    }
    until = document_text_or(reader, &hold, "until", "");
    by = document_text(reader, &hold, "by");
    reason = document_text(reader, &hold, "reason");
    return arena_format(reader->arena, "%s%s%s%s%s%s%s%s", document_text(reader, &hold, "kind"),
                        until[0] == '\0' ? "" : " until ", until, by[0] == '\0' ? "" : " by ", by,
                        reason[0] == '\0' ? "" : ": ", reason,
                        document_bool(reader, &hold, "active") ? "" : " (expired)");
}

/* "bad-weight", "frozen, bad-weight", or nothing. */
static const char *member_notes(struct document_reader *reader, const struct json_value *member)
{
    const char *problem = document_text_or(reader, member, "problem", "");
    struct json_value kept;

    if (!document_optional(reader, member, "kept", JSON_STRING, &kept)) {
        return problem;
    }
    return arena_format(reader->arena, "%s%s%s", json_text(&kept), problem[0] == '\0' ? "" : ", ",
                        problem);
}

/* Returns how many are served with a weight. */
static size_t members_read(struct document_reader *reader, const struct json_value *cluster,
                           struct text_table *table, size_t *total)
{
    static const char *const titles[] = {"INSTANCE", "STATE", "WEIGHT", "HAPROXY",
                                         "ADDRESS",  "ZONE",  "HOLD",   "PROBLEM"};
    struct json_value members = document_member(reader, cluster, "members", JSON_ARRAY);
    struct json_value member = {.node = NULL};
    size_t in_service = 0;

    text_table_open(table, reader->arena, sizeof(titles) / sizeof(titles[0]), 1U << 2 | 1U << 3);
    text_table_row(table, titles);
    while (!reader->is_wrong && json_each(&members, &member)) {
        const char *state = document_text(reader, &member, "state");
        bool is_answered = strcmp(state, "served") == 0 || strcmp(state, "drained") == 0 ||
                           strcmp(state, "overlap") == 0;
        const char *cells[] = {
            document_text(reader, &member, "id"),
            state,
            document_integer_text(reader, &member, "weight"),
            is_answered ? document_integer_text(reader, &member, "weight_haproxy") : "-",
            endpoint_text(reader, &member),
            document_text_or(reader, &member, "az", "-"),
            hold_text(reader, &member),
            member_notes(reader, &member),
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

static void load_balancers_print(struct document_reader *reader, const struct json_value *cluster,
                                 int64_t generation)
{
    static const char *const titles[] = {"LOAD BALANCER", "HAS", "ASKED"};
    struct json_value clients = document_member(reader, cluster, "load_balancers", JSON_ARRAY);
    struct json_value client = {.node = NULL};
    struct text_table table;

    text_table_open(&table, reader->arena, sizeof(titles) / sizeof(titles[0]), 0);
    text_table_row(&table, titles);
    while (!reader->is_wrong && json_each(&clients, &client)) {
        int64_t seen = document_integer(reader, &client, "generation");
        int64_t age_ms = document_integer(reader, &client, "age_ms");
        bool is_tcp = document_integer(reader, &client, "port") == 0;
        const char *cells[] = {
            is_tcp
                ? arena_format(reader->arena, "%s (TCP)", document_text(reader, &client, "address"))
                : endpoint_text(reader, &client),
            generation_text(reader->arena, seen, generation),
            arena_format(reader->arena, "%s ago%s", age_text(reader->arena, age_ms),
                         document_bool(reader, &client, "is_gone") ? ", gone" : ""),
        };

        text_table_row(&table, cells);
    }
    if (table.row_count == 1) {
        fprintf(reader->out, "%*sno load balancer has asked\n", INDENT, "");
        return;
    }
    text_table_print(&table, INDENT, reader->out);
}

static void cluster_print(struct document_reader *reader, const struct json_value *cluster)
{
    const char *name = document_text(reader, cluster, "name");
    const char *srv_name = document_text(reader, cluster, "srv_name");
    int64_t generation = document_integer(reader, cluster, "generation");
    int64_t octets = document_integer(reader, cluster, "answer_octets");
    int64_t limit = document_integer(reader, cluster, "udp_limit_octets");
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

/* Not in a document of a server from before there was such a word. */
static bool zone_is_stale(struct document_reader *reader, const struct json_value *zone)
{
    struct json_value value;

    return document_optional(reader, zone, "stale", JSON_BOOL, &value) && json_bool(&value);
}

static void zone_print(struct document_reader *reader, const struct json_value *zone)
{
    struct json_value clusters = document_member(reader, zone, "clusters", JSON_ARRAY);
    struct json_value cluster = {.node = NULL};
    const char *origin = document_text(reader, zone, "origin");
    const char *state = document_text(reader, zone, "state");
    int64_t serial = document_integer(reader, zone, "serial");
    bool is_stale = zone_is_stale(reader, zone);

    if (reader->is_wrong) {
        return;
    }
    fputs("\nzone ", reader->out);
    text_print(origin, reader->out);
    fprintf(reader->out, ": serial %" PRId64 ", ", serial);
    text_print(state, reader->out);
    fputs(strcmp(state, "complete") == 0 ? "" : ": a source has not delivered yet", reader->out);
    fputs(is_stale ? ", STALE: its answers may be out of date\n" : "\n", reader->out);
    while (!reader->is_wrong && json_each(&clusters, &cluster)) {
        cluster_print(reader, &cluster);
    }
}

static void status_print(struct document_reader *reader, const struct json_value *root)
{
    const char *version = document_text(reader, root, "version");
    const char *now = document_text(reader, root, "now");
    struct json_value zones = document_member(reader, root, "zones", JSON_ARRAY);
    struct json_value zone = {.node = NULL};

    if (reader->is_wrong) {
        return;
    }
    fputs("rollcall ", reader->out);
    text_print(version, reader->out);
    fputs(" at ", reader->out);
    text_print(now, reader->out);
    fputs("\n", reader->out);
    status_reasons_print(reader, root);
    fputs("\n", reader->out);
    status_sources_print(reader, root);
    while (!reader->is_wrong && json_each(&zones, &zone)) {
        zone_print(reader, &zone);
    }
}

bool status_table_print(const char *json, size_t length, FILE *out, struct error *error)
{
    return document_print(json, length, status_print, out, error);
}
