/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_respond.c - any octets as a request, over UDP and TCP, from a friend and from a
 * stranger. Whatever goes out is a well-formed response to what came in, and no octet longer than
 * its transport, the client and its rights allow.
 */

#include "server/query.h"
#include "tests/fuzz/message.h"
#include "tests/fuzz/stage.h"

enum { FLAGS_COPIED = FLAG_RD | FLAG_CD };

static size_t udp_limit(const struct query *query, bool is_stranger)
{
    size_t limit = query->has_edns ? query->edns_size : UDP_PLAIN_SIZE;

    expect(!query->has_edns || query->edns_size >= UDP_PLAIN_SIZE, "512 octets are always taken");
    if (is_stranger && limit > UDP_STRANGER_SIZE) {
        limit = UDP_STRANGER_SIZE;
    }
    return limit > STAGE_UDP_SIZE ? STAGE_UDP_SIZE : limit;
}

/* What goes by the request alone. */
static void response_check(const struct flat *flat, const uint8_t *request, size_t length,
                           const struct query *query)
{
    uint16_t flags = (uint16_t)(flat->octets[2] << 8 | flat->octets[3]);
    uint16_t asked = (uint16_t)(request[2] << 8 | request[3]);

    expect(length >= MESSAGE_HEADER && (asked & FLAG_QR) == 0, "only questions are answered");
    expect(memcmp(flat->octets, request, 2) == 0, "a response has the id of its request");
    expect((flags & FLAG_QR) != 0, "a response says that it is one");
    expect((flags & FLAG_OPCODE) == (asked & FLAG_OPCODE), "the opcode is copied");
    expect((flags & FLAGS_COPIED) == ((asked & FLAG_OPCODE) == 0 ? asked & FLAGS_COPIED : 0),
           "RD and CD are copied, and belong to queries only");
    expect((flags & 0x00e0) == 0, "RA, Z and AD are clear");
    expect((flags & FLAG_RCODE) == (flat->rcode & FLAG_RCODE), "the RCODE is the one counted");
    message_check(flat->octets, flat->length);
    if (flat->octets[5] == 1) {
        expect(query->question != NULL &&
                   flat->length >= (size_t)MESSAGE_HEADER + query->question_length &&
                   memcmp(flat->octets + MESSAGE_HEADER, query->question, query->question_length) ==
                       0,
               "the question is echoed to the octet");
    }
}

/* What the rate limit sends in place of some responses. */
static void slip_try(struct response *response, const struct flat *udp, const uint8_t *request,
                     size_t length, const struct query *query)
{
    static struct flat slip;

    respond_slip(response);
    stage_flatten(&slip, response);
    expect(slip.length > 0 && slip.length <= udp->length, "a slip is no longer than the response");
    response_check(&slip, request, length, query);
    expect(slip.octets[7] == 0 && slip.octets[9] == 0, "a slip has no records");
    expect((slip.octets[2] & (FLAG_TC >> 8)) != 0 || slip.rcode == RCODE_BADCOOKIE,
           "a slip makes a client come back");
}

static void request_try(const struct snapshot *snapshot, const uint8_t *octets, size_t length,
                        bool is_stranger)
{
    static struct response response;
    static struct flat udp;
    static struct flat tcp;
    const struct address client = is_stranger ? stage_stranger() : stage_friend();
    struct query query;
    enum query_verdict verdict = query_parse(&query, octets, length);

    stage_respond(&response, snapshot, octets, length, TRANSPORT_TCP, &client);
    stage_flatten(&tcp, &response);
    stage_respond(&response, snapshot, octets, length, TRANSPORT_UDP, &client);
    stage_flatten(&udp, &response);
    expect((udp.length == 0) == (tcp.length == 0), "silence goes by the request alone");
    expect((verdict == QUERY_DROP) == (udp.length == 0), "what is no question gets no answer");
    if (udp.length == 0) {
        return;
    }
    response_check(&udp, octets, length, &query);
    response_check(&tcp, octets, length, &query);
    expect(udp.length <= udp_limit(&query, is_stranger), "a client gets no more than it takes");
    expect((tcp.octets[2] & (FLAG_TC >> 8)) == 0, "over TCP nothing of the stage is cut");
    if (is_stranger) {
        expect(udp.octets[7] == 0 && udp.octets[9] == 0 && tcp.octets[7] == 0 && tcp.octets[9] == 0,
               "a stranger gets no records");
        expect(udp.length <= length + EDNS_OPT_MAX, "a stranger gets little more than it sent");
    }
    slip_try(&response, &udp, octets, length, &query);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct snapshot *snapshot = NULL;

    if (snapshot == NULL) {
        snapshot = stage_snapshot();
    }
    if (length > MESSAGE_MAX_LENGTH) {
        return 0;
    }
    request_try(snapshot, octets, length, false);
    request_try(snapshot, octets, length, true);
    return 0;
}
