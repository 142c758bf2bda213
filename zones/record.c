/* SPDX-License-Identifier: MIT */

/*
 * zones/record.c - records of a zone file, read by ldns.
 *
 * ldns turns one entry of text into one record; which entries there are, where they stand and
 * what a directive does is ours (zones/zone_file.h): ldns counts lines past blank ones, takes a
 * relative $ORIGIN for absolute and an unknown directive for an owner name.
 */

#include "zones/record.h"

#include <ldns/ldns.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "zones/wire.h"
#include "zones/zone_file.h"

enum {
    TTL_MAX_SECONDS = INT32_MAX, /* RFC 2181 section 8 */
    QUOTED_MAX = 60,             /* longest part of an entry that a message quotes */
    DIRECTIVE_MAX = 15,          /* "$INCLUDE" and others, cut */
};

/* A record and where it was read. */
struct located {
    struct record record;
    size_t line;
    bool is_repeat;
};

struct record_reader {
    struct arena *arena;
    const struct name *zone;
    ldns_rdf *origin;   /* what $ORIGIN says, the zone at first */
    ldns_rdf *previous; /* owner of the record before, NULL at first */
    uint32_t ttl_seconds;
    struct located *located;
    size_t count;
    size_t capacity;
};

/*
 * Types that a zone of ours may not hold, and why. RFC 6895 section 3.1 sets 128 to 255 aside for
 * questions and meta types.
 */
static const struct refused_type {
    uint16_t first;
    uint16_t last;
    const char *why;
} refused_types[] = {
    {0,                  0,                       "type 0 is not a type of data"                },
    {RECORD_SOA,         RECORD_SOA,              "SOA: it is made from the configuration"      },
    {RECORD_DNAME,       RECORD_DNAME,            "DNAME is not served"                         },
    {RECORD_OPT,         RECORD_OPT,              "OPT is not a type of data"                   },
    {LDNS_RR_TYPE_SIG,   LDNS_RR_TYPE_KEY,        "DNSSEC: it is for a secondary server to sign"},
    {LDNS_RR_TYPE_NXT,   LDNS_RR_TYPE_NXT,        "DNSSEC: it is for a secondary server to sign"},
    {LDNS_RR_TYPE_DS,    LDNS_RR_TYPE_DS,         "DNSSEC: it is for a secondary server to sign"},
    {LDNS_RR_TYPE_RRSIG, LDNS_RR_TYPE_DNSKEY,     "DNSSEC: it is for a secondary server to sign"},
    {LDNS_RR_TYPE_NSEC3, LDNS_RR_TYPE_NSEC3PARAM, "DNSSEC: it is for a secondary server to sign"},
    {LDNS_RR_TYPE_CDS,   LDNS_RR_TYPE_CDNSKEY,    "DNSSEC: it is for a secondary server to sign"},
    {LDNS_RR_TYPE_DLV,   LDNS_RR_TYPE_DLV,        "DNSSEC: it is for a secondary server to sign"},
    {128,                RECORD_ANY,              "a type for questions, not for data"          },
};

static const char *type_refusal(uint16_t type)
{
    for (size_t index = 0; index < sizeof(refused_types) / sizeof(refused_types[0]); index++) {
        if (type >= refused_types[index].first && type <= refused_types[index].last) {
            return refused_types[index].why;
        }
    }
    return NULL;
}

/* What the zone's rules have against a record, NULL if nothing. */
static const char *record_refusal(const struct record *record, uint16_t class,
                                  const struct name *zone)
{
    const char *why = type_refusal(record->type);
    bool is_apex = name_equals(&record->owner, zone);

    if (why != NULL) {
        return why;
    }
    if (class != RECORD_CLASS_IN) {
        return "another class than IN";
    }
    if (!name_is_within(&record->owner, zone)) {
        return "the owner is outside the zone";
    }
    if (record->owner.octets[0] == 1 && record->owner.octets[1] == '*') {
        return "wildcards are not served";
    }
    if (record->type == RECORD_NS && !is_apex) {
        return "NS below the origin: delegations are not served";
    }
    if (record->type == RECORD_CNAME && is_apex) {
        return "CNAME at the origin, which has SOA and NS";
    }
    if (record->ttl_seconds > TTL_MAX_SECONDS) {
        return "the TTL is above 2147483647";
    }
    return NULL;
}

/* Take a record out of the wire form that ldns writes: names in RDATA in lower case already. */
static bool record_from_wire(struct record *record, uint16_t *class, struct wire_reader *wire,
                             struct arena *arena)
{
    size_t owner_length = name_from_wire(&record->owner, wire->octets, wire->length);
    const uint8_t *rdata = NULL;

