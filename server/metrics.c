/* SPDX-License-Identifier: MIT */

/*
 * server/metrics.c - one metric after the other, each with all its samples: the format wants the
 * samples of a metric to stand together.
 */

#include "server/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server/exposition.h"
#include "server/metrics_sources.h"

/* ---- what the workers count ---- */

struct counter_row {
    const char *metric;
    const char *label; /* as it stands between the braces */
};

static const struct counter_row counter_rows[COUNTER_COUNT] = {
#define COUNTER_ROW(constant, metric, label) [constant] = {metric, label},
    COUNTER_TABLE(COUNTER_ROW)
#undef COUNTER_ROW
};

static const char *counter_help(const char *metric)
{
    static const struct {
        const char *metric;
        const char *help;
    } helps[] = {
        {"queries_total",           "Queries that came in."                                       },
        {"answers_total",           "Responses sent, by their response code."                     },
        {"answers_truncated_total", "Responses with TC set: the client has to ask again over TCP."},
        {"answers_slipped_total",
         "Responses over rate-limit that were sent truncated instead of being dropped."           },
        {"drops_total",             "Packets that got no response."                               },
        {"tcp_connections_total",
         "TCP connections: accepted, what became of them, and those that were turned away."       },
        {"tcp_accept_pauses_total",
         "Times that no TCP connection could be accepted for want of descriptors or memory."      },
    };

    for (size_t i = 0; i < sizeof(helps) / sizeof(helps[0]); i++) {
        if (strcmp(helps[i].metric, metric) == 0) {
            return helps[i].help;
        }
    }
    return "Counted by the workers.";
}

/* Rows of one metric stand next to each other in the table. */
static void counters_write(FILE *out, const struct counters *const *counters, size_t count)
{
    const char *before = "";

    for (size_t row = 0; row < COUNTER_COUNT; row++) {
        const char *metric = counter_rows[row].metric;
        const char *label = counter_rows[row].label;
        uint64_t sum = 0;

        for (size_t i = 0; i < count; i++) {
            sum += counters_get(counters[i], (enum counter)row);
        }
        if (strcmp(metric, before) != 0) {
            exposition_family(out, metric, "counter", counter_help(metric));
        }
        (void)fprintf(
            out, label[0] == '\0' ? "rollcall_%s%s %" PRIu64 "\n" : "rollcall_%s{%s} %" PRIu64 "\n",
            metric, label, sum);
        before = metric;
    }
}

/* ---- zones ---- */

static void zones_write(FILE *out, const struct served *served)
{
    static const enum zone_state states[] = {ZONE_LOADING, ZONE_PARTIAL, ZONE_COMPLETE};

    exposition_family(out, "zone_serial", "gauge", "Serial of the zone's SOA.");
    for (size_t i = 0; i < served->zone_count; i++) {
        const struct exposition_label labels[EXPOSITION_LABELS_MAX] = {
            {"zone", served->zones[i].origin}
        };

        exposition_sample(out, "zone_serial", labels, served->zones[i].serial);
    }
    exposition_family(out, "zone_stale", "gauge",
                      "1 while what is known of the zone may be out of date: it comes from disk, "
                      "or looks have failed for a minute.");
    for (size_t i = 0; i < served->zone_count; i++) {
        const struct exposition_label labels[EXPOSITION_LABELS_MAX] = {
            {"zone", served->zones[i].origin}
        };

        exposition_sample(out, "zone_stale", labels, served->zones[i].is_stale);
    }
    exposition_family(
        out, "zone_state", "gauge",
        "1 for the zone's state: whether none, some or all of its sources have delivered.");
    for (size_t i = 0; i < served->zone_count; i++) {
        for (size_t j = 0; j < sizeof(states) / sizeof(states[0]); j++) {
            const struct exposition_label labels[EXPOSITION_LABELS_MAX] = {
                {"zone",  served->zones[i].origin          },
                {"state", served_zone_state_name(states[j])}
            };

            exposition_sample(out, "zone_state", labels, served->zones[i].state == states[j]);
        }
    }
}

/* ---- clusters ---- */

/* What one sample of one cluster says. */
struct cluster_sample {
    const char *label; /* beside zone and cluster; NULL for none */
    const char *label_value;
    uint64_t value;
};

enum { CLUSTER_SAMPLES_MAX = 4 };

static size_t members_count(const struct served_cluster *cluster,
                            struct cluster_sample samples[CLUSTER_SAMPLES_MAX])
{
    static const char *const states[CLUSTER_SAMPLES_MAX] = {"served", "drained", "maint",
                                                            "overlap"};

    for (size_t i = 0; i < CLUSTER_SAMPLES_MAX; i++) {
        samples[i] = (struct cluster_sample){"state", states[i], 0};
        for (size_t j = 0; j < cluster->member_count; j++) {
            samples[i].value += strcmp(served_member_state(&cluster->members[j]), states[i]) == 0;
        }
    }
    return CLUSTER_SAMPLES_MAX;
}

static size_t generation_tell(const struct served_cluster *cluster,
                              struct cluster_sample samples[CLUSTER_SAMPLES_MAX])
{
    samples[0] = (struct cluster_sample){.value = cluster->generation};
    return 1;
}

