/* SPDX-License-Identifier: MIT */

/*
 * server/explain_document.h - why instances are in the answer or not, as JSON; a stable interface.
 *
 *     {"subject": TEXT, "now": "2026-01-02T03:04:05Z",
 *      "instances": [{"id", "source": "ec2 main", "zone", "group": TEXT|null,
 *        "cluster": TEXT|null,
 *        "served": BOOLEAN, "weight": in the answer, null when it is not in it,
 *        "address": TEXT|null, "port": INTEGER|null, null when it is no member
 *        "rule": a fixed word: "member", "frozen", "hold-drain", "bad-weight", "departed", ...,
 *        "text": the same in sentences,
 *        "value": TEXT|null, the tag's value or the state that decided,
 *        "poll": number of the source's poll that decided, 0: known from disk,
 *        "poll_age_ms"}]}
 */

#ifndef SERVER_EXPLAIN_DOCUMENT_H
#define SERVER_EXPLAIN_DOCUMENT_H

#include <stdbool.h>
#include <stdio.h>

#include "discovery/explain.h"

/* Longer than any name, address or instance id, see zones/name.h. */
enum { EXPLAIN_SUBJECT_MAX = 1024 };

/* The document, owned by the caller; NULL when nobody has heard of `subject`. Main thread. */
char *explain_to_json(const struct fleet *fleet, const char *subject,
                      const struct fleet_moment *now);

/* Print it, a block for each instance. False, with where and why, when it is no such document. */
bool explain_print(const char *json, size_t length, FILE *out, struct error *error);

#endif
