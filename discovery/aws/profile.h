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
    const char *other_way; /* a key that stands for another way to credentials: "role_arn" */
};

/*
 * Read both files, from disk and blocking. The strings lie in `arena`. A file that is not there
 * is an empty one. Fails, naming the file, when one cannot be read or parsed, and when
 * AWS_PROFILE names a profile that neither has.
 */
bool aws_profile_read(const struct aws_environment *environment, struct arena *arena,
                      struct aws_profile *profile, struct error *error);

#endif
