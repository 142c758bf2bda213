/* SPDX-License-Identifier: MIT */

/*
 * server/options.c - reads the command line by its two tables.
 */

#include "server/options.h"

#include <getopt.h>
#include <string.h>

#include "server/config.h"
#include "server/verb_table.h"

/* What getopt_long() gives for an option without a letter: past every character. */
enum { OPTION_CODE = 256 };

static const char statuses_help[] =
    "\nExit status: 0 done, 1 failed, 2 wrong usage, 3 not seen by every load balancer in time.\n";

static void help_print(FILE *out)
{
    fputs("rollcall - authoritative DNS for HAProxy, from EC2 tags\n\n"
          "usage: rollcall VERB [OPTION...]\n\nverbs:\n",
          out);
    for (size_t i = 0; verb_at(i) != NULL; i++) {
        fprintf(out, "  %-10s %s\n", verb_at(i)->name, verb_at(i)->summary);
    }
    fprintf(out, "  %-10s %s\n", "help VERB", "tell more about a verb");
    fputs("\noptions:\n  -h, --help     print this help\n  -V, --version  print the version\n",
          out);
    fputs(statuses_help, out);
}

static void verb_help_print(const struct verb *verb, FILE *out)
{
    fprintf(out, "rollcall %s - %s\n\nusage: rollcall %s [OPTION...]%s%s\n\n%s\noptions:\n",
            verb->name, verb->summary, verb->name, verb->arguments == NULL ? "" : " ",
            verb->arguments == NULL ? "" : verb->arguments, verb->description);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const char *argument = option_row((enum option_id)i)->argument == NULL
                                   ? ""
                                   : option_row((enum option_id)i)->argument;
        int width = (int)(strlen(option_row((enum option_id)i)->name) + 1 + strlen(argument));

        if ((verb->options & option_bit((enum option_id)i)) == 0 ||
            option_row((enum option_id)i)->help == NULL) {
            continue;
        }
        if (option_row((enum option_id)i)->letter != 0) {
            fprintf(out, "  -%c, ", option_row((enum option_id)i)->letter);
        } else {
            fputs("      ", out);
        }
        fprintf(out, "--%s %s%*s %s\n", option_row((enum option_id)i)->name, argument,
                width < 14 ? 14 - width : 0, "", option_row((enum option_id)i)->help);
    }
    fputs(statuses_help, out);
}

/* Print what is wrong and where help is. */
static enum options_verdict wrong(FILE *err, const struct verb *verb, const char *what,
                                  const char *which)
{
    fprintf(err, "rollcall: %s%s\nTry: rollcall %s%s\n", what, which,
            verb == NULL ? "--help" : "help ", verb == NULL ? "" : verb->name);
    return OPTIONS_WRONG;
}

/* Without a verb, or before it. */
static enum options_verdict options_without_verb(int argc, char **argv, FILE *out, FILE *err)
{
    const char *first = argc > 1 ? argv[1] : NULL;

    if (first == NULL) {
        help_print(err);
        return OPTIONS_WRONG;
    }
    if (strcmp(first, "--version") == 0 || strcmp(first, "-V") == 0) {
        fprintf(out, "rollcall %s\n", ROLLCALL_VERSION);
        return OPTIONS_DONE;
    }
    if (strcmp(first, "help") == 0 && argc > 2) {
        const struct verb *verb = verb_find(argv[2]);

        if (verb == NULL) {
            return wrong(err, NULL, "no such verb: ", argv[2]);
        }
        verb_help_print(verb, out);
        return OPTIONS_DONE;
    }
    if (strcmp(first, "help") == 0 || strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0) {
        help_print(out);
        return OPTIONS_DONE;
    }
    return wrong(err, NULL, first[0] == '-' ? "no such option: " : "no such verb: ", first);
}

/* The verb's rows in the form that getopt_long() wants. */
static void getopt_fill(const struct verb *verb, struct option *longs, char *letters)
{
    *letters++ = ':';
    for (int i = 0; i < OPTION_COUNT; i++) {
        if ((verb->options & option_bit((enum option_id)i)) == 0) {
            continue;
        }
        *longs++ = (struct option){.name = option_row((enum option_id)i)->name,
                                   .has_arg = option_row((enum option_id)i)->argument != NULL,
                                   .val = OPTION_CODE + i};
        if (option_row((enum option_id)i)->letter != 0) {
            *letters++ = option_row((enum option_id)i)->letter;
        }
        if (option_row((enum option_id)i)->letter != 0 &&
            option_row((enum option_id)i)->argument != NULL) {
            *letters++ = ':';
        }
    }
    *longs = (struct option){.name = NULL};
    *letters = '\0';
}

