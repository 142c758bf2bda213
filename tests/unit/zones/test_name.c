/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_name.c - Names: text and wire both ways at every length, order of labels,
 * hashing.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zones/name.h"

static struct name name_of(const char *text)
{
    struct name name;
    struct error error = {""};

    if (!name_from_text(&name, text, &error)) {
        fail_msg("%s", error.text);
    }
    return name;
}

static void text_becomes_labels_in_lower_case(void **state)
{
    static const struct {
        const char *text;
        const char *wire;
        size_t length;
        const char *back;
    } cases[] = {
        {".",                        "",                               1,  "."                       },
        {"a",                        "\1a",                            3,  "a."                      },
        {"a.",                       "\1a",                            3,  "a."                      },
        {"_Web._TCP.sd.Example.com", "\4_web\4_tcp\2sd\7example\3com", 26,
         "_web._tcp.sd.example.com."                                                                 },
        {"a\\.b.c",                  "\3a.b\1c",                       7,  "a\\.b.c."                },
        {"\\065\\000\\255",          "\3a\0\xff",                      5,  "a\\000\\255."            },
        {"a\\ b",                    "\3a b",                          5,  "a\\032b."                },
        {"\\\\\\\"\\;\\@\\$\\(\\)",  "\7\\\";@$()",                    9,  "\\\\\\\"\\;\\@\\$\\(\\)."},
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct name name = name_of(cases[index].text);
        char text[NAME_MAX_TEXT];

        assert_int_equal(name.length, cases[index].length);
        assert_memory_equal(name.octets, cases[index].wire, name.length);
        assert_string_equal(name_to_text(&name, text), cases[index].back);
    }
}

static void text_that_is_no_name_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"",       "name \"\": empty"              },
        {".a",     "name \".a\": empty label"      },
        {"a..b",   "name \"a..b\": empty label"    },
        {"a..",    "name \"a..\": empty label"     },
        {"..",     "name \"..\": empty label"      },
        {"a\\",    "name \"a\\\": broken escape"   },
        {"a\\1",   "name \"a\\1\": broken escape"  },
        {"a\\12",  "name \"a\\12\": broken escape" },
        {"a\\12x", "name \"a\\12x\": broken escape"},
        {"a\\256", "name \"a\\256\": broken escape"},
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct name name;
        struct error error = {""};

        assert_false(name_from_text(&name, cases[index].text, &error));
        assert_string_equal(error.text, cases[index].why);
    }
}

/* Labels of `label` octets until the text would be longer than `octets`; the rest as the last. */
static void text_of(char *text, size_t octets, size_t label)
{
    size_t length = 0;

    for (size_t used = 0; length < octets; length++) {
        text[length] = used == label ? '.' : 'a';
        used = used == label ? 0 : used + 1;
    }
    text[length] = '\0';
}

static void a_label_of_63_octets_is_the_longest(void **state)
{
    char text[80];
    struct name name;
    struct error error = {""};

    (void)state;
    text_of(text, 63, 63);
    assert_true(name_from_text(&name, text, &error));
    assert_int_equal(name.length, 65);
    text_of(text, 64, 64);
    assert_false(name_from_text(&name, text, &error));
    assert_non_null(strstr(error.text, "label of more than 63 octets"));
}

static void a_name_of_255_octets_is_the_longest(void **state)
{
    static const size_t labels[] = {1, 2, 7, 62, 63};

    (void)state;
    for (size_t index = 0; index < sizeof(labels) / sizeof(labels[0]); index++) {
        for (size_t octets = 1; octets <= 300; octets++) {
            char text[320];
            char back[NAME_MAX_TEXT];
            struct name name;
            struct error error = {""};
            bool is_dotted = octets % (labels[index] + 1) == 0;

            text_of(text, octets, labels[index]);
            /* Text of n octets is n + 2 on the wire; its final dot is one of them. */
            if (octets + 2 - is_dotted <= NAME_MAX_LENGTH) {
                assert_true(name_from_text(&name, text, &error));
                assert_int_equal(name.length, octets + 2 - is_dotted);
                assert_int_equal(strlen(name_to_text(&name, back)), octets + 1 - is_dotted);
            } else {
                assert_false(name_from_text(&name, text, &error));
                assert_non_null(strstr(error.text, "more than 255 octets"));
            }
        }
    }
}

