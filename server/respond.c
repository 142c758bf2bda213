/* SPDX-License-Identifier: MIT */

/*
 * server/respond.c - what to answer, and the few octets of an answer that are not shared.
 *
 *     | header, question | records of the snapshot | OPT |
 */

#include "server/respond.h"

#include <string.h>

#include "server/query.h"
#include "zones/record.h"
#include "zones/wire.h"

enum {
    OPT_LENGTH = 11, /* without options, RFC 6891 section 6.1.2 */
    OPT_TYPE = 41,
    OPT_FLAG_DO = 0x8000,
    RCODE_HEADER_BITS = 4, /* of an extended RCODE; the others go into OPT */
};

static const struct answer nothing = {.octets = NULL};

/* What the header says and which records follow. */
struct decision {
    enum dns_rcode rcode;
    bool is_authoritative;
    uint16_t udp_size; /* the most that we send to this client, and what our OPT names */
    const struct answer *answer;
};

static enum dns_rcode verdict_rcode(enum query_verdict verdict)
{
    switch (verdict) {
    case QUERY_FORMERR:
        return RCODE_FORMERR;
    case QUERY_NOTIMP:
        return RCODE_NOTIMP;
    case QUERY_BADVERS:
        return RCODE_BADVERS;
    case QUERY_ANSWER:
    case QUERY_DROP:
    case QUERY_REFUSED:
        break;
    }
    return RCODE_REFUSED;
}

static void decision_refuse(struct decision *decision, enum dns_rcode rcode)
{
    decision->rcode = rcode;
    decision->is_authoritative = false;
    decision->udp_size = UDP_STRANGER_SIZE;
    decision->answer = &nothing;
}

static void decision_look_up(struct decision *decision, const struct snapshot *snapshot,
                             const struct query *query, const struct address *client,
                             struct lookup_room *room)
{
    struct lookup lookup = snapshot_lookup(snapshot, &query->name, query->type, room);

    if (lookup.zone == NULL ||
        !prefix_list_contains(lookup.zone->allow_query, lookup.zone->allow_query_count, client)) {
        decision_refuse(decision, RCODE_REFUSED);
        return;
    }
    decision->rcode = RCODE_SERVFAIL;
    decision->udp_size = lookup.zone->udp_size_octets;
    decision->is_authoritative = lookup.result != LOOKUP_NOT_READY;
    decision->answer = lookup.answer == NULL ? &nothing : lookup.answer;
    switch (lookup.result) {
    case LOOKUP_ANSWER:
    case LOOKUP_NODATA:
        decision->rcode = RCODE_NOERROR;
        break;
    case LOOKUP_NXDOMAIN:
        decision->rcode = RCODE_NXDOMAIN;
        break;
    case LOOKUP_NOT_READY: /* never NXDOMAIN: a start would empty HAProxy's backends */
    case LOOKUP_REFUSED:   /* has no zone, so it is not here */
        break;
    }
}

static size_t response_limit(const struct query *query, const struct decision *decision,
                             enum transport transport)
{
    size_t limit = UDP_PLAIN_SIZE;

    if (transport == TRANSPORT_TCP) {
        return MESSAGE_MAX_LENGTH;
    }
    if (query->has_edns && decision->udp_size > UDP_PLAIN_SIZE) {
        limit = query->edns_size < decision->udp_size ? query->edns_size : decision->udp_size;
    }
    return limit < UDP_MAX_SIZE ? limit : UDP_MAX_SIZE;
}

static size_t head_write(struct response *response, const struct query *query,
                         const struct decision *decision, const struct answer_cut *cut)
{
    struct wire_writer writer;
    uint16_t flags = FLAG_QR;

    /* RFC 4035 section 3.1.6: CD is copied; RD is copied by RFC 1035 section 4.1.1. */
    flags |= query->flags & (FLAG_OPCODE | FLAG_RD | FLAG_CD);
    flags |= decision->is_authoritative ? FLAG_AA : 0;
    flags |= cut->is_truncated ? FLAG_TC : 0;
    flags |= (uint16_t)decision->rcode & FLAG_RCODE;
    wire_writer_init(&writer, response->head, sizeof(response->head));
    wire_write_u16(&writer, query->id);
    wire_write_u16(&writer, flags);
    wire_write_u16(&writer, query->question == NULL ? 0 : 1);
    wire_write_u16(&writer, cut->answer_count);
    wire_write_u16(&writer, cut->authority_count);
    wire_write_u16(&writer, (uint16_t)(cut->additional_count + (query->has_edns ? 1 : 0)));
    if (query->question != NULL) {
        wire_write(&writer, query->question, query->question_length);
    }
    return writer.position;
}

static size_t opt_write(struct response *response, const struct query *query,
                        const struct decision *decision)
{
    struct wire_writer writer;

    wire_writer_init(&writer, response->opt, sizeof(response->opt));
    wire_write_u8(&writer, 0);
    wire_write_u16(&writer, OPT_TYPE);
    wire_write_u16(&writer, decision->udp_size);
    wire_write_u8(&writer, (uint8_t)((uint16_t)decision->rcode >> RCODE_HEADER_BITS));
    wire_write_u8(&writer, 0);
    wire_write_u16(&writer, query->dnssec_ok ? OPT_FLAG_DO : 0);
    wire_write_u16(&writer, 0);
    return writer.position;
}

static void part_add(struct response *response, const void *octets, size_t length)
{
    struct iovec *part = &response->parts[response->part_count];

    if (length == 0) {
        return;
    }
    /* iovec has no const form; the parts are only ever sent. */
    memcpy(&part->iov_base, &octets, sizeof(part->iov_base));
    part->iov_len = length;
    response->part_count++;
    response->length += length;
}

/* HAProxy applies accepted_payload_size to TCP, too, and drops a larger answer whole (facts: the
 * counter too_big): a client that got it has not seen it. */
static bool response_is_discarded(const struct response *response, const struct query *query)
{
    return query->has_edns && response->length > query->edns_size;
}

void respond(struct response *response, const struct snapshot *snapshot, const uint8_t *request,
             size_t request_length, enum transport transport, const struct address *client)
{
    struct query query;
    struct decision decision;
    struct answer_cut cut;
    enum query_verdict verdict = query_parse(&query, request, request_length);
    size_t overhead = HEADER_LENGTH;
    size_t room = 0;
    const struct cluster_mark *mark = NULL;

    response->part_count = 0;
    response->length = 0;
    response->rcode = 0;
    response->is_truncated = false;
    response->mark = NULL;
    if (verdict == QUERY_DROP) {
        return;
    }
    if (verdict == QUERY_ANSWER) {
        decision_look_up(&decision, snapshot, &query, client, &response->room);
    } else {
        decision_refuse(&decision, verdict_rcode(verdict));
    }
    overhead += query.question_length + (query.has_edns ? (size_t)OPT_LENGTH : 0);
    room = response_limit(&query, &decision, transport) - overhead;
    mark = decision.answer->mark;
    decision.answer = answer_form(decision.answer, room);
    cut = answer_fit(decision.answer, room);
    response->rcode = (uint16_t)decision.rcode;
    response->is_truncated = cut.is_truncated;
    part_add(response, response->head, head_write(response, &query, &decision, &cut));
    part_add(response, decision.answer->octets, cut.length);
    if (query.has_edns) {
        part_add(response, response->opt, opt_write(response, &query, &decision));
    }
    if (query.type == RECORD_SRV && cut.answer_count > 0 &&
        !response_is_discarded(response, &query)) {
        response->mark = mark;
    }
}
