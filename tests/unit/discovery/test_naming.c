/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_naming.c - rename rules and the names that they give.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "discovery/naming.h"

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* What the rules, up to the first NULL of three, make of `group`. */
static bool cluster_name(const char *const rules[3], const char *group,
                         char name[CLUSTER_NAME_SIZE], struct error *error)
{
    struct naming *naming = NULL;
    size_t count = 0;
    bool named = false;

    while (count < 3 && rules[count] != NULL) {
        count++;
    }
    if (!naming_new(&naming, rules, count, error)) {
        fail_msg("%s", error->text);
    }
    named = naming_cluster(naming, group, name, error);
    naming_free(naming);
    return named;
}

static void groups_become_clusters(void **state)
{
    static const struct {
        const char *why;
        const char *rules[3];
        const char *group;
        const char *cluster; /* NULL: an error */
    } cases[] = {
        {"no rule: the group's name",  {NULL},                          "web",          "web"     },
        {"capitals become small",      {NULL},                          "Web-API",      "web-api" },
        {"63 octets fit",              {NULL},                          A63,            A63       },
        {"64 octets do not",           {NULL},                          A63 "a",        NULL      },
        {"a dot is no label",          {NULL},                          "web.prod",     NULL      },
        {"a space is no label",        {NULL},                          "web prod",     NULL      },
        {"a hyphen at the end",        {NULL},                          "web-",         NULL      },
        {"octets over 127",
         {NULL},
         "w\xd0\xb5"
         "b",                                                                           NULL      },
        {"nothing",                    {NULL},                          "",             NULL      },
        {"a group of the pattern",     {"^prod-(.*)-asg$ -> \\1"},      "prod-web-asg", "web"     },
        {"the result is lower-cased",  {"^prod-(.*)-asg$ -> \\1"},      "prod-WEB-asg", "web"     },
        {"no match leaves the name",   {"^prod-(.*)-asg$ -> \\1"},      "test-web",     "test-web"},
        {"an empty result is no name", {"^prod-(.*)-asg$ -> \\1"},      "prod--asg",    NULL      },
        {"the whole match",            {"b[a-z]+ -> x-\\0"},            "aa-bcd-9",     "x-bcd"   },
        {"two groups, turned round",   {"^(.*)[.](.*)$ -> \\2-\\1"},    "web.blue",     "blue-web"},
        {"a group that took no part",  {"^(a)|(b)$ -> x\\1\\2"},        "b",            "xb"      },
        {"the same group twice",       {"^(.)$ -> \\1\\1\\1"},          "z",            "zzz"     },
        {"the first match counts",     {"^a -> one", "^ab -> two"},     "ab",           "one"     },
        {"the second when it must",    {"^x -> one", "^ab -> two"},     "ab",           "two"     },
        {"rules are not chained",      {"^a$ -> b", "^b$ -> c"},        "a",            "b"       },
        {"an arrow in the pattern",    {"^a -> b -> c"},                "a -> b",       "c"       },
        {"more than a label",          {"^(.*)$ -> \\1\\1"},            A63,            NULL      },
        {"exactly a label",            {"^(a*)b$ -> \\1"},              A63 "b",        A63       },
        {"a bad name may be repaired", {"^(.*) \\(old\\)$ -> \\1-old"}, "Web (old)",    "web-old" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char name[CLUSTER_NAME_SIZE];
        struct error error = {""};
        bool named = cluster_name(cases[i].rules, cases[i].group, name, &error);

        if (named != (cases[i].cluster != NULL) || (named && strcmp(name, cases[i].cluster) != 0)) {
            fail_msg("%s: %s", cases[i].why, named ? name : error.text);
        }
        if (!named && strstr(error.text, "group") == NULL) {
            fail_msg("%s: does not name the group: %s", cases[i].why, error.text);
        }
    }
}

static void bad_rules_are_named(void **state)
{
    static const struct {
        const char *why;
        const char *rule;
        const char *says;
    } cases[] = {
        {"no arrow",                   "^prod-(.*)$",                  "->"      },
        {"an arrow without spaces",    "^prod-(.*)$->\\1",             "->"      },
        {"nothing before",             " -> web",                      "before"  },
        {"nothing after",              "^a$ -> ",                      "after"   },
        {"an open bracket",            "^(a$ -> b",                    "pattern" },
        {"an open class",              "^[a$ -> b",                    "pattern" },
        {"a group that is not there",  "^(a)$ -> \\2",                 "1 groups"},
        {"a group where none is",      "^a$ -> \\1",                   "0 groups"},
        {"backslash at the end",       "^a$ -> b\\",                   "digit"   },
        {"backslash and a letter",     "^a$ -> \\n",                   "digit"   },
        {"a dot in the replacement",   "^a$ -> b.c",                   "'.'"     },
        {"a space in the replacement", "^a$ -> b c",                   "' '"     },
        {"a reference in the pattern", "^(a)\\1$ -> b",                "pattern" },
        {"repeats multiplied",         "((a{100}){100}){100} -> b",    "repeats" },
        {"one repeat too many",        "a{1,1025} -> b",               "repeats" },
        {"a repeat that wraps around", "a{18446744073709551617} -> b", "repeats" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *rules[] = {"^first$ -> good", cases[i].rule};
        struct naming *naming = NULL;
        struct error error = {""};

        if (naming_new(&naming, rules, 2, &error)) {
            fail_msg("%s: was taken", cases[i].why);
        }
        assert_null(naming);
        if (strstr(error.text, cases[i].rule) == NULL ||
            strstr(error.text, cases[i].says) == NULL) {
            fail_msg("%s: says only: %s", cases[i].why, error.text);
        }
    }
}

static void a_rule_of_more_than_256_octets_is_refused(void **state)
{
    char rule[320];
    const char *rules[] = {rule};
    struct naming *naming = NULL;
    struct error error;

    (void)state;
    memset(rule, 'a', sizeof(rule));
    memcpy(&rule[251], " -> b", sizeof(" -> b"));
    assert_true(naming_new(&naming, rules, 1, &error));
    naming_free(naming);
    memset(rule, 'a', sizeof(rule));
    memcpy(&rule[252], " -> b", sizeof(" -> b"));
    assert_false(naming_new(&naming, rules, 1, &error));
}

static void escapes_and_repeats_of_the_pattern_still_work(void **state)
{
    const char *rules[] = {"^\\{([a-z]{2,3})\\}x{0}$ -> \\1", "^[{]([0-9]{4,})$ -> n\\1"};
    struct naming *naming = NULL;
    struct error error = {""};
    char name[CLUSTER_NAME_SIZE];

    (void)state;
    assert_true(naming_new(&naming, rules, 2, &error));
    assert_true(naming_cluster(naming, "{abc}", name, &error));
    assert_string_equal(name, "abc");
    assert_true(naming_cluster(naming, "{12345", name, &error));
    assert_string_equal(name, "n12345");
    naming_free(naming);
}

static void the_error_tells_group_and_result(void **state)
{
    const char *rules[] = {"^prod-(.*)$ -> \\1"};
    struct naming *naming = NULL;
    struct error error = {""};
    char name[CLUSTER_NAME_SIZE];

    (void)state;
    assert_true(naming_new(&naming, rules, 1, &error));
    assert_false(naming_cluster(naming, "prod-My Web", name, &error));
    assert_non_null(strstr(error.text, "\"prod-My Web\""));
    assert_non_null(strstr(error.text, "\"my web\""));
    naming_free(naming);
    naming_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(groups_become_clusters),
        cmocka_unit_test(bad_rules_are_named),
        cmocka_unit_test(a_rule_of_more_than_256_octets_is_refused),
        cmocka_unit_test(escapes_and_repeats_of_the_pattern_still_work),
        cmocka_unit_test(the_error_tells_group_and_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
