/* SPDX-License-Identifier: MIT */

/*
 * server/udp.c - the UDP listener. The raw socket is used beside libuv's poll handle because
 * uv_udp's own batching costs a fifth of the throughput.
 */

#include "server/udp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "server/reflector.h"
#include "zones/arena.h"

/* Room for either family's packet info, aligned as the kernel wants it. */
struct packet_info {
    _Alignas(struct cmsghdr) uint8_t octets[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct udp_batch {
    struct mmsghdr received[UDP_BATCH_SIZE];
    struct mmsghdr sent[UDP_BATCH_SIZE];
    struct iovec buffers[UDP_BATCH_SIZE];
    struct sockaddr_storage peers[UDP_BATCH_SIZE];
    struct packet_info packet_infos[UDP_BATCH_SIZE];
    struct response responses[UDP_BATCH_SIZE];
    uint8_t origins[UDP_BATCH_SIZE]; /* for each of `sent` the index of its request */
    uint8_t requests[UDP_BATCH_SIZE][UDP_REQUEST_SIZE];
};

struct udp {
    uv_poll_t poll;
    int fd;
    bool is_wildcard;
    struct udp_batch *batch;
    struct serving *serving;
};

struct udp_batch *udp_batch_new(void)
{
    struct udp_batch *batch = memory_new_apart(sizeof(*batch));

    for (size_t i = 0; i < UDP_BATCH_SIZE; i++) {
        struct msghdr *header = &batch->received[i].msg_hdr;

        batch->buffers[i].iov_base = batch->requests[i];
        batch->buffers[i].iov_len = UDP_REQUEST_SIZE;
        header->msg_iov = &batch->buffers[i];
        header->msg_iovlen = 1;
        header->msg_name = &batch->peers[i];
    }
    return batch;
}

void udp_batch_free(struct udp_batch *batch)
{
    free(batch);
}

static int batch_receive(const struct udp *udp)
{
    struct udp_batch *batch = udp->batch;

    for (size_t i = 0; i < UDP_BATCH_SIZE; i++) {
        struct msghdr *header = &batch->received[i].msg_hdr;

        header->msg_namelen = sizeof(batch->peers[i]);
        header->msg_control = udp->is_wildcard ? &batch->packet_infos[i] : NULL;
        header->msg_controllen = udp->is_wildcard ? sizeof(batch->packet_infos[i]) : 0;
    }
    return recvmmsg(udp->fd, batch->received, UDP_BATCH_SIZE, MSG_DONTWAIT, NULL);
}

/*
 * Turn "arrived at" into "leave from", in place. The interface is left to routing (index 0) but
 * for link-local addresses, which mean nothing without it. True if there is anything to send along.
 */
static bool packet_info_turn(struct msghdr *header)
{
    struct cmsghdr *control = CMSG_FIRSTHDR(header);

    if (control == NULL || (header->msg_flags & MSG_CTRUNC) != 0) {
        return false;
    }
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
        ((struct in_pktinfo *)(void *)CMSG_DATA(control))->ipi_ifindex = 0;
        return true;
    }
    if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
        struct in6_pktinfo *packet = (struct in6_pktinfo *)(void *)CMSG_DATA(control);

        if (!IN6_IS_ADDR_LINKLOCAL(&packet->ipi6_addr)) {
            packet->ipi6_ifindex = 0;
        }
        return true;
    }
    return false;
}

/* Where a datagram on a wildcard socket was sent to; length 0 when the kernel has not said so. */
static struct address packet_destination(const struct msghdr *header)
{
    const struct cmsghdr *control = CMSG_FIRSTHDR(header);
    struct address address = {.length = 0};

