/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/wire.c - mutated packets over the wire to a running server, and among them questions
 * that must be answered.
 *
 *     fuzz_wire --port PORT --name NAME [--packets COUNT] [--seed SEED] FILE|FOLDER...
 *
 * Every datagram is a corpus file with some octets changed, cut, doubled or mixed with another
 * file. After each batch, of a hundred, one question for the SRV records of NAME comes over UDP,
 * and now and then a stream of mutated messages and the question come over TCP. A question that is
 * not answered within PROBE_WAIT_MS, or with anything but records, ends the run. Source ports
 * change, so that all workers of the server get their share; the server must allow 127.0.0.1.
 *
 * Exit: 0 all questions were answered, 1 one was not, 2 wrong usage or no server.
 */

#include <arpa/inet.h>
#include <dirent.h>
#include <inttypes.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/fuzz/expect.h"
#include "zones/name.h"

enum {
    BATCH = 100,
    FILES_MAX = 1024,
    FILE_OCTETS_MAX = 4096,
    PACKET_MAX = 4096,
    PROBE_WAIT_MS = 5000,
    PORT_LIFE_BATCHES = 64, /* then the next source port */
    TCP_EVERY_BATCHES = 50,
    TCP_MESSAGES = 24,
    CHANGES_MAX = 8,
    TYPE_SRV = 33,
};

struct packet {
    size_t length;
    uint8_t octets[PACKET_MAX];
};

struct wire {
    struct sockaddr_in server;
    struct packet files[FILES_MAX];
    size_t file_count;
    uint64_t random;
    struct packet probe;
    uint64_t packets;
    uint64_t probes;
    uint64_t responses; /* to mutated packets, as far as they were looked at */
};

/* xorshift64*: the same run for the same seed. */
static uint32_t random_next(struct wire *wire)
{
    wire->random ^= wire->random >> 12;
    wire->random ^= wire->random << 25;
    wire->random ^= wire->random >> 27;
    return (uint32_t)((wire->random * UINT64_C(2685821657736338717)) >> 32);
}

static uint32_t random_below(struct wire *wire, size_t limit)
{
    return (uint32_t)((uint64_t)random_next(wire) * limit >> 32);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- packets ---- */

static void packet_change(struct wire *wire, struct packet *packet)
{
    static const uint8_t odd[] = {0x00, 0x01, 0x0c, 0x29, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff};
    size_t at = packet->length == 0 ? 0 : random_below(wire, packet->length);
    const struct packet *other = &wire->files[random_below(wire, wire->file_count)];
    size_t count = 0;

    switch (random_below(wire, 7)) {
    case 0:
        packet->octets[at] ^= (uint8_t)(1U << random_below(wire, 8));
        break;
    case 1:
        packet->octets[at] = odd[random_below(wire, sizeof(odd))];
        break;
    case 2:
        packet->octets[at] = (uint8_t)random_next(wire);
        break;
    case 3:
        packet->length = at;
        break;
    case 4: /* an octet more */
        if (packet->length < PACKET_MAX) {
            memmove(packet->octets + at + 1, packet->octets + at, packet->length - at);
            packet->length++;
        }
        break;
    case 5: /* an octet less */
        if (packet->length > at) {
            memmove(packet->octets + at, packet->octets + at + 1, packet->length - at - 1);
            packet->length--;
        }
        break;
    default: /* the end of another packet */
        count = other->length > at ? other->length - at : 0;
        memcpy(packet->octets + at, other->octets + (other->length - count), count);
        packet->length = at + count;
        break;
    }
}

static void packet_make(struct wire *wire, struct packet *packet)
{
    unsigned changes = 1 + random_below(wire, CHANGES_MAX);

    *packet = wire->files[random_below(wire, wire->file_count)];
    for (unsigned i = 0; i < changes; i++) {
        packet_change(wire, packet);
    }
}

static void probe_make(struct wire *wire, const char *name)
{
    static const uint8_t header[] = {0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1};
    static const uint8_t tail[] = {0, TYPE_SRV, 0, 1, 0, 0, 41, 0x20, 0, 0, 0, 0, 0, 0, 0};
    struct packet *probe = &wire->probe;
    struct name owner;

    expect(name_from_text(&owner, name, NULL), "--name is a name");
    memcpy(probe->octets, header, sizeof(header));
    memcpy(probe->octets + sizeof(header), owner.octets, owner.length);
    probe->length = sizeof(header) + owner.length;
    memcpy(probe->octets + probe->length, tail, sizeof(tail));
    probe->length += sizeof(tail);
}

/* A new id for each, so that no late answer passes for the next one. */
static void probe_number(struct wire *wire)
{
    wire->probe.octets[0] = (uint8_t)random_next(wire);
    wire->probe.octets[1] = (uint8_t)random_next(wire);
}

static bool is_answered(const struct wire *wire, const uint8_t *answer, size_t length)
{
    return length > 12 && memcmp(answer, wire->probe.octets, 2) == 0 && (answer[2] & 0x80) != 0 &&
           (answer[3] & 0x0f) == 0 && (answer[6] != 0 || answer[7] != 0);
}

/* ---- UDP ---- */

static int udp_open(const struct wire *wire)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&wire->server, sizeof(wire->server)) != 0) {
        perror("fuzz_wire: socket");
        exit(2);
    }
    return fd;
}

