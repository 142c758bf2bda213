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

#include "discovery/utf8.h"

enum { LABELS_MAX = 3 };

/* Of a sample; an unused place has no name. */
struct label {
    const char *name;
    const char *value;
};

/* ---- the format ---- */

static void family_open(FILE *out, const char *metric, const char *type, const char *help)
{
    (void)fprintf(out, "# HELP rollcall_%s %s\n# TYPE rollcall_%s %s\n", metric, help, metric,
                  type);
}

/* The format takes any UTF-8, with three characters escaped. A name out of the configuration may
 * be none, and then the whole scrape would be refused. */
static void label_value_write(FILE *out, const char *value)
{
    size_t left = strlen(value);

    while (left > 0) {
        uint32_t character = 0;
        size_t length = utf8_decode(value, left, &character);

        if (*value == '\n') {
            (void)fputs("\\n", out);
        } else if (*value == '\\' || *value == '"') {
            (void)fprintf(out, "\\%c", *value);
        } else if (length == 0 || !utf8_is_printable(character)) {
            (void)fputc('?', out);
        } else {
            (void)fwrite(value, 1, length, out);
        }
        length = length == 0 ? 1 : length;
        value += length;
        left -= length;
    }
}

static void sample_open(FILE *out, const char *metric, const struct label *labels)
{
    (void)fprintf(out, "rollcall_%s{", metric);
    for (size_t i = 0; i < LABELS_MAX && labels[i].name != NULL; i++) {
        (void)fprintf(out, "%s%s=\"", i == 0 ? "" : ",", labels[i].name);
        label_value_write(out, labels[i].value);
        (void)fputc('"', out);
    }
    (void)fputs("} ", out);
}

