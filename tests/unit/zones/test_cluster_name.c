/* SPDX-License-Identifier: MIT */

/* tests/unit/zones/test_cluster_name.c - owner names made from the cluster-name setting. */

#include "fixture.h"
#include "zones/cluster_name.h"

struct naming_row {
    const char *why;
    const char *pattern;
    const char *cluster;
    const char *expected; /* NULL: refused */
};

static void the_srv_name_is_made_from_cluster_name(void **state)
{
    static const struct naming_row rows[] = {
        {"the default",                "_{group}._tcp",  "web",             "_web._tcp.sd.example.com."                                                      },
        {"the group alone",            "{group}",        "web",             "web.sd.example.com."                                                            },
        {"inside a label",             "a-{group}-b.c",  "web",             "a-web-b.c.sd.example.com."                                                      },
        {"capitals",                   "_{group}._TCP",  "web",             "_web._tcp.sd.example.com."                                                      },
        {"no group",                   "_web._tcp",      "web",             NULL                                                                             },
        {"the group twice in a label", "{group}{group}", "w",               NULL                                                                             },
        {"an empty label",             "_{group}.._tcp", "web",             NULL                                                                             },
        {"a dot at the end",           "_{group}._tcp.", "web",             NULL                                                                             },
        {"a dot at the start",         "._{group}",      "web",             NULL                                                                             },
        {"a space",                    "_{group} x",     "web",             NULL                                                                             },
        {"a label of 64 octets",       "_{group}",
         "a23456789012345678901234567890123456789012345678901234567890123", NULL                                                                             },
        {"a label of 63 octets",       "{group}",
         "a23456789012345678901234567890123456789012345678901234567890123", "a23456789012345678901234567890123456789012345678901234567890123.sd.example.com."},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct name nameserver;
        struct zone zone = fixture_zone("sd.example.com", &nameserver);
        struct name name;
        struct error error = {{0}};
        char text[NAME_MAX_TEXT] = "";
        bool is_made = false;

        zone.cluster_name = rows[i].pattern;
        is_made = cluster_srv_name(&name, &zone, rows[i].cluster, &error);
        if (is_made != (rows[i].expected != NULL) ||
            (is_made && strcmp(name_to_text(&name, text), rows[i].expected) != 0)) {
            fail_msg("%s: %s %s", rows[i].why, text, error.text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_srv_name_is_made_from_cluster_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
