/* SPDX-License-Identifier: MIT */

/*
 * server/respond.c - what to answer, and the few octets of an answer that are not shared.
 *
 *     | header, question | records of the snapshot | OPT |
 */

#include "server/respond.h"

#include <string.h>

#include "server/query.h"
#include "server/transfer.h"
#include "zones/record.h"
#include "zones/wire.h"

enum {
    FLAGS_OFFSET = 2,
    COUNTS_OFFSET = 4,
};

_Static_assert((int)UDP_PLAIN_SIZE > (int)RESPONSE_HEAD_SIZE + (int)EDNS_OPT_MAX,
               "the longest question and all options leave the smallest message room");

static const struct answer nothing = {.octets = NULL};
static const struct respond_rules no_rules = {.has_cookies = false};

/* Who asks what. */
struct asked {
    struct query query;
    enum transport transport;
    const struct address *client;
};

/* What the header says and which records follow. */
struct decision {
    enum dns_rcode rcode;
    bool is_authoritative;
    bool is_stranger;  /* unless the cookie says otherwise */
    uint16_t udp_size; /* the most that we send to this client, and what our OPT names */
    enum edns_error error;
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
    case QUERY_NOTAUTH:
        return RCODE_NOTAUTH;
    case QUERY_COOKIE:
        return RCODE_NOERROR;
    case QUERY_ANSWER:
    case QUERY_DROP:
    case QUERY_REFUSED:
        break;
    }
    return RCODE_REFUSED;
}

static void decision_refuse(struct decision *decision, enum dns_rcode rcode, bool is_stranger,
                            enum edns_error error)
{
    decision->rcode = rcode;
    decision->is_authoritative = false;
    decision->is_stranger = is_stranger;
    decision->udp_size = UDP_STRANGER_SIZE;
    decision->error = error;
    decision->answer = &nothing;
}

static void decision_take(struct decision *decision, const struct lookup *lookup,
                          const struct query *query)
{
    bool is_stale = lookup->zone->is_stale;

    decision->is_stranger = false;
    decision->udp_size = lookup->zone->udp_size_octets;
    /* RFC 1035 section 6.2: who is asked for every class cannot speak for all of them. */
    decision->is_authoritative =
        lookup->result != LOOKUP_NOT_READY && query->class == RECORD_CLASS_IN;
    decision->answer = lookup->answer == NULL ? &nothing : lookup->answer;
    switch (lookup->result) {
    case LOOKUP_ANSWER:
    case LOOKUP_NODATA:
        decision->rcode = RCODE_NOERROR;
        decision->error = is_stale ? EDNS_ERROR_STALE_ANSWER : EDNS_ERROR_NONE;
        return;
    case LOOKUP_NXDOMAIN:
        decision->rcode = RCODE_NXDOMAIN;
        decision->error = is_stale ? EDNS_ERROR_STALE_NXDOMAIN : EDNS_ERROR_NONE;
        return;
    case LOOKUP_NOT_READY: /* never NXDOMAIN: a start would empty HAProxy's backends */
    case LOOKUP_REFUSED:   /* has no zone, so it is not here */
        break;
    }
    decision->rcode = RCODE_SERVFAIL;
    decision->error = EDNS_ERROR_NOT_READY;
}

static void decision_look_up(struct decision *decision, const struct snapshot *snapshot,
                             const struct asked *asked, struct lookup_room *room)
{
    struct lookup lookup = snapshot_lookup(snapshot, &asked->query.name, asked->query.type, room);

    if (lookup.zone == NULL) {
        decision_refuse(decision, RCODE_REFUSED, !snapshot_has_client(snapshot, asked->client),
                        EDNS_ERROR_NOT_AUTHORITATIVE);
    } else if (!prefix_list_contains(lookup.zone->allow_query, lookup.zone->allow_query_count,
                                     asked->client)) {
        decision_refuse(decision, RCODE_REFUSED, true, EDNS_ERROR_PROHIBITED);
    } else {
        decision_take(decision, &lookup, &asked->query);
    }
}

/* What the parser cannot know: how the request has come, and what we have. */
static enum query_verdict verdict_refine(enum query_verdict verdict, const struct asked *asked,
                                         const struct respond_basis *basis)
{
    if (verdict == QUERY_COOKIE && !basis->rules->has_cookies) {
        return QUERY_FORMERR;
    }
    return verdict == QUERY_REFUSED && query_is_transfer(&asked->query)
               ? transfer_judge(basis->snapshot, &asked->query, asked->transport == TRANSPORT_UDP)
               : verdict;
}

