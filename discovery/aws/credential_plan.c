/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/credential_plan.c - the ways in their order, each as one step that looks and
 * says whether it is the one.
 */

#include "discovery/aws/credential_plan.h"

#include <string.h>
#include <strings.h>

#include "discovery/aws/container_role.h"

enum way {
    WAY_ABSENT, /* not set up: look at the next one */
    WAY_TAKEN,
    WAY_WRONG, /* the error is set */
};

struct planner {
    const struct credential_settings *settings;
    struct arena *arena;
    struct credential_plan *plan;
    struct error *error;
    const char *visited[CREDENTIAL_ROLES_LIMIT]; /* profiles whose roles are in the plan */
    size_t visited_count;
};

/* ---- small pieces ---- */

/* Half a pair is a mistake to be told, not a reason to use another identity. */
static enum way keys_take(struct planner *planner, const struct credentials *keys,
                          const char *where)
{
    if (keys->access_key == NULL && keys->secret_key == NULL) {
        return WAY_ABSENT;
    }
    if (keys->access_key == NULL || keys->secret_key == NULL) {
        (void)error_set(planner->error, "%s: one of access key id and secret access key is missing",
                        where);
        return WAY_WRONG;
    }
    planner->plan->base = BASE_STATIC;
    planner->plan->keys = *keys;
    return WAY_TAKEN;
}

static const char *variable_copy(const struct planner *planner, const char *name)
{
    return arena_string(planner->arena, aws_variable(planner->settings->environment, name));
}

static enum way role_push(struct planner *planner, const struct sts_role *role)
{
    struct credential_plan *plan = planner->plan;

    if (!sts_role_check(role, planner->error)) {
        return WAY_WRONG;
    }
    if (plan->role_count == CREDENTIAL_ROLES_LIMIT) {
        (void)error_set(planner->error, "%s: more than %d roles in a chain", role->where,
                        CREDENTIAL_ROLES_LIMIT);
        return WAY_WRONG;
    }
    plan->roles[plan->role_count++] = *role;
    return WAY_TAKEN;
}

/* The role that the profile has, with all that it says about it. */
static struct sts_role profile_role(const struct planner *planner,
                                    const struct aws_profile *profile)
{
    return (struct sts_role){
        .where = arena_format(planner->arena, "profile %s", profile->name),
        .arn = profile->role_arn,
        .external_id = profile->external_id,
        .session_name = profile->role_session_name,
        .duration_seconds = profile->duration_seconds,
        .token_file = profile->web_identity_token_file,
    };
}

/* ---- the ways ---- */

static enum way environment_way(struct planner *planner)
{
    const struct credentials keys = {
        .access_key = variable_copy(planner, "AWS_ACCESS_KEY_ID"),
        .secret_key = variable_copy(planner, "AWS_SECRET_ACCESS_KEY"),
        .session_token = variable_copy(planner, "AWS_SESSION_TOKEN"),
        .provider = "environment",
    };

    return keys_take(planner, &keys, "environment");
}

static enum way container_way(struct planner *planner)
{
    if (!container_role_is_set(planner->settings->environment)) {
        return WAY_ABSENT;
    }
    planner->plan->base = BASE_CONTAINER;
    return WAY_TAKEN;
}

static enum way static_keys_way(struct planner *planner, const struct aws_profile *profile)
{
    const struct credentials keys = {
        .access_key = profile->access_key,
        .secret_key = profile->secret_key,
        .session_token = profile->session_token,
        .provider = "shared files",
    };
    enum way way = keys_take(planner, &keys, profile_role(planner, profile).where);

    if (way == WAY_ABSENT && profile->other_way != NULL) {
        (void)error_set(planner->error, "profile %s: %s is not supported", profile->name,
                        profile->other_way);
        return WAY_WRONG;
    }
    return way;
}