static void sample_write(FILE *out, const char *metric, const struct label *labels, uint64_t value)
{
    sample_open(out, metric, labels);
    (void)fprintf(out, "%" PRIu64 "\n", value);
}

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
        {"drops_total",             "Packets that got no response."                               },
        {"tcp_connections_total",
         "TCP connections: taken, and those that we turned away or cut off."                      },
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
            family_open(out, metric, "counter", counter_help(metric));
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

    family_open(out, "zone_serial", "gauge", "Serial of the zone's SOA.");
    for (size_t i = 0; i < served->zone_count; i++) {
        const struct label labels[LABELS_MAX] = {
            {"zone", served->zones[i].origin}
        };

        sample_write(out, "zone_serial", labels, served->zones[i].serial);
    }
    family_open(out, "zone_state", "gauge",
                "1 for the zone's state: whether none, some or all of its sources have delivered.");
    for (size_t i = 0; i < served->zone_count; i++) {
        for (size_t j = 0; j < sizeof(states) / sizeof(states[0]); j++) {
            const struct label labels[LABELS_MAX] = {
                {"zone",  served->zones[i].origin          },
                {"state", served_zone_state_name(states[j])}
            };

            sample_write(out, "zone_state", labels, served->zones[i].state == states[j]);
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

enum { CLUSTER_SAMPLES_MAX = 3 };

static size_t members_count(const struct served_cluster *cluster,
                            struct cluster_sample samples[CLUSTER_SAMPLES_MAX])
{
    static const char *const states[CLUSTER_SAMPLES_MAX] = {"served", "drained", "maint"};

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
    enum { NEWEST, OLDER, GONE };

    samples[NEWEST] = (struct cluster_sample){"seen", "newest", 0};
    samples[OLDER] = (struct cluster_sample){"seen", "older", 0};
    samples[GONE] = (struct cluster_sample){"seen", "gone", 0};
    for (size_t i = 0; i < cluster->load_balancer_count; i++) {
        const struct seen_client *client = &cluster->load_balancers[i];
        /* Who has been given that there is no answer any more is not noted. */
        bool has_newest = cluster->generation != 0 && client->generation >= cluster->generation;

        samples[client->is_gone ? GONE : has_newest ? NEWEST : OLDER].value++;
    }
    return CLUSTER_SAMPLES_MAX;
}

static const struct cluster_family {
    const char *metric;
    size_t (*sample)(const struct served_cluster *cluster,
                     struct cluster_sample samples[CLUSTER_SAMPLES_MAX]);
    const char *help;
} cluster_families[] = {
    {"cluster_members",        members_count,
     "Members: in the answer, in it with weight 0, held out of it."                    },
    {"cluster_generation",     generation_tell,
     "Number of the table in which the SRV answer last changed; 0: no answer."         },
    {"cluster_answer_octets",  answer_measure,
     "Size of the whole SRV answer, as TCP carries it; 0: no answer."                  },
    {"cluster_load_balancers", load_balancers_count,
     "Load balancers that ask for the cluster, by whether they have its answer of now."},
};

static void cluster_write(FILE *out, const struct cluster_family *family, const char *origin,
                          const struct served_cluster *cluster)
{
    struct cluster_sample samples[CLUSTER_SAMPLES_MAX];
    size_t count = family->sample(cluster, samples);

    for (size_t i = 0; i < count; i++) {
        const struct label labels[LABELS_MAX] = {
            {"zone",           origin                },
            {"cluster",        cluster->name         },
            {samples[i].label, samples[i].label_value}
        };

        sample_write(out, family->metric, labels, samples[i].value);
    }
}

static void clusters_write(FILE *out, const struct served *served,
                           const struct cluster_family *family)
{
    family_open(out, family->metric, "gauge", family->help);
    for (size_t i = 0; i < served->zone_count; i++) {
        const struct served_zone *zone = &served->zones[i];

        for (size_t j = 0; j < zone->cluster_count; j++) {
            cluster_write(out, family, zone->origin, &zone->clusters[j]);
        }
    }
}

/* ---- sources ---- */

static void sources_write(FILE *out, const struct served *served)
{
    enum { MS_PER_S = 1000 };

    family_open(out, "source_looks_total", "counter", "Complete looks at the source.");
    for (size_t i = 0; i < served->source_count; i++) {
        const struct label labels[LABELS_MAX] = {
            {"source", served->sources[i].name}
        };

        sample_write(out, "source_looks_total", labels,
                     (uint64_t)served->sources[i].past->look_count);
    }
    family_open(out, "source_failures_total", "counter", "Looks at the source that failed.");
    for (size_t i = 0; i < served->source_count; i++) {
        const struct label labels[LABELS_MAX] = {
            {"source", served->sources[i].name}
        };

        sample_write(out, "source_failures_total", labels,
                     (uint64_t)served->sources[i].past->failure_count);
    }
    family_open(out, "source_age_seconds", "gauge", "Age of the newest complete look.");
    for (size_t i = 0; i < served->source_count; i++) {
        const struct label labels[LABELS_MAX] = {
            {"source", served->sources[i].name}
        };
        int64_t age_ms = served->now_ms - served->sources[i].past->looked_ms;

        if (served->sources[i].past->look_count > 0) {
            sample_open(out, "source_age_seconds", labels);
            (void)fprintf(out, "%" PRId64 ".%03" PRId64 "\n", age_ms / MS_PER_S, age_ms % MS_PER_S);
        }
    }
}

/* ---- all of it ---- */

char *metrics_to_text(const struct served *served, const struct counters *const *counters,
                      size_t counters_count)
{
    static const struct label build[LABELS_MAX] = {
        {"version", ROLLCALL_VERSION}
    };
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    if (out == NULL) {
        abort(); /* out of memory, as memory_new() would have it */
    }
    family_open(out, "build_info", "gauge", "1, labelled with the version of rollcall.");
    sample_write(out, "build_info", build, 1);
    counters_write(out, counters, counters_count);
    zones_write(out, served);
    for (size_t i = 0; i < sizeof(cluster_families) / sizeof(cluster_families[0]); i++) {
        clusters_write(out, served, &cluster_families[i]);
    }
    sources_write(out, served);
    family_open(out, "seen_lost_total", "counter",
                "Load balancers that were given up for want of room while they still asked.");
    (void)fprintf(out, "rollcall_seen_lost_total %" PRIu64 "\n", served->seen_lost_count);
    if (fclose(out) != 0) {
        abort(); /* likewise */
    }
    return text;
}
