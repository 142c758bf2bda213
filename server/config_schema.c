/* SPDX-License-Identifier: MIT */

/*
 * server/config_schema.c - the table. Rows stand in the order in which they are printed.
 */

#include "server/config_schema.h"

#include <string.h>

#include "server/rate_limit.h"

/* Reader helpers: where the value of a row goes. */
#define FIELD(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define LIST(type, member, count)                                                                  \
    .is_list = true, FIELD(type, member), .count_offset = offsetof(type, count)

enum {
    SECOND_MS = 1000,
    HOUR_MS = 3600 * SECOND_MS,
    DAY_MS = 24 * HOUR_MS,
    WORKERS_LIMIT = 256,  /* more sockets than any NIC has queues */
    UDP_SIZE_MAX = 65535, /* what EDNS can say; a datagram carries a little less, and so do we */
    POLL_MIN_MS = 200,    /* for tests; AWS throttles well before */
    SHARDS_LIMIT = 64,
};

static const struct config_choice booleans[] = {
    {"false", 0},
    {"true",  1},
    {"no",    0},
    {"yes",   1},
    {NULL,    0}
};

static const struct config_choice log_levels[] = {
    {"error",   LEVEL_ERROR  },
    {"warning", LEVEL_WARNING},
    {"notice",  LEVEL_NOTICE },
    {"info",    LEVEL_INFO   },
    {"debug",   LEVEL_DEBUG  },
    {NULL,      0            }
};

static const struct config_choice target_names[] = {
    {"address",  TARGET_ADDRESS },
    {"instance", TARGET_INSTANCE},
    {"literal",  TARGET_LITERAL },
    {NULL,       0              }
};

static const struct config_choice compress_targets[] = {
    {"when-needed", COMPRESS_WHEN_NEEDED},
    {"never",       COMPRESS_NEVER      },
    {"always",      COMPRESS_ALWAYS     },
    {NULL,          0                   }
};

/* md5 and sha1 are left out on purpose. */
static const struct config_choice tsig_algorithms[] = {
    {"hmac-sha256", 0},
    {"hmac-sha384", 1},
    {"hmac-sha512", 2},
    {NULL,          0}
};

/* clang-format off */
const struct config_section_row config_sections[SECTION_KINDS] = {
    [SECTION_ROOT] = {.name = "", .values_size = sizeof(struct config),
     .help = "The whole server."},
    [SECTION_ZONE] = {.name = "zone", .title = "ORIGIN",
     .values_size = sizeof(struct config_zone),
     .help = "A zone that is served."},
    [SECTION_CLUSTER] = {.name = "cluster", .parent = SECTION_ZONE, .title = "NAME",
     .values_size = sizeof(struct cluster_rule),
     .help = "What is special about one cluster; clusters need no section."},
    [SECTION_EC2] = {.name = "ec2", .title = "NAME",
     .values_size = sizeof(struct source_values),
     .help = "Members from the tags of EC2 instances."},
    [SECTION_LIFECYCLE] = {.name = "lifecycle", .parent = SECTION_EC2,
     .values_size = sizeof(struct lifecycle_values),
     .help = "Lifecycle hooks of the groups; without this section nothing is written to AWS."},
    [SECTION_EVENTS] = {.name = "events", .parent = SECTION_EC2,
     .values_size = sizeof(struct events_values),
     .help = "A queue whose messages mean: look now."},
    [SECTION_FILE] = {.name = "file", .title = "NAME",
     .values_size = sizeof(struct source_values),
     .help = "Members from a JSON file that is watched."},
    [SECTION_SECONDARY] = {.name = "secondary", .title = "ADDRESS:PORT", .is_unbuilt = true,
     .values_size = sizeof(struct secondary_values),
     .help = "A server to notify and to give transfers to."},
    [SECTION_KEY] = {.name = "key", .title = "NAME", .is_unbuilt = true,
     .help = "A TSIG key."},
};

