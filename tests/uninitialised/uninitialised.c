/* SPDX-License-Identifier: MIT */

/*
 * tests/uninitialised/uninitialised.c - answers to files of requests, written to standard output.
 *
 *     uninitialised FILE...
 *
 * Each request is answered over UDP and TCP, to a friend and to a stranger, whole and slipped, on a
 * stack of two patterns; where both differ something was sent that nobody had written. run.sh
 * compares the output under several starts of the heap, and has valgrind look at what is written.
 * Exit: 0 done, 1 two answers differ, 2 a file cannot be read.
 */

#include <unistd.h>

#include "tests/fuzz/stage.h"

enum {
    STACK_OCTETS = 64 * 1024, /* deeper than any call below respond() */
    REQUEST_MAX = 65535,
};

/* Leaves its pattern where the next call has its variables. */
__attribute__((noinline)) static void stack_fill(int pattern)
{
    volatile uint8_t octets[STACK_OCTETS];

    for (size_t i = 0; i < sizeof(octets); i++) {
        octets[i] = (uint8_t)pattern;
    }
}

static void answer_make(struct flat *flat, const struct snapshot *snapshot, const uint8_t *request,
                        size_t length, unsigned variant)
{
    struct response *response = malloc(sizeof(*response)); /* with the heap's pattern in it */
    const struct address client = (variant & 1) != 0 ? stage_stranger() : stage_friend();

    const struct respond_basis basis = {
        .snapshot = snapshot, .rules = &stage_rules, .now_s = STAGE_NOW_S};

    expect(response != NULL, "there is memory for a response");
    respond(response, &basis, request, length, (variant & 2) != 0 ? TRANSPORT_TCP : TRANSPORT_UDP,
            &client);
    if ((variant & 4) != 0 && response->part_count > 0) {
        respond_slip(response);
    }
    stage_flatten(flat, response);
    free(response);
}

static bool request_try(const struct snapshot *snapshot, const uint8_t *request, size_t length)
{
    static struct flat first;
    static struct flat second;

    for (unsigned variant = 0; variant < 8; variant++) {
        stack_fill(0x00);
        answer_make(&first, snapshot, request, length, variant);
        stack_fill(0xff);
        answer_make(&second, snapshot, request, length, variant);
        if (first.length != second.length ||
            memcmp(first.octets, second.octets, first.length) != 0) {
            return false;
        }
        /* write(2) and not stdio: valgrind looks at what system calls are given. */
        for (size_t sent = 0; sent < first.length;) {
            ssize_t count = write(STDOUT_FILENO, first.octets + sent, first.length - sent);

            expect(count > 0, "standard output takes everything");
            sent += (size_t)count;
        }
    }
    return true;
}

int main(int argument_count, char **arguments)
{
    struct snapshot *snapshot = stage_snapshot();
    int status = 0;

    for (int i = 1; i < argument_count && status == 0; i++) {
        FILE *file = fopen(arguments[i], "rbe");
        uint8_t *request = malloc(REQUEST_MAX);
        size_t length = 0;

        if (file == NULL || request == NULL) {
            perror(arguments[i]);
            free(request);
            if (file != NULL) {
                (void)fclose(file);
            }
            status = 2;
            break;
        }
        length = fread(request, 1, REQUEST_MAX, file);
        (void)fclose(file);
        if (!request_try(snapshot, request, length)) {
            (void)fprintf(stderr, "%s: the answer depends on what the stack held\n", arguments[i]);
            status = 1;
        }
        free(request);
    }
    snapshot_unref(snapshot);
    return status;
}
