/* SPDX-License-Identifier: MIT */

/*
 * server/verbs.h - what each verb does; verb_table.c has the table.
 */

#ifndef SERVER_VERBS_H
#define SERVER_VERBS_H

#include "server/options.h"

/* Serve in the foreground until a signal ends it. */
enum exit_status verb_serve(const struct options *options);

/* Read the configuration and all files that it names; tell every problem on standard error. */
enum exit_status verb_check(const struct options *options);

/* Print what the server on this host serves; see server/status.h. */
enum exit_status verb_status(const struct options *options);

/* Print why an instance is in the answer or not; see server/explain_document.h. */
enum exit_status verb_explain(const struct options *options);

/* Let the server on this host believe the removals that its guard holds back. */
enum exit_status verb_accept(const struct options *options);

/* Let the server on this host look at every source now. */
enum exit_status verb_refresh(const struct options *options);

/* Let the server on this host read its configuration again; its complaints on standard error. */
enum exit_status verb_reload(const struct options *options);

/* Write tags of instances; the flow that they share is in server/order.h. */
enum exit_status verb_drain(const struct options *options);
enum exit_status verb_maint(const struct options *options);
enum exit_status verb_ready(const struct options *options);
enum exit_status verb_weight(const struct options *options);

#endif
