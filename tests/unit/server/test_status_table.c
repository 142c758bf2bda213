/* SPDX-License-Identifier: MIT */

/*
 * The status document as a person sees it, to the character; and what is no such document.
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

#include "server/status_table.h"

/* What was printed, owned by the caller; NULL with the error when it was refused. */
static char *printed(const char *json, struct error *error)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    bool is_printed = status_table_print(json, strlen(json), out, error);

    fclose(out);
    if (!is_printed) {
        free(text);
        text = NULL;
    }
    return text;
}

static void assert_prints(const char *json, const char *expected)
{
    struct error error = {""};
    char *text = printed(json, &error);

    if (text == NULL) {
        fail_msg("%s", error.text);
    }
    assert_string_equal(text, expected);
    free(text);
}

static const char document[] =
    "{\"version\":\"0.1.0\",\"now\":\"2026-01-02T03:04:05Z\",\"zones\":[{"
    "\"origin\":\"sd.example.com\",\"state\":\"complete\",\"serial\":7,\"clusters\":[{"
    "\"name\":\"web\",\"srv_name\":\"_web._tcp.sd.example.com.\",\"generation\":3,"
    "\"answer_octets\":900,\"udp_limit_octets\":512,\"members\":["
    "{\"id\":\"i-1\",\"group\":\"web\",\"address\":\"10.0.0.1\",\"port\":443,\"az\":\"eu-west-1a\","
    "\"weight\":65535,\"served_weight\":65535,\"weight_haproxy\":256,\"state\":\"served\","
    "\"hold\":null,\"standby\":false,\"source\":\"ec2 main\",\"problem\":null},"
    "{\"id\":\"i-2\",\"group\":\"web\",\"address\":\"fd00::2\",\"port\":443,\"az\":null,"
    "\"weight\":100,\"served_weight\":0,\"weight_haproxy\":0,\"state\":\"drained\","
    "\"hold\":{\"kind\":\"drain\",\"until\":\"2026-01-02T04:00:00Z\",\"by\":\"ann\","
    "\"reason\":\"new kernel\",\"active\":true},\"standby\":false,\"source\":\"ec2 main\","
    "\"problem\":\"bad-weight\"},"
    "{\"id\":\"i-3\",\"group\":\"web\",\"address\":\"10.0.0.3\",\"port\":443,\"az\":null,"
    "\"weight\":100,\"served_weight\":100,\"weight_haproxy\":1,\"state\":\"maint\","
    "\"hold\":{\"kind\":\"maint\",\"until\":null,\"by\":\"\",\"reason\":\"\",\"active\":true},"
    "\"standby\":false,\"source\":\"ec2 main\",\"problem\":null},"
    "{\"id\":\"i-4\",\"group\":\"web\",\"address\":\"10.0.0.4\",\"port\":443,\"az\":null,"
    "\"weight\":9,\"served_weight\":0,\"weight_haproxy\":0,\"state\":\"drained\",\"hold\":null,"
    "\"standby\":true,\"source\":\"ec2 main\",\"problem\":null}],"
    "\"load_balancers\":["
    "{\"address\":\"10.9.0.1\",\"port\":5353,\"generation\":3,\"age_ms\":400,\"is_gone\":false,"
    "\"first_ms_ago\":9000},"
    "{\"address\":\"10.9.0.2\",\"port\":0,\"generation\":2,\"age_ms\":61000,\"is_gone\":true,"
    "\"first_ms_ago\":90000},"
    "{\"address\":\"10.9.0.3\",\"port\":0,\"generation\":0,\"age_ms\":0,\"is_gone\":false,"
    "\"first_ms_ago\":0}]}]}],"
    "\"sources\":[{\"name\":\"ec2 main\",\"looks\":12,\"failures\":1,\"age_ms\":1200,"
    "\"members\":4,\"refused\":[{\"id\":\"i-9\",\"problem\":\"bad-address\"}],"
    "\"last_error\":null},"
    "{\"name\":\"file b\",\"looks\":0,\"failures\":3,\"age_ms\":null,\"members\":0,"
    "\"refused\":[],\"last_error\":\"b.json: not \\u001b there\"}]}";

