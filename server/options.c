/* SPDX-License-Identifier: MIT */

/*
 * server/options.c - reads the command line by its two tables.
 */

#include "server/options.h"

#include <getopt.h>
#include <string.h>

#include "server/config.h"
#include "server/verbs.h"

/* One bit of verb.options for each row of the table below. */
enum option_id {
    OPTION_CONFIG,
    OPTION_PRINT_CONFIG,
    OPTION_PRINT_REFERENCE,
    OPTION_OUTPUT,
    OPTION_CLUSTER,
    OPTION_AZ,
    OPTION_PERCENT,
    OPTION_FOR,
    OPTION_REASON,
    OPTION_WAIT,
    OPTION_WAIT_TIMEOUT,
    OPTION_RESOLVE,
    OPTION_DRY_RUN,
    OPTION_FORCE,
    OPTION_HELP,
    OPTION_COUNT
};

/* What getopt_long() gives for an option without a letter: past every character. */
enum { OPTION_CODE = 256 };

/* clang-format off */
static const struct {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: none */
    const char *help;     /* NULL: not shown */
} option_rows[OPTION_COUNT] = {
    [OPTION_CONFIG] = {"config", 'c', "FILE", "the configuration (" CONFIG_DEFAULT_PATH ")"},
    [OPTION_PRINT_CONFIG] = {"print-config", 0, NULL,
        "print the effective value of every key, defaults included"},
    [OPTION_PRINT_REFERENCE] = {"print-reference", 0, NULL, NULL},
    [OPTION_OUTPUT] = {"output", 'o', "FORMAT", "text (the default) or json"},
    [OPTION_CLUSTER] = {"cluster", 0, "CLUSTER",
        "every member of it; CLUSTER.ZONE when several zones have it"},
    [OPTION_AZ] = {"az", 0, "ZONE", "of the cluster, those in this availability zone"},
    [OPTION_PERCENT] = {"percent", 0, "P",
        "of those, by id, as many as it takes for P percent to be so"},
    [OPTION_FOR] = {"for", 0, "TIME", "until then: 30m, 2h, 1d; else until rollcall ready"},
    [OPTION_REASON] = {"reason", 0, "TEXT", "why, for others to read"},
    [OPTION_WAIT] = {"wait", 0, NULL, "until every load balancer has seen it"},
    [OPTION_WAIT_TIMEOUT] = {"wait-timeout", 0, "TIME", "give up waiting, exit status 3 (120s)"},
    [OPTION_RESOLVE] = {"resolve", 0, "TIME",
        "the load balancers' resolve interval (1s): one more has to pass"},
    [OPTION_DRY_RUN] = {"dry-run", 0, NULL, "print what would change, write nothing"},
    [OPTION_FORCE] = {"force", 0, NULL, "also below the floor of half of a cluster"},
    [OPTION_HELP] = {"help", 'h', NULL, "print this help"},
};

#define TAKES(id) (1U << (id))

enum {
    ORDER_OPTIONS = TAKES(OPTION_CONFIG) | TAKES(OPTION_OUTPUT) | TAKES(OPTION_CLUSTER) |
                    TAKES(OPTION_AZ) | TAKES(OPTION_PERCENT) | TAKES(OPTION_REASON) |
                    TAKES(OPTION_WAIT) | TAKES(OPTION_WAIT_TIMEOUT) | TAKES(OPTION_RESOLVE) |
                    TAKES(OPTION_DRY_RUN) | TAKES(OPTION_HELP),
};