    if (control == NULL || (header->msg_flags & MSG_CTRUNC) != 0) {
        return address;
    }
    if (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_PKTINFO) {
        address.length = ADDRESS_V4_LENGTH;
        memcpy(address.octets, CMSG_DATA(control) + offsetof(struct in_pktinfo, ipi_addr),
               address.length);
    } else if (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_PKTINFO) {
        address.length = ADDRESS_V6_LENGTH;
        memcpy(address.octets, CMSG_DATA(control) + offsetof(struct in6_pktinfo, ipi6_addr),
               address.length);
    }
    return address;
}

/* The reason for which a datagram is not even looked at; COUNTER_COUNT for none. */
static enum counter datagram_fault(const struct udp *udp, const struct msghdr *header,
                                   const struct sockaddr_storage *peer)
{
    const struct serving *serving = udp->serving;
    struct address destination = {.length = 0};

    if (reflector_is_port(socket_port(peer))) {
        return COUNTER_DROPPED_SOURCE_PORT;
    }
    if (udp->is_wildcard) {
        destination = packet_destination(header);
    }
    if (reflector_is_own(peer, serving->listens, serving->listen_count, &destination)) {
        return COUNTER_DROPPED_OWN_ADDRESS;
    }
    return (header->msg_flags & MSG_TRUNC) != 0 ? COUNTER_DROPPED_OVERSIZE : COUNTER_COUNT;
}

/* Answer message `index`; false when nothing goes back. */
static bool batch_answer(const struct udp *udp, size_t index, struct msghdr *reply)
{
    struct udp_batch *batch = udp->batch;
    struct mmsghdr *message = &batch->received[index];
    struct response *response = &batch->responses[index];
    enum counter fault = datagram_fault(udp, &message->msg_hdr, &batch->peers[index]);
    struct address client;

    if (fault != COUNTER_COUNT) {
        counters_add(&udp->serving->counters, COUNTER_QUERIES_UDP, 1);
        counters_add(&udp->serving->counters, fault, 1);
        return false;
    }
    client = serving_client(&batch->peers[index]);
    serving_respond(udp->serving, response, batch->requests[index], message->msg_len, TRANSPORT_UDP,
                    &client);
    if (response->part_count == 0 ||
        !serving_admit(udp->serving, response, &client, (int64_t)uv_now(udp->poll.loop))) {
        return false;
    }
    reply->msg_name = &batch->peers[index];
    reply->msg_namelen = message->msg_hdr.msg_namelen;
    reply->msg_iov = response->parts;
    reply->msg_iovlen = response->part_count;
    if (udp->is_wildcard && packet_info_turn(&message->msg_hdr)) {
        reply->msg_control = message->msg_hdr.msg_control;
        reply->msg_controllen = message->msg_hdr.msg_controllen;
    } else {
        reply->msg_control = NULL;
        reply->msg_controllen = 0;
    }
    return true;
}

_Static_assert((int)UDP_BATCH_SIZE <= (int)SNAPSHOT_PREFETCH_MAX, "a batch is prefetched at once");

/* In a large table the requests of a batch wait for memory together, and not one after another. */
static void batch_prefetch(const struct udp *udp, unsigned received)
{
    const struct udp_batch *batch = udp->batch;
    uint32_t hashes[UDP_BATCH_SIZE];
    size_t count = 0;

    for (unsigned i = 0; i < received; i++) {
        if (serving_name_hash(batch->requests[i], batch->received[i].msg_len, &hashes[count])) {
            count++;
        }
    }
    snapshot_prefetch(udp->serving->snapshot, hashes, count);
}

static void batch_note_prefetch(const struct udp *udp, const uint8_t *origins, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        const struct sockaddr_storage *peer = &udp->batch->peers[origins[i]];
        struct address client = serving_client(peer);

        serving_note_prefetch(udp->serving, &udp->batch->responses[origins[i]], &client,
                              socket_port(peer));
    }
}

