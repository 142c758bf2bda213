/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_record.c - Zone files: what is read, as octets; what is refused, with its
 * line.
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

#include "zones/record.h"

enum { TTL_SECONDS = 30 };

struct reading {
    struct arena arena;
    struct record_list list;
    struct error error;
};

static bool reading_of(struct reading *reading, const char *text, size_t length)
{
    struct name origin;
    FILE *file = tmpfile();
    bool is_good = false;

    assert_non_null(file);
    assert_true(name_from_text(&origin, "sd.example.com", NULL));
    assert_int_equal(fwrite(text, 1, length, file), length);
    rewind(file);
    *reading = (struct reading){.list.count = 99};
    arena_init(&reading->arena);
    is_good = record_list_read(&reading->list, file, &origin, TTL_SECONDS, &reading->arena,
                               &reading->error);
    fclose(file);
    return is_good;
}

static void read_text(struct reading *reading, const char *text)
{
    if (!reading_of(reading, text, strlen(text))) {
        fail_msg("%s", reading->error.text);
    }
}

static void check_record(const struct record *record, const char *owner, uint16_t type,
                         uint32_t ttl_seconds)
{
    char text[NAME_MAX_TEXT];

    assert_string_equal(name_to_text(&record->owner, text), owner);
    assert_int_equal(record->type, type);
    assert_int_equal(record->ttl_seconds, ttl_seconds);
}

static void check_rdata(const struct record *record, const char *rdata, size_t length)
{
    assert_int_equal(record->rdata_length, length);
    assert_memory_equal(record->rdata, rdata, length);
}