/* The row that getopt_long() found, by letter or by name, or OPTION_COUNT. */
static int option_found(int code)
{
    if (code >= OPTION_CODE) {
        return code - OPTION_CODE;
    }
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (option_row((enum option_id)i)->letter == code) {
            return i;
        }
    }
    return OPTION_COUNT;
}

/* The options of the verbs that change instances. False: it is none of them. */
static bool order_option_take(struct order_options *order, int id, const char *argument)
{
    switch (id) {
    case OPTION_CLUSTER:
        order->cluster = argument;
        return true;
    case OPTION_AZ:
        order->az = argument;
        return true;
    case OPTION_PERCENT:
        order->percent = argument;
        return true;
    case OPTION_FOR:
        order->duration = argument;
        return true;
    case OPTION_REASON:
        order->reason = argument;
        return true;
    case OPTION_WAIT:
        order->waits = true;
        return true;
    case OPTION_WAIT_TIMEOUT:
        order->wait_timeout = argument;
        return true;
    case OPTION_RESOLVE:
        order->resolve = argument;
        return true;
    case OPTION_DRY_RUN:
        order->is_dry_run = true;
        return true;
    case OPTION_FORCE:
        order->is_forced = true;
        return true;
    default:
        return false;
    }
}

/* The options of every verb. False: it is none of them, or not with this value. */
static bool option_take(struct options *options, int id, const char *argument)
{
    switch (id) {
    case OPTION_CONFIG:
        options->config_path = argument;
        return true;
    case OPTION_PRINT_CONFIG:
        options->prints_config = true;
        return true;
    case OPTION_PRINT_REFERENCE:
        options->prints_reference = true;
        return true;
    case OPTION_OUTPUT:
        options->is_json = strcmp(argument, "json") == 0;
        return options->is_json || strcmp(argument, "text") == 0;
    default:
        return order_option_take(&options->order, id, argument);
    }
}

/* What getopt_long() would not take. Of "-xo" it has not stepped over the word yet, but knows x. */
static enum options_verdict option_refuse(const struct options *options, int code, const char *word,
                                          FILE *err)
{
    const char letter[] = {'-', (char)optopt, '\0'};

    return wrong(err, options->verb,
                 code == ':' ? "a value is missing after "
                             : "no such option, or a value that it does not take: ",
                 optopt > 0 && optopt < OPTION_CODE ? letter : word);
}

static enum options_verdict verb_options_read(struct options *options, int argc, char **argv,
                                              FILE *out, FILE *err)
{
    struct option longs[OPTION_COUNT + 1];
    char letters[2 * OPTION_COUNT + 2];
    int code = 0;

    getopt_fill(options->verb, longs, letters);
    opterr = 0;
    optind = 0; /* 0 makes glibc begin anew; tests read more than one command line */
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread runs yet */
    while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
        int id = option_found(code);

        if (id == OPTION_HELP) {
            verb_help_print(options->verb, out);
            return OPTIONS_DONE;
        }
        if (id == OPTION_COUNT) {
            return option_refuse(options, code, argv[optind - 1], err);
        }
        if (!option_take(options, id, optarg)) {
            return wrong(err, options->verb, "not text or json: ", optarg);
        }
    }
    options->arguments = argv + optind;
    options->argument_count = (size_t)(argc - optind);
    if (options->argument_count > options->verb->argument_max) {
        return wrong(err, options->verb, "too many arguments, first: ",
                     options->arguments[options->verb->argument_max]);
    }
    return OPTIONS_RUN;
}

enum options_verdict options_parse(struct options *options, int argc, char **argv, FILE *out,
                                   FILE *err)
{
    *options = (struct options){.config_path = CONFIG_DEFAULT_PATH};
    options->verb = argc > 1 ? verb_find(argv[1]) : NULL;
    if (options->verb == NULL) {
        return options_without_verb(argc, argv, out, err);
    }
    /* The verb takes the place of the program's name, which getopt_long() steps over. */
    return verb_options_read(options, argc - 1, argv + 1, out, err);
}
