/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_fleet_file.c - what a fleet file says, and what is wrong with one.
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

#include "discovery/fleet_file.h"

static const char example[] =
    "{\"groups\":[{\"name\":\"db\",\"members\":[\n"
    "  {\"id\":\"db-2\",\"address\":\"fd00::5\",\"az\":\"rack-1\"},\n"
    "  {\"id\":\"db-1\",\"address\":\"10.0.3.7\",\"port\":5432,\"weight\":0}]},\n"
    " {\"name\":\"prod-Web-asg\",\"members\":[{\"id\":\"w\",\"address\":\"10.0.3.7\"}]},\n"
    " {\"name\":\"none yet\",\"members\":[]}]}\n";

static void members_become_running_instances(void **state)
{
    struct error error = {""};
    struct inventory *inventory = fleet_file_parse(example, strlen(example), &error);
    const struct instance *instance = NULL;

    (void)state;
    if (inventory == NULL) {
        fail_msg("%s", error.text);
    }
    assert_int_equal(inventory->count, 3);
    instance = inventory_find(inventory, "db-1");
    assert_string_equal(instance->group, "db");
    assert_string_equal(instance->address_tag, "10.0.3.7");
    assert_string_equal(instance->port_tag, "5432");
    assert_string_equal(instance->weight_tag, "0");
    assert_null(instance->az);
    assert_null(instance->private_address);
    assert_int_equal(instance->state, STATE_RUNNING);
    instance = inventory_find(inventory, "db-2");
    assert_string_equal(instance->address_tag, "fd00::5");
    assert_null(instance->port_tag);
    assert_string_equal(instance->weight_tag, "65535");
    assert_string_equal(instance->az, "rack-1");
    assert_string_equal(inventory_find(inventory, "w")->group, "prod-Web-asg");
    inventory_free(inventory);
}

static void a_member_may_have_a_hold(void **state)
{
    static const char text[] = "{\"groups\":[{\"name\":\"db\",\"members\":[{\"id\":\"db-1\","
                               "\"address\":\"10.0.3.7\",\"hold\":\"drain by=ann\"}]}]}";
    static const char bad[] = "{\"groups\":[{\"name\":\"db\",\"members\":[{\"id\":\"db-1\","
                              "\"address\":\"10.0.3.7\",\"hold\":\"off\"}]}]}";
    struct error error = {""};
    struct inventory *inventory = fleet_file_parse(text, sizeof(text) - 1, &error);

    (void)state;
    assert_non_null(inventory);
    assert_string_equal(inventory->instances[0].hold_tag, "drain by=ann");
    inventory_free(inventory);
    assert_null(fleet_file_parse(bad, sizeof(bad) - 1, &error));
    assert_non_null(strstr(error.text, "hold: begins with \"off\", not with drain or maint"));
    assert_non_null(strstr(error.text, "db-1"));
}

static void a_file_may_say_that_there_is_nobody(void **state)
{
    struct inventory *inventory = fleet_file_parse("{\"groups\":[]}", 13, NULL);

    (void)state;
    assert_non_null(inventory);
    assert_int_equal(inventory->count, 0);
    inventory_free(inventory);
}

/* The text of a file with one group "g" whose only member is `member`. */
static void check_member_refused(const char *member, const char *why)
{
    char text[500];
    struct error error = {""};
    int length =
        snprintf(text, sizeof(text), "{\"groups\":[{\"name\":\"g\",\"members\":[%s]}]}", member);

    if (fleet_file_parse(text, (size_t)length, &error) != NULL) {
        fail_msg("taken: %s", member);
    }
    if (strstr(error.text, why) == NULL) {
        fail_msg("%s gives: %s", member, error.text);
    }
}

static void a_wrong_member_is_told_by_its_place_and_id(void **state)
{
    static const struct {
        const char *member;
        const char *why;
    } cases[] = {
        {"7",                                                                               "groups[0].members[0]: a number, not an object"             },
        {"{}",                                                                              "groups[0].members[0]: \"id\" is missing"                   },
        {"{\"id\":7}",                                                                      "groups[0].members[0].id: a number, not a string"           },
        {"{\"id\":\"\"}",                                                                   "groups[0].members[0].id: \"\" is not a DNS label"          },
        {"{\"id\":\"A\"}",                                                                  "groups[0].members[0].id: \"A\" is not a DNS label"         },
        {"{\"id\":\"a.b\"}",                                                                "groups[0].members[0].id: \"a.b\" is not a DNS label"       },
        {"{\"id\":\"a\"}",                                                                  "member \"a\": groups[0].members[0]: \"address\" is missing"},
        {"{\"id\":\"a\",\"address\":null}",
         "member \"a\": groups[0].members[0].address: null, not a"                                                                                      },
        {"{\"id\":\"a\",\"address\":\"10.0.0\"}",
         "address: \"10.0.0\" is not the address of a host"                                                                                             },
        {"{\"id\":\"a\",\"address\":\"0.0.0.0\"}",                                          "address: \"0.0.0.0\" is not the address"                   },
        {"{\"id\":\"a\",\"address\":\"224.0.0.1\"}",                                        "address: \"224.0.0.1\" is not the address"                 },
        {"{\"id\":\"a\",\"address\":\"web.example.com\"}",
         "\"web.example.com\" is not the address"                                                                                                       },
        {"{\"id\":\"a\",\"address\":\"10.0.0.1\",\"port\":0}",                              "port: 0 is not in 1 to 65535"                              },
        {"{\"id\":\"a\",\"address\":\"10.0.0.1\",\"port\":\"80\"}",                         "port: a string, not a number"                              },
        {"{\"id\":\"a\",\"address\":\"10.0.0.1\",\"weight\":65536}",
         "weight: 65536 is not in 0 to"                                                                                                                 },
        {"{\"id\":\"a\",\"address\":\"10.0.0.1\",\"weight\":-1}",
         "weight: -1 is not in 0 to 65535"                                                                                                              },
        {"{\"id\":\"a\",\"address\":\"10.0.0.1\",\"weight\":1.5}",
         "weight: 1.5 is not a whole number"                                                                                                            },
        {"{\"id\":\"a\",\"address\":\"10.0.0.1\",\"az\":\"\\n\"}",                          "az: \"?\" is not a word"                                   },
        {"{\"id\":\"a\",\"address\":\"10.0.0.1\",\"az\":3}",                                "az: a number, not a string"                                },
        {"{\"id\":\"a\",\"address\":\"10.0.0.1\",\"wieght\":3}",
         "member \"a\": groups[0].members[0]: unknown key \"wieght\""                                                                                   },
        {"{\"id\":\"a\",\"id\":\"b\"}",                                                     "groups[0].members[0]: \"id\" is there twice"               },
        {"{\"id\":\"a\",\"address\":\"10.0.0.1\"},{\"id\":\"a\",\"address\":\"10.0.0.2\"}",
         "groups[0].members[1].id: \"a\" is the id of groups[0].members[0] too"                                                                         },
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        check_member_refused(cases[index].member, cases[index].why);
    }
}

