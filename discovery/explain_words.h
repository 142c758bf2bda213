/* SPDX-License-Identifier: MIT */

/*
 * discovery/explain_words.h - the pieces that explanations are made of. Texts lie in place->arena.
 *
 * For discovery/explain_rules.c alone. Pure.
 */

#ifndef DISCOVERY_EXPLAIN_WORDS_H
#define DISCOVERY_EXPLAIN_WORDS_H

#include "discovery/explain_rules.h"

/* Add a sentence; the first one's rule is the rule. */
void explain_say(const struct explain_place *place, struct explanation *explanation,
                 const char *rule, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What is wrong with an instance, without what follows from it; explanation->value is set. */
void explain_say_reason(const struct explain_place *place, struct explanation *explanation,
                        enum membership_reason reason);

/* The poll that decided. */
void explain_poll(const struct explain_place *place, const struct view_poll *poll,
                  struct explanation *explanation);

/* The newest one of the source, which has a view. */
const struct view_poll *explain_newest_poll(const struct explain_place *place);

/* "12 s", "5 min", never less than 0; and from then to now. */
const char *explain_span(const struct explain_place *place, int64_t span_ms);
const char *explain_since(const struct explain_place *place, int64_t then_ms);

/* "10.0.0.5:443", "[fd00::5]:443" */
const char *explain_endpoint(const struct explain_place *place, const struct address *address,
                             uint16_t port);

/* " until 2026-01-02T03:04:05Z by ann: new kernel" */
const char *explain_hold(const struct explain_place *place, const struct hold *hold);

/* "ec2 main" */
const char *explain_source_name(const struct explain_place *place);

/* What the source calls its values; none is NULL. */
struct value_names explain_value_names(const struct explain_place *place);

/* How long a member has to stand still, in seconds. */
int64_t explain_flap_s(const struct explain_place *place);

#endif
