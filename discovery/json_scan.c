/* SPDX-License-Identifier: MIT */

/*
 * discovery/json_scan.c - a strict JSON grammar over octets, with a stack of its own.
 */

#include "discovery/json_scan.h"

#include <stdint.h>
#include <string.h>

#include "discovery/utf8.h"

/* Where the text is wrong is `position`; what is wrong there is what the functions return. */
struct scan {
    const char *text;
    size_t length;
    size_t position;
    char closers[JSON_DEPTH_MAX]; /* what ends each open array or object */
    size_t depth;
};

static bool scan_is_at_end(const struct scan *scan)
{
    return scan->position == scan->length;
}

/* The octet at hand, or NUL at the end; a NUL in the text fits no rule either. */
static char scan_peek(const struct scan *scan)
{
    if (scan_is_at_end(scan)) {
        return '\0';
    }
    return scan->text[scan->position];
}

static bool scan_accept(struct scan *scan, char octet)
{
    if (scan_is_at_end(scan) || scan->text[scan->position] != octet) {
        return false;
    }
    scan->position++;
    return true;
}

static void scan_skip_space(struct scan *scan)
{
    while (!scan_is_at_end(scan) && scan->text[scan->position] != '\0' &&
           strchr(" \t\r\n", scan->text[scan->position]) != NULL) {
        scan->position++;
    }
}

static size_t scan_skip_digits(struct scan *scan)
{
    size_t start = scan->position;

    while (scan_peek(scan) >= '0' && scan_peek(scan) <= '9') {
        scan->position++;
    }
    return scan->position - start;
}

static const char *scan_number(struct scan *scan)
{
    size_t start = scan->position;
    bool is_good = true;

    scan_accept(scan, '-');
    is_good = scan_accept(scan, '0') || scan_skip_digits(scan) > 0;
    if (is_good && scan_accept(scan, '.')) {
        is_good = scan_skip_digits(scan) > 0;
    }
    if (is_good && (scan_accept(scan, 'e') || scan_accept(scan, 'E'))) {
        if (!scan_accept(scan, '+')) {
            scan_accept(scan, '-');
        }
        is_good = scan_skip_digits(scan) > 0;
    }
    if (!is_good) {
        return "a digit is wanted";
    }
    return scan->position - start > JSON_NUMBER_MAX_OCTETS ? "the number is too long" : NULL;
}

/* Four hexadecimal digits after \u. */
static bool scan_hex(struct scan *scan, uint32_t *value)
{
    *value = 0;
    for (int digit = 0; digit < 4; digit++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        char octet = scan_peek(scan);
        const char *found = octet == '\0' ? NULL : strchr(digits, octet);

        if (found == NULL) {
            return false;
        }
        *value = *value * 16 + (uint32_t)(found - digits) % 16;
        scan->position++;
    }
    return true;
}

static const char *scan_escape(struct scan *scan)
{
    uint32_t high = 0;
    uint32_t low = 0;

    if (scan_peek(scan) != '\0' && strchr("\"\\/bfnrt", scan_peek(scan)) != NULL) {
        scan->position++;
        return NULL;
    }
    if (!scan_accept(scan, 'u') || !scan_hex(scan, &high)) {
        return "an unknown escape in a string";
    }
    if (high == 0) {
        return "\\u0000 in a string";
    }
    if (high < 0xd800 || high > 0xdfff) {
        return NULL;
    }
    if (high > 0xdbff || !scan_accept(scan, '\\') || !scan_accept(scan, 'u') ||
        !scan_hex(scan, &low) || low < 0xdc00 || low > 0xdfff) {
        return "half of a surrogate pair in a string";
    }
    return NULL;
}

static const char *scan_string(struct scan *scan)
{
    if (!scan_accept(scan, '"')) {
        return "a string is wanted";
    }
    while (!scan_accept(scan, '"')) {
        uint32_t character = 0;
        size_t taken = 0;

        if (scan_is_at_end(scan)) {
            return "the string is not closed";
        }
        if (scan_accept(scan, '\\')) {
            const char *wrong = scan_escape(scan);

            if (wrong != NULL) {
                return wrong;
            }
            continue;
        }
        taken = utf8_decode(scan->text + scan->position, scan->length - scan->position, &character);
        if (taken == 0) {
            return "a string that is not UTF-8";
        }
        if (character < 0x20) {
            return "a control octet in a string";
        }
        scan->position += taken;
    }
    return NULL;
}