static void batch_send(struct wire *wire, int fd)
{
    static struct packet packets[BATCH];
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH];
    uint8_t answer[PACKET_MAX];

    memset(messages, 0, sizeof(messages));
    for (size_t i = 0; i < BATCH; i++) {
        packet_make(wire, &packets[i]);
        parts[i] = (struct iovec){packets[i].octets, packets[i].length};
        messages[i].msg_hdr.msg_iov = &parts[i];
        messages[i].msg_hdr.msg_iovlen = 1;
    }
    for (int sent = 0, count = 0; sent < BATCH; sent += count) {
        count = sendmmsg(fd, messages + sent, (unsigned)(BATCH - sent), 0);
        if (count <= 0) {
            perror("fuzz_wire: sendmmsg");
            exit(2);
        }
    }
    wire->packets += BATCH;
    while (recv(fd, answer, sizeof(answer), MSG_DONTWAIT | MSG_TRUNC) >= 0) {
        wire->responses++;
    }
}

/* On the socket that the batch came from, and so to the same worker. */
static bool probe_udp(struct wire *wire, int fd)
{
    static uint8_t answer[UINT16_MAX];
    uint64_t deadline_ms = now_ms() + PROBE_WAIT_MS;

    probe_number(wire);
    if (send(fd, wire->probe.octets, wire->probe.length, 0) != (ssize_t)wire->probe.length) {
        return false;
    }
    wire->probes++;
    while (now_ms() < deadline_ms) {
        struct pollfd watched = {.fd = fd, .events = POLLIN};
        ssize_t length = 0;

        if (poll(&watched, 1, PROBE_WAIT_MS) == 1) {
            length = recv(fd, answer, sizeof(answer), MSG_DONTWAIT);
        }
        if (length > 0 && is_answered(wire, answer, (size_t)length)) {
            return true;
        }
        wire->responses++;
    }
    return false;
}

/* ---- TCP ---- */

static int tcp_open(const struct wire *wire)
{
    const struct timeval wait = {.tv_sec = PROBE_WAIT_MS / 1000};
    const struct linger reset = {.l_onoff = 1}; /* no port is left waiting */
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&wire->server, sizeof(wire->server)) != 0) {
        perror("fuzz_wire: connect");
        exit(2);
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    return fd;
}

