/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/credential_plan.h - from environment and shared files to whose credentials are
 * meant: where the first ones come from and which roles are assumed with them. Asks nobody.
 *
 * The order is that of the AWS SDKs: environment variables; a role of the profile
 * with its source; web identity; static keys of the profile; container; the instance. Who set up
 * one way that cannot be gone gets an error, never quietly the identity of a later one. One thing
 * is ours: a profile that AWS_PROFILE names and whose credential_source is Environment assumes its
 * role with the variables, which would otherwise come first and leave that profile without a use.
 * Private to the credentials.
 */

#ifndef DISCOVERY_AWS_CREDENTIAL_PLAN_H
#define DISCOVERY_AWS_CREDENTIAL_PLAN_H

#include "discovery/aws/credentials.h"
#include "discovery/aws/sts_request.h"
#include "zones/arena.h"

/* Nobody can follow a longer chain of profiles; the SDKs know no bound. */
enum { CREDENTIAL_ROLES_LIMIT = 8 };

enum credential_base {
    BASE_STATIC,
    BASE_WEB_IDENTITY,
    BASE_CONTAINER,
    BASE_INSTANCE,
};

struct credential_plan {
    enum credential_base base;
    bool last_resort;         /* nothing was set up: the instance is asked for want of others */
    struct credentials keys;  /* of BASE_STATIC */
    struct sts_role identity; /* of BASE_WEB_IDENTITY */
    /* Assumed one with the credentials of the other, from the last of the array to the first. */
    struct sts_role roles[CREDENTIAL_ROLES_LIMIT];
    size_t role_count;
};

/*
 * Decide, reading the shared files from disk, blocking. The strings lie in `arena` or are
 * those of `settings`. Fails, naming variable, profile and key, when what is set up cannot work.
 */
bool credential_plan_make(const struct credential_settings *settings, struct arena *arena,
                          struct credential_plan *plan, struct error *error);

#endif
