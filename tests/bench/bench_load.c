/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/bench_load.c - a UDP load generator that can tell lost from late.
 *
 *     bench_load PORT CLUSTERS SECONDS
 *
 * Each of a few connected sockets keeps a window of queries under way, asks for the SRV records of
 * _c0._tcp.bench.example and so on in turn, and reads only the head of each answer. A query
 * without answer after a second is lost. Prints one JSON object.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum {
    SOCKETS = 4,
    WINDOW = 32, /* of each socket; all windows together fit into any receive buffer */
    HEAD_SIZE = 64,
    QUERY_SIZE = 64,
    CLUSTERS_MAX = 10000,
    BUFFER_OCTETS = 4 * 1024 * 1024,
    EDNS_SIZE = 65507,
    LATENCY_BUCKETS = 100000, /* microseconds; the last one holds all that took longer */
    NS_PER_US = 1000,
};

static const int64_t NS_PER_S = 1000000000;
static const int64_t LOST_NS = 1000000000;
static const int64_t EXPIRE_EVERY_NS = 100000000;

struct query {
    uint8_t octets[QUERY_SIZE];
    size_t length;
};

/* A place in a window. The id of its query is `generation` * WINDOW + its index. */
struct slot {
    bool is_under_way;
    uint16_t generation;
    int64_t sent_ns;
    uint8_t octets[QUERY_SIZE];
};

struct client {
    int fd;
    struct slot slots[WINDOW];
    struct mmsghdr out[WINDOW];
    struct iovec out_parts[WINDOW];
    struct mmsghdr in[WINDOW];
    struct iovec in_parts[WINDOW];
    uint8_t heads[WINDOW][HEAD_SIZE];
};

struct tally {
    uint64_t sent;
    uint64_t received;
    uint64_t lost;
    uint64_t stray; /* answers to queries that count as lost */
    uint64_t bad;   /* another RCODE than NOERROR */
    size_t octets_max;
    uint32_t latencies[LATENCY_BUCKETS];
};

static struct client clients[SOCKETS];
static struct query queries[CLUSTERS_MAX];
static struct tally tally;

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void query_write(struct query *query, size_t cluster)
{
    static const uint8_t header[12] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1};
    static const char rest[] = "\4_tcp\5bench\7example\0\0\41\0\1\0\0\51";
    static const uint8_t size[2] = {EDNS_SIZE >> 8, EDNS_SIZE & 0xff};
    char label[16];
    int label_length = snprintf(label, sizeof(label), "_c%zu", cluster);
    uint8_t *at = query->octets;

    memcpy(at, header, sizeof(header));
    at += sizeof(header);
    *at++ = (uint8_t)label_length;
    memcpy(at, label, (size_t)label_length);
    at += label_length;
    memcpy(at, rest, sizeof(rest) - 1);
    at += sizeof(rest) - 1;
    memcpy(at, size, sizeof(size));
    at += sizeof(size);
    memset(at, 0, 6); /* TTL field and RDLENGTH of OPT */
    query->length = (size_t)(at + 6 - query->octets);
}

