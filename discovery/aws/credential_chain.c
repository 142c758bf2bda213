/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/credential_chain.c - the providers in their order, and the small ones.
 */

#include "discovery/aws/credential_chain.h"

#include "discovery/aws/profile.h"

/* Half a pair is a mistake to be told, not a reason to use another identity. */
static enum provider_outcome pair_outcome(struct credential_walk *walk, const char *where)
{
    if (walk->found.access_key == NULL && walk->found.secret_key == NULL) {
        return PROVIDER_ABSENT;
    }
    if (walk->found.access_key == NULL || walk->found.secret_key == NULL) {
        (void)error_set(&walk->error, "%s: one of access key id and secret access key is missing",
                        where);
        return PROVIDER_FAILED;
    }
    return PROVIDER_FOUND;
}

static void environment_provider(struct credential_walk *walk)
{
    const struct aws_environment *environment = walk->environment;

    walk->found = (struct credentials){
        .access_key = arena_string(&walk->arena, aws_variable(environment, "AWS_ACCESS_KEY_ID")),
        .secret_key =
            arena_string(&walk->arena, aws_variable(environment, "AWS_SECRET_ACCESS_KEY")),
        .session_token = arena_string(&walk->arena, aws_variable(environment, "AWS_SESSION_TOKEN")),
        .provider = "environment",
    };
    credential_walk_end(walk, pair_outcome(walk, "environment"));
}

static void shared_files_provider(struct credential_walk *walk)
{
    struct aws_profile profile;
    enum provider_outcome outcome;

    if (!aws_profile_read(walk->environment, &walk->arena, &profile, &walk->error)) {
        credential_walk_end(walk, PROVIDER_FAILED);
        return;
    }
    walk->found = (struct credentials){
        .access_key = profile.access_key,
        .secret_key = profile.secret_key,
        .session_token = profile.session_token,
        .provider = "shared files",
    };
    outcome = pair_outcome(walk, arena_format(&walk->arena, "profile %s", profile.name));
    if (outcome == PROVIDER_ABSENT && profile.other_way != NULL) {
        (void)error_set(&walk->error, "profile %s: %s is not supported yet", profile.name,
                        profile.other_way);
        outcome = PROVIDER_FAILED;
    }
    credential_walk_end(walk, outcome);
}

/*
 * Who set one of these wants that identity. Quietly taking the machine's own would be another
 * account's answer, so it is an error until the providers are built.
 */
static void unsupported_provider(struct credential_walk *walk)
{
    static const char *const variables[] = {"AWS_WEB_IDENTITY_TOKEN_FILE",
                                            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
                                            "AWS_CONTAINER_CREDENTIALS_FULL_URI"};

    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        if (aws_variable(walk->environment, variables[i]) != NULL) {
            (void)error_set(&walk->error, "%s is set, but that provider is not supported yet",
                            variables[i]);
            credential_walk_end(walk, PROVIDER_FAILED);
            return;
        }
    }
    credential_walk_end(walk, PROVIDER_ABSENT);
}

static void (*const providers[])(struct credential_walk *walk) = {
    environment_provider,
    shared_files_provider,
    unsupported_provider,
    instance_role_provider,
};

enum { PROVIDER_COUNT = sizeof(providers) / sizeof(providers[0]) };

void credential_walk_start(struct credential_walk *walk)
{
    arena_init(&walk->arena);
    walk->row = 0;
    walk->query = NULL;
    providers[0](walk);
}

void credential_walk_end(struct credential_walk *walk, enum provider_outcome outcome)
{
    if (outcome == PROVIDER_ABSENT) {
        walk->row++;
        if (walk->row < PROVIDER_COUNT) {
            providers[walk->row](walk);
            return;
        }
        (void)error_set(&walk->error, "no provider of credentials has any");
        outcome = PROVIDER_FAILED;
    }
    walk->done(walk->owner, outcome);
}

void credential_walk_cancel(struct credential_walk *walk)
{
    if (walk->query != NULL) {
        imds_cancel(walk->query);
        walk->query = NULL;
    }
    arena_free(&walk->arena);
}
