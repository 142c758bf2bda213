/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/profile.h - one profile of the shared configuration and credentials files.
 *
 * AWS_PROFILE names it, else "default"; AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name the
 * files, else ~/.aws/config and ~/.aws/credentials. What the credentials file says wins.
 */

#ifndef DISCOVERY_AWS_PROFILE_H
#define DISCOVERY_AWS_PROFILE_H

#include <stdbool.h>

#include "discovery/aws/environment.h"
#include "discovery/aws/service.h"
#include "zones/arena.h"
#include "zones/error.h"

/* Nobody writes a larger one by hand; a device or a core dump is not read to its end. */
enum { PROFILE_FILE_LIMIT = 1024 * 1024 };

/* NULL: not there. */
struct aws_profile {
    const char *name;
    const char *access_key;
    const char *secret_key;
    const char *session_token;
    const char *region;
    const char *role_arn;
    const char *source_profile;    /* whose credentials assume role_arn */
    const char *credential_source; /* or where they come from: "Ec2InstanceMetadata" */
    const char *external_id;
    const char *role_session_name;
    const char *duration_seconds; /* as written */
    const char *mfa_serial;
    const char *web_identity_token_file;
    const char *other_way;    /* a key for a way to credentials that we lack: "sso_session" */
    const char *endpoint_url; /* of every service */
    const char *service_urls[AWS_SERVICE_COUNT]; /* of the section that `services` names */
    bool use_fips;
    bool use_dualstack;
    bool ignore_endpoints; /* ignore_configured_endpoint_urls */
};

/*
 * Read both files, from disk and blocking. The strings lie in `arena`. A file that is not there
 * is an empty one. Fails, naming the file, when one cannot be read or parsed; when AWS_PROFILE
 * names a profile that neither has; and when `services` names a section that is not there.
 */
bool aws_profile_read(const struct aws_environment *environment, struct arena *arena,
                      struct aws_profile *profile, struct error *error);

/* The same for the profile `name`, which must be in one of the files. */
bool aws_profile_read_named(const struct aws_environment *environment, const char *name,
                            struct arena *arena, struct aws_profile *profile, struct error *error);

#endif