static void the_whole_document_becomes_tables(void **state)
{
    (void)state;
    assert_prints(
        document,
        "rollcall 0.1.0 at 2026-01-02T03:04:05Z\n"
        "\n"
        "SOURCE    FRESH     LOOKS  FAILED  MEMBERS\n"
        "ec2 main  1.2s ago     12       1        4  refused: i-9 (bad-address)\n"
        "file b    never         0       3        0  failing: b.json: not ? there\n"
        "\n"
        "zone sd.example.com: serial 7, complete\n"
        "\n"
        "cluster web: _web._tcp.sd.example.com.\n"
        "  1 of 4 in service, generation 3, answer of 900 octets, OVER the UDP limit of 512\n"
        "  INSTANCE  STATE    WEIGHT  HAPROXY  ADDRESS        ZONE        HOLD"
        "                                                 PROBLEM\n"
        "  i-1       served    65535      256  10.0.0.1:443   eu-west-1a  -\n"
        "  i-2       drained     100        0  [fd00::2]:443  -           "
        "drain until 2026-01-02T04:00:00Z by ann: new kernel  bad-weight\n"
        "  i-3       maint       100        -  10.0.0.3:443   -           maint\n"
        "  i-4       drained       9        0  10.0.0.4:443   -           standby\n"
        "  LOAD BALANCER   HAS                           ASKED\n"
        "  10.9.0.1:5353   the newest answer             0.4s ago\n"
        "  10.9.0.2 (TCP)  generation 2, not the newest  61s ago, gone\n"
        "  10.9.0.3 (TCP)  not counted yet               0.0s ago\n");
}

static void nothing_served_yet_is_said_in_words(void **state)
{
    (void)state;
    assert_prints("{\"version\":\"1\",\"now\":\"n\",\"zones\":[{\"origin\":\"a.example\","
                  "\"state\":\"loading\",\"serial\":0,\"clusters\":[]}],\"sources\":[]}",
                  "rollcall 1 at n\n\n\nzone a.example: serial 0, loading: a source has not "
                  "delivered yet\n");
}

static void a_zone_that_may_be_out_of_date_says_so(void **state)
{
    (void)state;
    assert_prints("{\"version\":\"1\",\"now\":\"n\",\"zones\":[{\"origin\":\"a.example\","
                  "\"state\":\"complete\",\"serial\":7,\"stale\":true,\"clusters\":[]},"
                  "{\"origin\":\"b.example\",\"state\":\"partial\",\"serial\":8,"
                  "\"stale\":true,\"clusters\":[]},"
                  "{\"origin\":\"c.example\",\"state\":\"complete\",\"serial\":9,"
                  "\"stale\":false,\"clusters\":[]}],\"sources\":[]}",
                  "rollcall 1 at n\n\n"
                  "\nzone a.example: serial 7, complete, STALE: its answers may be out of date\n"
                  "\nzone b.example: serial 8, partial: a source has not delivered yet, STALE: its "
                  "answers may be out of date\n"
                  "\nzone c.example: serial 9, complete\n");
}

/* What the guard holds back, and why not everything is served. */
static void what_somebody_has_to_look_at_stands_out(void **state)
{
    (void)state;
    assert_prints(
        "{\"version\":\"1\",\"now\":\"n\",\"ready\":false,\"reasons\":[\"zone b: file b \\u001b\"],"
        "\"zones\":[],\"sources\":[{\"name\":\"ec2 a\",\"looks\":0,\"failures\":1,\"age_ms\":null,"
        "\"members\":10,\"refused\":[],\"last_error\":\"no way\",\"restored\":true,"
        "\"freezes\":[{\"cluster\":\"web\",\"members\":10,\"held\":6,\"age_ms\":40000,\"polls\":2}]"
        ","
        "\"waiting\":[{\"id\":\"i-1\",\"age_ms\":5},{\"id\":\"i-2\",\"age_ms\":5}]}]}",
        "rollcall 1 at n\n"
        "NOT READY: zone b: file b ?\n"
        "\n"
        "SOURCE  FRESH  LOOKS  FAILED  MEMBERS\n"
        "ec2 a   never      0       1       10  from disk, not confirmed yet; failing: no way; "
        "settling: i-1, i-2\n"
        "FROZEN: 6 of 10 members of cluster web gone at once are kept, since 40s; "
        "rollcall accept web lets them go\n");
}

