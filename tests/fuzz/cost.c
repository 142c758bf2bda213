/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/cost.c - what a message costs at worst: CPU time of respond() for the largest and
 * nastiest messages that it can be given, and for every file of a corpus.
 *
 *     fuzz_cost [--limit-us LIMIT] [FILE|FOLDER...]
 *
 * The time of a message is the least of several rounds, over UDP or TCP, whichever is more; other
 * processes can only make it longer. Prints the slowest ones. Exit: 0 all are within the limit,
 * 1 one is not, or a file cannot be read, 2 wrong usage.
 */

#include <dirent.h>
#include <sys/stat.h>
#include <time.h>

#include "server/query.h"
#include "tests/fuzz/stage.h"

enum {
    ROUNDS = 9,
    CALLS = 64, /* a round, because the clock itself takes time */
    SHOWN = 5,
    LABEL = 512,
    OPTION_MAX = 1024,
};

struct slow {
    double us;
    char label[LABEL];
};

struct cost {
    const struct snapshot *snapshot;
    struct slow slowest[SHOWN]; /* the slowest first */
    size_t count;
};

struct request {
    size_t length;
    uint8_t octets[MESSAGE_MAX_LENGTH];
};

static double cpu_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double transport_time(const struct cost *cost, const uint8_t *octets, size_t length,
                             enum transport transport)
{
    static struct response response;
    const struct address client = stage_friend();
    double fastest_us = 1e18;

    for (int round = 0; round < ROUNDS; round++) {
        double begun_us = cpu_us();
        double took_us = 0;

        for (int call = 0; call < CALLS; call++) {
            respond(&response, &(struct respond_basis){cost->snapshot, &stage_rules, STAGE_NOW_S},
                    octets, length, transport, &client);
        }
        took_us = (cpu_us() - begun_us) / CALLS;
        fastest_us = took_us < fastest_us ? took_us : fastest_us;
    }
    return fastest_us;
}

static void message_time(struct cost *cost, const char *label, const uint8_t *octets, size_t length)
{
    double udp_us = transport_time(cost, octets, length, TRANSPORT_UDP);
    double tcp_us = transport_time(cost, octets, length, TRANSPORT_TCP);
    double us = udp_us > tcp_us ? udp_us : tcp_us;
    size_t place = SHOWN;

    cost->count++;
    while (place > 0 && us > cost->slowest[place - 1].us) {
        place--;
    }
    if (place < SHOWN) {
        memmove(&cost->slowest[place + 1], &cost->slowest[place],
                (SHOWN - 1 - place) * sizeof(cost->slowest[0]));
        cost->slowest[place].us = us;
        (void)snprintf(cost->slowest[place].label, LABEL, "%s", label);
    }
}

/* ---- the nastiest messages ---- */

static void put(struct request *request, const void *octets, size_t count)
{
    if (count <= sizeof(request->octets) - request->length) {
        memcpy(request->octets + request->length, octets, count);
        request->length += count;
    }
}