/* `count` messages from `first` on have left. */
static void batch_note(const struct udp *udp, const struct mmsghdr *first, unsigned count)
{
    const struct udp_batch *batch = udp->batch;
    const uint8_t *origins = &batch->origins[first - batch->sent];
    int64_t now_ms = (int64_t)uv_now(udp->poll.loop);

    if (snapshot_is_large(udp->serving->snapshot)) {
        batch_note_prefetch(udp, origins, count);
    }
    for (unsigned i = 0; i < count; i++) {
        const struct response *response = &batch->responses[origins[i]];

        serving_count(udp->serving, response);
        if (response->mark != NULL) {
            const struct sockaddr_storage *peer = &batch->peers[origins[i]];
            struct address client = serving_client(peer);

            serving_note(udp->serving, response, &client, socket_port(peer), now_ms);
        }
    }
}

/*
 * sendmmsg() stops before the first message that fails and tells why at the next call. A full
 * socket buffer ends the batch: the client asks again, and waiting would hold up everybody else.
 * Any other failure (no route, a firewall) is that message's own.
 */
static void batch_send(const struct udp *udp, unsigned count)
{
    struct mmsghdr *next = udp->batch->sent;

    while (count > 0) {
        int sent = sendmmsg(udp->fd, next, count, MSG_DONTWAIT);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS)) {
            counters_add(&udp->serving->counters, COUNTER_DROPPED_SEND, count);
            return;
        }
        if (sent <= 0) {
            counters_add(&udp->serving->counters, COUNTER_DROPPED_SEND, 1);
            sent = 1;
        } else {
            batch_note(udp, next, (unsigned)sent);
        }
        next += sent;
        count -= (unsigned)sent;
    }
}

static void on_readable(uv_poll_t *poll, int status, int events);

/* libuv stops watching a socket that reports an error (POLLERR). Reading the error clears it,
 * and a listener must go on. */
static void udp_recover(struct udp *udp)
{
    int code = 0;
    socklen_t length = sizeof(code);

    (void)getsockopt(udp->fd, SOL_SOCKET, SO_ERROR, &code, &length);
    (void)uv_poll_start(&udp->poll, UV_READABLE, on_readable);
}

/* Level-triggered: what is left over wakes us again. */
static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct udp *udp = poll->data;

    (void)events;
    if (status < 0) {
        udp_recover(udp);
        return;
    }
    serving_tick(udp->serving);
    for (int round = 0; round < UDP_BATCHES_PER_WAKE; round++) {
        int received = batch_receive(udp);
        unsigned answered = 0;

        if (received > 1 && snapshot_is_large(udp->serving->snapshot)) {
            batch_prefetch(udp, (unsigned)received);
        }
        for (int i = 0; i < received; i++) {
            if (batch_answer(udp, (size_t)i, &udp->batch->sent[answered].msg_hdr)) {
                udp->batch->origins[answered++] = (uint8_t)i;
            }
        }
        batch_send(udp, answered);
        if (received < UDP_BATCH_SIZE) {
            return;
        }
    }
}

struct udp *udp_new(uv_loop_t *loop, const struct socket_pair *pair, struct udp_batch *batch,
                    struct serving *serving, struct error *error)
{
    struct udp *udp = memory_new(sizeof(*udp));
    int code = uv_poll_init(loop, &udp->poll, pair->udp_fd);

    if (code != 0) {
        free(udp);
        (void)error_set(error, "cannot watch the UDP socket: %s", uv_strerror(code));
        return NULL;
    }
    udp->poll.data = udp;
    udp->fd = pair->udp_fd;
    udp->is_wildcard = pair->is_wildcard;
    udp->batch = batch;
    udp->serving = serving;
    code = uv_poll_start(&udp->poll, UV_READABLE, on_readable);
    if (code != 0) {
        udp_close(udp);
        (void)error_set(error, "cannot watch the UDP socket: %s", uv_strerror(code));
        return NULL;
    }
    return udp;
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void udp_close(struct udp *udp)
{
    if (udp != NULL) {
        uv_close((uv_handle_t *)&udp->poll, on_closed);
    }
}
