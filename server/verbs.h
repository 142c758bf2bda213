/* SPDX-License-Identifier: MIT */

/*
 * server/verbs.h - what each verb does; options.c has the table.
 */

#ifndef SERVER_VERBS_H
#define SERVER_VERBS_H

#include "server/options.h"

/* Serve in the foreground until a signal ends it. */
enum exit_status verb_serve(const struct options *options);

/* Read the configuration and all files that it names; tell every problem on standard error. */
enum exit_status verb_check(const struct options *options);

#endif
