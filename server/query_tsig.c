/* SPDX-License-Identifier: MIT */

/*
 * server/query_tsig.c - TSIG records without keys.
 */

#include "server/query_tsig.h"

#include "zones/name.h"
#include "zones/record.h"

enum {
    RECORD_TSIG = 250,
    TIME_AND_FUDGE = 6 + 2, /* RFC 8945 section 4.2, as the others */
    ID_ERROR_OTHER = 2 + 2 + 2,
    RECORD_HEAD = 2 + 2 + 4 + 2, /* type, class, TTL, length of the data */
    ERROR_BADKEY = 17,           /* RFC 8945 section 3 */
};

/* A name where the reader stands; 0: there is none. */
static size_t name_read(struct wire_reader *reader, const uint8_t **octets)
{
    struct name name;

    *octets = reader->octets + reader->position;
    return name_from_wire(&name, *octets, wire_left(reader));
}

/* The data: it must be filled exactly. */
static bool data_read(struct query_tsig *tsig, const uint8_t *data, size_t length)
{
    struct wire_reader reader;
    size_t name_length = 0;

    wire_reader_init(&reader, data, length);
    name_length = name_read(&reader, &tsig->algorithm);
    (void)wire_take(&reader, name_length);
    tsig->algorithm_length = (uint16_t)name_length;
    (void)wire_take(&reader, TIME_AND_FUDGE);
    (void)wire_take(&reader, wire_read_u16(&reader)); /* the MAC */
    (void)wire_take(&reader, 2 + 2);                  /* original id, error */
    (void)wire_take(&reader, wire_read_u16(&reader)); /* other data */
    return name_length > 0 && !reader.failed && wire_left(&reader) == 0;
}

bool query_tsig_read(struct query_tsig *tsig, struct wire_reader *reader)
{
    size_t key_length = name_read(reader, &tsig->key);
    uint16_t type = 0;
    uint16_t class = 0;
    uint32_t ttl = 0;
    uint16_t length = 0;
    const uint8_t *data = NULL;

    (void)wire_take(reader, key_length);
    tsig->key_length = (uint16_t)key_length;
    type = wire_read_u16(reader);
    class = wire_read_u16(reader);
    ttl = wire_read_u32(reader);
    length = wire_read_u16(reader);
    data = wire_take(reader, length);
    return key_length > 0 && data != NULL && type == RECORD_TSIG && class == RECORD_CLASS_ANY &&
           ttl == 0 && data_read(tsig, data, length);
}

static size_t data_length(const struct query_tsig *tsig)
{
    return (size_t)tsig->algorithm_length + TIME_AND_FUDGE + 2 + ID_ERROR_OTHER;
}

size_t query_tsig_refusal_length(const struct query_tsig *tsig)
{
    return tsig->key_length + (size_t)RECORD_HEAD + data_length(tsig);
}

size_t query_tsig_refuse(const struct query_tsig *tsig, uint16_t id, uint8_t *octets)
{
    struct wire_writer writer;

    wire_writer_init(&writer, octets, query_tsig_refusal_length(tsig));
    wire_write(&writer, tsig->key, tsig->key_length);
    wire_write_u16(&writer, RECORD_TSIG);
    wire_write_u16(&writer, RECORD_CLASS_ANY);
    wire_write_u32(&writer, 0);
    wire_write_u16(&writer, (uint16_t)data_length(tsig));
    wire_write(&writer, tsig->algorithm, (size_t)tsig->algorithm_length + TIME_AND_FUDGE);
    wire_write_u16(&writer, 0); /* no MAC */
    wire_write_u16(&writer, id);
    wire_write_u16(&writer, ERROR_BADKEY);
    wire_write_u16(&writer, 0); /* no other data */
    return writer.position;
}
