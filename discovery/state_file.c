/* SPDX-License-Identifier: MIT */

/*
 * discovery/state_file.c - the frame with its checksum, and a fleet into a document.
 */

#include "discovery/state_file.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/json_write.h"
#include "discovery/state_internal.h"

enum {
    DIGEST_OCTETS = 32,
    DIGEST_HEX_SIZE = 2 * DIGEST_OCTETS + 1,
    /* "rollcall-state ", two numbers of at most 10 digits, the digest, spaces, line feed, NUL. */
    FRAME_SIZE = 128,
};

static const char magic[] = "rollcall-state ";

/* ---- the frame ---- */

static void digest_hex(const char *text, size_t length, char hex[DIGEST_HEX_SIZE])
{
    unsigned char digest[DIGEST_OCTETS] = {0};

    (void)EVP_Q_digest(NULL, "SHA256", NULL, text, length, digest, NULL);
    for (size_t i = 0; i < DIGEST_OCTETS; i++) {
        (void)snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    }
}

/* Decimal digits from `*cursor` on, which moves behind them. False without any, or too many. */
static bool number_take(const char **cursor, const char *end, size_t *number)
{
    enum { DIGITS_MAX = 10 };
    const char *start = *cursor;

    *number = 0;
    while (*cursor < end && **cursor >= '0' && **cursor <= '9' && *cursor - start < DIGITS_MAX) {
        *number = *number * 10 + (size_t)(**cursor - '0');
        (*cursor)++;
    }
    return *cursor > start;
}

static bool octet_take(const char **cursor, const char *end, char octet)
{
    if (*cursor == end || **cursor != octet) {
        return false;
    }
    (*cursor)++;
    return true;
}

/* On STATE_READ `*document` is what the frame holds, and it is whole. */
static enum state_outcome frame_open(const char *text, size_t length, const char **document,
                                     size_t *document_length, struct error *error)
{
    const char *end = text + length;
    const char *cursor = text + sizeof(magic) - 1;
    const char *written_hex = NULL;
    char hex[DIGEST_HEX_SIZE];
    size_t version = 0;

    if (length < sizeof(magic) || memcmp(text, magic, sizeof(magic) - 1) != 0 ||
        !number_take(&cursor, end, &version) || version == 0) {
        (void)error_set(error, "does not begin as a state of rollcall does");
        return STATE_CORRUPT;
    }
    if (version > STATE_VERSION) {
        (void)error_set(error, "is of format %zu, this program reads up to %d", version,
                        STATE_VERSION);
        return STATE_FUTURE;
    }
    if (!octet_take(&cursor, end, ' ') || !number_take(&cursor, end, document_length) ||
        !octet_take(&cursor, end, ' ') || end - cursor < DIGEST_HEX_SIZE) {
        (void)error_set(error, "its first line is not whole");
        return STATE_CORRUPT;
    }
    written_hex = cursor;
    cursor += DIGEST_HEX_SIZE - 1;
    if (!octet_take(&cursor, end, '\n') || (size_t)(end - cursor) != *document_length) {
        (void)error_set(error, "has %zu octets, its first line says %zu", length, *document_length);
        return STATE_CORRUPT;
    }
    digest_hex(cursor, *document_length, hex);
    if (memcmp(hex, written_hex, DIGEST_HEX_SIZE - 1) != 0) {
        (void)error_set(error, "its checksum is wrong");
        return STATE_CORRUPT;
    }
    *document = cursor;
    return STATE_READ;
}

enum state_outcome state_decode(struct state **state, const char *text, size_t length,
                                struct error *error)
{
    const char *document = NULL;
    size_t document_length = 0;
    struct state *made = NULL;
    enum state_outcome outcome = frame_open(text, length, &document, &document_length, error);

    if (outcome != STATE_READ) {
        return outcome;
    }
    made = memory_new(sizeof(*made));
    arena_init(&made->arena);
    if (!state_read_document(made, document, document_length, error)) {
        state_free(made);
        return STATE_CORRUPT;
    }
    *state = made;
    return STATE_READ;
}

/* ---- writing ---- */

static void hold_write(struct json_writer *writer, const struct hold *hold)
{
    if (hold->kind == HOLD_NONE) {
        return;
    }
    json_write_object(writer, "hold");
    json_write_text(writer, "kind", hold_kind_name(hold->kind));
    json_write_integer(writer, "until", hold->until_s);
    json_write_text(writer, "by", hold->by == NULL ? "" : hold->by);
    json_write_text(writer, "reason", hold->reason == NULL ? "" : hold->reason);
    json_write_end(writer);
}