static size_t answer_measure(const struct served_cluster *cluster,
                             struct cluster_sample samples[CLUSTER_SAMPLES_MAX])
{
    samples[0] = (struct cluster_sample){.value = (uint64_t)cluster->answer_octets};
    return 1;
}

static size_t load_balancers_count(const struct served_cluster *cluster,
                                   struct cluster_sample samples[CLUSTER_SAMPLES_MAX])
{
    enum { NEWEST, OLDER, GONE, COUNT };

    samples[NEWEST] = (struct cluster_sample){"seen", "newest", 0};
    samples[OLDER] = (struct cluster_sample){"seen", "older", 0};
    samples[GONE] = (struct cluster_sample){"seen", "gone", 0};
    for (size_t i = 0; i < cluster->load_balancer_count; i++) {
        const struct seen_client *client = &cluster->load_balancers[i];
        /* Who has been given that there is no answer any more is not noted. */
        bool has_newest = cluster->generation != 0 && client->generation >= cluster->generation;

        samples[client->is_gone ? GONE : has_newest ? NEWEST : OLDER].value++;
    }
    return COUNT;
}

static size_t frozen_count(const struct served_cluster *cluster,
                           struct cluster_sample samples[CLUSTER_SAMPLES_MAX])
{
    samples[0] = (struct cluster_sample){.value = 0};
    for (size_t i = 0; i < cluster->member_count; i++) {
        samples[0].value += cluster->members[i].entry->is_frozen;
    }
    return 1;
}

static const struct cluster_family {
    const char *metric;
    size_t (*sample)(const struct served_cluster *cluster,
                     struct cluster_sample samples[CLUSTER_SAMPLES_MAX]);
    const char *help;
} cluster_families[] = {
    {"cluster_members",        members_count,
     "Members: in the answer, in it with weight 0, held out of it; and those that are gone but "
     "still "
     "in it with weight 0, beside those who took their place."                              },
    {"cluster_frozen_members", frozen_count,
     "Members that are absent and kept, because too many went at once; see rollcall accept."},
    {"cluster_generation",     generation_tell,
     "Number of the table in which the SRV answer last changed; 0: no answer."              },
    {"cluster_answer_octets",  answer_measure,
     "Size of the whole SRV answer, as TCP carries it; 0: no answer."                       },
    {"cluster_load_balancers", load_balancers_count,
     "Load balancers that ask for the cluster, by whether they have its answer of now."     },
};

static void cluster_write(FILE *out, const struct cluster_family *family, const char *origin,
                          const struct served_cluster *cluster)
{
    struct cluster_sample samples[CLUSTER_SAMPLES_MAX];
    size_t count = family->sample(cluster, samples);

    for (size_t i = 0; i < count; i++) {
        const struct exposition_label labels[EXPOSITION_LABELS_MAX] = {
            {"zone",           origin                },
            {"cluster",        cluster->name         },
            {samples[i].label, samples[i].label_value}
        };

        exposition_sample(out, family->metric, labels, samples[i].value);
    }
}

static void clusters_write(FILE *out, const struct served *served,
                           const struct cluster_family *family)
{
    exposition_family(out, family->metric, "gauge", family->help);
    for (size_t i = 0; i < served->zone_count; i++) {
        const struct served_zone *zone = &served->zones[i];

        for (size_t j = 0; j < zone->cluster_count; j++) {
            cluster_write(out, family, zone->origin, &zone->clusters[j]);
        }
    }
}

/* ---- the state on disk ---- */

static void state_write_counts(FILE *out, const struct state_keeper_past *state)
{
    exposition_family(out, "state_writes_total", "counter", "Writings of the last good table.");
    if (state != NULL) {
        (void)fprintf(out, "rollcall_state_writes_total %" PRIu64 "\n", state->write_count);
    }
    exposition_family(out, "state_write_failures_total", "counter",
                      "Writings of the last good table that failed.");
    if (state != NULL) {
        (void)fprintf(out, "rollcall_state_write_failures_total %" PRIu64 "\n",
                      state->failure_count);
    }
}

/* ---- all of it ---- */

char *metrics_to_text(const struct served *served, const struct counters *const *counters,
                      size_t counters_count)
{
    static const struct exposition_label build[EXPOSITION_LABELS_MAX] = {
        {"version", ROLLCALL_VERSION}
    };
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (out == NULL) {
        abort(); /* out of memory, as memory_new() would have it */
    }
    exposition_family(out, "build_info", "gauge", "1, labelled with the version of rollcall.");
    exposition_sample(out, "build_info", build, 1);
    counters_write(out, counters, counters_count);
    zones_write(out, served);
    for (size_t i = 0; i < sizeof(cluster_families) / sizeof(cluster_families[0]); i++) {
        clusters_write(out, served, &cluster_families[i]);
    }
    metrics_sources_write(out, served);
    exposition_family(out, "seen_lost_total", "counter",
                      "Load balancers that were given up for want of room while they still asked.");
    (void)fprintf(out, "rollcall_seen_lost_total %" PRIu64 "\n", served->seen_lost_count);
    state_write_counts(out, served->state);
    if (fclose(out) != 0) {
        abort(); /* likewise */
    }
    return text;
}
