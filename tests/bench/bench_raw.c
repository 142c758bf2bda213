/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/bench_raw.c - the limit to measure against: a responder that knows nothing of DNS.
 * It copies the request's octets in front of a fixed payload and sends that back: over UDP one
 * epoll wake-up, recvmmsg and sendmmsg at a time, over TCP all answers of a read in one write.
 *
 *     bench_raw SIZE      prints "ready PORT" (UDP and TCP), runs until it is ended
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    BATCH = 32,
    REQUEST_SIZE = 512,
    HEADER_SIZE = 12,
    PREFIX_SIZE = 2,
    PAYLOAD_MAX = 65535,
    BUFFER_OCTETS = 4 * 1024 * 1024,
    CONNECTIONS = 64,
    PENDING_MAX = 256, /* answers of one connection that wait for room in its socket */
    INPUT_SIZE = 16384,
    BIND_TRIES = 20,
};

static uint8_t payload[PAYLOAD_MAX];
static size_t payload_size;

/* UDP */

struct batch {
    struct mmsghdr received[BATCH];
    struct mmsghdr sent[BATCH];
    struct iovec requests[BATCH];
    struct iovec answers[BATCH][2]; /* what was asked, then the payload behind it */
    struct sockaddr_in peers[BATCH];
    uint8_t octets[BATCH][REQUEST_SIZE];
};

static struct batch batch;

static void batch_init(void)
{
    for (size_t i = 0; i < BATCH; i++) {
        batch.requests[i] = (struct iovec){.iov_base = batch.octets[i], .iov_len = REQUEST_SIZE};
        batch.answers[i][0].iov_base = batch.octets[i];
        batch.received[i].msg_hdr.msg_iov = &batch.requests[i];
        batch.received[i].msg_hdr.msg_iovlen = 1;
        batch.received[i].msg_hdr.msg_name = &batch.peers[i];
        batch.sent[i].msg_hdr.msg_iov = batch.answers[i];
        batch.sent[i].msg_hdr.msg_iovlen = 2;
        batch.sent[i].msg_hdr.msg_name = &batch.peers[i];
        batch.sent[i].msg_hdr.msg_namelen = sizeof(batch.peers[i]);
    }
}

static void udp_serve(int fd)
{
    int received = BATCH;

    while (received == BATCH) {
        for (size_t i = 0; i < BATCH; i++) {
            batch.received[i].msg_hdr.msg_namelen = sizeof(batch.peers[i]);
        }
        received = recvmmsg(fd, batch.received, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < received; i++) {
            size_t length = batch.received[i].msg_len;

            length = length < payload_size ? length : payload_size;
            batch.octets[i][2] = 0x85; /* QR, AA, RD */
            batch.answers[i][0].iov_len = length;
            batch.answers[i][1] =
                (struct iovec){.iov_base = payload + length, .iov_len = payload_size - length};
        }
        for (int sent = 0; sent < received;) {
            int count = sendmmsg(fd, batch.sent + sent, (unsigned)(received - sent), MSG_DONTWAIT);

            sent += count > 0 ? count : 1;
        }
    }
}

/* TCP */

struct lead {
    size_t length; /* prefix and request */
    uint8_t octets[PREFIX_SIZE + REQUEST_SIZE];
};

struct connection {
    int fd;          /* -1: free */
    bool is_waiting; /* for room in the socket */
    size_t input_length;
    uint8_t input[INPUT_SIZE];
    size_t pending_count;
    size_t sent; /* octets of the first pending answer that have left */
    struct lead pending[PENDING_MAX];
};

static struct connection connections[CONNECTIONS];

/* Turn whole requests into pending answers, as far as there is room. */
static void requests_take(struct connection *connection)
{
    size_t at = 0;

    while (connection->pending_count < PENDING_MAX &&
           connection->input_length - at >= PREFIX_SIZE) {
        const uint8_t *request = connection->input + at;
        size_t length = (size_t)request[0] << 8 | request[1];
        struct lead *lead = &connection->pending[connection->pending_count];

        if (length < HEADER_SIZE || length > REQUEST_SIZE || length > payload_size) {
            (void)fprintf(stderr, "bench_raw: a request of %zu octets\n", length);
            exit(1);
        }
        if (connection->input_length - at < PREFIX_SIZE + length) {
            break;
        }
        memcpy(lead->octets, request, PREFIX_SIZE + length);
        lead->octets[0] = (uint8_t)(payload_size >> 8);
        lead->octets[1] = (uint8_t)payload_size;
        lead->octets[PREFIX_SIZE + 2] = 0x85; /* QR, AA, RD */
        lead->length = PREFIX_SIZE + length;
        connection->pending_count++;
        at += PREFIX_SIZE + length;
    }
    memmove(connection->input, connection->input + at, connection->input_length - at);
    connection->input_length -= at;
}

