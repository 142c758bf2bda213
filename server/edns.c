/* SPDX-License-Identifier: MIT */

/*
 * server/edns.c - walking over options, and writing ours.
 */

#include "server/edns.h"

#include "zones/record.h"
#include "zones/wire.h"

enum {
    FLAG_DO = 0x8000,
    RCODE_HEADER_BITS = 4, /* of an extended RCODE; the others go into OPT */
    TYPE_OFFSET = 1,       /* in OPT, RFC 6891 section 6.1.2 */
    SIZE_OFFSET = 3,
    RCODE_OFFSET = 5,
    VERSION_OFFSET = 6,
    FLAGS_OFFSET = 7,
    LENGTH_OFFSET = 9,
    U16_LENGTH = 2,
};

static void cookie_read(struct edns_request *request, const uint8_t *octets, size_t length)
{
    if (request->cookie != NULL || request->cookie_is_malformed) {
        return; /* RFC 7873 section 5.2: all but the first are ignored */
    }
    if (!cookie_length_is_valid(length)) {
        request->cookie_is_malformed = true;
        return;
    }
    request->cookie = octets;
    request->cookie_length = (uint8_t)length;
}

static void option_read(struct edns_request *request, uint16_t code, const uint8_t *octets,
                        size_t length)
{
    switch (code) {
    case EDNS_OPTION_NSID:
        request->wants_nsid = true; /* RFC 5001 section 2.1: data in a request mean nothing */
        break;
    case EDNS_OPTION_COOKIE:
        cookie_read(request, octets, length);
        break;
    case EDNS_OPTION_KEEPALIVE:
        request->wants_keepalive = true;
        break;
    default:
        break;
    }
}

bool edns_request_read(struct edns_request *request, const uint8_t *options, size_t length)
{
    struct wire_reader reader;
    unsigned count = 0;

    *request = (struct edns_request){.cookie = NULL};
    wire_reader_init(&reader, options, length);
    while (wire_left(&reader) > 0) {
        uint16_t code = wire_read_u16(&reader);
        size_t option_length = wire_read_u16(&reader);
        const uint8_t *octets = wire_take(&reader, option_length);

        if (octets == NULL || ++count > EDNS_OPTIONS_MAX) {
            return false;
        }
        option_read(request, code, octets, option_length);
    }
    return !reader.failed;
}

static void option_write(struct wire_writer *writer, enum edns_option code, const uint8_t *octets,
                         size_t length)
{
    wire_write_u16(writer, (uint16_t)code);
    wire_write_u16(writer, (uint16_t)length);
    wire_write(writer, octets, length);
}

static void option_write_u16(struct wire_writer *writer, enum edns_option code, uint16_t value)
{
    const uint8_t octets[U16_LENGTH] = {(uint8_t)(value >> 8), (uint8_t)value};

    option_write(writer, code, octets, sizeof(octets));
}

static void options_write(const struct edns_reply *reply, uint8_t *octets, size_t length)
{
    struct wire_writer writer;

    wire_writer_init(&writer, octets, length);
    if (reply->cookie != NULL) {
        option_write(&writer, EDNS_OPTION_COOKIE, reply->cookie, COOKIE_LENGTH);
    }
    if (reply->nsid_length > 0) {
        option_write(&writer, EDNS_OPTION_NSID, reply->nsid, reply->nsid_length);
    }
    if (reply->keepalive > 0) {
        option_write_u16(&writer, EDNS_OPTION_KEEPALIVE, reply->keepalive);
    }
    if (reply->error != EDNS_ERROR_NONE) {
        option_write_u16(&writer, EDNS_OPTION_ERROR, (uint16_t)reply->error);
    }
}

size_t edns_reply_write(const struct edns_reply *reply, uint8_t octets[EDNS_OPT_MAX])
{
    size_t length = edns_reply_length(reply);

    octets[0] = 0; /* the root */
    wire_store_u16(octets + TYPE_OFFSET, RECORD_OPT);
    wire_store_u16(octets + SIZE_OFFSET, reply->udp_size);
    octets[RCODE_OFFSET] = (uint8_t)(reply->rcode >> RCODE_HEADER_BITS);
    octets[VERSION_OFFSET] = 0;
    wire_store_u16(octets + FLAGS_OFFSET, reply->dnssec_ok ? FLAG_DO : 0);
    wire_store_u16(octets + LENGTH_OFFSET, (uint16_t)(length - EDNS_OPT_FIXED));
    if (length > EDNS_OPT_FIXED) { /* not so for the questions of HAProxy */
        options_write(reply, octets + EDNS_OPT_FIXED, length - EDNS_OPT_FIXED);
    }
    return length;
}

void edns_reply_set_rcode(uint8_t *octets, uint16_t rcode)
{
    octets[RCODE_OFFSET] = (uint8_t)(rcode >> RCODE_HEADER_BITS);
}
