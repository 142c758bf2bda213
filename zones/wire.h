/* SPDX-License-Identifier: MIT */

/*
 * zones/wire.h - bounded reading and writing of octets in network order.
 *
 * Neither side can leave its buffer. The first access past the end sets `failed`; from then on
 * reads give 0 and writes do nothing, so that one check at the end is enough. Inline, because
 * the query path uses it for every packet.
 */

#ifndef ZONES_WIRE_H
#define ZONES_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct wire_reader {
    const uint8_t *octets;
    size_t length;
    size_t position;
    bool failed;
};

struct wire_writer {
    uint8_t *octets;
    size_t capacity;
    size_t position; /* octets written so far */
    bool failed;
};

static inline void wire_reader_init(struct wire_reader *reader, const uint8_t *octets,
                                    size_t length)
{
    *reader = (struct wire_reader){.octets = octets, .length = length};
}

static inline size_t wire_left(const struct wire_reader *reader)
{
    return reader->failed ? 0 : reader->length - reader->position;
}

/* The next `count` octets in place, or NULL past the end. */
static inline const uint8_t *wire_take(struct wire_reader *reader, size_t count)
{
    const uint8_t *start = NULL;

    if (reader->failed || count > reader->length - reader->position) {
        reader->failed = true;
        return NULL;
    }
    start = reader->octets + reader->position;
    reader->position += count;
    return start;
}

static inline uint8_t wire_read_u8(struct wire_reader *reader)
{
    const uint8_t *octets = wire_take(reader, 1);

    return octets == NULL ? 0 : octets[0];
}

static inline uint16_t wire_read_u16(struct wire_reader *reader)
{
    const uint8_t *octets = wire_take(reader, 2);

    if (octets == NULL) {
        return 0;
    }
    return (uint16_t)((octets[0] << 8) | octets[1]);
}

static inline uint32_t wire_read_u32(struct wire_reader *reader)
{
    uint32_t high = wire_read_u16(reader);

    return (high << 16) | wire_read_u16(reader);
}

/* A number at a place that is known to hold it, and the other way round. */
static inline uint16_t wire_load_u16(const uint8_t *octets)
{
    return (uint16_t)((octets[0] << 8) | octets[1]);
}

static inline uint32_t wire_load_u32(const uint8_t *octets)
{
    return (uint32_t)wire_load_u16(octets) << 16 | wire_load_u16(octets + 2);
}

static inline void wire_store_u16(uint8_t *octets, uint16_t value)
{
    octets[0] = (uint8_t)(value >> 8);
    octets[1] = (uint8_t)value;
}

static inline void wire_store_u32(uint8_t *octets, uint32_t value)
{
    wire_store_u16(octets, (uint16_t)(value >> 16));
    wire_store_u16(octets + 2, (uint16_t)value);
}

static inline void wire_writer_init(struct wire_writer *writer, uint8_t *octets, size_t capacity)
{
    *writer = (struct wire_writer){.octets = octets, .capacity = capacity};
}

static inline void wire_write(struct wire_writer *writer, const void *octets, size_t count)
{
    if (writer->failed || count > writer->capacity - writer->position) {
        writer->failed = true;
        return;
    }
    if (count > 0) {
        memcpy(writer->octets + writer->position, octets, count);
    }
    writer->position += count;
}

static inline void wire_write_u8(struct wire_writer *writer, uint8_t value)
{
    wire_write(writer, &value, 1);
}

static inline void wire_write_u16(struct wire_writer *writer, uint16_t value)
{
    const uint8_t octets[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    wire_write(writer, octets, sizeof(octets));
}

static inline void wire_write_u32(struct wire_writer *writer, uint32_t value)
{
    wire_write_u16(writer, (uint16_t)(value >> 16));
    wire_write_u16(writer, (uint16_t)value);
}

#endif
