/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_tcp.c - any octets as what a peer sends over one connection, in slices of any
 * size. What comes back is, to the octet, the framed responses to the messages that the stream
 * holds up to a bad length, however it was cut.
 *
 * The input: one octet that the slices are made from, the rest is the stream.
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/tcp.h"
#include "server/tcp_connections.h"
#include "tests/fuzz/stage.h"

enum {
    STREAM_MAX = 16 * 1024,
    QUIET_ROUNDS = 6, /* of the loop without an octet: nothing more will come */
    EXPECTED_MAX = 8 * 1024 * 1024,
    SOCKET_OCTETS = 256 * 1024,
};

/* Answers of one stream; what does not fit is left out on both sides. */
struct stream {
    size_t length;
    uint8_t octets[EXPECTED_MAX];
};

static uv_loop_t loop;
static struct serving serving;
static struct tcp_connections connections;

static void on_empty(void *owner)
{
    (void)owner;
}

static void server_make(void)
{
    serving = (struct serving){.snapshot = stage_snapshot()};
    connections = (struct tcp_connections){
        .loop = &loop, .serving = &serving, .limit = TCP_CONNECTIONS_MAX, .on_empty = on_empty};
    tcp_clients_init(&connections.clients, 1);
    expect(uv_loop_init(&loop) == 0, "there is a loop");
}

static void server_turn(void)
{
    (void)uv_run(&loop, UV_RUN_NOWAIT);
    tcp_connections_turn(&connections);
}

/* By the framing of RFC 1035 section 4.2.2 alone. */
static void stream_expect(struct stream *expected, const uint8_t *octets, size_t length)
{
    static struct response response;
    static struct flat flat;
    const struct address client = stage_friend();
    const struct respond_basis basis = {.snapshot = serving.snapshot};

    expected->length = 0;
    while (length >= 2) {
        size_t message_length = (size_t)(octets[0] << 8 | octets[1]);

        if (message_length < HEADER_LENGTH || message_length > TCP_REQUEST_SIZE ||
            message_length > length - 2) {
            return;
        }
        respond(&response, &basis, octets + 2, message_length, TRANSPORT_TCP, &client);
        stage_flatten(&flat, &response);
        if (flat.length > 0 && expected->length + flat.length + 2 <= EXPECTED_MAX) {
            expected->octets[expected->length++] = (uint8_t)(flat.length >> 8);
            expected->octets[expected->length++] = (uint8_t)flat.length;
            memcpy(expected->octets + expected->length, flat.octets, flat.length);
            expected->length += flat.length;
        }
        octets += 2 + message_length;
        length -= 2 + message_length;
    }
}

/* Take what has come; false at the end of the stream. */
static bool stream_take(struct stream *got, int peer)
{
    ssize_t count = 0;

    do {
        count = recv(peer, got->octets + got->length, EXPECTED_MAX - got->length, MSG_DONTWAIT);
        got->length += count > 0 ? (size_t)count : 0;
    } while (count > 0 && got->length < EXPECTED_MAX);
    return count != 0;
}

static void stream_drain(struct stream *got, int peer)
{
    for (int quiet = 0; quiet < QUIET_ROUNDS; quiet++) {
        size_t before = got->length;

        server_turn();
        if (!stream_take(got, peer)) {
            return;
        }
        quiet = got->length > before ? 0 : quiet;
    }
}

/* Send in slices whose sizes follow from `seed`. */
static void stream_send(struct stream *got, int peer, uint8_t seed, const uint8_t *octets,
                        size_t length)
{
    unsigned state = seed;

    while (length > 0) {
        size_t slice = seed == 0 ? length : 1 + (state >> 16) % (1U + seed * 4U);
        ssize_t count =
            send(peer, octets, slice < length ? slice : length, MSG_NOSIGNAL | MSG_DONTWAIT);

        state = state * 1103515245U + 12345U;
        if (count > 0) {
            octets += count;
            length -= (size_t)count;
        }
        server_turn();
        if (!stream_take(got, peer) || (count < 0 && errno != EAGAIN)) {
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct stream expected;
    static struct stream got;
    static bool is_made = false;
    const struct address client = stage_friend();
    int ends[2] = {-1, -1};
    int size = SOCKET_OCTETS;

    if (length < 1 || length > STREAM_MAX) {
        return 0;
    }
    if (!is_made) {
        server_make();
        is_made = true;
    }
    expect(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "there is a connection");
    (void)setsockopt(ends[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    expect(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0, "a connection does not block");
    tcp_connections_admit(&connections, ends[0], &client);
    got.length = 0;
    stream_send(&got, ends[1], octets[0], octets + 1, length - 1);
    stream_drain(&got, ends[1]);
    (void)close(ends[1]);
    for (int i = 0; i < QUIET_ROUNDS && connections.by_age.count + connections.closing_count > 0;
         i++) {
        server_turn();
    }
    expect(connections.by_age.count == 0 && connections.closing_count == 0,
           "a connection ends with its peer");
    stream_expect(&expected, octets + 1, length - 1);
    expect(got.length == expected.length && memcmp(got.octets, expected.octets, got.length) == 0,
           "every message has its answer, in order, and nothing else comes");
    return 0;
}
