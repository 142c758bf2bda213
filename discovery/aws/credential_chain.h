/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/credential_chain.h - one walk along the providers of credentials.
 *
 * A provider is a function that looks and, now or later, ends with credential_walk_end(); a new
 * kind is a row of the table in credential_chain.c. Private to the credentials.
 */

#ifndef DISCOVERY_AWS_CREDENTIAL_CHAIN_H
#define DISCOVERY_AWS_CREDENTIAL_CHAIN_H

#include <stddef.h>

#include "discovery/aws/credentials.h"
#include "zones/arena.h"

enum provider_outcome {
    PROVIDER_ABSENT, /* it is not meant to give any: ask the next one */
    PROVIDER_FOUND,  /* walk->found is set */
    PROVIDER_FAILED, /* it should have, but could not: walk->error is set, nobody else is asked */
};

struct credential_walk {
    const struct aws_environment *environment;
    struct imds *imds;
    struct arena arena; /* of `found`; the walk's owner takes it over or frees it */
    struct credentials found;
    struct error error;
    struct imds_query *query; /* under way, else NULL */
    size_t row;
    void (*done)(void *owner, enum provider_outcome outcome); /* never PROVIDER_ABSENT */
    void *owner;
};

/* Walk from the first row. environment, imds, done and owner are set; `done` may come at once. */
void credential_walk_start(struct credential_walk *walk);

/* For providers, as their last act. */
void credential_walk_end(struct credential_walk *walk, enum provider_outcome outcome);

/* Stop without a call of `done`, and free what was found. */
void credential_walk_cancel(struct credential_walk *walk);

/* The instance's role, from its metadata. */
void instance_role_provider(struct credential_walk *walk);

#endif