static void an_ordinary_zone_file_is_read(void **state)
{
    static const char text[] = "; comment\n"
                               "\n"
                               "$TTL 60\n"
                               "@ IN NS ns1\n"
                               "NS1 A 10.0.0.1\n"
                               "    AAAA fd00::1 ; the same owner\n"
                               "t TXT (\"a;b\"\n"
                               "   \"c (d)\" ; in parentheses\n"
                               "   )\n"
                               "q 5 IN A 10.0.0.2\r\n"
                               "Abs.SD.example.com. A 10.0.0.3\n"
                               "$ORIGIN sub\n"
                               "x A 10.0.0.4\n"
                               "@ A 10.0.0.5\n"
                               "$ORIGIN other.sd.example.com.\n"
                               "$ttl 1h\n"
                               "y A 10.0.0.6";
    struct reading reading;
    const struct record *records = NULL;

    (void)state;
    read_text(&reading, text);
    records = reading.list.records;
    assert_int_equal(reading.list.count, 9);
    check_record(&records[0], "sd.example.com.", RECORD_NS, 60);
    check_rdata(&records[0], "\3ns1\2sd\7example\3com", 20);
    check_record(&records[1], "ns1.sd.example.com.", RECORD_A, 60);
    check_rdata(&records[1], "\12\0\0\1", 4);
    check_record(&records[2], "ns1.sd.example.com.", RECORD_AAAA, 60);
    check_rdata(&records[2], "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
    check_record(&records[3], "t.sd.example.com.", RECORD_TXT, 60);
    check_rdata(&records[3], "\3a;b\5c (d)", 10);
    check_record(&records[4], "q.sd.example.com.", RECORD_A, 5);
    check_record(&records[5], "abs.sd.example.com.", RECORD_A, 60);
    check_record(&records[6], "x.sub.sd.example.com.", RECORD_A, 60);
    check_record(&records[7], "sub.sd.example.com.", RECORD_A, 60);
    check_record(&records[8], "y.other.sd.example.com.", RECORD_A, 3600);
    arena_free(&reading.arena);
}

static void names_in_rdata_are_in_lower_case_and_whole(void **state)
{
    struct reading reading;

    (void)state;
    read_text(&reading, "_x._tcp SRV 1 2 443 Web.Example.NET.\n"
                        "m MX 10 Mail\n"
                        "c CNAME WWW\n"
                        "t TXT Keep\n"
                        "u TYPE65280 \\# 3 41 42 43\n");
    assert_int_equal(reading.list.count, 5);
    check_rdata(&reading.list.records[0], "\0\1\0\2\1\xbb\3web\7example\3net", 23);
    check_rdata(&reading.list.records[1], "\0\12\4mail\2sd\7example\3com", 23);
    check_rdata(&reading.list.records[2], "\3www\2sd\7example\3com", 20);
    check_rdata(&reading.list.records[3], "\4Keep", 5);
    check_rdata(&reading.list.records[4], "ABC", 3);
    check_record(&reading.list.records[4], "u.sd.example.com.", 65280, TTL_SECONDS);
    arena_free(&reading.arena);
}

static void a_file_without_records_is_an_empty_list(void **state)
{
    static const char *const texts[] = {"", "\n\n", "; nothing", "$TTL 5", "( \n ; a\n )\n"};

    (void)state;
    for (size_t index = 0; index < sizeof(texts) / sizeof(texts[0]); index++) {
        struct reading reading;

        read_text(&reading, texts[index]);
        assert_int_equal(reading.list.count, 0);
        arena_free(&reading.arena);
    }
}

static void repeats_are_dropped_and_the_order_stays(void **state)
{
    struct reading reading;

    (void)state;
    read_text(&reading, "b A 10.0.0.2\n"
                        "a A 10.0.0.1\n"
                        "B A 10.0.0.2\n"
                        "a A 10.0.0.3\n"
                        "c CNAME a\n"
                        "a 5 A 10.0.0.1\n"
                        "c CNAME A\n");
    assert_int_equal(reading.list.count, 4);
    check_record(&reading.list.records[0], "b.sd.example.com.", RECORD_A, TTL_SECONDS);
    check_rdata(&reading.list.records[1], "\12\0\0\1", 4);
    check_rdata(&reading.list.records[2], "\12\0\0\3", 4);
    check_record(&reading.list.records[3], "c.sd.example.com.", RECORD_CNAME, TTL_SECONDS);
    arena_free(&reading.arena);
}

static void the_first_wrong_record_is_told_with_its_line(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"a A 10.0.0.1\n\n; x\nb A 10.0.0\n",                  "line 4: "                               },
        {"a A 10.0.0\n",                                       "\"a A 10.0.0\""                         },
        {"a A 10.0.0.1 10.0.0.2\n",                            "line 1: "                               },
        {"\n\na TXT ( x\n y\n",                                "line 3: '(' is not closed"              },
        {"a TXT (x (y))\n",                                    "line 1: '(' within '('"                 },
        {"a TXT x)\n",                                         "line 1: ')' without '('"                },
        {"a TXT ( x\n \"y )\nb A 10.0.0.1\n",                  "line 2: a quote is not closed"          },
        {"a A 10.0.0.1\n@ SOA a b 1 2 3 4 5\n",                "line 2: SOA: "                          },
        {"a DNAME b\n",                                        "line 1: DNAME "                         },
        {"*.a A 10.0.0.1\n",                                   "line 1: wildcards are not served"       },
        {"* A 10.0.0.1\n",                                     "line 1: wildcards are not served"       },
        {"a.example.com. A 10.0.0.1\n",                        "line 1: the owner is outside the zone"  },
        {"$ORIGIN com.\n\na A 10.0.0.1\n",                     "line 3: the owner is outside the zone"  },
        {"a CH TXT x\n",                                       "line 1: another class than IN"          },
        {"a NS ns1\n",                                         "line 1: NS below the origin"            },
        {"@ CNAME a\n",                                        "line 1: CNAME at the origin"            },
        {"a DS 1 8 2 00\n",                                    "line 1: DNSSEC"                         },
        {"a NSEC b A\n",                                       "line 1: DNSSEC"                         },
        {"a TYPE47 \\# 0\n",                                   "line 1: "                               },
        {"a TYPE0 \\# 0\n",                                    "line 1: type 0 "                        },
        {"a TYPE41 \\# 0\n",                                   "line 1: OPT "                           },
        {"a TYPE250 \\# 0\n",                                  "line 1: a type for questions"           },
        {"a 2147483648 A 10.0.0.1\n",                          "line 1: the TTL is above 2147483647"    },
        {"a A 10.0.0.1\na AAAA ::1\na CNAME b\n",              "line 3: a.sd.example.com. has a CNAME"  },
        {"a CNAME b\na A 10.0.0.1\n",                          "line 2: a.sd.example.com. has a CNAME"  },
        {"a CNAME b\na CNAME c\n",                             "line 2: a.sd.example.com. has a CNAME"  },
        {"z CNAME b\na CNAME b\nz A 10.0.0.1\na A 10.0.0.1\n", "line 3: z.sd.example.com."              },
        {"$INCLUDE x\n",                                       "line 1: $INCLUDE: only $ORIGIN and $TTL"},
        {"$GENERATE 1-2 a A 10.0.0.1\n",                       "line 1: $GENERATE: more than one value" },
        {"$FOO\n",                                             "line 1: $FOO: only $ORIGIN and $TTL"    },
        {"$TTL\n",                                             "line 1: $TTL: a time"                   },
        {"$TTL x\n",                                           "line 1: $TTL: a time"                   },
        {"$TTL 2147483648\n",                                  "line 1: $TTL: a time"                   },
        {"$ORIGIN\n",                                          "line 1: $ORIGIN: a domain name"         },
        {"$ORIGIN a..b\n",                                     "line 1: $ORIGIN: a domain name"         },
        {"$ORIGIN a b\n",                                      "line 1: $ORIGIN: more than one value"   },
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct reading reading;

        if (reading_of(&reading, cases[index].text, strlen(cases[index].text))) {
            fail_msg("taken: %s", cases[index].text);
        }
        if (strstr(reading.error.text, cases[index].why) == NULL) {
            fail_msg("%s gives: %s", cases[index].text, reading.error.text);
        }
        arena_free(&reading.arena);
    }
}