/* Auto Scaling tells of Standby later than EC2 of members, which would take traffic until then. */
static void entry_write(struct json_writer *writer, const struct view_entry *entry, bool is_standby)
{
    const struct accepted *accepted = &entry->accepted;
    char address[ADDRESS_MAX_TEXT];

    json_write_object(writer, NULL);
    json_write_text(writer, "id", accepted->id);
    json_write_text(writer, "group", accepted->group);
    json_write_text(writer, "az", accepted->az == NULL ? "" : accepted->az);
    json_write_text(writer, "address", address_to_text(&accepted->address, address));
    json_write_integer(writer, "port", accepted->port);
    json_write_integer(writer, "weight", accepted->weight);
    hold_write(writer, &accepted->hold);
    if (is_standby) {
        json_write_bool(writer, "standby", true);
    }
    if (entry->reason != REASON_MEMBER) {
        json_write_text(writer, "bridges", membership_reason_name(entry->reason));
        if (entry->value != NULL) {
            json_write_text(writer, "value", entry->value);
        }
    }
    json_write_end(writer);
}

static void source_write(struct json_writer *writer, const struct fleet *fleet, size_t source,
                         const struct state_place *place)
{
    const struct view *view = fleet_view(fleet, source);
    const char *name = fleet_settings(fleet)->sources[source].name;

    json_write_object(writer, NULL);
    json_write_text(writer, "name", name);
    json_write_text(writer, "place", place->settings);
    if (place->region != NULL) {
        json_write_text(writer, "region", place->region);
    }
    json_write_array(writer, "members");
    for (size_t i = 0; i < view->count; i++) {
        entry_write(writer, view->entries[i],
                    fleet_is_standby(fleet, source, view->entries[i]->accepted.id));
    }
    json_write_end(writer);
    json_write_end(writer);
}

static void zone_write(struct json_writer *writer, const struct fleet *fleet, size_t zone)
{
    const struct cluster_owner *owners = NULL;
    size_t count = fleet_owners(fleet, zone, &owners);

    json_write_object(writer, NULL);
    json_write_text(writer, "zone", fleet_settings(fleet)->zones[zone].origin);
    json_write_array(writer, "owners");
    for (size_t i = 0; i < count; i++) {
        json_write_object(writer, NULL);
        json_write_text(writer, "cluster", owners[i].cluster);
        json_write_text(writer, "source", owners[i].source);
        json_write_text(writer, "group", owners[i].group);
        json_write_end(writer);
    }
    json_write_end(writer);
    json_write_end(writer);
}

static char *document_write(const struct fleet *fleet, const struct state_place *places,
                            int64_t now_s)
{
    const struct fleet_settings *settings = fleet_settings(fleet);
    struct json_writer writer;
    char written[TIME_TEXT_SIZE];

    json_writer_open(&writer);
    json_write_object(&writer, NULL);
    json_write_text(&writer, "written", time_to_text(now_s, written));
    json_write_array(&writer, "sources");
    for (size_t i = 0; i < settings->source_count; i++) {
        if (fleet_view(fleet, i) != NULL) {
            source_write(&writer, fleet, i, &places[i]);
        }
    }
    json_write_end(&writer);
    json_write_array(&writer, "zones");
    for (size_t i = 0; i < settings->zone_count; i++) {
        zone_write(&writer, fleet, i);
    }
    return json_writer_close(&writer);
}

char *state_encode(const struct fleet *fleet, const struct state_place *places, int64_t now_s,
                   size_t *length)
{
    char *document = document_write(fleet, places, now_s);
    size_t document_length = strlen(document);
    char *text = memory_new(FRAME_SIZE + document_length + 1);
    char hex[DIGEST_HEX_SIZE];
    size_t frame_length = 0;

    digest_hex(document, document_length, hex);
    (void)snprintf(text, FRAME_SIZE, "%s%d %zu %s\n", magic, STATE_VERSION, document_length, hex);
    frame_length = strlen(text);
    memcpy(text + frame_length, document, document_length + 1);
    free(document);
    *length = frame_length + document_length;
    return text;
}

/* What follows the first line and the time of writing, which is the document's first value. */
static const char *timeless_part(const char *text, size_t length, size_t *left)
{
    const char *line_end = memchr(text, '\n', length);
    const char *comma =
        line_end == NULL ? NULL : memchr(line_end, ',', length - (size_t)(line_end - text));
    const char *part = comma == NULL ? text : comma;

    *left = length - (size_t)(part - text);
    return part;
}

struct fingerprint state_print(const char *text, size_t length)
{
    size_t rest = 0;
    const char *part = timeless_part(text, length, &rest);

    return fingerprint_make(part, rest);
}

int64_t state_written_s(const struct state *state)
{
    return state->written_s;
}

void state_free(struct state *state)
{
    if (state != NULL) {
        arena_free(&state->arena);
        free(state);
    }
}
