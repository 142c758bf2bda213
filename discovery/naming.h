/* SPDX-License-Identifier: MIT */

/*
 * discovery/naming.h - from the name of an Auto Scaling group to the name of a cluster.
 */

#ifndef DISCOVERY_NAMING_H
#define DISCOVERY_NAMING_H

#include <stdbool.h>
#include <stddef.h>

#include "zones/error.h"

struct naming;

/*
 * Rules such as "^prod-(.*)-asg$ -> \\1": a POSIX extended regular expression, " -> ", and a
 * replacement in which \1 to \9 stand for the groups and \0 for the whole match. The first rule
 * that matches makes the name; without a match the group's name is the cluster's. False, naming the
 * rule, when one has no arrow, does not compile, or refers to a group that it does not have.
 */
bool naming_new(struct naming **naming, const char *const *rules, size_t rule_count,
                struct error *error);
void naming_free(struct naming *naming);

enum { CLUSTER_NAME_SIZE = 64 }; /* one DNS label and its NUL */

/*
 * The cluster's name for `group`, lower-cased. False, naming the group, when the result is not
 * one DNS label of [a-z0-9_-]: a rename rule is wanted then.
 */
bool naming_cluster(const struct naming *naming, const char *group, char name[CLUSTER_NAME_SIZE],
                    struct error *error);

#endif