static void the_longest_text_fits(void **state)
{
    struct name name;
    struct name again;
    char text[NAME_MAX_TEXT];

    (void)state;
    name_root(&name);
    for (int label = 0; label < 4; label++) {
        static const char zeros[63] = {0};

        name_prepend(&name, zeros, label == 3 ? 61 : 63);
    }
    assert_int_equal(name.length, NAME_MAX_LENGTH);
    assert_int_equal(strlen(name_to_text(&name, text)), 4 * 250 + 4);
    again = name_of(text);
    assert_true(name_equals(&name, &again));
}

static void wire_is_read_to_the_root_and_no_further(void **state)
{
    static const uint8_t octets[] = "\3WeB\2sd\0rest";
    struct name name;
    struct name expected = name_of("web.sd");

    (void)state;
    assert_int_equal(name_from_wire(&name, octets, sizeof(octets)), 8);
    assert_true(name_equals(&name, &expected));
    assert_int_equal(name_from_wire(&name, octets, 8), 8);
}

static void wire_that_is_cut_anywhere_is_refused(void **state)
{
    struct name name;
    struct name whole = name_of("a.bb.ccc.dddd");

    (void)state;
    for (size_t length = 0; length < whole.length; length++) {
        uint8_t *cut = malloc(length + 1);

        memcpy(cut, whole.octets, length);
        assert_int_equal(name_from_wire(&name, cut, length), 0);
        free(cut);
    }
}

static void every_length_octet_of_64_and_more_is_refused(void **state)
{
    uint8_t octets[NAME_MAX_LENGTH + 1] = {0};
    struct name name;

    (void)state;
    for (int length = 0; length <= UINT8_MAX; length++) {
        octets[0] = (uint8_t)length;
        assert_int_equal(name_from_wire(&name, octets, sizeof(octets)) == 0, length > 63);
    }
}

static void wire_of_256_octets_is_refused(void **state)
{
    (void)state;
    for (size_t total = 3; total <= 300; total++) {
        uint8_t octets[310] = {0};
        struct name name;
        size_t position = 0;

        /* Labels of one octet, and one of two in front where the total is even. */
        while (position < total - 1) {
            size_t label = (total - position) % 2 == 0 ? 2 : 1;

            octets[position] = (uint8_t)label;
            position += 1 + label;
        }
        assert_int_equal(position, total - 1);
        assert_int_equal(name_from_wire(&name, octets, sizeof(octets)),
                         total <= NAME_MAX_LENGTH ? total : 0);
    }
}

static void only_letters_of_ascii_change_their_case(void **state)
{
    (void)state;
    for (int octet = 0; octet <= UINT8_MAX; octet++) {
        const uint8_t octets[3] = {1, (uint8_t)octet, 0};
        struct name name;

        assert_int_equal(name_from_wire(&name, octets, sizeof(octets)), 3);
        assert_int_equal(name.octets[1], octet >= 'A' && octet <= 'Z' ? octet - 'A' + 'a' : octet);
    }
}

static void a_name_is_within_itself_and_its_ancestors_only(void **state)
{
    static const struct {
        const char *name;
        const char *ancestor;
        bool is_within;
    } cases[] = {
        {"a.example.com",   "example.com",   true },
        {"example.com",     "example.com",   true },
        {"a.b.example.com", "example.com",   true },
        {"example.com",     ".",             true },
        {".",               ".",             true },
        {".",               "com",           false},
        {"com",             "example.com",   false},
        {"anexample.com",   "example.com",   false},
        {"example.com",     "a.example.com", false},
        {"a.example.net",   "example.com",   false},
        {"x\\003com",       "com",           false},
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct name name = name_of(cases[index].name);
        struct name ancestor = name_of(cases[index].ancestor);

        if (name_is_within(&name, &ancestor) != cases[index].is_within) {
            fail_msg("%s in %s", cases[index].name, cases[index].ancestor);
        }
    }
}

static void parents_lead_to_the_root(void **state)
{
    struct name name = name_of("a.bb.ccc");
    struct name expected = name_of("bb.ccc");

    (void)state;
    assert_true(name_parent(&name, &name));
    assert_true(name_equals(&name, &expected));
    assert_true(name_parent(&name, &name));
    assert_true(name_parent(&name, &name));
    assert_int_equal(name.length, 1);
    assert_false(name_parent(&name, &name));
}

