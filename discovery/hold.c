/* SPDX-License-Identifier: MIT */

/*
 * discovery/hold.c - a hold's text, word by word, and the clock that ends it.
 */

#include "discovery/hold.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "discovery/utf8.h"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* As much of a bad word as a message shows. */
enum { QUOTED_MAX = 64 };

static const char until_key[] = "until=";
static const char by_key[] = "by=";
static const char reason_key[] = "reason=";

static const char *const kind_names[] = {
    [HOLD_NONE] = "none",
    [HOLD_DRAIN] = "drain",
    [HOLD_MAINT] = "maint",
};

/* A run of octets between spaces. */
struct word {
    const char *text;
    size_t length;
};

static bool character_is_control(uint32_t character)
{
    return character < 0x20 || (character >= 0x7F && character <= 0x9F);
}

/* What may not stand in a hold: it becomes TXT, log lines and columns on a terminal. */
static bool text_check(const char *text, struct error *error)
{
    size_t available = strlen(text);
    size_t count = 0;

    for (size_t i = 0; i < available; count++) {
        uint32_t character = 0;
        size_t length = utf8_decode(text + i, available - i, &character);

        if (length == 0) {
            return error_set(error, "not UTF-8 at octet %zu", i + 1);
        }
        if (character_is_control(character)) {
            return error_set(error, "a control character at octet %zu", i + 1);
        }
        i += length;
    }
    if (count > HOLD_TEXT_MAX) {
        return error_set(error, "longer than %d characters", HOLD_TEXT_MAX);
    }
    return true;
}

/* The next word at `*cursor`, which moves behind it; length 0 at the end. */
static struct word word_next(const char **cursor)
{
    struct word word = {.text = *cursor + strspn(*cursor, " ")};

    word.length = strcspn(word.text, " ");
    *cursor = word.text + word.length;
    return word;
}

static bool word_is(const struct word *word, const char *text)
{
    return word->length == strlen(text) && memcmp(word->text, text, word->length) == 0;
}

/* Whether the word begins with `key`; then `*value` is the rest of it. */
static bool word_has_key(const struct word *word, const char *key, struct word *value)
{
    size_t length = strlen(key);

    if (word->length < length || memcmp(word->text, key, length) != 0) {
        return false;
    }
    *value = (struct word){word->text + length, word->length - length};
    return true;
}

static int word_shown(const struct word *word)
{
    return word->length < QUOTED_MAX ? (int)word->length : QUOTED_MAX;
}

static bool kind_parse(enum hold_kind *kind, const struct word *word, struct error *error)
{
    for (size_t i = HOLD_DRAIN; i < COUNT_OF(kind_names); i++) {
        if (word_is(word, kind_names[i])) {
            *kind = (enum hold_kind)i;
            return true;
        }
    }
    return error_set(error, "begins with \"%.*s\", not with drain or maint", word_shown(word),
                     word->text);
}

static bool until_parse(int64_t *until_s, const struct word *value, struct error *error)
{
    char text[HOLD_TEXT_MAX * 4 + 1] = {0};

    memcpy(text, value->text, value->length);
    if (!time_parse(until_s, text)) {
        return error_set(error, "until \"%.*s\" is not a time such as 2026-08-21T17:00:00Z",
                         word_shown(value), value->text);
    }
    /* 0 says "until it is taken off"; whatever is as old has passed. */
    if (*until_s < 1) {
        *until_s = 1;
    }
    return true;
}

static bool repeat_set(struct error *error, const char *key)
{
    return error_set(error, "says %.*s twice", (int)strlen(key) - 1, key);
}

/* One word after the first that is not the reason. */
static bool setting_parse(struct hold *hold, const struct word *word, struct arena *arena,
                          struct error *error)
{
    struct word value;

