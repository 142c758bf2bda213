/* SPDX-License-Identifier: MIT */

/*
 * server/verb_table.c - what the command line knows, as help tells it.
 */

#include "server/verb_table.h"

#include <string.h>

#include "server/config.h"
#include "server/verbs.h"

/* clang-format off */
static const struct option_row option_rows[OPTION_COUNT] = {
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
    {.name = "explain",
     .run = verb_explain,
     .options = TAKES(OPTION_CONFIG) | TAKES(OPTION_OUTPUT) | TAKES(OPTION_HELP),
     .arguments = "NAME|INSTANCE",
     .argument_max = 1,
     .summary = "tell why an instance is in the answer or not",
     .description =
         "The rule that decides, the tag's value, and the poll. Takes an instance id, an address,\n"
         "the name of a target, a cluster or the name of its SRV records. Exit status 1 when the\n"
         "server on this host has not heard of it.\n"},
    {.name = "accept",
     .run = verb_accept,
     .options = TAKES(OPTION_CONFIG) | TAKES(OPTION_OUTPUT) | TAKES(OPTION_HELP),
     .arguments = "CLUSTER",
     .argument_max = 1,
     .summary = "let go members whose removal is held back",
     .description =
         "When too many members of a cluster are absent at once, the server keeps them until three\n"
         "polls in a row and 60 seconds say the same. This lets them go now.\n"},
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

const struct option_row *option_row(enum option_id id)
{
    return &option_rows[id];
}

unsigned option_bit(enum option_id id)
{
    return TAKES(id);
}

const struct verb *verb_at(size_t index)
{
    return index < VERB_COUNT ? &verbs[index] : NULL;
}

const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}