static enum way web_identity_take(struct planner *planner, const struct sts_role *role)
{
    if (role->token_file == NULL) {
        return WAY_ABSENT;
    }
    if (role->arn == NULL) {
        (void)error_set(planner->error, "%s: a web identity token file, but no role", role->where);
        return WAY_WRONG;
    }
    if (!sts_role_check(role, planner->error)) {
        return WAY_WRONG;
    }
    planner->plan->base = BASE_WEB_IDENTITY;
    planner->plan->identity = *role;
    return WAY_TAKEN;
}

static enum way profile_identity_way(struct planner *planner, const struct aws_profile *profile)
{
    const struct sts_role role = profile_role(planner, profile);

    return web_identity_take(planner, &role);
}

/* Each variable comes before the profile's key of the same meaning. */
static enum way identity_way(struct planner *planner, const struct aws_profile *profile)
{
    const char *file = variable_copy(planner, "AWS_WEB_IDENTITY_TOKEN_FILE");
    const char *arn = variable_copy(planner, "AWS_ROLE_ARN");
    const char *session = variable_copy(planner, "AWS_ROLE_SESSION_NAME");
    struct sts_role role = profile_role(planner, profile);

    if (file != NULL) {
        role.where = "AWS_WEB_IDENTITY_TOKEN_FILE";
        role.token_file = file;
    }
    role.arn = arn == NULL ? role.arn : arn;
    role.session_name = session == NULL ? role.session_name : session;
    return web_identity_take(planner, &role);
}

static bool is_assumed(const struct aws_profile *profile)
{
    return profile->role_arn != NULL && profile->web_identity_token_file == NULL;
}

static enum way credential_source_way(struct planner *planner, const struct aws_profile *profile)
{
    const char *source = profile->credential_source;
    enum way way = WAY_ABSENT;

    if (strcasecmp(source, "Environment") == 0) {
        way = environment_way(planner);
    } else if (strcasecmp(source, "EcsContainer") == 0) {
        way = container_way(planner);
    } else if (strcasecmp(source, "Ec2InstanceMetadata") == 0) {
        planner->plan->base = BASE_INSTANCE;
        way = WAY_TAKEN;
    } else {
        (void)error_set(planner->error,
                        "profile %s: credential_source: \"%s\" is none of Environment, "
                        "Ec2InstanceMetadata and EcsContainer",
                        profile->name, source);
        return WAY_WRONG;
    }
    if (way == WAY_ABSENT) {
        (void)error_set(planner->error,
                        "profile %s: credential_source: the environment has no variables for %s",
                        profile->name, source);
        return WAY_WRONG;
    }
    return way;
}

/* Push the profile's role; say where its source is. */
static enum way profile_role_push(struct planner *planner, const struct aws_profile *profile)
{
    const struct sts_role role = profile_role(planner, profile);

    if (profile->mfa_serial != NULL) {
        (void)error_set(planner->error, "profile %s: mfa_serial: nobody is there to give a code",
                        profile->name);
        return WAY_WRONG;
    }
    if ((profile->source_profile == NULL) == (profile->credential_source == NULL)) {
        (void)error_set(planner->error,
                        "profile %s: role_arn needs one of source_profile and credential_source",
                        profile->name);
        return WAY_WRONG;
    }
    return role_push(planner, &role);
}

/* Make `source` the profile to go on with. */
static bool source_read(struct planner *planner, const struct aws_profile *profile,
                        struct aws_profile *source)
{
    const char *name = profile->source_profile;
    bool seen = false;

    if (!aws_profile_read_named(planner->settings->environment, name, planner->arena, source,
                                planner->error)) {
        return error_prefix(planner->error, "profile %s: source_profile", profile->name);
    }
    planner->visited[planner->visited_count++] = profile->name;
    for (size_t i = 0; i < planner->visited_count; i++) {
        seen = seen || strcmp(planner->visited[i], name) == 0;
    }
    /* A profile may name itself: its role is assumed with its own keys. */
    if (seen && (strcmp(profile->name, name) != 0 || source->access_key == NULL)) {
        return error_set(planner->error, "profile %s: source_profile: %s leads back to itself",
                         profile->name, name);
    }
    return true;
}

