/* SPDX-License-Identifier: MIT */

/*
 * server/exposition.h - lines of Prometheus's text exposition format 0.0.4 (prometheus.io,
 * "Exposition formats"). The samples of a family stand together, after its head. Writes to a
 * stream in memory; any thread.
 */

#ifndef SERVER_EXPOSITION_H
#define SERVER_EXPOSITION_H

#include <stdint.h>
#include <stdio.h>

enum { EXPOSITION_LABELS_MAX = 3 };

/* Of a sample; an unused place has no name. The value is escaped. */
struct exposition_label {
    const char *name;
    const char *value;
};

/* HELP and TYPE; `metric` is without "rollcall_", `type` is "counter" or "gauge". */
void exposition_family(FILE *out, const char *metric, const char *type, const char *help);

/* One sample; `labels` has EXPOSITION_LABELS_MAX places, the first one used. */
void exposition_sample(FILE *out, const char *metric, const struct exposition_label *labels,
                       uint64_t value);

/* The same for a time, which the format wants in seconds. Not negative. */
void exposition_sample_seconds(FILE *out, const char *metric, const struct exposition_label *labels,
                               int64_t milliseconds);

#endif