static const struct verb verbs[] = {
    {.name = "serve",
     .run = verb_serve,
     .options = TAKES(OPTION_CONFIG) | TAKES(OPTION_HELP),
     .summary = "run in the foreground",
     .description =
         "Answers DNS queries until SIGTERM or SIGINT. SIGHUP reads the configuration again:\n"
         "a file with an error in it changes nothing. Tells systemd when it is ready.\n"},
    {.name = "check",
     .run = verb_check,
     .options = TAKES(OPTION_CONFIG) | TAKES(OPTION_PRINT_CONFIG) |
                TAKES(OPTION_PRINT_REFERENCE) | TAKES(OPTION_HELP),
     .summary = "validate the configuration",
     .description =
         "Reads the configuration and the zone files and fleet files that it names. Prints every\n"
         "error as FILE:LINE: WHAT to standard error.\n"},
    {.name = "status",
     .run = verb_status,
     .options = TAKES(OPTION_CONFIG) | TAKES(OPTION_OUTPUT) | TAKES(OPTION_HELP),
     .arguments = "[CLUSTER]",
     .argument_max = 1,
     .summary = "show what is served now",
     .description =
         "Asks the server that runs here, through its control socket: members with weight, hold\n"
         "and zone, how fresh the sources are, the size of each answer against its limit, and\n"
         "the load balancers that asked.\n"},
    {.name = "refresh",
     .run = verb_refresh,
     .options = TAKES(OPTION_CONFIG) | TAKES(OPTION_HELP),
     .summary = "look at every source now",
     .description = "Does not wait for the looks to end; rollcall status shows them.\n"},
    {.name = "reload",
     .run = verb_reload,
     .options = TAKES(OPTION_CONFIG) | TAKES(OPTION_HELP),
     .summary = "let the server read its configuration again",
     .description =
         "A configuration with an error in it changes nothing: its errors are printed, and the\n"
         "exit status is 1.\n"},
    {.name = "drain",
     .run = verb_drain,
     .options = ORDER_OPTIONS | TAKES(OPTION_FOR) | TAKES(OPTION_FORCE),
     .arguments = "INSTANCE... | --cluster CLUSTER",
     .argument_max = SIZE_MAX,
     .summary = "give instances weight 0: no new sessions",
     .description =
         "Writes the hold tag with your AWS rights (ec2:DescribeInstances, ec2:CreateTags), from any\n"
         "host. With --percent those that are held already count. Refuses to leave less than half\n"
         "of a cluster in service. --wait needs the server on this host and ends when every load\n"
         "balancer has seen it.\n"},
    {.name = "maint",
     .run = verb_maint,
     .options = ORDER_OPTIONS | TAKES(OPTION_FOR) | TAKES(OPTION_FORCE),
     .arguments = "INSTANCE... | --cluster CLUSTER",
     .argument_max = SIZE_MAX,
     .summary = "take instances out of the answer: HAProxy shows MAINT",
     .description =
         "As rollcall drain, but HAProxy forgets the server at once. Drain first if sessions\n"
         "count, then name the same ids: with --percent drained ones count as held and stay.\n"},
    {.name = "ready",
     .run = verb_ready,
     .options = ORDER_OPTIONS,
     .arguments = "INSTANCE... | --cluster CLUSTER",
     .argument_max = SIZE_MAX,
     .summary = "take the hold off: weight as before",
     .description =
         "Deletes the hold tag and no other (ec2:DeleteTags).\n"},
    {.name = "weight",
     .run = verb_weight,
     .options = ORDER_OPTIONS | TAKES(OPTION_FORCE),
     .arguments = "N|P% INSTANCE... | --cluster CLUSTER",
     .argument_max = SIZE_MAX,
     .summary = "set the SRV weight",
     .description =
         "0 to 65535, or a percentage of 65535. Says what HAProxy makes of it: (N + 255) / 256.\n"
         "A hold stays what it is.\n"},
};
/* clang-format on */

enum { VERB_COUNT = sizeof(verbs) / sizeof(verbs[0]) };

static const char statuses_help[] =
    "\nExit status: 0 done, 1 failed, 2 wrong usage, 3 not seen by every load balancer in time.\n";

static const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

static void help_print(FILE *out)
{
    fputs("rollcall - authoritative DNS for HAProxy, from EC2 tags\n\n"
          "usage: rollcall VERB [OPTION...]\n\nverbs:\n",
          out);
    for (size_t i = 0; i < VERB_COUNT; i++) {
        fprintf(out, "  %-10s %s\n", verbs[i].name, verbs[i].summary);
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
        const char *argument = option_rows[i].argument == NULL ? "" : option_rows[i].argument;
        int width = (int)(strlen(option_rows[i].name) + 1 + strlen(argument));

        if ((verb->options & TAKES(i)) == 0 || option_rows[i].help == NULL) {
            continue;
        }
        if (option_rows[i].letter != 0) {
            fprintf(out, "  -%c, ", option_rows[i].letter);
        } else {
            fputs("      ", out);
        }
        fprintf(out, "--%s %s%*s %s\n", option_rows[i].name, argument, width < 14 ? 14 - width : 0,
                "", option_rows[i].help);
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
        if ((verb->options & TAKES(i)) == 0) {
            continue;
        }
        *longs++ = (struct option){.name = option_rows[i].name,
                                   .has_arg = option_rows[i].argument != NULL,
                                   .val = OPTION_CODE + i};
        if (option_rows[i].letter != 0) {
            *letters++ = option_rows[i].letter;
        }
        if (option_rows[i].letter != 0 && option_rows[i].argument != NULL) {
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
        if (option_rows[i].letter == code) {
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