static void put_u16(struct request *request, size_t value)
{
    const uint8_t octets[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    put(request, octets, sizeof(octets));
}

static void begin(struct request *request, size_t additionals, const char *name, uint16_t type)
{
    struct name wire;

    request->length = 0;
    expect(name_from_text(&wire, name, NULL), "a name of ours is one");
    put_u16(request, 0x1234);
    put_u16(request, 0x0100);
    put_u16(request, 1);
    put_u16(request, 0);
    put_u16(request, 0);
    put_u16(request, additionals);
    put(request, wire.octets, wire.length);
    put_u16(request, type);
    put_u16(request, RECORD_CLASS_IN);
}

/* The octets behind the length at `at` are as many as it says. */
static void length_write(struct request *request, size_t at)
{
    size_t length = request->length - at - 2;

    request->octets[at] = (uint8_t)(length >> 8);
    request->octets[at + 1] = (uint8_t)length;
}

/* OPT with as many options of one code and length as the message holds. */
static void options_time(struct cost *cost, uint16_t code, size_t option_length)
{
    static const uint8_t zeros[OPTION_MAX];
    static struct request request;
    char label[LABEL];
    size_t length_at = 0;

    begin(&request, 1, "_six._tcp.sd.example.com", RECORD_SRV);
    put(&request, "\0\0\x29\xff\xff\0\0\0\0", 9);
    length_at = request.length;
    put_u16(&request, 0);
    while (request.length + 4 + option_length <= MESSAGE_MAX_LENGTH) {
        put_u16(&request, code);
        put_u16(&request, option_length);
        put(&request, zeros, option_length);
    }
    length_write(&request, length_at);
    (void)snprintf(label, sizeof(label), "%zu octets of options %u of %zu octets", request.length,
                   code, option_length);
    message_time(cost, label, request.octets, request.length);
}

/* A name of 127 labels below our zone, or of pointers. */
static void names_time(struct cost *cost)
{
    static struct request request;
    char name[NAME_MAX_TEXT] = "";
    size_t used = 0;

    while (used + sizeof("a.sd.example.com") < NAME_MAX_LENGTH - 2) {
        used += (size_t)snprintf(name + used, sizeof(name) - used, "a.");
    }
    (void)snprintf(name + used, sizeof(name) - used, "sd.example.com");
    begin(&request, 0, name, RECORD_A);
    message_time(cost, "a name of as many labels as there can be", request.octets, request.length);
    begin(&request, 0, ".", RECORD_A);
    request.length = HEADER_LENGTH;
    while (request.length + 2 <= MESSAGE_MAX_LENGTH) {
        put_u16(&request, 0xc000 | (request.length - 2));
    }
    message_time(cost, "65,535 octets of pointers", request.octets, request.length);
}

/* As many records as the header can count. */
static void records_time(struct cost *cost)
{
    static struct request request;

    for (size_t section = 1; section < 4; section++) {
        char label[LABEL];

        begin(&request, 0, "_web._tcp.sd.example.com", RECORD_SRV);
        request.octets[4 + 2 * section] = 0xff;
        request.octets[5 + 2 * section] = 0xff;
        while (request.length + 12 <= MESSAGE_MAX_LENGTH) {
            put(&request, "\xc0\x0c\0\1\0\1\0\0\0\0\0", 12);
        }
        (void)snprintf(label, sizeof(label), "65,535 octets of records in section %zu", section);
        message_time(cost, label, request.octets, request.length);
    }
}

/* The largest signature: long names, and a MAC of the rest. */
static void signature_time(struct cost *cost)
{
    static struct request request;
    static const uint8_t mac[OPTION_MAX];
    struct name longest;
    char text[NAME_MAX_TEXT] = "";
    size_t length_at = 0;

    for (size_t used = 0; used < NAME_MAX_LENGTH - 3; used += 2) {
        (void)snprintf(text + used, sizeof(text) - used, "k.");
    }
    expect(name_from_text(&longest, text, NULL), "a long name is a name");
    begin(&request, 1, "_web._tcp.sd.example.com", RECORD_SRV);
    put(&request, longest.octets, longest.length);
    put(&request, "\0\xfa\0\xff\0\0\0\0", 8);
    length_at = request.length;
    put_u16(&request, 0);
    put(&request, longest.octets, longest.length);
    put(&request, "\0\0\0\0\0\0\1\x2c", 8);
    put_u16(&request, 64 * (size_t)OPTION_MAX - 2048);
    for (size_t left = 64 * (size_t)OPTION_MAX - 2048; left > 0;) {
        size_t part = left < OPTION_MAX ? left : OPTION_MAX;

        put(&request, mac, part);
        left -= part;
    }
    put(&request, "\x12\x34\0\0\0\0", 6);
    length_write(&request, length_at);
    message_time(cost, "a signature of 62 KiB with the longest names", request.octets,
                 request.length);
}

/* An IXFR whose SOA has an owner of labels without end, and one with as large a SOA as there is. */
static void transfers_time(struct cost *cost)
{
    static const uint8_t zeros[OPTION_MAX];
    static struct request request;

    begin(&request, 0, "sd.example.com", QUERY_TYPE_IXFR);
    request.octets[9] = 1;
    while (request.length + 2 <= MESSAGE_MAX_LENGTH) {
        put(&request, "\1a", 2);
    }
    message_time(cost, "an IXFR with 65,535 octets of labels", request.octets, request.length);
    begin(&request, 0, "sd.example.com", QUERY_TYPE_IXFR);
    request.octets[9] = 1;
    put(&request, "\xc0\x0c\0\6\0\1\0\0\0\0\xf8\0", 12);
    for (size_t i = 0; i < 62; i++) {
        put(&request, zeros, sizeof(zeros));
    }
    message_time(cost, "an IXFR with a SOA of 62 KiB", request.octets, request.length);
}

static void nasty_time(struct cost *cost)
{
    static const uint16_t codes[] = {EDNS_OPTION_NSID, EDNS_OPTION_COOKIE, EDNS_OPTION_KEEPALIVE,
                                     65001};

    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        options_time(cost, codes[i], 0);
        options_time(cost, codes[i], 1);
        options_time(cost, codes[i], COOKIE_LENGTH);
        options_time(cost, codes[i], OPTION_MAX);
    }
    names_time(cost);
    records_time(cost);
    signature_time(cost);
    transfers_time(cost);
}

