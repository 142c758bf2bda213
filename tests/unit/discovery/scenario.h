/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/scenario.h - scenario files: their lines, cut into words, and failures that
 * name the line. A file is a test of its own.
 */

#ifndef TESTS_UNIT_DISCOVERY_SCENARIO_H
#define TESTS_UNIT_DISCOVERY_SCENARIO_H

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCENARIO_LINE_SIZE = 512, SCENARIO_WORDS_MAX = 64 };

/* Where the reader is. */
struct scenario {
    const char *path;
    int line_number; /* 0: before the first */
};

/* What a line says; the words belong to the text that they were cut from. */
struct scenario_line {
    char *words[SCENARIO_WORDS_MAX];
    size_t count;
};

#define scenario_fail(scenario, ...)                                                               \
    do {                                                                                           \
        print_error("%s:%d: ", (scenario)->path, (scenario)->line_number);                         \
        fail_msg(__VA_ARGS__);                                                                     \
    } while (0)

static inline int64_t scenario_number(const struct scenario *scenario, const char *text)
{
    char *end = NULL;
    long long value = strtoll(text, &end, 10);

    if (end == text || *end != '\0') {
        scenario_fail(scenario, "\"%s\" is no number", text);
    }
    return value;
}

/* The words before the comment, if there is one. */
static inline struct scenario_line scenario_cut(const struct scenario *scenario, char *text)
{
    struct scenario_line line = {.count = 0};
    char *rest = NULL;

    text[strcspn(text, "#\n")] = '\0';
    for (char *word = strtok_r(text, " \t", &rest); word != NULL;
         word = strtok_r(NULL, " \t", &rest)) {
        if (line.count == SCENARIO_WORDS_MAX) {
            scenario_fail(scenario, "more than %d words", SCENARIO_WORDS_MAX);
        }
        line.words[line.count++] = word;
    }
    return line;
}

static inline void scenario_drop(struct scenario_line *line, size_t count)
{
    line->count -= count;
    memmove(&line->words[0], &line->words[count], line->count * sizeof(line->words[0]));
}

/* The moment of a command that begins with "at MOMENT", which goes from the line; or NULL. */
static inline const char *scenario_take_moment(struct scenario_line *line)
{
    const char *moment = line->words[1];

    if (line->count <= 2 || strcmp(line->words[0], "at") != 0) {
        return NULL;
    }
    scenario_drop(line, 2);
    return moment;
}

/* Give `run` every line of the file at scenario->path. */
static inline void scenario_read(struct scenario *scenario, void (*run)(void *owner, char *text),
                                 void *owner)
{
    char text[SCENARIO_LINE_SIZE];
    FILE *file = fopen(scenario->path, "r");

    assert_non_null(file);
    while (fgets(text, sizeof(text), file) != NULL) {
        scenario->line_number++;
        run(owner, text);
    }
    fclose(file);
}

/* Run `test` with the path of each file of the pattern as its state; what main() returns. */
static inline int scenario_run_group(const char *name, const char *pattern, CMUnitTestFunction test)
{
    glob_t found = {0};
    struct CMUnitTest *tests = NULL;
    int failures = 0;

    if (glob(pattern, 0, NULL, &found) != 0) {
        fprintf(stderr, "no %s here: run it from the source directory\n", pattern);
        return 1;
    }
    tests = calloc(found.gl_pathc, sizeof(*tests));
    for (size_t i = 0; tests != NULL && i < found.gl_pathc; i++) {
        tests[i] = (struct CMUnitTest){
            .name = strrchr(found.gl_pathv[i], '/') + 1,
            .test_func = test,
            .initial_state = found.gl_pathv[i],
        };
    }
    failures = _cmocka_run_group_tests(name, tests, found.gl_pathc, NULL, NULL);
    free(tests);
    globfree(&found);
    return failures;
}

#endif
