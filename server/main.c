/* SPDX-License-Identifier: MIT */

/*
 * server/main.c - from the arguments to the verb.
 */

#include <stdio.h>

#include "server/options.h"
#include "server/privileges.h"

int main(int argc, char **argv)
{
    struct options options;

    privileges_hide_memory();
    switch (options_parse(&options, argc, argv, stdout, stderr)) {
    case OPTIONS_RUN:
        return (int)options.verb->run(&options);
    case OPTIONS_DONE:
        return STATUS_DONE;
    case OPTIONS_WRONG:
        break;
    }
    return STATUS_USAGE;
}
