/* SPDX-License-Identifier: MIT */

/*
 * server/metrics_sources.c - what is counted of each source.
 */

#include "server/metrics_sources.h"

#include <stdbool.h>
#include <stdint.h>

#include "server/exposition.h"

/* ---- looks and queues ---- */

static bool looks_of(const struct site_source *past, uint64_t *value)
{
    *value = (uint64_t)past->look_count;
    return true;
}

static bool failed_looks_of(const struct site_source *past, uint64_t *value)
{
    *value = (uint64_t)past->failure_count;
    return true;
}

static bool queue_messages_of(const struct site_source *past, uint64_t *value)
{
    *value = past->queue_message_count;
    return past->has_queue;
}

static bool queue_failures_of(const struct site_source *past, uint64_t *value)
{
    *value = past->queue_failure_count;
    return past->has_queue;
}

/* One sample of a source, or none: false. */
static const struct source_family {
    const char *metric;
    const char *type;
    bool (*sample)(const struct site_source *past, uint64_t *value);
    const char *help;
} source_families[] = {
    {"source_looks_total",    "counter", looks_of,          "Complete looks at the source."   },
    {"source_failures_total", "counter", failed_looks_of,   "Looks at the source that failed."},
    {"queue_messages_total",  "counter", queue_messages_of,
     "Messages that came out of the source's queue."                                          },
    {"queue_failures_total",  "counter", queue_failures_of,
     "Receives and deletes at the source's queue that failed."                                },
};

static void source_family_write(FILE *out, const struct served *served,
                                const struct source_family *family)
{
    exposition_family(out, family->metric, family->type, family->help);
    for (size_t i = 0; i < served->source_count; i++) {
        const struct exposition_label labels[EXPOSITION_LABELS_MAX] = {
            {"source", served->sources[i].name}
        };
        uint64_t value = 0;

        if (family->sample(served->sources[i].past, &value)) {
            exposition_sample(out, family->metric, labels, value);
        }
    }
}

static void ages_write(FILE *out, const struct served *served)
{
    exposition_family(out, "source_age_seconds", "gauge", "Age of the newest complete look.");
    for (size_t i = 0; i < served->source_count; i++) {
        const struct exposition_label labels[EXPOSITION_LABELS_MAX] = {
            {"source", served->sources[i].name}
        };
        const struct site_source *past = served->sources[i].past;

        if (past->look_count > 0) {
            exposition_sample_seconds(out, "source_age_seconds", labels,
                                      served->now_ms - past->looked_ms);
        }
    }
}

/* Nothing before there is a view: neither is true then. */
static void restored_write(FILE *out, const struct served *served)
{
    exposition_family(
        out, "source_restored", "gauge",
        "1 while what is known of the source comes from disk, 0 once a look confirmed it.");
    for (size_t i = 0; i < served->source_count; i++) {
        const struct exposition_label labels[EXPOSITION_LABELS_MAX] = {
            {"source", served->sources[i].name}
        };

        if (served->sources[i].view != NULL) {
            exposition_sample(out, "source_restored", labels, served->sources[i].view->is_restored);
        }
    }
}

/* ---- the API budget ---- */

static uint64_t calls_of(const struct aws_usage *usage)
{
    return usage->calls;
}

static uint64_t throttles_of(const struct aws_usage *usage)
{
    return usage->throttles;
}

static uint64_t failures_of(const struct aws_usage *usage)
{
    return usage->failures;
}

static const struct usage_family {
    const char *metric;
    uint64_t (*count)(const struct aws_usage *usage);
    const char *help;
} usage_families[] = {
    {"aws_calls_total",     calls_of,
     "Requests that were sent to AWS, those that were tried again included."          },
    {"aws_throttles_total", throttles_of, "Requests that AWS answered with: too many."},
    {"aws_failures_total",  failures_of,  "Requests to AWS that failed otherwise."    },
};

static void usage_write(FILE *out, const struct served *served, const struct usage_family *family)
{
    exposition_family(out, family->metric, "counter", family->help);
    for (size_t i = 0; i < served->source_count; i++) {
        const struct served_source *source = &served->sources[i];

        for (size_t j = 0; j < source->usage_count; j++) {
            const struct exposition_label labels[EXPOSITION_LABELS_MAX] = {
                {"source", source->name           },
                {"action", source->usage[j].action}
            };

            exposition_sample(out, family->metric, labels, family->count(&source->usage[j]));
        }
    }
}

/* ---- instances that somebody has to look at ---- */

static void problems_count(const struct view *view, uint64_t counts[REASON_BAD_ZONE + 1])
{
    for (size_t i = 0; view != NULL && i < view->count; i++) {
        counts[view->entries[i]->reason]++;
    }
    for (size_t i = 0; view != NULL && i < view->outsider_count; i++) {
        counts[view->outsiders[i].reason]++;
    }
}

/* Every reason has its sample, also with nothing to count: an alarm needs the 0 before. */
static void problems_write(FILE *out, const struct served *served)
{
    exposition_family(
        out, "source_problem_instances", "gauge",
        "Instances of the newest look that cannot be taken as they are, by what is wrong.");
    for (size_t i = 0; i < served->source_count; i++) {
        uint64_t counts[REASON_BAD_ZONE + 1] = {0};

        problems_count(served->sources[i].view, counts);
        for (int reason = 0; reason <= REASON_BAD_ZONE; reason++) {
            const struct exposition_label labels[EXPOSITION_LABELS_MAX] = {
                {"source", served->sources[i].name                               },
                {"reason", membership_reason_name((enum membership_reason)reason)}
            };

            if (membership_reason_is_problem((enum membership_reason)reason)) {
                exposition_sample(out, "source_problem_instances", labels, counts[reason]);
            }
        }
    }
}

void metrics_sources_write(FILE *out, const struct served *served)
{
    for (size_t i = 0; i < sizeof(source_families) / sizeof(source_families[0]); i++) {
        source_family_write(out, served, &source_families[i]);
    }
    ages_write(out, served);
    restored_write(out, served);
    for (size_t i = 0; i < sizeof(usage_families) / sizeof(usage_families[0]); i++) {
        usage_write(out, served, &usage_families[i]);
    }
    problems_write(out, served);
}