/* One write of everything that is pending. False: the connection is gone. */
static bool pending_send(struct connection *connection)
{
    static struct iovec parts[2 * PENDING_MAX];
    size_t answer_size = PREFIX_SIZE + payload_size;
    size_t skip = connection->sent;
    size_t done = 0;
    ssize_t written = 0;

    for (size_t i = 0; i < connection->pending_count; i++) {
        struct lead *lead = &connection->pending[i];
        size_t lead_skip = skip < lead->length ? skip : lead->length;
        size_t begin = lead->length - PREFIX_SIZE + skip - lead_skip;

        parts[2 * i] = (struct iovec){.iov_base = lead->octets + lead_skip,
                                      .iov_len = lead->length - lead_skip};
        parts[2 * i + 1] =
            (struct iovec){.iov_base = payload + begin, .iov_len = payload_size - begin};
        skip = 0;
    }
    written = writev(connection->fd, parts, (int)(2 * connection->pending_count));
    if (written < 0) {
        return errno == EAGAIN;
    }
    connection->sent += (size_t)written;
    done = connection->sent / answer_size;
    connection->sent %= answer_size;
    connection->pending_count -= done;
    memmove(connection->pending, connection->pending + done,
            connection->pending_count * sizeof(connection->pending[0]));
    return true;
}

static void connection_close(struct connection *connection)
{
    (void)close(connection->fd); /* takes it out of epoll too */
    connection->fd = -1;
}

/* While answers wait for room nothing more is read. */
static void connection_watch(int watcher, struct connection *connection)
{
    bool is_waiting = connection->pending_count > 0;
    struct epoll_event event = {.events = is_waiting ? EPOLLOUT : EPOLLIN, .data.ptr = connection};

    if (is_waiting != connection->is_waiting) {
        connection->is_waiting = is_waiting;
        (void)epoll_ctl(watcher, EPOLL_CTL_MOD, connection->fd, &event);
    }
}

static void connection_serve(int watcher, struct connection *connection)
{
    if (!connection->is_waiting) {
        ssize_t count = recv(connection->fd, connection->input + connection->input_length,
                             INPUT_SIZE - connection->input_length, MSG_DONTWAIT);

        if (count == 0 || (count < 0 && errno != EAGAIN)) {
            connection_close(connection);
            return;
        }
        connection->input_length += count > 0 ? (size_t)count : 0;
    }
    requests_take(connection);
    if (connection->pending_count > 0 && !pending_send(connection)) {
        connection_close(connection);
        return;
    }
    connection_watch(watcher, connection);
}

static void connection_accept(int watcher, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    int yes = 1;

    for (size_t i = 0; fd >= 0 && i < CONNECTIONS; i++) {
        struct connection *connection = &connections[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

        if (connection->fd < 0) {
            *connection = (struct connection){.fd = fd};
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
            (void)epoll_ctl(watcher, EPOLL_CTL_ADD, fd, &event);
            return;
        }
    }
    (void)close(fd);
}

/* Both */

static int socket_bind(int type, uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(*port),
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    int octets = BUFFER_OCTETS;
    int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
        (type == SOCK_STREAM && listen(fd, CONNECTIONS) != 0)) {
        (void)close(fd);
        return -1;
    }
    if (type == SOCK_DGRAM) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &octets, sizeof(octets));
    }
    *port = ntohs(address.sin_port);
    return fd;
}

/* UDP and TCP on one port that was free for both. */
static void sockets_open(int *udp, int *tcp)
{
    for (int i = 0; i < BIND_TRIES; i++) {
        uint16_t port = 0;

        *udp = socket_bind(SOCK_DGRAM, &port);
        *tcp = *udp < 0 ? -1 : socket_bind(SOCK_STREAM, &port);
        if (*tcp >= 0) {
            (void)printf("ready %u\n", (unsigned)port);
            (void)fflush(stdout);
            return;
        }
        (void)close(*udp);
    }
    perror("bench_raw: cannot bind 127.0.0.1");
    exit(1);
}

int main(int argc, char **argv)
{
    size_t size = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    struct epoll_event event = {.events = EPOLLIN};
    int watcher = epoll_create1(EPOLL_CLOEXEC);
    int udp = -1;
    int tcp = -1;

    if (size < HEADER_SIZE || size > PAYLOAD_MAX) {
        (void)fprintf(stderr, "usage: bench_raw SIZE (%d to %d octets)\n", HEADER_SIZE,
                      PAYLOAD_MAX);
        return 2;
    }
    payload_size = size;
    batch_init();
    for (size_t i = 0; i < CONNECTIONS; i++) {
        connections[i].fd = -1;
    }
    sockets_open(&udp, &tcp);
    event.data.ptr = &udp;
    (void)epoll_ctl(watcher, EPOLL_CTL_ADD, udp, &event);
    event.data.ptr = &tcp;
    (void)epoll_ctl(watcher, EPOLL_CTL_ADD, tcp, &event);
    for (;;) {
        struct epoll_event ready[CONNECTIONS];
        int count = epoll_wait(watcher, ready, CONNECTIONS, -1);

        for (int i = 0; i < count; i++) {
            if (ready[i].data.ptr == &udp) {
                udp_serve(udp);
            } else if (ready[i].data.ptr == &tcp) {
                connection_accept(watcher, tcp);
            } else {
                connection_serve(watcher, ready[i].data.ptr);
            }
        }
    }
}
