/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_hold.c - any text as the value of a tag: a hold, a time, a number. What is taken
 * is in its range, and what we write of it is read back to the same.
 */

#include "discovery/hold.h"
#include "discovery/membership.h"
#include "tests/fuzz/expect.h"

static void hold_try(const char *text)
{
    char written[HOLD_TEXT_MAX * 4 + 1];
    struct hold hold = {.kind = HOLD_NONE};
    struct hold again = {.kind = HOLD_NONE};
    struct error error = {""};
    struct arena arena;

    arena_init(&arena);
    if (!hold_parse(&hold, text, &arena, &error)) {
        expect(error.text[0] != '\0', "a refusal says why");
    } else {
        expect(hold.kind == HOLD_DRAIN || hold.kind == HOLD_MAINT, "a hold is drain or maint");
        expect(hold.by != NULL && hold.reason != NULL, "a hold's words are never NULL");
        expect(strpbrk(hold.reason, "\r\n") == NULL, "a reason is one line");
        expect(hold.until_s == 0 || hold_now(&hold, hold.until_s) == HOLD_NONE ||
                   hold_now(&hold, hold.until_s + 1) == HOLD_NONE,
               "a hold ends when it says");
        if (hold_to_text(&hold, written, &error)) {
            expect(hold_parse(&again, written, &arena, &error), "what we write is a hold");
            expect(hold_equals(&hold, &again), "a hold is read back to the same");
        }
    }
    arena_free(&arena);
}

static void time_try(const char *text)
{
    char written[TIME_TEXT_SIZE];
    int64_t time_s = 0;
    int64_t again_s = 0;

    if (time_parse(&time_s, text)) {
        expect(time_parse(&again_s, time_to_text(time_s, written)), "what we write is a time");
        expect(time_s == again_s, "a time is read back to the same");
    }
}

static void number_try(const char *text)
{
    char written[8];
    uint16_t number = 0;

    if (number_parse_u16(text, 1000, &number)) {
        expect(number <= 1000, "a number is in its range");
    }
    if (number_parse_u16(text, UINT16_MAX, &number)) {
        (void)snprintf(written, sizeof(written), "%u", number);
        expect_text(written, text, "a number is written in one way");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    char *text = text_of(octets, length);

    hold_try(text);
    time_try(text);
    number_try(text);
    free(text);
    return 0;
}
