/* SPDX-License-Identifier: MIT */

/*
 * The record files of a configuration's zones: judged with the configuration, or read to be served.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/config_records.h"

enum { TEXT_SIZE = 4096 };

static char folder[] = "/tmp/rollcall-records-XXXXXX";

static void file_write(const char *name, const char *text)
{
    char path[128];
    FILE *file = NULL;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "we");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
}

/* What was told, without the folder, one per line. */
static void on_complaint(void *owner, const char *text)
{
    char *told = owner;

    assert_memory_equal(text, folder, strlen(folder));
    strncat(told, text + strlen(folder) + 1, TEXT_SIZE - strlen(told) - 1);
    strncat(told, "\n", TEXT_SIZE - strlen(told) - 1);
}

static bool load(struct config **config, const char *text, char *told)
{
    char path[128];

    file_write("c", text);
    snprintf(path, sizeof(path), "%s/c", folder);
    told[0] = '\0';
    return config_load_checked(config, path, on_complaint, told);
}

static const char good_start[] = "listen = \"127.0.0.1:53\"\n"
                                 "zone \"a.example\" { nameservers = \"x\"\n";

/* The lines of what is told that begin so, in this order and no other. */
static const struct {
    const char *why;
    const char *text; /* after good_start */
    const char *told[4];
    bool is_whole;
} rows[] = {
    {"a right file",                     "records = good }\n",                            {NULL},                                                                         true },
    {"no file named",                    "}\n",                                           {NULL},                                                                         true },
    {"a missing file",                   "records = none }\n",                            {"c:3: records: /none: No such file"},                                          true },
    {"a folder",                         "records = \".\" }\n",                           {"c:3: records: /."},                                                           true },
    {"a bad record",                     "\nrecords = bad }\n",                           {"c:4: records: /bad: line 2: "},                                               true },
    {"an empty path is none",            "records = \"\" }\n",                            {NULL},                                                                         true },
    {"other errors before it and in it",
     "ttl = x\nrecords = none }\nbogus = 1\n",                                            {"c:3: ttl \"x\"", "c:4: records: /none: ", "c:5: unknown key"},
     false                                                                                                                                                                     },
    {"a syntax error after it",
     "records = bad }\n}\n",                                                              {"c:3: records: /bad: line 2: ", "c:4: "},
     false                                                                                                                                                                     },
    {"a user whom nobody knows",
     "}\nuser = \"no-such-rollcall\"\n",                                                  {"c:4: user no-such-rollcall: there is no such user"},
     true                                                                                                                                                                      },
    {"a user who is root",
     "records = none }\nuser = root\n",                                                   {"c:3: records: /none: ", "c:4: user root: is root"},
     true                                                                                                                                                                      },
    {"a syntax error before it",         "}\n}\nzone \"b.example\" { records = none }\n", {"c:4: "},                                                                      false},
    {"the zone's twin",
     "records = good }\nzone \"a.example\" { records = bad }\n",                          {"c:4: section zone a.example is there twice", "c:4: records: /bad: line 2: "},
     false                                                                                                                                                                     },
    {"a zone whose name is wrong",
     "}\nzone \"b..c\" { nameservers = \"x\" records = bad }\n",                          {"c:4: zone: name \"b..c\""},
     false                                                                                                                                                                     },
    {"the missing file of such a zone",
     "}\nzone \"b..c\" { nameservers = \"x\" records = none }\n",                         {"c:4: zone: name \"b..c\"", "c:4: records: /none: No such file"},
     false                                                                                                                                                                     },
};

/* "records: /none" of a row is "records: FOLDER/none" in what is told. */
static bool line_matches(const char *line, const char *wanted)
{
    char whole[256];
    const char *mark = strstr(wanted, "records: /");

    if (mark == NULL) {
        return strncmp(line, wanted, strlen(wanted)) == 0;
    }
    snprintf(whole, sizeof(whole), "%.*srecords: %s%s", (int)(mark - wanted), wanted, folder,
             mark + strlen("records: "));
    return strncmp(line, whole, strlen(whole)) == 0;
}

static void record_files_are_judged_with_all_the_rest(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[TEXT_SIZE];
        char told[TEXT_SIZE];
        struct config *config = NULL;
        const char *line = told;
        bool is_right = false;

        snprintf(text, sizeof(text), "%s%s", good_start, rows[i].text);
        is_right = load(&config, text, told);
        if (is_right != (rows[i].told[0] == NULL) || (config != NULL) != rows[i].is_whole) {
            fail_msg("%s: %s", rows[i].why, told);
        }
        for (size_t j = 0; j < 4 && rows[i].told[j] != NULL; j++) {
            if (!line_matches(line, rows[i].told[j])) {
                fail_msg("%s: no \"%s\" in %s", rows[i].why, rows[i].told[j], told);
            }
            line = strchr(line, '\n') + 1;
        }
        assert_string_equal(line, "");
        config_free(config);
    }
}

static void records_to_be_served_tell_the_path_and_the_line(void **state)
{
    static const struct {
        const char *name;
        const char *said; /* NULL: right */
    } files[] = {
        {"good", NULL                       },
        {"bad",  "line 2: "                 },
        {"none", "No such file or directory"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct config_zone zone = {.zone = {.ttl_seconds = 10}};
        struct record_list list = {.count = 0};
        char path[128];
        struct arena arena;
        struct error error = {""};

        snprintf(path, sizeof(path), "%s/%s", folder, files[i].name);
        zone.records_path = path;
        assert_true(name_from_text(&zone.zone.origin, "a.example", &error));
        arena_init(&arena);
        assert_int_equal(config_records_read(&list, &zone, &arena, &error), files[i].said == NULL);
        if (files[i].said == NULL) {
            assert_int_equal(list.count, 2);
        } else {
            assert_memory_equal(error.text, path, strlen(path));
            assert_memory_equal(error.text + strlen(path), ": ", 2);
            assert_memory_equal(error.text + strlen(path) + 2, files[i].said,
                                strlen(files[i].said));
        }
        arena_free(&arena);
    }
}

static int folder_make(void **state)
{
    (void)state;
    assert_non_null(mkdtemp(folder));
    file_write("good", "www A 10.0.0.1\nwww A 10.0.0.2\n");
    file_write("bad", "www A 10.0.0.1\nwww A 10.0.0\n");
    return 0;
}

static int folder_remove(void **state)
{
    static const char *const names[] = {"good", "bad", "c"};

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_files_are_judged_with_all_the_rest),
        cmocka_unit_test(records_to_be_served_tell_the_path_and_the_line),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
