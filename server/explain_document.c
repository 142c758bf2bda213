/* SPDX-License-Identifier: MIT */

/*
 * server/explain_document.c - writes the document for the control socket, and reads it for people.
 */

#include "server/explain_document.h"

#include <inttypes.h>

#include "discovery/json_write.h"
#include "server/document_reader.h"
#include "server/status_table.h"
#include "server/text_table.h"

/* ---- writing ---- */

static void explanation_write(struct json_writer *writer, const struct explanation *explanation)
{
    const struct fleet_member *member = explanation->member;
    char address[ADDRESS_MAX_TEXT];

    json_write_object(writer, NULL);
    json_write_text(writer, "id", explanation->id);
    json_write_text(writer, "source", explanation->source);
    json_write_text(writer, "zone", explanation->origin);
    json_write_text(writer, "group", explanation->group);
    json_write_text(writer, "cluster", explanation->cluster);
    json_write_bool(writer, "served", explanation->is_served);
    if (explanation->is_served) {
        json_write_integer(writer, "weight", explanation->weight);
    } else {
        json_write_null(writer, "weight");
    }
    if (member != NULL) {
        json_write_text(writer, "address",
                        address_to_text(&member->entry->accepted.address, address));
        json_write_integer(writer, "port", member->port);
    } else {
        json_write_null(writer, "address");
        json_write_null(writer, "port");
    }
    json_write_text(writer, "rule", explanation->rule);
    json_write_text(writer, "text", explanation->text);
    json_write_text(writer, "value", explanation->value);
    json_write_integer(writer, "poll", (int64_t)explanation->poll);
    json_write_integer(writer, "poll_age_ms", explanation->poll_age_ms);
    json_write_end(writer);
}

char *explain_to_json(const struct fleet *fleet, const char *subject,
                      const struct fleet_moment *now)
{
    const struct explanation *explanations = NULL;
    struct json_writer writer;
    struct arena arena;
    char time[TIME_TEXT_SIZE];
    char *text = NULL;
    size_t count = 0;

    arena_init(&arena);
    count = explain(fleet, subject, now, &arena, &explanations);
    if (count > 0) {
        json_writer_open(&writer);
        json_write_object(&writer, NULL);
        json_write_text(&writer, "subject", subject);
        json_write_text(&writer, "now", time_to_text(now->now_s, time));
        json_write_array(&writer, "instances");
        for (size_t i = 0; i < count; i++) {
            explanation_write(&writer, &explanations[i]);
        }
        text = json_writer_close(&writer);
    }
    arena_free(&arena);
    return text;
}

/* ---- reading ---- */

/* "i-0abc, 10.0.0.5:443: in the answer of cluster web in sd.example.com, weight 65535" */
static void headline_print(struct document_reader *reader, const struct json_value *instance)
{
    const char *id = document_text(reader, instance, "id");
    const char *zone = document_text(reader, instance, "zone");
    const char *cluster = document_text_or(reader, instance, "cluster", "");
    const char *address = document_text_or(reader, instance, "address", "");
    bool is_served = document_bool(reader, instance, "served");

    if (reader->is_wrong) {
        return;
    }
    text_print(arena_format(reader->arena, "%s%s%s: %s%s%s in %s", id,
                            address[0] == '\0' ? "" : " at ", address,
                            is_served ? "IN the answer" : "NOT in the answer",
                            cluster[0] == '\0' ? "" : " of cluster ", cluster, zone),
               reader->out);
    if (is_served) {
        fprintf(reader->out, ", weight %" PRId64, document_integer(reader, instance, "weight"));
    }
    fputs("\n", reader->out);
}

static void instance_print(struct document_reader *reader, const struct json_value *instance)
{
    const char *source = document_text(reader, instance, "source");
    const char *group = document_text_or(reader, instance, "group", "none");
    const char *rule = document_text(reader, instance, "rule");
    const char *text = document_text(reader, instance, "text");
    int64_t poll = document_integer(reader, instance, "poll");
    int64_t age_ms = document_integer(reader, instance, "poll_age_ms");

    headline_print(reader, instance);
    if (reader->is_wrong) {
        return;
    }
    fputs("  ", reader->out);
    text_print(arena_format(reader->arena, "%s: %s", rule, text), reader->out);
    fputs("\n  ", reader->out);
    text_print(arena_format(reader->arena, "group %s, %s, ", group, source), reader->out);
    if (poll == 0) {
        fputs("known from disk\n", reader->out);
    } else {
        fprintf(reader->out, "poll %" PRId64 ", %s ago\n", poll, age_text(reader->arena, age_ms));
    }
}

static void explanations_print(struct document_reader *reader, const struct json_value *root)
{
    struct json_value instances = document_member(reader, root, "instances", JSON_ARRAY);
    struct json_value instance = {.node = NULL};
    bool is_first = true;

    while (!reader->is_wrong && json_each(&instances, &instance)) {
        if (!is_first) {
            fputs("\n", reader->out);
        }
        is_first = false;
        instance_print(reader, &instance);
    }
}

bool explain_print(const char *json, size_t length, FILE *out, struct error *error)
{
    return document_print(json, length, explanations_print, out, error);
}