static void a_wrong_document_is_told(void **state)
{
    static const struct {
        const char *text;
        const char *why;
    } cases[] = {
        {"",                                                                                  "line 1, column 1: the text ends too early"                           },
        {"[]",                                                                                "document: an array, not an object"                                   },
        {"{}",                                                                                "document: \"groups\" is missing"                                     },
        {"{\"groups\":{}}",                                                                   "groups: an object, not an array"                                     },
        {"{\"groups\":[],\"x\":1}",                                                           "document: unknown key \"x\""                                         },
        {"{\"groups\":[1]}",                                                                  "groups[0]: a number, not an object"                                  },
        {"{\"groups\":[{\"members\":[]}]}",                                                   "groups[0]: \"name\" is missing"                                      },
        {"{\"groups\":[{\"name\":\"a\"}]}",                                                   "groups[0]: \"members\" is missing"                                   },
        {"{\"groups\":[{\"name\":\"\",\"members\":[]}]}",                                     "groups[0].name: empty"                                               },
        {"{\"groups\":[{\"name\":\"a\",\"members\":[],\"port\":1}]}",                         "groups[0]: unknown key"                                              },
        {"{\"groups\":[{\"name\":\"a\",\"members\":[]},{\"name\":\"b\",\"members\":[]},"
         "{\"name\":\"a\",\"members\":[]}]}",                                        "groups[2].name: \"a\" is the name of groups[0] too"                  },
        {"{\"groups\":[{\"name\":\"a\",\"members\":[{\"id\":\"x\",\"address\":\"10.0.0.1\"}]},"
         "{\"name\":\"b\",\"members\":[{\"id\":\"x\",\"address\":\"10.0.0.1\"}]}]}", "groups[1].members[0].id: \"x\" is the id of groups[0].members[0] too"},
    };

    (void)state;
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        struct error error = {""};

        assert_null(fleet_file_parse(cases[index].text, strlen(cases[index].text), &error));
        if (strstr(error.text, cases[index].why) == NULL) {
            fail_msg("%s gives: %s", cases[index].text, error.text);
        }
    }
}

static void a_file_that_is_cut_anywhere_is_refused(void **state)
{
    (void)state;
    /* The last octet is a newline that nobody misses. */
    for (size_t length = 0; length + 2 < sizeof(example); length++) {
        struct error error = {""};
        char *cut = malloc(length + 1);

        memcpy(cut, example, length);
        assert_null(fleet_file_parse(cut, length, &error));
        assert_int_not_equal(error.text[0], '\0');
        free(cut);
    }
}

static void any_octet_in_any_place_gives_an_inventory_or_a_message(void **state)
{
    static const char octets[] = "\"{}[],:\\x0 \n\x80\xff";

    (void)state;
    for (size_t place = 0; place + 1 < sizeof(example); place++) {
        for (size_t index = 0; index < sizeof(octets); index++) {
            char text[sizeof(example)];
            struct error error = {""};
            struct inventory *inventory = NULL;

            memcpy(text, example, sizeof(text));
            text[place] = octets[index];
            inventory = fleet_file_parse(text, sizeof(text) - 1, &error);
            assert_int_equal(inventory == NULL, error.text[0] != '\0');
            inventory_free(inventory);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_become_running_instances),
        cmocka_unit_test(a_member_may_have_a_hold),
        cmocka_unit_test(a_file_may_say_that_there_is_nobody),
        cmocka_unit_test(a_wrong_member_is_told_by_its_place_and_id),
        cmocka_unit_test(a_wrong_document_is_told),
        cmocka_unit_test(a_file_that_is_cut_anywhere_is_refused),
        cmocka_unit_test(any_octet_in_any_place_gives_an_inventory_or_a_message),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