/* One key is one row, however long its help is; a field's size may be that of a pointer. */
/* NOLINTBEGIN(bugprone-sizeof-expression) */
const struct config_key config_keys[] = {
    {SECTION_ROOT, "listen", TYPE_SOCKET, LIST(struct config, listens, listen_count),
     .help = "addresses to answer on, UDP and TCP: \"127.0.0.1:53\", \"[::1]:53\""},
    {SECTION_ROOT, "workers", TYPE_NUMBER, FIELD(struct config, workers), .fallback = "0",
     .max = WORKERS_LIMIT,
     .help = "threads that answer; 0: one per core"},
    {SECTION_ROOT, "user", TYPE_TEXT, FIELD(struct config, user), .fallback = "",
     .help = "user to become when started as root, once the sockets are bound; not set: stay"},
    {SECTION_ROOT, "log-level", TYPE_CHOICE, FIELD(struct config, log_level), .fallback = "info",
     .choices = log_levels,
     .help = "the least important lines that are logged"},
    {SECTION_ROOT, "rate-limit", TYPE_NUMBER, FIELD(struct config, rate_limit), .fallback = "50",
     .max = RATE_LIMIT_MAX,
     .help = "UDP responses a second to each /24 or /56 of clients outside allow-query; 0: no limit"},
    {SECTION_ROOT, "rate-limit-slip", TYPE_NUMBER, FIELD(struct config, rate_limit_slip),
     .fallback = "2", .max = RATE_LIMIT_SLIP_MAX,
     .help = "one of so many responses over rate-limit is sent truncated, so that a real client "
             "comes back over TCP, the others are dropped; 0: all are dropped"},
    {SECTION_ROOT, "nsid", TYPE_TEXT, FIELD(struct config, nsid), .fallback = "",
     .help = "name of this server, up to 64 octets, for those who ask for it (dig +nsid)"},
    {SECTION_ROOT, "cookie-secret-file", TYPE_PATH, FIELD(struct config, cookie_secret_path),
     .fallback = "",
     .help = "file with the secret of DNS cookies, 32 hexadecimal digits, that servers of one "
             "address share; a second line is the secret before; not set: one of our own"},
    {SECTION_ROOT, "state-dir", TYPE_PATH, FIELD(struct config, state_dir),
     .fallback = "/var/lib/rollcall",
     .help = "where the last good table is kept; one server a folder"},
    {SECTION_ROOT, "control", TYPE_PATH, FIELD(struct config, control_path),
     .fallback = "/run/rollcall/control.sock",
     .help = "the socket that status, refresh and reload go through"},
    {SECTION_ROOT, "admin", TYPE_SOCKET, .is_unbuilt = true, .fallback = "127.0.0.1:8053",
     .help = "read-only HTTP: health, metrics, status page"},

    {SECTION_ZONE, "ttl", TYPE_SECONDS, FIELD(struct config_zone, zone.ttl_seconds),
     .fallback = "10s", .max = DAY_MS,
     .help = "TTL of every record that rollcall makes"},
    {SECTION_ZONE, "negative-ttl", TYPE_SECONDS,
     FIELD(struct config_zone, zone.negative_ttl_seconds), .fallback = "2s", .max = DAY_MS,
     .help = "how long a resolver may remember that a name does not exist"},
    {SECTION_ZONE, "nameservers", TYPE_NAME,
     LIST(struct config_zone, zone.nameservers, zone.nameserver_count),
     .help = "NS records of the zone; the first one also stands in its SOA"},
    {SECTION_ZONE, "cluster-name", TYPE_LABELS, FIELD(struct config_zone, zone.cluster_name),
     .fallback = "_{group}._tcp",
     .help = "owner of a cluster's SRV records, below the zone; {group} is the cluster's name"},
    {SECTION_ZONE, "rename", TYPE_TEXT, LIST(struct config_zone, fleet.rename, fleet.rename_count),
     .fallback = "",
     .help = "from the group's name to the cluster's: \"REGEX -> REPLACEMENT\", POSIX extended, "
             "\\\\1 to \\\\9 for its groups; the first that matches"},
    {SECTION_ZONE, "target-names", TYPE_CHOICE, FIELD(struct config_zone, zone.target_names),
     .fallback = "address", .choices = target_names,
     .help = "names of SRV targets: ip-10-0-1-5 (address), i-0abc (instance), or the bare address "
             "(literal)"},
    {SECTION_ZONE, "compress-targets", TYPE_CHOICE,
     FIELD(struct config_zone, zone.compress_targets), .fallback = "when-needed",
     .choices = compress_targets,
     .help = "whether the zone's name stands once in an SRV answer instead of in every target: "
             "when-needed is where the client takes too little for all of it"},
    {SECTION_ZONE, "records", TYPE_PATH, FIELD(struct config_zone, records_path), .fallback = "",
     .help = "zone file (RFC 1035) whose records are served besides the clusters"},
    {SECTION_ZONE, "allow-query", TYPE_PREFIX,
     LIST(struct config_zone, zone.allow_query, zone.allow_query_count),
     .fallback = "127.0.0.0/8 ::1 10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7",
     .help = "clients that are answered; must be set when listen has a wildcard or a public address"},
    {SECTION_ZONE, "allowed-prefixes", TYPE_PREFIX,
     LIST(struct config_zone, allowed_prefixes, allowed_prefix_count),
     .fallback = "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 fc00::/7",
     .help = "addresses that members may have"},
    {SECTION_ZONE, "udp-size", TYPE_NUMBER, FIELD(struct config_zone, zone.udp_size_octets),
     .fallback = "8192", .min = 512, .max = UDP_SIZE_MAX,
     .help = "largest UDP answer, in octets, to clients in allow-query that take as much"},

    {SECTION_CLUSTER, "port", TYPE_NUMBER, FIELD(struct cluster_rule, port), .fallback = "",
     .min = 1, .max = UINT16_MAX,
     .help = "port of the members, instead of the source's"},
    {SECTION_CLUSTER, "merge", TYPE_CHOICE, FIELD(struct cluster_rule, merge), .fallback = "false",
     .choices = booleans,
     .help = "several groups may feed this cluster"},
    {SECTION_CLUSTER, "shards", TYPE_NUMBER, .is_unbuilt = true, .fallback = "1", .min = 1,
     .max = SHARDS_LIMIT,
     .help = "number of names that the members are spread over"},

    {SECTION_EC2, "zone", TYPE_TEXT, FIELD(struct source_values, zone),
     .help = "the zone that the members go to"},
    {SECTION_EC2, "region", TYPE_REGION, FIELD(struct source_values, source.ec2.region),
     .fallback = "self",
     .help = "AWS region; self: from the environment, the profile or the instance's metadata"},
    {SECTION_EC2, "poll", TYPE_MILLISECONDS, FIELD(struct source_values, source.ec2.poll_ms),
     .fallback = "5s", .min = POLL_MIN_MS, .max = HOUR_MS,
     .help = "time between the starts of two looks"},
    {SECTION_EC2, "port", TYPE_NUMBER, FIELD(struct source_values, rules.port), .fallback = "443",
     .min = 1, .max = UINT16_MAX,
     .help = "port of members that have no other"},
    {SECTION_EC2, "groups", TYPE_TEXT, LIST(struct source_values, rules.groups, rules.group_count),
     .fallback = "",
     .help = "globs of the names of groups to take; none: every group"},
    {SECTION_EC2, "filters", TYPE_FILTER,
     LIST(struct source_values, source.ec2.filters, source.ec2.filter_count), .fallback = "",
     .help = "further EC2 filters, \"NAME=VALUE\"; values of one name are ORed, names ANDed"},
    {SECTION_EC2, "group-tag", TYPE_TEXT, FIELD(struct source_values, source.ec2.group_tag),
     .fallback = "aws:autoscaling:groupName",
     .help = "tag with the name of the group"},
    {SECTION_EC2, "weight-tag", TYPE_TEXT, FIELD(struct source_values, source.ec2.weight_tag),
     .fallback = "srv_weight",
     .help = "tag with the SRV weight, 0 to 65535; 0 drains"},
    {SECTION_EC2, "address-tag", TYPE_TEXT, FIELD(struct source_values, source.ec2.address_tag),
     .fallback = "ip_address",
     .help = "tag with the address, instead of the private one"},
    {SECTION_EC2, "port-tag", TYPE_TEXT, FIELD(struct source_values, source.ec2.port_tag),
     .fallback = "srv_port",
     .help = "tag with the port of one instance"},
    {SECTION_EC2, "hold-tag", TYPE_TEXT, FIELD(struct source_values, source.ec2.hold_tag),
     .fallback = "srv_hold",
     .help = "tag that drains an instance or takes it out: \"drain\" or \"maint\", then as wished "
             "until=RFC3339, by=NAME and at last reason=TEXT"},
    {SECTION_EC2, "drain-since-tag", TYPE_TEXT,
     FIELD(struct source_values, source.ec2.drain_since_tag), .fallback = "srv_drain_since",
     .help = "tag with the start of a drain, which the lifecycle writes"},
    {SECTION_EC2, "name-tag", TYPE_TEXT, .is_unbuilt = true, .fallback = "srv_name",
     .help = "tag with a name of the instance's own"},
    {SECTION_EC2, "role-arn", TYPE_TEXT, FIELD(struct source_values, source.ec2.role_arn),
     .fallback = "",
     .help = "role to assume, for another account"},
    {SECTION_EC2, "external-id", TYPE_TEXT, FIELD(struct source_values, source.ec2.external_id),
     .fallback = "",
     .help = "external id that the role asks for"},
    {SECTION_EC2, "proxy", TYPE_PROXY, FIELD(struct source_values, source.ec2.proxy),
     .fallback = "",
     .help = "HTTP proxy for AWS's endpoints, \"http://HOST:PORT\"; never for the instance's own "
             "metadata, and none is taken from the environment"},

    {SECTION_LIFECYCLE, "launch-hook", TYPE_TEXT, FIELD(struct lifecycle_values, launch_hook),
     .fallback = "",
     .help = "name of the hook at the start of an instance"},
    {SECTION_LIFECYCLE, "terminate-hook", TYPE_TEXT,
     FIELD(struct lifecycle_values, terminate_hook), .fallback = "",
     .help = "name of the hook at the end of an instance"},
    {SECTION_LIFECYCLE, "drain", TYPE_MILLISECONDS, FIELD(struct lifecycle_values, drain_ms),
     .fallback = "60s", .max = DAY_MS,
     .help = "how long an instance drains before it ends; at least the zone's ttl and twice the "
             "resolve-interval"},
    {SECTION_LIFECYCLE, "resolve-interval", TYPE_MILLISECONDS,
     FIELD(struct lifecycle_values, resolve_interval_ms), .fallback = "1s", .min = 1,
     .max = HOUR_MS,
     .help = "how often the load balancers ask (HAProxy: timeout resolve)"},

    {SECTION_EVENTS, "queue-url", TYPE_QUEUE_URL, FIELD(struct events_values, queue_url),
     .fallback = "",
     .help = "URL of the SQS queue; each rollcall needs its own, a message reaches one reader"},

    {SECTION_FILE, "zone", TYPE_TEXT, FIELD(struct source_values, zone),
     .help = "the zone that the members go to"},
    {SECTION_FILE, "path", TYPE_PATH, FIELD(struct source_values, source.file.path),
     .help = "the JSON file"},
    {SECTION_FILE, "port", TYPE_NUMBER, FIELD(struct source_values, rules.port), .fallback = "443",
     .min = 1, .max = UINT16_MAX,
     .help = "port of members that have no other"},

    {SECTION_SECONDARY, "key", TYPE_TEXT, FIELD(struct secondary_values, key), .is_unbuilt = true,
     .help = "name of the key section that signs transfers"},

    {SECTION_KEY, "algorithm", TYPE_CHOICE, .is_unbuilt = true, .fallback = "hmac-sha256",
     .choices = tsig_algorithms,
     .help = "TSIG algorithm"},
    {SECTION_KEY, "secret-file", TYPE_PATH, .is_unbuilt = true,
     .help = "file with the secret in base64"},
};
/* clang-format on */
/* NOLINTEND(bugprone-sizeof-expression) */

const size_t config_key_count = sizeof(config_keys) / sizeof(config_keys[0]);

static bool text_is(const char *name, const char *text, size_t length)
{
    return strlen(name) == length && memcmp(name, text, length) == 0;
}

size_t config_key_find(enum section_kind section, const char *name, size_t length)
{
    size_t index = 0;

    while (index < config_key_count && (config_keys[index].section != section ||
                                        !text_is(config_keys[index].name, name, length))) {
        index++;
    }
    return index;
}

enum section_kind config_section_find(enum section_kind parent, const char *name, size_t length)
{
    enum section_kind kind = SECTION_ROOT + 1;

    while (kind < SECTION_KINDS && (config_sections[kind].parent != parent ||
                                    !text_is(config_sections[kind].name, name, length))) {
        kind++;
    }
    return kind;
}