static void a_member_that_is_kept_says_why(void **state)
{
    (void)state;
    assert_prints(
        "{\"version\":\"1\",\"now\":\"n\",\"zones\":[{\"origin\":\"z\",\"state\":\"complete\","
        "\"serial\":1,\"clusters\":[{\"name\":\"web\",\"srv_name\":\"s\",\"generation\":1,"
        "\"answer_octets\":9,\"udp_limit_octets\":512,\"load_balancers\":[],\"members\":["
        "{\"id\":\"i-1\",\"group\":\"web\",\"address\":\"10.0.0.1\",\"port\":443,\"az\":null,"
        "\"weight\":1,\"served_weight\":1,\"weight_haproxy\":1,\"state\":\"served\",\"hold\":null,"
        "\"standby\":false,\"source\":\"ec2 a\",\"problem\":\"bad-port\",\"kept\":\"frozen\"},"
        "{\"id\":\"i-2\",\"group\":\"web\",\"address\":\"10.0.0.2\",\"port\":443,\"az\":null,"
        "\"weight\":1,\"served_weight\":0,\"weight_haproxy\":0,\"state\":\"overlap\",\"hold\":null,"
        "\"standby\":false,\"source\":\"ec2 a\",\"problem\":null,\"kept\":null}]}]}],"
        "\"sources\":[]}",
        "rollcall 1 at n\n\n\nzone z: serial 1, complete\n\ncluster web: s\n"
        "  1 of 2 in service, generation 1, answer of 9 octets, within the UDP limit of 512\n"
        "  INSTANCE  STATE    WEIGHT  HAPROXY  ADDRESS       ZONE  HOLD  PROBLEM\n"
        "  i-1       served        1        1  10.0.0.1:443  -     -     frozen, bad-port\n"
        "  i-2       overlap       1        0  10.0.0.2:443  -     -\n"
        "  no load balancer has asked\n");
}

static void what_is_no_such_document_is_refused_with_the_place(void **state)
{
    static const struct {
        const char *why;
        const char *json;
        const char *said;
    } rows[] = {
        {"no JSON",                   "<html>",                        ""                                                    },
        {"not an object",             "[]",                            ""                                                    },
        {"nothing in it",             "{}",                            "version"                                             },
        {"another type",              "{\"version\":1}",               "version"                                             },
        {"a cluster without members",
         "{\"version\":\"1\",\"now\":\"n\",\"sources\":[],\"zones\":[{\"origin\":\"a\",\"state\":"
         "\"s\","
         "\"serial\":1,\"clusters\":[{\"name\":\"w\",\"srv_name\":\"w\",\"generation\":1,"
         "\"answer_octets\":1,\"udp_limit_octets\":1}]}]}",            "members"                                             },
        {"a member without a port",
         "{\"version\":\"1\",\"now\":\"n\",\"sources\":[],\"zones\":[{\"origin\":\"a\",\"state\":"
         "\"s\","
         "\"serial\":1,\"clusters\":[{\"name\":\"w\",\"srv_name\":\"w\",\"generation\":1,"
         "\"answer_octets\":1,\"udp_limit_octets\":1,\"members\":[{\"id\":\"i\",\"state\":"
         "\"served\","
         "\"weight\":1,\"weight_haproxy\":1,\"address\":\"a\"}]}]}]}", "zones[0].clusters[0].members[0]: \"port\" is missing"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct error error = {""};
        char *text = printed(rows[i].json, &error);

        if (text != NULL || error.text[0] == '\0' || strstr(error.text, rows[i].said) == NULL) {
            fail_msg("%s: %s", rows[i].why, error.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_document_becomes_tables),
        cmocka_unit_test(what_somebody_has_to_look_at_stands_out),
        cmocka_unit_test(a_member_that_is_kept_says_why),
        cmocka_unit_test(nothing_served_yet_is_said_in_words),
        cmocka_unit_test(a_zone_that_may_be_out_of_date_says_so),
        cmocka_unit_test(what_is_no_such_document_is_refused_with_the_place),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