static void client_open(struct client *client, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    int octets = BUFFER_OCTETS;

    client->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->fd < 0 ||
        connect(client->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        perror("bench_load: cannot connect");
        _Exit(1);
    }
    if (setsockopt(client->fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof(octets)) != 0) {
        (void)setsockopt(client->fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
    }
    for (size_t i = 0; i < WINDOW; i++) {
        client->in_parts[i] = (struct iovec){.iov_base = client->heads[i], .iov_len = HEAD_SIZE};
        client->in[i].msg_hdr.msg_iov = &client->in_parts[i];
        client->in[i].msg_hdr.msg_iovlen = 1;
        client->out[i].msg_hdr.msg_iov = &client->out_parts[i];
        client->out[i].msg_hdr.msg_iovlen = 1;
    }
}

/* Fill the window; slots whose query the kernel does not take stay free. */
static void client_send(struct client *client, size_t cluster_count)
{
    static size_t next_cluster;
    struct slot *chosen[WINDOW];
    unsigned count = 0;
    int sent = 0;
    int64_t now = now_ns();

    for (size_t i = 0; i < WINDOW; i++) {
        struct slot *slot = &client->slots[i];
        const struct query *query = &queries[next_cluster];
        unsigned id = (unsigned)slot->generation * WINDOW + (unsigned)i;

        if (slot->is_under_way) {
            continue;
        }
        memcpy(slot->octets, query->octets, query->length);
        slot->octets[0] = (uint8_t)(id >> 8);
        slot->octets[1] = (uint8_t)id;
        client->out_parts[count] =
            (struct iovec){.iov_base = slot->octets, .iov_len = query->length};
        chosen[count++] = slot;
        next_cluster = next_cluster + 1 == cluster_count ? 0 : next_cluster + 1;
    }
    if (count == 0) {
        return;
    }
    sent = sendmmsg(client->fd, client->out, count, MSG_DONTWAIT);
    for (int i = 0; i < sent; i++) {
        chosen[i]->is_under_way = true;
        chosen[i]->sent_ns = now;
        tally.sent++;
    }
}

static void slot_free(struct slot *slot)
{
    slot->is_under_way = false;
    slot->generation = (uint16_t)((slot->generation + 1) % (65536 / WINDOW));
}

static void answer_count(struct client *client, size_t index, int64_t now)
{
    const uint8_t *head = client->heads[index];
    unsigned id = (unsigned)(head[0] << 8 | head[1]);
    struct slot *slot = &client->slots[id % WINDOW];
    int64_t latency_us = 0;

    if (!slot->is_under_way || slot->generation != id / WINDOW) {
        tally.stray++;
        return;
    }
    latency_us = (now - slot->sent_ns) / NS_PER_US;
    tally.latencies[latency_us < LATENCY_BUCKETS ? latency_us : LATENCY_BUCKETS - 1]++;
    tally.received++;
    tally.bad += (head[3] & 0x0f) != 0 ? 1 : 0;
    if (client->in[index].msg_len > tally.octets_max) {
        tally.octets_max = client->in[index].msg_len;
    }
    slot_free(slot);
}

/* MSG_TRUNC makes msg_len the datagram's real length. */
static bool client_receive(struct client *client)
{
    int count = recvmmsg(client->fd, client->in, WINDOW, MSG_DONTWAIT | MSG_TRUNC, NULL);
    int64_t now = now_ns();

    for (int i = 0; i < count; i++) {
        answer_count(client, (size_t)i, now);
    }
    return count > 0;
}

/* Give up on what was sent before `sent_before`; returns how many are still under way. */
static size_t queries_expire(int64_t sent_before)
{
    size_t under_way = 0;

    for (size_t i = 0; i < SOCKETS; i++) {
        for (size_t j = 0; j < WINDOW; j++) {
            struct slot *slot = &clients[i].slots[j];

            if (slot->is_under_way && slot->sent_ns < sent_before) {
                tally.lost++;
                slot_free(slot);
            }
            under_way += slot->is_under_way ? 1 : 0;
        }
    }
    return under_way;
}

static void wait_for_answers(void)
{
    struct pollfd watched[SOCKETS];

    for (size_t i = 0; i < SOCKETS; i++) {
        watched[i] = (struct pollfd){.fd = clients[i].fd, .events = POLLIN};
    }
    (void)poll(watched, SOCKETS, 1);
}

static bool all_receive(void)
{
    bool has_any = false;

    for (size_t i = 0; i < SOCKETS; i++) {
        has_any = client_receive(&clients[i]) || has_any;
    }
    return has_any;
}

static void load_run(size_t cluster_count, int64_t end_ns)
{
    int64_t now = now_ns();
    int64_t expire_ns = now;

    while (now < end_ns) {
        for (size_t i = 0; i < SOCKETS; i++) {
            client_send(&clients[i], cluster_count);
        }
        if (!all_receive()) {
            wait_for_answers();
        }
        now = now_ns();
        if (now >= expire_ns) {
            (void)queries_expire(now - LOST_NS);
            expire_ns = now + EXPIRE_EVERY_NS;
        }
    }
    while (queries_expire(now_ns() - LOST_NS) > 0) {
        if (!all_receive()) {
            wait_for_answers();
        }
    }
}

/* Microseconds that `share` of all answers took at most. */
static size_t latency_us(double share)
{
    uint64_t wanted = (uint64_t)((double)tally.received * share);
    uint64_t seen = 0;

    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        seen += tally.latencies[i];
        if (seen > wanted) {
            return i;
        }
    }
    return LATENCY_BUCKETS;
}

int main(int argc, char **argv)
{
    unsigned long port = argc == 4 ? strtoul(argv[1], NULL, 10) : 0;
    unsigned long cluster_count = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
    double seconds = argc == 4 ? strtod(argv[3], NULL) : 0;
    int64_t start_ns = 0;

    if (port == 0 || port > UINT16_MAX || cluster_count == 0 || cluster_count > CLUSTERS_MAX ||
        !(seconds > 0)) {
        (void)fprintf(stderr, "usage: bench_load PORT CLUSTERS SECONDS\n");
        return 2;
    }
    for (size_t i = 0; i < cluster_count; i++) {
        query_write(&queries[i], i);
    }
    for (size_t i = 0; i < SOCKETS; i++) {
        client_open(&clients[i], (uint16_t)port);
    }
    start_ns = now_ns();
    load_run(cluster_count, start_ns + (int64_t)(seconds * (double)NS_PER_S));
    (void)printf("{\"qps\": %.0f, \"sent\": %llu, \"received\": %llu, \"lost\": %llu, "
                 "\"stray\": %llu, \"bad\": %llu, \"octets\": %zu, \"p50_us\": %zu, "
                 "\"p99_us\": %zu}\n",
                 (double)tally.received / seconds, (unsigned long long)tally.sent,
                 (unsigned long long)tally.received, (unsigned long long)tally.lost,
                 (unsigned long long)tally.stray, (unsigned long long)tally.bad, tally.octets_max,
                 latency_us(0.50), latency_us(0.99));
    return 0;
}
