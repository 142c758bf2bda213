/* SPDX-License-Identifier: MIT */

/*
 * server/options.h - the command line: one table of verbs and one of options.
 *
 * Both drive the reading of arguments, the dispatch and --help.
 */

#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

/* Exit codes of every verb. */
enum exit_status { STATUS_DONE = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

/* What the arguments say. Texts are borrowed from argv. */
struct options {
    const struct verb *verb;
    const char *config_path;
    bool prints_config;    /* check --print-config */
    bool prints_reference; /* check --print-reference, for the makers of rollcall */
};

struct verb {
    const char *name;
    unsigned options; /* bits: 1 << index of a row of the options' table */
    const char *summary;
    const char *description;
    enum exit_status (*run)(const struct options *options);
};

enum options_verdict {
    OPTIONS_RUN,   /* options->verb is to be run */
    OPTIONS_DONE,  /* help or version was printed to `out`: STATUS_DONE */
    OPTIONS_WRONG, /* what is wrong was printed to `err`: STATUS_USAGE */
};

/* Read the arguments. Main thread only: getopt_long() keeps its place in globals. */
enum options_verdict options_parse(struct options *options, int argc, char **argv, FILE *out,
                                   FILE *err);

#endif
