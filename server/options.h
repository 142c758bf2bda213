/* SPDX-License-Identifier: MIT */

/*
 * server/options.h - the command line: one table of verbs and one of options.
 *
 * Both drive the reading of arguments, the dispatch and --help.
 */

#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Exit codes of every verb. */
enum exit_status {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
    STATUS_NOT_CONVERGED = 3, /* --wait: done, but not every load balancer has it in time */
};

/* Of the verbs that change instances; texts as given, NULL when not. server/order_request.h reads
 * them. */
struct order_options {
    const char *cluster;
    const char *az;
    const char *percent;
    const char *duration; /* --for */
    const char *reason;
    const char *wait_timeout;
    const char *resolve;
    bool waits;
    bool is_dry_run;
    bool is_forced;
};

/* What the arguments say. Texts are borrowed from argv. */
struct options {
    const struct verb *verb;
    const char *config_path;
    bool prints_config;    /* check --print-config */
    bool prints_reference; /* check --print-reference, for the makers of rollcall */
    bool is_json;          /* -o json */
    struct order_options order;
    char **arguments; /* what stands besides the options, in order */
    size_t argument_count;
};

struct verb {
    const char *name;
    unsigned options;      /* bits: 1 << index of a row of the options' table */
    const char *arguments; /* as help shows them: "[CLUSTER]"; NULL: none */
    size_t argument_max;   /* SIZE_MAX: any number */
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