static void decision_make(struct decision *decision, const struct respond_basis *basis,
                          const struct asked *asked, enum query_verdict verdict,
                          struct lookup_room *room)
{
    if (verdict == QUERY_ANSWER) {
        decision_look_up(decision, basis->snapshot, asked, room);
    } else {
        decision_refuse(decision, verdict_rcode(verdict),
                        !snapshot_has_client(basis->snapshot, asked->client), EDNS_ERROR_NONE);
    }
}

static size_t response_limit(const struct asked *asked, const struct decision *decision)
{
    const struct query *query = &asked->query;
    size_t limit = UDP_PLAIN_SIZE;

    if (asked->transport == TRANSPORT_TCP) {
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

    flags |= query->flags & FLAG_OPCODE;
    if ((query->flags & FLAG_OPCODE) == 0) { /* other opcodes may use these bits as they like */
        /* RFC 4035 section 3.1.6: CD is copied; RD is copied by RFC 1035 section 4.1.1. */
        flags |= query->flags & (FLAG_RD | FLAG_CD);
    }
    flags |= decision->is_authoritative ? FLAG_AA : 0;
    flags |= cut->is_truncated ? FLAG_TC : 0;
    flags |= (uint16_t)decision->rcode & FLAG_RCODE;
    wire_writer_init(&writer, response->head, sizeof(response->head));
    wire_write_u16(&writer, query->id);
    wire_write_u16(&writer, flags);
    wire_write_u16(&writer, query->question == NULL ? 0 : 1);
    wire_write_u16(&writer, cut->answer_count);
    wire_write_u16(&writer, cut->authority_count);
    wire_write_u16(&writer, cut->additional_count);
    if (query->question != NULL) {
        wire_write(&writer, query->question, query->question_length);
    }
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

/* Judge the client's cookie; ours goes into `cookie`. */
static void cookie_exchange(struct decision *decision, struct edns_reply *reply,
                            uint8_t cookie[COOKIE_LENGTH], const struct respond_basis *basis,
                            const struct asked *asked)
{
    const struct edns_request *edns = &asked->query.edns;
    enum cookie_standing standing = cookie_turn(cookie, &basis->rules->cookies, edns->cookie,
                                                edns->cookie_length, asked->client, basis->now_s);

    reply->cookie = cookie;
    if (standing == COOKIE_VALID) {
        decision->is_stranger = false;
    } else if (standing == COOKIE_BAD && asked->query.question == NULL &&
               decision->rcode == RCODE_NOERROR) {
        decision->rcode = RCODE_BADCOOKIE; /* RFC 7873 section 5.4 */
    }
}

/* All of OPT but the error, which is told only where it takes no record's place. */
static void reply_fill(struct edns_reply *reply, struct decision *decision,
                       uint8_t cookie[COOKIE_LENGTH], const struct respond_basis *basis,
                       const struct asked *asked)
{
    const struct respond_rules *rules = basis->rules;
    const struct edns_request *edns = &asked->query.edns;

    *reply = (struct edns_reply){.udp_size = decision->udp_size,
                                 .rcode = (uint16_t)decision->rcode,
                                 .dnssec_ok = asked->query.dnssec_ok,
                                 .error = EDNS_ERROR_NONE};
    if (edns_request_is_empty(edns)) {
        return; /* as for every question of HAProxy */
    }
    if (edns->cookie != NULL && rules->has_cookies) {
        cookie_exchange(decision, reply, cookie, basis, asked);
    }
    if (edns->wants_nsid) {
        reply->nsid = rules->nsid;
        reply->nsid_length = rules->nsid_length;
    }
    if (edns->wants_keepalive && asked->transport == TRANSPORT_TCP) {
        reply->keepalive = rules->keepalive;
    }
    reply->rcode = (uint16_t)decision->rcode; /* a cookie may have changed it */
}

/* The signature comes back where it fits; its names are never that long in earnest. */
static size_t refusal_write(struct response *response, const struct query *query, size_t room)
{
    size_t length = query_tsig_refusal_length(&query->tsig);

    if (length > room || length > sizeof(response->room.octets)) {
        return 0;
    }
    return query_tsig_refuse(&query->tsig, query->id, response->room.octets);
}

static void response_assemble(struct response *response, const struct asked *asked,
                              const struct decision *decision, struct edns_reply *reply)
{
    const struct query *query = &asked->query;
    const struct cluster_mark *mark = decision->answer->mark;
    size_t opt_length = query->has_edns ? edns_reply_length(reply) : 0;
    size_t room =
        response_limit(asked, decision) - HEADER_LENGTH - query->question_length - opt_length;
    const struct answer *answer = answer_form(decision->answer, room);
    struct answer_cut cut = answer_fit(answer, room);
    size_t refusal_length = 0;

    room -= cut.length;
    if (decision->error != EDNS_ERROR_NONE && query->has_edns && room >= EDNS_ERROR_LENGTH) {
        reply->error = decision->error;
        room -= EDNS_ERROR_LENGTH;
    }
    if (decision->rcode == RCODE_NOTAUTH && query->tsig.key != NULL) {
        refusal_length = refusal_write(response, query, room);
    }
    cut.additional_count =
        (uint16_t)(cut.additional_count + (query->has_edns ? 1 : 0) + (refusal_length > 0 ? 1 : 0));
    response->rcode = (uint16_t)decision->rcode;
    response->is_truncated = cut.is_truncated;
    part_add(response, response->head, head_write(response, query, decision, &cut));
    part_add(response, answer->octets, cut.length);
    if (query->has_edns) {
        part_add(response, response->opt, edns_reply_write(reply, response->opt));
    }
    part_add(response, response->room.octets, refusal_length);
    if (query->type == RECORD_SRV && cut.answer_count > 0 &&
        !response_is_discarded(response, query)) {
        response->mark = mark;
    }
}

void respond(struct response *response, const struct respond_basis *basis, const uint8_t *request,
             size_t request_length, enum transport transport, const struct address *client)
{
    struct respond_basis whole = {basis->snapshot, basis->rules == NULL ? &no_rules : basis->rules,
                                  basis->now_s};
    struct asked asked; /* not initialised: its name's 255 octets would show */
    struct decision decision;
    struct edns_reply reply;
    uint8_t cookie[COOKIE_LENGTH];
    enum query_verdict verdict = query_parse(&asked.query, request, request_length);

    asked.transport = transport;
    asked.client = client;
    response->part_count = 0;
    response->length = 0;
    response->rcode = 0;
    response->is_truncated = false;
    response->is_stranger = false;
    response->has_cookie = false;
    response->mark = NULL;
    if (verdict == QUERY_DROP) {
        return;
    }
    decision_make(&decision, &whole, &asked, verdict_refine(verdict, &asked, &whole),
                  &response->room);
    if (asked.query.has_edns) {
        reply_fill(&reply, &decision, cookie, &whole, &asked);
        response->has_cookie = reply.cookie != NULL;
    }
    response->is_stranger = decision.is_stranger;
    response_assemble(response, &asked, &decision, &reply);
}

void respond_slip(struct response *response)
{
    struct iovec parts[RESPONSE_PARTS];
    size_t part_count = response->part_count;
    uint16_t flags = wire_load_u16(response->head + FLAGS_OFFSET);
    uint16_t opt_count = 0;

    memcpy(parts, response->parts, sizeof(parts));
    response->part_count = 0;
    response->length = 0;
    for (size_t i = 0; i < part_count; i++) {
        bool is_opt = parts[i].iov_base == response->opt;

        if (is_opt || parts[i].iov_base == response->head) {
            part_add(response, parts[i].iov_base, parts[i].iov_len);
            opt_count = is_opt ? 1 : opt_count;
        }
    }
    response->is_truncated = !response->has_cookie;
    if (response->has_cookie) {
        flags = (uint16_t)((flags & ~(FLAG_RCODE | FLAG_AA | FLAG_TC)) |
                           (RCODE_BADCOOKIE & FLAG_RCODE));
        response->rcode = RCODE_BADCOOKIE;
        edns_reply_set_rcode(response->opt, RCODE_BADCOOKIE);
    } else {
        flags |= FLAG_TC;
    }
    wire_store_u16(response->head + FLAGS_OFFSET, flags);
    memset(response->head + COUNTS_OFFSET + 2, 0, 4);
    wire_store_u16(response->head + COUNTS_OFFSET + 6, opt_count);
    response->mark = NULL;
}
