/* SPDX-License-Identifier: MIT */

/*
 * server/serving.c - the way of one request that UDP and TCP have in common.
 */

#include "server/serving.h"

#include <string.h>
#include <time.h>

#include "server/query.h"

static enum counter rcode_counter(uint16_t rcode)
{
    switch ((enum dns_rcode)rcode) {
    case RCODE_NOERROR:
        return COUNTER_NOERROR;
    case RCODE_FORMERR:
        return COUNTER_FORMERR;
    case RCODE_SERVFAIL:
        return COUNTER_SERVFAIL;
    case RCODE_NXDOMAIN:
        return COUNTER_NXDOMAIN;
    case RCODE_NOTIMP:
        return COUNTER_NOTIMP;
    case RCODE_REFUSED:
        return COUNTER_REFUSED;
    case RCODE_NOTAUTH:
        return COUNTER_NOTAUTH;
    case RCODE_BADCOOKIE:
        return COUNTER_BADCOOKIE;
    case RCODE_BADVERS:
        break;
    }
    return COUNTER_BADVERS;
}

/* The coarse clock takes no system call; cookies are good for an hour. */
void serving_tick(struct serving *serving)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_REALTIME_COARSE, &now);
    serving->now_s = (uint32_t)now.tv_sec;
}

struct address serving_client(const struct sockaddr_storage *peer)
{
    struct address address = {.length = 0};

    if (peer->ss_family == AF_INET) {
        const struct sockaddr_in *inet = (const struct sockaddr_in *)peer;

        address.length = ADDRESS_V4_LENGTH;
        memcpy(address.octets, &inet->sin_addr, ADDRESS_V4_LENGTH);
    } else if (peer->ss_family == AF_INET6) {
        const struct sockaddr_in6 *inet6 = (const struct sockaddr_in6 *)peer;

        address.length = ADDRESS_V6_LENGTH;
        memcpy(address.octets, &inet6->sin6_addr, ADDRESS_V6_LENGTH);
    }
    return address;
}

bool serving_name_hash(const uint8_t *request, size_t length, uint32_t *hash)
{
    struct name name;

    if (length <= HEADER_LENGTH ||
        name_from_wire(&name, request + HEADER_LENGTH, length - HEADER_LENGTH) == 0) {
        return false;
    }
    *hash = name_hash(name.octets, name.length);
    return true;
}

void serving_respond(struct serving *serving, struct response *response, const uint8_t *request,
                     size_t request_length, enum transport transport, const struct address *client)
{
    const struct respond_basis basis = {serving->snapshot, &serving->rules, serving->now_s};
    struct counters *counters = &serving->counters;

    counters_add(counters, transport == TRANSPORT_UDP ? COUNTER_QUERIES_UDP : COUNTER_QUERIES_TCP,
                 1);
    respond(response, &basis, request, request_length, transport, client);
    if (response->part_count == 0) {
        counters_add(counters, COUNTER_DROPPED_NO_QUERY, 1);
        return;
    }
    if (transport == TRANSPORT_TCP) {
        serving_count(serving, response);
    }
}

bool serving_admit(struct serving *serving, struct response *response, const struct address *client,
                   int64_t now_ms)
{
    if (!response->is_stranger || serving->rate_limit == NULL) {
        return true;
    }
    switch (rate_limit_judge(serving->rate_limit, client, now_ms)) {
    case RATE_SEND:
        return true;
    case RATE_SLIP:
        respond_slip(response);
        counters_add(&serving->counters, COUNTER_SLIPPED, 1);
        return true;
    case RATE_DROP:
        break;
    }
    counters_add(&serving->counters, COUNTER_DROPPED_RATE_LIMIT, 1);
    return false;
}

void serving_count(struct serving *serving, const struct response *response)
{
    counters_add(&serving->counters, rcode_counter(response->rcode), 1);
    if (response->is_truncated) {
        counters_add(&serving->counters, COUNTER_TRUNCATED, 1);
    }
}

void serving_note(struct serving *serving, const struct response *response,
                  const struct address *client, uint16_t port, int64_t now_ms)
{
    const struct cluster_mark *mark = response->mark;

    if (mark != NULL && serving->seen != NULL) {
        seen_note(serving->seen, client, port, mark->cluster_key, mark->generation, now_ms);
    }
}

void serving_note_prefetch(const struct serving *serving, const struct response *response,
                           const struct address *client, uint16_t port)
{
    if (response->mark != NULL && serving->seen != NULL) {
        seen_prefetch(serving->seen, client, port, response->mark->cluster_key);
    }
}