/* ---- files ---- */

static bool file_time(struct cost *cost, const char *path)
{
    static uint8_t octets[MESSAGE_MAX_LENGTH];
    FILE *file = fopen(path, "rbe");
    size_t length = 0;

    if (file == NULL) {
        (void)fprintf(stderr, "fuzz_cost: cannot read %s\n", path);
        return false;
    }
    length = fread(octets, 1, sizeof(octets), file);
    (void)fclose(file);
    message_time(cost, path, octets, length);
    return true;
}

static bool path_time(struct cost *cost, const char *path)
{
    struct stat status;
    struct dirent **entries = NULL;
    int count = 0;
    bool is_done = true;

    if (stat(path, &status) != 0 || !S_ISDIR(status.st_mode)) {
        return file_time(cost, path);
    }
    count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char inner[LABEL];

        (void)snprintf(inner, sizeof(inner), "%s/%s", path, entries[i]->d_name);
        is_done = (entries[i]->d_name[0] == '.' || file_time(cost, inner)) && is_done;
        free(entries[i]);
    }
    free(entries);
    return is_done && count > 0;
}

int main(int argument_count, char **arguments)
{
    static struct cost cost;
    double limit_us = 1e18;
    int first = 1;
    bool is_done = true;

    if (argument_count > 2 && strcmp(arguments[1], "--limit-us") == 0) {
        limit_us = strtod(arguments[2], NULL);
        first = 3;
    }
    if ((argument_count > first && arguments[first][0] == '-') || limit_us <= 0) {
        (void)fprintf(stderr, "usage: %s [--limit-us LIMIT] [FILE|FOLDER...]\n", arguments[0]);
        return 2;
    }
    cost.snapshot = stage_snapshot();
    nasty_time(&cost);
    for (int i = first; i < argument_count; i++) {
        is_done = path_time(&cost, arguments[i]) && is_done;
    }
    (void)printf("%zu messages; the slowest, in microseconds of CPU a message:\n", cost.count);
    for (size_t i = 0; i < SHOWN && cost.slowest[i].us > 0; i++) {
        (void)printf("%8.2f  %s\n", cost.slowest[i].us, cost.slowest[i].label);
    }
    if (cost.slowest[0].us > limit_us) {
        (void)printf("over the limit of %.0f us\n", limit_us);
        return 1;
    }
    return is_done ? 0 : 1;
}
