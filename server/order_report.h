/* SPDX-License-Identifier: MIT */

/*
 * server/order_report.h - what an order came to, for a person and for a program.
 *
 * The JSON (-o json) is a stable interface:
 *
 *     {"verb", "dry_run": BOOLEAN,
 *      "changed": [ID], "unchanged": [ID]: there was nothing to change, or not by tags,
 *      "not_found": [ID], "refused": [ID]: not written, "unknown": [ID]: written or not, nobody
 *      can tell,
 *      "clusters": [{"name", "zone", "members", "in_service_before", "in_service_after"}],
 *      "error": null|TEXT,
 *      "wait": null|{"reached": BOOLEAN, "unserved": instances, "seen", "total": load balancers,
 *                    "missing": [TEXT]: still ask without having it,
 *                    "gone": [TEXT]: stopped asking without having got it}}
 */

#ifndef SERVER_ORDER_REPORT_H
#define SERVER_ORDER_REPORT_H

#include <stdio.h>

#include "server/order.h"

/* How many entries of the plan ended in each way, and how many ids were not found at all. */
struct order_counts {
    size_t changed;
    size_t unchanged;
    size_t not_found;
    size_t refused;
    size_t unknown;
};

struct order_counts order_count(const struct order *order);

/* The table of instances, before -> after, and what happened to each. */
void order_report_table(const struct order *order, FILE *out);

/* What HAProxy makes of the weight that is asked for. */
void order_report_weight(const struct order_request *request, FILE *out);

/* Whether --percent counts holds of the other kind, which the order leaves as they are. */
void order_report_others(const struct order *order, FILE *out);

/* Why there is nothing to wait for. */
void order_report_idle(const struct order *order, struct error *error);

/* How the waiting ended, in one line; then who has not come back, and who stopped asking. */
void order_report_wait(const struct order *order, FILE *out, FILE *err);

void order_report_json(const struct order *order, FILE *out);

#endif
