/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster_name.h - the zone's cluster-name setting, a pattern for owner names. Pure.
 */

#ifndef ZONES_CLUSTER_NAME_H
#define ZONES_CLUSTER_NAME_H

#include <stdbool.h>

#include "zones/error.h"
#include "zones/name.h"
#include "zones/zone.h"

/*
 * The owner name of a cluster's SRV RRset: the zone's cluster-name with `cluster` in the place of
 * {group}. False when that is no name, or there is no {group}.
 */
bool cluster_srv_name(struct name *name, const struct zone *zone, const char *cluster,
                      struct error *error);

#endif
