/* SPDX-License-Identifier: MIT */

/*
 * tests/bench/bench_raw.c - the limit to measure against: a UDP responder that knows nothing of
 * DNS. It copies the request's id and question over a fixed payload and sends that back, one
 * epoll wake-up, recvmmsg and sendmmsg at a time.
 *
 *     bench_raw SIZE      prints "ready PORT", runs until it is ended
 */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

enum { BATCH = 32, REQUEST_SIZE = 512, PAYLOAD_MAX = 65507, BUFFER_OCTETS = 4 * 1024 * 1024 };

struct batch {
    struct mmsghdr received[BATCH];
    struct mmsghdr sent[BATCH];
    struct iovec requests[BATCH];
    struct iovec payloads[BATCH];
    struct sockaddr_in peers[BATCH];
    uint8_t request_octets[BATCH][REQUEST_SIZE];
    uint8_t payload_octets[BATCH][PAYLOAD_MAX];
};

static struct batch batch;

static void batch_init(size_t size)
{
    for (size_t i = 0; i < BATCH; i++) {
        batch.requests[i] =
            (struct iovec){.iov_base = batch.request_octets[i], .iov_len = REQUEST_SIZE};
        batch.payloads[i] = (struct iovec){.iov_base = batch.payload_octets[i], .iov_len = size};
        batch.received[i].msg_hdr.msg_iov = &batch.requests[i];
        batch.received[i].msg_hdr.msg_iovlen = 1;
        batch.received[i].msg_hdr.msg_name = &batch.peers[i];
        batch.sent[i].msg_hdr.msg_iov = &batch.payloads[i];
        batch.sent[i].msg_hdr.msg_iovlen = 1;
        batch.sent[i].msg_hdr.msg_name = &batch.peers[i];
        batch.sent[i].msg_hdr.msg_namelen = sizeof(batch.peers[i]);
    }
}

static int socket_open(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof(address);
    int octets = BUFFER_OCTETS;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
        perror("bench_raw: cannot bind 127.0.0.1");
        _Exit(1);
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &octets, sizeof(octets));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &octets, sizeof(octets));
    (void)printf("ready %u\n", (unsigned)ntohs(address.sin_port));
    (void)fflush(stdout);
    return fd;
}

static void serve(int fd, size_t size)
{
    int received = BATCH;

    while (received == BATCH) {
        for (size_t i = 0; i < BATCH; i++) {
            batch.received[i].msg_hdr.msg_namelen = sizeof(batch.peers[i]);
        }
        received = recvmmsg(fd, batch.received, BATCH, MSG_DONTWAIT, NULL);
        for (int i = 0; i < received; i++) {
            size_t length = batch.received[i].msg_len;

            memcpy(batch.payload_octets[i], batch.request_octets[i], length < size ? length : size);
            batch.payload_octets[i][2] = 0x85; /* QR, AA, RD */
        }
        for (int sent = 0; sent < received;) {
            int count = sendmmsg(fd, batch.sent + sent, (unsigned)(received - sent), MSG_DONTWAIT);

            sent += count > 0 ? count : 1;
        }
    }
}

int main(int argc, char **argv)
{
    size_t size = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    struct epoll_event event = {.events = EPOLLIN};
    int watcher = epoll_create1(EPOLL_CLOEXEC);
    int fd = -1;

    if (size < 12 || size > PAYLOAD_MAX) {
        (void)fprintf(stderr, "usage: bench_raw SIZE (12 to %d octets)\n", PAYLOAD_MAX);
        return 2;
    }
    batch_init(size);
    fd = socket_open();
    if (watcher < 0 || epoll_ctl(watcher, EPOLL_CTL_ADD, fd, &event) != 0) {
        perror("bench_raw: epoll");
        return 1;
    }
    for (;;) {
        if (epoll_wait(watcher, &event, 1, -1) > 0) {
            serve(fd, size);
        }
    }
}