    wire_take(wire, owner_length);
    record->type = wire_read_u16(wire);
    *class = wire_read_u16(wire);
    record->ttl_seconds = wire_read_u32(wire);
    record->rdata_length = wire_read_u16(wire);
    rdata = wire_take(wire, record->rdata_length);
    /* More RDATA than its length field can tell leaves something over. */
    if (owner_length == 0 || wire->failed || wire_left(wire) != 0) {
        return false;
    }
    record->rdata = arena_copy(arena, rdata, record->rdata_length);
    return true;
}

static bool reader_add(struct record_reader *reader, const ldns_rr *rr,
                       const struct zone_file *entry, struct error *error)
{
    ldns_buffer *buffer = ldns_buffer_new(LDNS_MIN_BUFLEN);
    struct located located = {.line = entry->entry_line};
    struct wire_reader wire;
    uint16_t class = 0;
    const char *why = "cannot be written in wire form";

    if (buffer != NULL &&
        ldns_rr2buffer_wire_canonical(buffer, rr, LDNS_SECTION_ANSWER) == LDNS_STATUS_OK) {
        wire_reader_init(&wire, ldns_buffer_begin(buffer), ldns_buffer_position(buffer));
        if (record_from_wire(&located.record, &class, &wire, reader->arena)) {
            why = record_refusal(&located.record, class, reader->zone);
        }
    }
    ldns_buffer_free(buffer);
    if (why != NULL) {
        return error_set(error, "line %zu: %s: \"%.*s\"", entry->entry_line, why, QUOTED_MAX,
                         entry->entry);
    }
    if (reader->count == reader->capacity) {
        reader->capacity = reader->capacity * 2 + 16;
        reader->located = memory_grow(reader->located, reader->capacity, sizeof(*reader->located));
    }
    reader->located[reader->count++] = located;
    return true;
}

static bool reader_take_origin(struct record_reader *reader, const char *text)
{
    ldns_rdf *origin = NULL;

    if (strcmp(text, "@") == 0) {
        return true;
    }
    origin = ldns_dname_new_frm_str(text);
    if (origin == NULL) {
        return false;
    }
    if (!ldns_dname_str_absolute(text) &&
        ldns_dname_cat(origin, reader->origin) != LDNS_STATUS_OK) {
        ldns_rdf_deep_free(origin);
        return false;
    }
    ldns_rdf_deep_free(reader->origin);
    reader->origin = origin;
    return true;
}

static bool reader_take_ttl(struct record_reader *reader, const char *text)
{
    const char *end = NULL;
    uint32_t ttl_seconds = ldns_str2period(text, &end);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || ttl_seconds > TTL_MAX_SECONDS) {
        return false;
    }
    reader->ttl_seconds = ttl_seconds;
    return true;
}

/* An entry that begins with '$'. Its words are cut apart in place. */
static bool reader_take_directive(struct record_reader *reader, const struct zone_file *entry,
                                  struct error *error)
{
    static const char blanks[] = " \t";
    char *rest = entry->entry;
    const char *directive = strsep(&rest, blanks);
    const char *value = NULL;

    if (rest != NULL) {
        rest += strspn(rest, blanks);
        value = strsep(&rest, blanks);
    }
    if (rest != NULL && rest[strspn(rest, blanks)] != '\0') {
        return error_set(error, "line %zu: %.*s: more than one value", entry->entry_line,
                         DIRECTIVE_MAX, directive);
    }
    if (strcasecmp(directive, "$ORIGIN") == 0) {
        return (value != NULL && reader_take_origin(reader, value)) ||
               error_set(error, "line %zu: $ORIGIN: a domain name is wanted", entry->entry_line);
    }
    if (strcasecmp(directive, "$TTL") == 0) {
        return (value != NULL && reader_take_ttl(reader, value)) ||
               error_set(error, "line %zu: $TTL: a time up to 2147483647 s is wanted",
                         entry->entry_line);
    }
    return error_set(error, "line %zu: %.*s: only $ORIGIN and $TTL are known", entry->entry_line,
                     DIRECTIVE_MAX, directive);
}

static bool reader_take_record(struct record_reader *reader, const struct zone_file *entry,
                               struct error *error)
{
    ldns_rr *rr = NULL;
    bool is_taken = false;
    ldns_status status = ldns_rr_new_frm_str(&rr, entry->entry, reader->ttl_seconds, reader->origin,
                                             &reader->previous);