static bool scan_accept_word(struct scan *scan, const char *word)
{
    size_t length = strlen(word);

    if (scan->length - scan->position < length ||
        memcmp(scan->text + scan->position, word, length) != 0) {
        return false;
    }
    scan->position += length;
    return true;
}

/* A member's name and its colon. */
static const char *scan_key(struct scan *scan)
{
    const char *wrong = NULL;

    scan_skip_space(scan);
    wrong = scan_string(scan);
    scan_skip_space(scan);
    if (wrong == NULL && !scan_accept(scan, ':')) {
        wrong = "':' is wanted";
    }
    return wrong;
}

static bool scan_is_in_object(const struct scan *scan)
{
    return scan->depth > 0 && scan->closers[scan->depth - 1] == '}';
}

/* Go into an array or object; `is_empty` when it ends at once. */
static const char *scan_open(struct scan *scan, char closer, bool *is_empty)
{
    if (scan->depth == JSON_DEPTH_MAX) {
        return "nested too deep";
    }
    scan->closers[scan->depth++] = closer;
    scan_skip_space(scan);
    *is_empty = scan_peek(scan) == closer;
    return *is_empty || closer == ']' ? NULL : scan_key(scan);
}

/*
 * The start of a value: all of one that holds no others, else what opens it. `is_open` tells that
 * a value must follow now, because an array or object has begun that is not empty.
 */
static const char *scan_value_start(struct scan *scan, bool *is_open)
{
    bool is_empty = false;
    char octet = '\0';
    const char *wrong = NULL;

    scan_skip_space(scan);
    octet = scan_peek(scan);
    *is_open = false;
    if (octet == '"') {
        return scan_string(scan);
    }
    if (octet == '-' || (octet >= '0' && octet <= '9')) {
        return scan_number(scan);
    }
    if (scan_accept(scan, '[')) {
        wrong = scan_open(scan, ']', &is_empty);
    } else if (scan_accept(scan, '{')) {
        wrong = scan_open(scan, '}', &is_empty);
    } else if (scan_accept_word(scan, "true") || scan_accept_word(scan, "false") ||
               scan_accept_word(scan, "null")) {
        return NULL;
    } else {
        return scan_is_at_end(scan) ? "the text ends too early" : "a value is wanted";
    }
    *is_open = !is_empty;
    return wrong;
}

/* What follows a value: closers, then a comma when more is to come. */
static const char *scan_value_end(struct scan *scan)
{
    scan_skip_space(scan);
    while (scan->depth > 0 && scan_accept(scan, scan->closers[scan->depth - 1])) {
        scan->depth--;
        scan_skip_space(scan);
    }
    if (scan->depth == 0) {
        return scan_is_at_end(scan) ? NULL : "something after the end of the document";
    }
    if (scan_accept(scan, ',')) {
        return scan_is_in_object(scan) ? scan_key(scan) : NULL;
    }
    if (scan_is_at_end(scan)) {
        return "the text ends too early";
    }
    return scan_is_in_object(scan) ? "',' or '}' is wanted" : "',' or ']' is wanted";
}

static bool scan_error(const struct scan *scan, const char *wrong, struct error *error)
{
    size_t line = 1;
    size_t column = 1;

    for (size_t index = 0; index < scan->position; index++) {
        column++;
        if (scan->text[index] == '\n') {
            line++;
            column = 1;
        }
    }
    return error_set(error, "line %zu, column %zu: %s", line, column, wrong);
}

bool json_scan(const char *text, size_t length, struct error *error)
{
    struct scan scan = {.text = text, .length = length};
    const char *wrong = NULL;
    bool is_open = false;

    do {
        wrong = scan_value_start(&scan, &is_open);
        if (wrong == NULL && !is_open) {
            wrong = scan_value_end(&scan);
        }
    } while (wrong == NULL && (is_open || scan.depth > 0));
    return wrong == NULL || scan_error(&scan, wrong, error);
}
