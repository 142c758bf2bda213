/* SPDX-License-Identifier: MIT */

/*
 * server/config.h - the configuration as values.
 *
 * A `struct config` is made from one file and then only read. Everything in it lies in its arena
 * and lives until config_free(). config_schema.c holds the one table of keys; config.c is the only
 * file that knows libconfuse.
 */

#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "discovery/ec2_source.h"
#include "discovery/file_source.h"
#include "discovery/fleet.h"
#include "discovery/lifecycle_driver.h"
#include "discovery/log.h"
#include "zones/arena.h"
#include "zones/zone.h"

#define CONFIG_DEFAULT_PATH "/etc/rollcall/rollcall.conf"

struct config_listen {
    const char *text; /* as written: "127.0.0.1:53" */
    struct sockaddr_storage address;
    socklen_t length;
};

/* One zone; `fleet` and `zone` are the same zone as discovery and as zones see it. */
struct config_zone {
    struct zone zone;
    struct fleet_zone fleet;
    const struct prefix *allowed_prefixes; /* member addresses */
    size_t allowed_prefix_count;
    const char *records_path; /* NULL: none; relative paths start at the configuration's folder */
};

struct config_warning {
    unsigned line;
    const char *text;
};

enum config_source_kind { SOURCE_EC2, SOURCE_FILE };

struct config_source {
    enum config_source_kind kind;
    bool has_lifecycle; /* false: nothing is asked of Auto Scaling, nothing is written to EC2 */
    struct lifecycle_settings lifecycle;
    const char *queue_url; /* of an ec2 source: SQS queue whose messages mean "look now", or NULL */
    union {
        struct ec2_settings ec2;
        struct file_settings file;
    };
};

struct config {
    struct arena arena;
    const char *path;
    const struct config_listen *listens;
    size_t listen_count;
    size_t workers;   /* at least 1: 0 in the file is one per core */
    const char *user; /* NULL: stay who we are */
    enum log_level log_level;
    uint32_t rate_limit; /* responses a second to the network of a stranger; 0: no limit */
    uint32_t rate_limit_slip;
    const char *nsid;               /* NULL: none */
    const char *cookie_secret_path; /* NULL: a secret of our own */
    const char *control_path;
    const char *state_dir; /* where the last good table is kept */
    const struct config_zone *zones;
    size_t zone_count;
    const struct config_source *sources;   /* ec2 sections, then file sections, in file order */
    struct fleet_settings fleet;           /* the same zones and sources, index for index */
    const struct config_warning *warnings; /* what is right and yet unwise */
    size_t warning_count;
    const char *unbuilt; /* keys that were set but whose feature is not built yet, NULL if none */
};

/* Hears each problem as "FILE:LINE: what". */
typedef void (*config_complaint)(void *owner, const char *text);

/*
 * Read `path`. NULL after at least one complaint when anything in it is wrong; every problem is
 * told in one go. Owned by the caller.
 */
struct config *config_load(const char *path, config_complaint complaint, void *owner);

/*
 * Read `path` as config_load() does, and also the files that it names for zones' records and for
 * the secret of cookies, as far as their paths can be made out, and look for its user; their
 * problems are told with the others, at the line of the key. False after at least one complaint;
 * `*config` is whole all the same, and the caller's, when only such files are bad, and NULL
 * otherwise.
 */
bool config_load_checked(struct config **config, const char *path, config_complaint complaint,
                         void *owner);

/*
 * The control socket that `path` names, for a verb that only talks to the server: a file with
 * errors in other keys will do. NULL, with the first error, when the file cannot be opened or its
 * `control` cannot be made out. Owned by the caller.
 */
char *config_control_path(const char *path, struct error *error);

/* NULL does nothing. */
void config_free(struct config *config);

/*
 * Read `path` as config_load() does and print the effective value of every key, defaults
 * included, in the form of a configuration file. False after complaints.
 */
bool config_print(const char *path, FILE *out, config_complaint complaint, void *owner);

/* Print the reference of all keys from the table, as Markdown. */
void config_print_reference(FILE *out);

#endif