    if (word_has_key(word, until_key, &value)) {
        return hold->until_s != 0 ? repeat_set(error, until_key)
                                  : until_parse(&hold->until_s, &value, error);
    }
    if (word_has_key(word, by_key, &value)) {
        if (hold->by != NULL) {
            return repeat_set(error, by_key);
        }
        hold->by = arena_string_of(arena, value.text, value.length);
        return true;
    }
    return error_set(error, "\"%.*s\" is none of until=, by= and reason=", word_shown(word),
                     word->text);
}

bool hold_parse(struct hold *hold, const char *text, struct arena *arena, struct error *error)
{
    struct hold read = {.kind = HOLD_NONE};
    const char *cursor = text;
    struct word word;
    struct word value;

    if (!text_check(text, error)) {
        return false;
    }
    word = word_next(&cursor);
    if (!kind_parse(&read.kind, &word, error)) {
        return false;
    }
    for (word = word_next(&cursor); word.length > 0; word = word_next(&cursor)) {
        if (word_has_key(&word, reason_key, &value)) {
            read.reason = arena_string(arena, value.text);
            break;
        }
        if (!setting_parse(&read, &word, arena, error)) {
            return false;
        }
    }
    read.by = read.by == NULL ? "" : read.by;
    read.reason = read.reason == NULL ? "" : read.reason;
    *hold = read;
    return true;
}

static const char *text_or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

/* Reads back what was written: the one proof that nothing in a name or reason breaks the form. */
static bool text_says(const char *text, const struct hold *hold, struct error *error)
{
    struct arena arena;
    struct hold read = {.kind = HOLD_NONE};
    bool is_same = false;

    arena_init(&arena);
    if (!hold_parse(&read, text, &arena, error)) {
        (void)error_prefix(error, "the hold cannot be written");
    } else if (!hold_equals(&read, hold)) {
        (void)error_set(error, "the hold cannot be written: \"%.*s\" has a space", QUOTED_MAX,
                        text_or_empty(hold->by));
    } else {
        is_same = true;
    }
    arena_free(&arena);
    return is_same;
}

bool hold_to_text(const struct hold *hold, char text[HOLD_TEXT_MAX * 4 + 1], struct error *error)
{
    enum { TEXT_SIZE = HOLD_TEXT_MAX * 4 + 1 };
    const char *by = text_or_empty(hold->by);
    const char *reason = text_or_empty(hold->reason);
    bool has_until = hold->until_s != 0;
    char until[TIME_TEXT_SIZE] = "";
    int length = 0;

    text[0] = '\0';
    if (hold->kind == HOLD_NONE) {
        return error_set(error, "no hold has no text");
    }
    if (has_until) {
        (void)time_to_text(hold->until_s, until);
    }
    length = snprintf(text, TEXT_SIZE, "%s%s%s%s%s%s%s%s%s%s", hold_kind_name(hold->kind),
                      has_until ? " " : "", has_until ? until_key : "", until,
                      by[0] != '\0' ? " " : "", by[0] != '\0' ? by_key : "", by,
                      reason[0] != '\0' ? " " : "", reason[0] != '\0' ? reason_key : "", reason);
    if (length < 0 || length >= TEXT_SIZE) {
        return error_set(error, "the hold cannot be written: longer than %d characters",
                         HOLD_TEXT_MAX);
    }
    return text_says(text, hold, error);
}

enum hold_kind hold_now(const struct hold *hold, int64_t now_s)
{
    return hold->until_s != 0 && now_s >= hold->until_s ? HOLD_NONE : hold->kind;
}

bool hold_equals(const struct hold *left, const struct hold *right)
{
    return left->kind == right->kind && left->until_s == right->until_s &&
           strcmp(text_or_empty(left->by), text_or_empty(right->by)) == 0 &&
           strcmp(text_or_empty(left->reason), text_or_empty(right->reason)) == 0;
}

const char *hold_kind_name(enum hold_kind kind)
{
    size_t index = (size_t)kind;

    return index < COUNT_OF(kind_names) ? kind_names[index] : kind_names[HOLD_NONE];
}