static void frame_send(int fd, const struct packet *packet, size_t said)
{
    uint8_t frame[2 + PACKET_MAX] = {(uint8_t)(said >> 8), (uint8_t)said};

    memcpy(frame + 2, packet->octets, packet->length);
    (void)send(fd, frame, 2 + packet->length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Some with a wrong length; the server may close the connection at any time. */
static void stream_send(struct wire *wire)
{
    static struct packet packet;
    int fd = tcp_open(wire);

    for (int i = 0; i < TCP_MESSAGES; i++) {
        bool is_wrong = random_below(wire, 16) == 0;

        packet_make(wire, &packet);
        frame_send(fd, &packet, is_wrong ? random_next(wire) & UINT16_MAX : packet.length);
        wire->packets++;
    }
    (void)close(fd);
}

static bool octets_receive(int fd, uint8_t *octets, size_t length)
{
    return recv(fd, octets, length, MSG_WAITALL) == (ssize_t)length;
}

static bool probe_tcp(struct wire *wire)
{
    static uint8_t answer[UINT16_MAX];
    uint8_t prefix[2];
    int fd = tcp_open(wire);
    size_t length = 0;
    bool is_done = false;

    probe_number(wire);
    frame_send(fd, &wire->probe, wire->probe.length);
    wire->probes++;
    if (octets_receive(fd, prefix, sizeof(prefix))) {
        length = (size_t)(prefix[0] << 8 | prefix[1]);
        is_done = octets_receive(fd, answer, length) && is_answered(wire, answer, length);
    }
    (void)close(fd);
    return is_done;
}

/* ---- the run ---- */

static bool wire_run(struct wire *wire, uint64_t packets)
{
    int fd = udp_open(wire);
    bool is_answered_always = true;

    for (uint64_t batch = 0; wire->packets < packets && is_answered_always; batch++) {
        batch_send(wire, fd);
        is_answered_always = probe_udp(wire, fd);
        if (is_answered_always && batch % TCP_EVERY_BATCHES == 0) {
            stream_send(wire);
            is_answered_always = probe_tcp(wire);
        }
        if (batch % PORT_LIFE_BATCHES == PORT_LIFE_BATCHES - 1) {
            (void)close(fd);
            fd = udp_open(wire);
        }
    }
    (void)close(fd);
    return is_answered_always;
}

static void file_read(struct wire *wire, const char *path)
{
    struct packet *packet = &wire->files[wire->file_count];
    FILE *file = fopen(path, "rbe");

    if (file == NULL || wire->file_count + 1 >= FILES_MAX) {
        (void)fprintf(stderr, "fuzz_wire: cannot read %s\n", path);
        exit(2);
    }
    packet->length = fread(packet->octets, 1, FILE_OCTETS_MAX, file);
    (void)fclose(file);
    wire->file_count++;
}

/* In the order of their names, so that a seed means the same run everywhere. */
static void path_read(struct wire *wire, const char *path)
{
    struct stat status;
    struct dirent **entries = NULL;
    int count = 0;

    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        file_read(wire, path);
        return;
    }
    count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char inner[1024];

        (void)snprintf(inner, sizeof(inner), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.') {
            file_read(wire, inner);
        }
        free(entries[i]);
    }
    free(entries);
}

static int usage(void)
{
    (void)fputs("usage: fuzz_wire --port PORT --name NAME [--packets COUNT] [--seed SEED] "
                "FILE|FOLDER...\n",
                stderr);
    return 2;
}

int main(int argument_count, char **arguments)
{
    static struct wire wire = {.random = 1};
    const char *name = NULL;
    uint64_t packets = 100000;
    uint64_t begun_ms = now_ms();
    int next = 1;
    bool is_done = false;

    wire.server = (struct sockaddr_in){.sin_family = AF_INET};
    wire.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (; next + 1 < argument_count && arguments[next][0] == '-'; next += 2) {
        const char *value = arguments[next + 1];

        if (strcmp(arguments[next], "--port") == 0) {
            wire.server.sin_port = htons((uint16_t)strtoul(value, NULL, 10));
        } else if (strcmp(arguments[next], "--name") == 0) {
            name = value;
        } else if (strcmp(arguments[next], "--packets") == 0) {
            packets = strtoull(value, NULL, 10);
        } else if (strcmp(arguments[next], "--seed") == 0) {
            wire.random = strtoull(value, NULL, 10);
        } else {
            return usage();
        }
    }
    if (wire.server.sin_port == 0 || name == NULL || wire.random == 0 || next >= argument_count) {
        return usage();
    }
    for (; next < argument_count; next++) {
        path_read(&wire, arguments[next]);
    }
    probe_make(&wire, name);
    is_done = wire_run(&wire, packets);
    (void)printf("%" PRIu64 " packets, %" PRIu64 " responses, %" PRIu64 " questions: %s, %.1f s\n",
                 wire.packets, wire.responses, wire.probes,
                 is_done ? "all answered" : "the last one was not answered",
                 (double)(now_ms() - begun_ms) / 1000);
    return is_done ? 0 : 1;
}
