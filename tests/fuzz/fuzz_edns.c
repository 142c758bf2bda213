/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_edns.c - any octets as the options of a request, and as the choice of what an OPT
 * of ours says. The reading is compared with a walk of its own; what is written is read back.
 */

#include "server/edns.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"

/* The first option of `code`, or NULL; and whether the options fill `length` exactly, and are not
 * too many. */
static const uint8_t *option_find(const uint8_t *options, size_t length, uint16_t code,
                                  size_t *found_length, bool *is_whole)
{
    const uint8_t *found = NULL;
    size_t at = 0;
    size_t count = 0;

    while (length - at >= EDNS_OPTION_HEADER) {
        size_t option_code = (size_t)(options[at] << 8 | options[at + 1]);
        size_t option_length = (size_t)(options[at + 2] << 8 | options[at + 3]);

        at += EDNS_OPTION_HEADER;
        if (option_length > length - at) {
            *is_whole = false;
            return found;
        }
        if (option_code == code && found == NULL) {
            found = options + at;
            *found_length = option_length;
        }
        at += option_length;
        count++;
    }
    *is_whole = at == length && count <= EDNS_OPTIONS_MAX;
    return found;
}

static void request_try(const uint8_t *options, size_t length)
{
    struct edns_request request;
    size_t cookie_length = 0;
    size_t nsid_length = 0;
    bool is_whole = false;
    bool is_read = edns_request_read(&request, options, length);
    const uint8_t *nsid = option_find(options, length, EDNS_OPTION_NSID, &nsid_length, &is_whole);
    const uint8_t *cookie =
        option_find(options, length, EDNS_OPTION_COOKIE, &cookie_length, &is_whole);

    expect(is_read == is_whole, "options are taken when they fill OPT exactly");
    if (!is_read) {
        return;
    }
    expect(request.wants_nsid == (nsid != NULL), "NSID is asked for");
    expect(cookie != NULL || (request.cookie == NULL && !request.cookie_is_malformed),
           "without the option there is no cookie");
    if (cookie != NULL && cookie_length_is_valid(cookie_length)) {
        expect(request.cookie == cookie && request.cookie_length == cookie_length,
               "the first cookie counts");
    } else if (cookie != NULL) {
        expect(request.cookie == NULL && request.cookie_is_malformed, "a bad cookie is none");
    }
}

static void reply_try(struct input *input)
{
    static const enum edns_error errors[] = {EDNS_ERROR_NONE, EDNS_ERROR_STALE_ANSWER,
                                             EDNS_ERROR_NOT_READY, EDNS_ERROR_PROHIBITED};
    uint8_t octets[EDNS_OPT_MAX];
    uint8_t texts[EDNS_NSID_MAX + COOKIE_LENGTH] = {0};
    uint8_t choice = input_u8(input);
    struct edns_reply reply = {.udp_size = input_u16(input),
                               .rcode = input_u16(input) & 0xfff,
                               .dnssec_ok = (choice & 1) != 0,
                               .cookie = (choice & 2) != 0 ? texts + EDNS_NSID_MAX : NULL,
                               .nsid = texts,
                               .nsid_length = input_u8(input) % (EDNS_NSID_MAX + 1),
                               .keepalive = (choice & 4) != 0 ? 100 : 0,
                               .error = errors[(choice >> 3) % 4]};
    size_t length = edns_reply_write(&reply, octets);
    struct edns_request request;

    expect(length == edns_reply_length(&reply) && length <= EDNS_OPT_MAX,
           "OPT is as long as it was said to be");
    expect(octets[0] == 0 && octets[1] == 0 && octets[2] == 41, "OPT stands at the root");
    expect((size_t)(octets[9] << 8 | octets[10]) == length - EDNS_OPT_FIXED,
           "OPT ends with its data");
    expect(octets[5] == reply.rcode >> 4 && octets[6] == 0, "the RCODE's part is there");
    expect(edns_request_read(&request, octets + EDNS_OPT_FIXED, length - EDNS_OPT_FIXED),
           "what is written is read back");
    expect((request.cookie != NULL) == (reply.cookie != NULL) &&
               request.wants_nsid == (reply.nsid_length > 0) &&
               request.wants_keepalive == (reply.keepalive > 0),
           "every option is there that was to be");
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct input input = {octets, length};

    if (length <= UINT16_MAX) {
        request_try(octets, length);
        reply_try(&input);
    }
    return 0;
}