static void a_label_is_put_in_front_where_it_fits(void **state)
{
    struct name name = name_of("sd.example.com");
    struct name expected = name_of("web.sd.example.com");
    struct name before;
    char label[64];

    (void)state;
    assert_true(name_prepend(&name, "WEBx", 3));
    assert_true(name_equals(&name, &expected));
    assert_false(name_prepend(&name, "", 0));
    memset(label, 'l', sizeof(label));
    assert_false(name_prepend(&name, label, 64));
    assert_true(name_equals(&name, &expected));
    while (name.length + 64 <= NAME_MAX_LENGTH) {
        assert_true(name_prepend(&name, label, 63));
    }
    before = name;
    assert_false(name_prepend(&name, label, NAME_MAX_LENGTH - name.length));
    assert_true(name_equals(&name, &before));
    assert_true(name_prepend(&name, label, (size_t)NAME_MAX_LENGTH - name.length - 1));
    assert_int_equal(name.length, NAME_MAX_LENGTH);
    assert_false(name_prepend(&name, label, 1));
}

static void host_labels_are_told_from_others(void **state)
{
    static const struct {
        const char *text;
        bool is_valid;
    } cases[] = {
        {"a",                                                                true },
        {"0",                                                                true },
        {"_web",                                                             true },
        {"a-b",                                                              true },
        {"i-0abc",                                                           true },
        {"",                                                                 false},
        {"-a",                                                               false},
        {"a-",                                                               false},
        {"A",                                                                false},
        {"a.b",                                                              false},
        {"a b",                                                              false},
        {"\xc3\xa9",                                                         false},
        {"a\n",                                                              false},
        {"-",                                                                false},
        {"_",                                                                true },
        {"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123",  true },
        {"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff1234", false},
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        if (label_is_valid(cases[index].text) != cases[index].is_valid) {
            fail_msg("\"%s\"", cases[index].text);
        }
    }
}

static void the_hash_is_the_same_for_ever(void **state)
{
    struct name name = name_of("_web._tcp.sd.example.com");

    (void)state;
    /* Whatever writes a hash down must find it again on another machine. */
    assert_int_equal(name_hash(name.octets, name.length), 0xb19a8d5b);
    assert_int_equal(name_hash(name.octets, 0), 0);
}

static void every_octet_of_a_name_counts_in_its_hash(void **state)
{
    (void)state;
    for (size_t length = 1; length <= NAME_MAX_LENGTH; length++) {
        /* From the heap and at odd addresses: a sanitizer sees reads that stray. */
        uint8_t *octets = calloc(1, length + 1);
        uint32_t zeros = name_hash(octets + 1, length);

        assert_int_not_equal(zeros, name_hash(octets + 1, length - 1));
        for (size_t place = 1; place <= length; place++) {
            octets[place] = 1;
            assert_int_not_equal(name_hash(octets + 1, length), zeros);
            octets[place] = 0;
        }
        free(octets);
    }
}

static void neighbouring_names_hash_to_different_buckets(void **state)
{
    enum { NAMES = 65536, BUCKETS = 65536 };
    static uint8_t used[BUCKETS];
    size_t filled = 0;

    (void)state;
    for (unsigned host = 0; host < NAMES; host++) {
        struct name name;
        char text[64];

        snprintf(text, sizeof(text), "ip-10-0-%u-%u.sd.example.com", host / 256, host % 256);
        name = name_of(text);
        used[name_hash(name.octets, name.length) % BUCKETS] = 1;
    }
    for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
        filled += used[bucket];
    }
    /* Random throws leave 1/e of the buckets empty: 41427 are filled. */
    assert_in_range(filled, 41000, 65536);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_becomes_labels_in_lower_case),
        cmocka_unit_test(text_that_is_no_name_is_refused_with_the_reason),
        cmocka_unit_test(a_label_of_63_octets_is_the_longest),
        cmocka_unit_test(a_name_of_255_octets_is_the_longest),
        cmocka_unit_test(the_longest_text_fits),
        cmocka_unit_test(wire_is_read_to_the_root_and_no_further),
        cmocka_unit_test(wire_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(every_length_octet_of_64_and_more_is_refused),
        cmocka_unit_test(wire_of_256_octets_is_refused),
        cmocka_unit_test(only_letters_of_ascii_change_their_case),
        cmocka_unit_test(a_name_is_within_itself_and_its_ancestors_only),
        cmocka_unit_test(parents_lead_to_the_root),
        cmocka_unit_test(a_label_is_put_in_front_where_it_fits),
        cmocka_unit_test(host_labels_are_told_from_others),
        cmocka_unit_test(the_hash_is_the_same_for_ever),
        cmocka_unit_test(every_octet_of_a_name_counts_in_its_hash),
        cmocka_unit_test(neighbouring_names_hash_to_different_buckets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