static void a_nul_octet_is_refused(void **state)
{
    static const char text[] = "a A 10.0.0.1\nb TXT x\0y\n";
    struct reading reading;

    (void)state;
    assert_false(reading_of(&reading, text, sizeof(text) - 1));
    assert_string_equal(reading.error.text, "line 2: a NUL octet");
    arena_free(&reading.arena);
}

static void a_label_that_only_begins_with_a_star_is_taken(void **state)
{
    struct reading reading;

    (void)state;
    read_text(&reading, "*a A 10.0.0.1\nb.*.c A 10.0.0.1\n");
    assert_int_equal(reading.list.count, 2);
    arena_free(&reading.arena);
}

static void a_long_text_record_is_read_and_an_endless_one_refused(void **state)
{
    enum { STRINGS = 250 };
    char *text = malloc(sizeof("a TXT") + STRINGS * 204);
    char *out = text + 5;
    struct reading reading;

    (void)state;
    memcpy(text, "a TXT", 5);
    for (int string = 0; string < STRINGS; string++) {
        memset(out, ' ', 4);
        memset(out + 4, 'x', 200);
        out += 204;
    }
    *out = '\0';
    read_text(&reading, text);
    assert_int_equal(reading.list.records[0].rdata_length, STRINGS * 201);
    arena_free(&reading.arena);
    free(text);

    text = malloc(600 * 1024);
    memset(text, 'x', 600 * 1024);
    assert_false(reading_of(&reading, text, 600 * 1024));
    assert_string_equal(reading.error.text, "line 1: the entry is too long");
    arena_free(&reading.arena);
    free(text);
}

static void a_folder_is_not_a_zone_file(void **state)
{
    struct record_list list;
    struct arena arena;
    struct error error = {""};
    struct name origin;
    FILE *folder = fopen("/tmp", "r");

    (void)state;
    assert_non_null(folder);
    arena_init(&arena);
    name_root(&origin);
    assert_false(record_list_read(&list, folder, &origin, TTL_SECONDS, &arena, &error));
    assert_string_equal(error.text, "after line 0: Is a directory");
    arena_free(&arena);
    fclose(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_zone_file_is_read),
        cmocka_unit_test(names_in_rdata_are_in_lower_case_and_whole),
        cmocka_unit_test(a_file_without_records_is_an_empty_list),
        cmocka_unit_test(repeats_are_dropped_and_the_order_stays),
        cmocka_unit_test(the_first_wrong_record_is_told_with_its_line),
        cmocka_unit_test(a_nul_octet_is_refused),
        cmocka_unit_test(a_label_that_only_begins_with_a_star_is_taken),
        cmocka_unit_test(a_long_text_record_is_read_and_an_endless_one_refused),
        cmocka_unit_test(a_folder_is_not_a_zone_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
