/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/instance_role.c - credentials of the role that the instance has.
 *
 * First the role's name, then its document ("Retrieve security credentials from instance
 * metadata", EC2 User Guide). Every failure counts as one that passes: whether metadata is down or
 * answers nonsense, an instance that runs is better served by what it had.
 */

#include <string.h>

#include "discovery/aws/credential_chain.h"
#include "discovery/aws/credentials_document.h"

#define ROLES_PATH "/latest/meta-data/iam/security-credentials/"

enum { ROLE_NAME_LIMIT = 64 }; /* CreateRole, IAM API Reference */

/* The name becomes part of a path. */
static size_t role_length(const char *text)
{
    return strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+=,.@_-");
}

static void on_document(void *owner, const char *text, const struct error *error)
{
    struct credential_walk *walk = owner;

    walk->query = NULL;
    if (error != NULL) {
        walk->error = *error;
        credential_step_fail(walk);
        return;
    }
    walk->found = (struct credentials){.provider = "instance role"};
    if (credentials_document_read(text, strlen(text), true, &walk->arena, &walk->found,
                                  &walk->error)) {
        credential_step_done(walk);
        return;
    }
    (void)error_prefix(&walk->error, "instance metadata: the role's credentials");
    credential_step_fail(walk);
}

/* As the last of the chain: whoever meant another provider wants to read that it had nothing. */
static void role_missing(struct credential_walk *walk)
{
    if (walk->plan.last_resort) {
        (void)error_prefix(&walk->error, "no credentials in environment or shared files");
    }
    credential_step_fail(walk);
}

static void on_role(void *owner, const char *text, const struct error *error)
{
    struct credential_walk *walk = owner;
    size_t length = text == NULL ? 0 : role_length(text);

    walk->query = NULL;
    if (error != NULL) {
        walk->error = *error;
    } else if (length == 0 || length > ROLE_NAME_LIMIT || strchr("\r\n", text[length]) == NULL) {
        (void)error_set(&walk->error, "instance metadata: what came is no role name");
    } else {
        const char *path = arena_format(&walk->arena, "%s%.*s", ROLES_PATH, (int)length, text);

        walk->query = imds_ask(walk->settings->imds, path, on_document, walk, &walk->error);
    }
    if (walk->query == NULL) {
        role_missing(walk);
    }
}

void instance_role_step(struct credential_walk *walk)
{
    walk->unreachable = true;
    walk->query = imds_ask(walk->settings->imds, ROLES_PATH, on_role, walk, &walk->error);
    if (walk->query == NULL) {
        role_missing(walk);
    }
}