/* The source of another profile's role: static keys come before a further role. */
static enum way source_way(struct planner *planner, const struct aws_profile *source)
{
    enum way way = profile_identity_way(planner, source);

    return way == WAY_ABSENT ? static_keys_way(planner, source) : way;
}

/* The role of `profile`, those that its sources assume, and who begins. */
static enum way profile_roles_way(struct planner *planner, const struct aws_profile *profile)
{
    struct aws_profile at = *profile;
    enum way way;

    if (!is_assumed(profile)) {
        return WAY_ABSENT;
    }
    do {
        struct aws_profile source;

        if (profile_role_push(planner, &at) == WAY_WRONG) {
            return WAY_WRONG;
        }
        if (at.credential_source != NULL) {
            return credential_source_way(planner, &at);
        }
        if (!source_read(planner, &at, &source)) {
            return WAY_WRONG;
        }
        at = source;
        way = is_assumed(&at) && at.access_key == NULL ? WAY_ABSENT : source_way(planner, &at);
    } while (way == WAY_ABSENT && is_assumed(&at));
    if (way == WAY_ABSENT) {
        (void)error_set(planner->error, "profile %s, which is a source_profile, has no credentials",
                        at.name);
        return WAY_WRONG;
    }
    return way;
}

/* See credential_plan.h: the one case where the variables are a source and not the answer. */
static bool profile_wants_environment(const struct planner *planner)
{
    const struct aws_environment *environment = planner->settings->environment;
    struct aws_profile profile;
    struct error ignored;

    return aws_variable(environment, "AWS_PROFILE") != NULL &&
           aws_profile_read(environment, planner->arena, &profile, &ignored) &&
           is_assumed(&profile) && profile.credential_source != NULL &&
           strcasecmp(profile.credential_source, "Environment") == 0;
}

static enum way profile_way(struct planner *planner)
{
    struct aws_profile profile;
    enum way way;

    if (!aws_profile_read(planner->settings->environment, planner->arena, &profile,
                          planner->error)) {
        return WAY_WRONG;
    }
    way = profile_roles_way(planner, &profile);
    if (way == WAY_ABSENT) {
        way = identity_way(planner, &profile);
    }
    return way == WAY_ABSENT ? static_keys_way(planner, &profile) : way;
}

static enum way instance_way(struct planner *planner)
{
    planner->plan->base = BASE_INSTANCE;
    planner->plan->last_resort = true;
    return WAY_TAKEN;
}

static enum way configured_role_push(struct planner *planner)
{
    const struct credential_settings *settings = planner->settings;
    const struct sts_role role = {
        .where = "role-arn",
        .arn = settings->role_arn,
        .external_id = settings->external_id,
    };

    return settings->role_arn == NULL || settings->role_arn[0] == '\0' ? WAY_ABSENT
                                                                       : role_push(planner, &role);
}

bool credential_plan_make(const struct credential_settings *settings, struct arena *arena,
                          struct credential_plan *plan, struct error *error)
{
    static enum way (*const ways[])(struct planner * planner) = {
        environment_way,
        profile_way,
        container_way,
        instance_way,
    };
    struct planner planner = {.settings = settings, .arena = arena, .plan = plan, .error = error};
    enum way way;
    size_t next;

    *plan = (struct credential_plan){.base = BASE_INSTANCE};
    way = configured_role_push(&planner) == WAY_WRONG ? WAY_WRONG : WAY_ABSENT;
    next = way == WAY_ABSENT && profile_wants_environment(&planner) ? 1 : 0;
    while (way == WAY_ABSENT) {
        way = ways[next++](&planner);
    }
    return way == WAY_TAKEN;
}
