/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_utf8.c - every octet sequence that matters, both ways.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdlib.h>
#include <string.h>

#include "discovery/utf8.h"

static size_t encode(uint32_t character, char *text)
{
    if (character < 0x80) {
        text[0] = (char)character;
        return 1;
    }
    if (character < 0x800) {
        text[0] = (char)(0xc0 | (character >> 6));
        text[1] = (char)(0x80 | (character & 0x3f));
        return 2;
    }
    if (character < 0x10000) {
        text[0] = (char)(0xe0 | (character >> 12));
        text[1] = (char)(0x80 | ((character >> 6) & 0x3f));
        text[2] = (char)(0x80 | (character & 0x3f));
        return 3;
    }
    text[0] = (char)(0xf0 | (character >> 18));
    text[1] = (char)(0x80 | ((character >> 12) & 0x3f));
    text[2] = (char)(0x80 | ((character >> 6) & 0x3f));
    text[3] = (char)(0x80 | (character & 0x3f));
    return 4;
}

static void every_character_is_decoded_and_none_when_cut_short(void **state)
{
    (void)state;
    for (uint32_t character = 0; character < 0x120000; character++) {
        char text[4];
        size_t length = encode(character, text);
        bool is_character = character <= 0x10ffff && (character < 0xd800 || character > 0xdfff);
        uint32_t decoded = 0;

        if (utf8_decode(text, 4, &decoded) != (is_character ? length : 0) ||
            (is_character && decoded != character)) {
            fail_msg("U+%04X", character);
        }
        if (length > 1 && utf8_decode(text, length - 1, &decoded) != 0) {
            fail_msg("U+%04X cut", character);
        }
    }
}

static void what_is_not_utf8_is_told(void **state)
{
    static const char *const texts[] = {
        "\x80",
        "\xbf",
        "\xc0\x80",
        "\xc1\xbf",
        "\xe0\x9f\xbf",
        "\xf0\x8f\xbf\xbf",
        "\xf5\x80\x80\x80",
        "\xf8\x88\x80\x80",
        "\xff",
        "\xc3(",
        "\xe2\x28\xa1",
        "\xe2\x82\x28",
    };

    (void)state;
    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++) {
        uint32_t character = 0;

        assert_int_equal(utf8_decode(texts[index], strlen(texts[index]), &character), 0);
    }
}

static void what_hides_or_turns_text_is_not_printable(void **state)
{
    static const uint32_t hidden[] = {0,      0x0a,   0x1b,    0x7f,    0x80,    0x9f,    0xad,
                                      0x200b, 0x2028, 0x202e,  0x2066,  0xfeff,  0xfffe,  0xffff,
                                      0xe000, 0xfdd0, 0x1fffe, 0xe0001, 0xf0000, 0x10ffff};
    static const uint32_t shown[] = {' ', 'a', '~', 0xa0, 0xe9, 0x4e2d, 0xfffd, 0x1f600, 0x20000};

    (void)state;
    for (size_t index = 0; index < sizeof(hidden) / sizeof(hidden[0]); index++) {
        if (utf8_is_printable(hidden[index])) {
            fail_msg("U+%04X", hidden[index]);
        }
    }
    for (size_t index = 0; index < sizeof(shown) / sizeof(shown[0]); index++) {
        assert_true(utf8_is_printable(shown[index]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_character_is_decoded_and_none_when_cut_short),
        cmocka_unit_test(what_is_not_utf8_is_told),
        cmocka_unit_test(what_hides_or_turns_text_is_not_printable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
