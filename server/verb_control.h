/* SPDX-License-Identifier: MIT */

/*
 * server/verb_control.h - what the verbs that go through the control socket have in common.
 */

#ifndef SERVER_VERB_CONTROL_H
#define SERVER_VERB_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "server/options.h"
#include "zones/error.h"

/*
 * Ask the server whose socket the configuration of `options` names. False after what is wrong was
 * printed to standard error: no server, no rights, no answer. `*body` is owned by the caller and
 * has a NUL after its `*length` octets.
 */
bool verb_control_ask(const struct options *options, const char *method, const char *target,
                      int *status, char **body, size_t *length);

/*
 * Print the texts of an error answer, {"error": TEXT} or {"errors": [TEXT, ...]}, a line each, to
 * standard error.
 */
void verb_control_refusal(const char *body, size_t length);

/* Ask likewise, and print what comes: an error answer, the document as it is for -o json, or by
 * `print`, which is false when it does not understand it. */
enum exit_status
verb_control_show(const struct options *options, const char *method, const char *target,
                  bool (*print)(const char *json, size_t length, FILE *out, struct error *error));

#endif