    if (status != LDNS_STATUS_OK) {
        return error_set(error, "line %zu: %s: \"%.*s\"", entry->entry_line,
                         ldns_get_errorstr_by_id(status), QUOTED_MAX, entry->entry);
    }
    is_taken = reader_add(reader, rr, entry, error);
    ldns_rr_free(rr);
    return is_taken;
}

/* By owner, then in the order of the file. */
static int located_compare(const void *left, const void *right)
{
    const struct located *const *a = left;
    const struct located *const *b = right;
    const struct name *x = &(*a)->record.owner;
    const struct name *y = &(*b)->record.owner;

    if (x->length != y->length) {
        return x->length < y->length ? -1 : 1;
    }
    if (memcmp(x->octets, y->octets, x->length) != 0) {
        return memcmp(x->octets, y->octets, x->length);
    }
    return (*a > *b) - (*a < *b);
}

static bool record_repeats(const struct record *left, const struct record *right)
{
    return left->type == right->type && left->rdata_length == right->rdata_length &&
           memcmp(left->rdata, right->rdata, left->rdata_length) == 0;
}

/*
 * Go through the records of one owner: mark repeats (RFC 2181 section 5) and return the first
 * record that makes a CNAME stand beside other data (RFC 1034 section 3.6.2), or NULL.
 */
static const struct located *owner_check(struct located **records, size_t count)
{
    bool has_cname = records[0]->record.type == RECORD_CNAME;

    for (size_t index = 1; index < count; index++) {
        for (size_t before = 0; before < index && !records[index]->is_repeat; before++) {
            records[index]->is_repeat =
                record_repeats(&records[before]->record, &records[index]->record);
        }
        has_cname |= records[index]->record.type == RECORD_CNAME;
        if (has_cname && !records[index]->is_repeat) {
            return records[index];
        }
    }
    return NULL;
}

static bool reader_check_owners(struct record_reader *reader, struct error *error)
{
    struct located **sorted = memory_new(reader->count * sizeof(struct located *));
    const struct located *first_bad = NULL;
    char owner[NAME_MAX_TEXT];

    for (size_t index = 0; index < reader->count; index++) {
        sorted[index] = &reader->located[index];
    }
    qsort(sorted, reader->count, sizeof(struct located *), located_compare);
    for (size_t start = 0, end = 0; start < reader->count; start = end) {
        const struct located *bad = NULL;

        while (end < reader->count &&
               name_equals(&sorted[end]->record.owner, &sorted[start]->record.owner)) {
            end++;
        }
        bad = owner_check(sorted + start, end - start);
        if (bad != NULL && (first_bad == NULL || bad < first_bad)) {
            first_bad = bad;
        }
    }
    free(sorted);
    return first_bad == NULL ||
           error_set(error, "line %zu: %s has a CNAME beside other data", first_bad->line,
                     name_to_text(&first_bad->record.owner, owner));
}

static bool reader_read_all(struct record_reader *reader, FILE *file, struct error *error)
{
    struct zone_file zone_file;
    enum zone_file_result result = ZONE_FILE_END;
    bool is_good = true;

    zone_file_open(&zone_file, file);
    while (is_good && (result = zone_file_next(&zone_file, error)) == ZONE_FILE_ENTRY) {
        is_good = zone_file.entry[0] == '$' ? reader_take_directive(reader, &zone_file, error)
                                            : reader_take_record(reader, &zone_file, error);
    }
    zone_file_close(&zone_file);
    return is_good && result == ZONE_FILE_END && reader_check_owners(reader, error);
}

bool record_list_read(struct record_list *list, FILE *file, const struct name *origin,
                      uint32_t ttl_seconds, struct arena *arena, struct error *error)
{
    struct record_reader reader = {.arena = arena, .zone = origin, .ttl_seconds = ttl_seconds};
    bool is_good = false;

    reader.origin = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, origin->length, origin->octets);
    *list = (struct record_list){.count = 0};
    if (reader.origin == NULL) {
        error_set(error, "out of memory");
        goto out;
    }
    if (!reader_read_all(&reader, file, error)) {
        goto out;
    }
    list->records = arena_array(arena, reader.count, sizeof(*list->records));
    for (size_t index = 0; index < reader.count; index++) {
        if (!reader.located[index].is_repeat) {
            list->records[list->count++] = reader.located[index].record;
        }
    }
    is_good = true;
out:
    ldns_rdf_deep_free(reader.origin);
    ldns_rdf_deep_free(reader.previous);
    free(reader.located);
    return is_good;
}
