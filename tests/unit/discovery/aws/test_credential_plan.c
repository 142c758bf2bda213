/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_credential_plan.c - what is set up, and who is asked because of it.
 * Acceptance group 32: the order of the providers, chains of roles.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "discovery/aws/credential_plan.h"
#include "tests/unit/discovery/aws/canned_server.h"

static char path[] = "/tmp/rollcall-plan-XXXXXX";

static int setup(void **state)
{
    (void)state;
    int file = mkstemp(path);

    return file < 0 ? -1 : close(file);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static void role_show(char *text, size_t size, const struct sts_role *role)
{
    size_t used = strlen(text);

    snprintf(text + used, size - used, " %s=%s", role->where, role->arn);
    for (size_t i = 0; i < 4; i++) {
        const char *const parts[] = {role->external_id, role->session_name, role->duration_seconds,
                                     role->token_file};

        used = strlen(text);
        snprintf(text + used, size - used, "%s%s", parts[i] == NULL ? "" : ",",
                 parts[i] == NULL ? "" : parts[i]);
    }
}

/* "static AKIA" and the roles in the order in which they are assumed. */
static void plan_show(char *text, size_t size, const struct credential_plan *plan)
{
    static const char *const bases[] = {"static", "identity", "container", "instance"};

    snprintf(text, size, "%s%s%s", bases[plan->base], plan->base == BASE_STATIC ? " " : "",
             plan->base == BASE_STATIC ? plan->keys.access_key : "");
    if (plan->base == BASE_WEB_IDENTITY) {
        role_show(text, size, &plan->identity);
    }
    for (size_t i = plan->role_count; i > 0; i--) {
        role_show(text, size, &plan->roles[i - 1]);
    }
}

struct plan_row {
    const char *why;
    const char *const *variables; /* name, value, ..., NULL */
    const char *files;            /* the configuration file */
    const char *expected;         /* the plan, or a part of the error */
};

#define VARIABLES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define KEYS "AWS_ACCESS_KEY_ID", "AKIAENV", "AWS_SECRET_ACCESS_KEY", "hunter2"
#define IDENTITY "AWS_WEB_IDENTITY_TOKEN_FILE", "/token", "AWS_ROLE_ARN", "arn:env"
#define CONTAINER "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/x"
#define BASE "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = hunter2\n"

static void rows_check(const struct plan_row *rows, size_t count, const char *role_arn)
{
    for (size_t i = 0; i < count; i++) {
        const struct credential_settings settings = {
            .environment = &canned_environment, .role_arn = role_arn, .external_id = "ext"};
        struct credential_plan plan;
        struct error error = {0};
        struct arena arena;
        char got[1024];
        FILE *file = fopen(path, "wb");

        print_message("%s\n", rows[i].why);
        assert_non_null(file);
        fputs(rows[i].files == NULL ? "" : rows[i].files, file);
        fclose(file);
        canned_environment_clear();
        canned_environment_set("AWS_CONFIG_FILE", path);
        for (const char *const *at = rows[i].variables; at != NULL && *at != NULL; at += 2) {
            canned_environment_set(at[0], at[1]);
        }
        arena_init(&arena);
        if (credential_plan_make(&settings, &arena, &plan, &error)) {
            plan_show(got, sizeof(got), &plan);
            assert_string_equal(got, rows[i].expected);
        } else {
            print_message("    %s\n", error.text);
            assert_non_null(strstr(error.text, rows[i].expected));
            assert_null(strstr(error.text, "hunter2"));
        }
        arena_free(&arena);
    }
}

static void the_first_way_that_is_set_up_is_taken(void **state)
{
    /* clang-format off */
    const struct plan_row rows[] = {
        {"nothing", NULL, NULL, "instance"},
        {"variables first", VARIABLES(KEYS, IDENTITY, CONTAINER, "AWS_PROFILE", "base"), BASE,
         "static AKIAENV"},
        {"variables, although the profile is nowhere", VARIABLES(KEYS, "AWS_PROFILE", "nobody"),
         NULL, "static AKIAENV"},
        {"a profile's role before a web identity",
         VARIABLES(IDENTITY, CONTAINER, "AWS_PROFILE", "web"),
         BASE "[profile web]\nrole_arn = arn:web\nsource_profile = base\n",
         "static AKIABASE profile web=arn:web"},
        {"a web identity before static keys", VARIABLES(IDENTITY, CONTAINER, "AWS_PROFILE", "base"),
         BASE, "identity AWS_WEB_IDENTITY_TOKEN_FILE=arn:env,/token"},
        {"static keys before the container", VARIABLES(CONTAINER, "AWS_PROFILE", "base"), BASE,
         "static AKIABASE"},
        {"the container before the instance", VARIABLES(CONTAINER), "[default]\nregion = r\n",
         "container"},
        {"a full URI is a container too",
         VARIABLES("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/"), NULL, "container"},
        {"a profile without credentials leaves it to the instance",
         VARIABLES("AWS_PROFILE", "web"), "[profile web]\nregion = r\n", "instance"},
        {"a chosen profile that is nowhere", VARIABLES("AWS_PROFILE", "web"), NULL,
         "AWS_PROFILE: neither shared file has a profile \"web\""},
        {"half a pair", VARIABLES("AWS_SECRET_ACCESS_KEY", "hunter2"), NULL,
         "environment: one of access key id and secret access key is missing"},
        {"half a pair in a profile", NULL, "[default]\naws_secret_access_key = hunter2\n",
         "profile default: one of access key id and secret access key is missing"},
        {"a way that we lack", VARIABLES(CONTAINER), "[default]\nsso_start_url = https://x\n",
         "profile default: sso_start_url is not supported"},
        {"another", NULL, "[default]\ncredential_process = /bin/hunter3\n",
         "profile default: credential_process is not supported"},
    };
    /* clang-format on */

    (void)state;
    rows_check(rows, sizeof(rows) / sizeof(rows[0]), NULL);
}

static void a_web_identity_is_put_together_from_variables_and_profile(void **state)
{
    /* clang-format off */
    const struct plan_row rows[] = {
        {"all from the profile", NULL,
         "[default]\nweb_identity_token_file = /p\nrole_arn = arn:p\nrole_session_name = me\n"
         "duration_seconds = 3600\n",
         "identity profile default=arn:p,me,3600,/p"},
        {"each variable wins", VARIABLES(IDENTITY, "AWS_ROLE_SESSION_NAME", "you"),
         "[default]\nweb_identity_token_file = /p\nrole_arn = arn:p\nrole_session_name = me\n",
         "identity AWS_WEB_IDENTITY_TOKEN_FILE=arn:env,you,/token"},
        {"no role", VARIABLES("AWS_WEB_IDENTITY_TOKEN_FILE", "/token"), NULL,
         "AWS_WEB_IDENTITY_TOKEN_FILE: a web identity token file, but no role"},
        {"no role in the profile", NULL, "[default]\nweb_identity_token_file = /p\n",
         "profile default: a web identity token file, but no role"},
        {"a session name that STS would refuse",
         VARIABLES(IDENTITY, "AWS_ROLE_SESSION_NAME", "a b"), NULL, "role_session_name"},
    };
    /* clang-format on */

    (void)state;
    rows_check(rows, sizeof(rows) / sizeof(rows[0]), NULL);
}

static void roles_are_assumed_one_with_the_other(void **state)
{
    /* clang-format off */
    const struct plan_row rows[] = {
        {"two profiles", VARIABLES("AWS_PROFILE", "outer"),
         BASE "[profile inner]\nrole_arn = arn:inner\nsource_profile = base\nexternal_id = e1\n"
              "[profile outer]\nrole_arn = arn:outer\nsource_profile = inner\n"
              "duration_seconds = 900\n",
         "static AKIABASE profile inner=arn:inner,e1 profile outer=arn:outer,900"},
        {"from a web identity", VARIABLES("AWS_PROFILE", "outer"),
         "[profile inner]\nrole_arn = arn:inner\nweb_identity_token_file = /t\n"
         "[profile outer]\nrole_arn = arn:outer\nsource_profile = inner\n",
         "identity profile inner=arn:inner,/t profile outer=arn:outer"},
        {"a source does not look at the variables of a web identity",
         VARIABLES(IDENTITY, "AWS_PROFILE", "outer"),
         "[profile inner]\nregion = r\n[profile outer]\nrole_arn = arn:outer\n"
         "source_profile = inner\n",
         "profile inner, which is a source_profile, has no credentials"},
        {"with its own keys", NULL,
         "[default]\naws_access_key_id = OWN\naws_secret_access_key = s\nrole_arn = arn:r\n"
         "source_profile = default\n",
         "static OWN profile default=arn:r"},
        {"keys of a source come before its role", VARIABLES("AWS_PROFILE", "outer"),
         "[profile inner]\naws_access_key_id = OWN\naws_secret_access_key = s\n"
         "role_arn = arn:inner\nsource_profile = outer\n"
         "[profile outer]\nrole_arn = arn:outer\nsource_profile = inner\n",
         "static OWN profile outer=arn:outer"},
        {"with the instance", NULL,
         "[default]\nrole_arn = arn:r\ncredential_source = Ec2InstanceMetadata\n",
         "instance profile default=arn:r"},
        {"with the container", VARIABLES(CONTAINER),
         "[default]\nrole_arn = arn:r\ncredential_source = EcsContainer\n",
         "container profile default=arn:r"},
        {"with the variables", VARIABLES(KEYS, "AWS_PROFILE", "web"),
         "[profile web]\nrole_arn = arn:r\ncredential_source = Environment\n",
         "static AKIAENV profile web=arn:r"},
        {"a source of a source", VARIABLES(CONTAINER, "AWS_PROFILE", "outer"),
         "[profile inner]\nrole_arn = arn:inner\ncredential_source = EcsContainer\n"
         "[profile outer]\nrole_arn = arn:outer\nsource_profile = inner\n",
         "container profile inner=arn:inner profile outer=arn:outer"},
    };
    /* clang-format on */

    (void)state;
    rows_check(rows, sizeof(rows) / sizeof(rows[0]), NULL);
}

static void roles_that_cannot_be_assumed_are_told(void **state)
{
    /* clang-format off */
    const struct plan_row rows[] = {
        {"itself", NULL, "[default]\nrole_arn = arn:r\nsource_profile = default\n",
         "profile default: source_profile: default leads back to itself"},
        {"a loop of two", VARIABLES("AWS_PROFILE", "a"),
         "[profile a]\nrole_arn = arn:a\nsource_profile = b\n"
         "[profile b]\nrole_arn = arn:b\nsource_profile = a\n",
         "profile b: source_profile: a leads back to itself"},
        {"nobody", NULL, "[default]\nrole_arn = arn:r\nsource_profile = nobody\n",
         "profile default: source_profile: neither shared file has a profile \"nobody\""},
        {"no source", NULL, "[default]\nrole_arn = arn:r\n",
         "profile default: role_arn needs one of source_profile and credential_source"},
        {"two sources", NULL,
         "[default]\nrole_arn = arn:r\nsource_profile = x\ncredential_source = Environment\n",
         "profile default: role_arn needs one of source_profile and credential_source"},
        {"an unknown source", NULL, "[default]\nrole_arn = arn:r\ncredential_source = Moon\n",
         "profile default: credential_source: \"Moon\" is none of Environment"},
        {"a source without variables", NULL,
         "[default]\nrole_arn = arn:r\ncredential_source = EcsContainer\n",
         "profile default: credential_source: the environment has no variables for EcsContainer"},
        {"a code from a device", NULL,
         "[default]\nrole_arn = arn:r\nsource_profile = default\nmfa_serial = arn:mfa\n",
         "profile default: mfa_serial: nobody is there to give a code"},
        {"no ARN", NULL, "[default]\nrole_arn = web\nsource_profile = default\n",
         "profile default: role_arn: \"web\" is not an ARN"},
        {"a source in a way that we lack", NULL,
         "[default]\nrole_arn = arn:r\nsource_profile = s\n[profile s]\nsso_session = x\n",
         "profile s: sso_session is not supported"},
        {"too long a chain", VARIABLES("AWS_PROFILE", "1"),
         "[profile 1]\nrole_arn = arn:1\nsource_profile = 2\n"
         "[profile 2]\nrole_arn = arn:2\nsource_profile = 3\n"
         "[profile 3]\nrole_arn = arn:3\nsource_profile = 4\n"
         "[profile 4]\nrole_arn = arn:4\nsource_profile = 5\n"
         "[profile 5]\nrole_arn = arn:5\nsource_profile = 6\n"
         "[profile 6]\nrole_arn = arn:6\nsource_profile = 7\n"
         "[profile 7]\nrole_arn = arn:7\nsource_profile = 8\n"
         "[profile 8]\nrole_arn = arn:8\nsource_profile = 9\n"
         "[profile 9]\nrole_arn = arn:9\nsource_profile = base\n" BASE,
         "profile 9: more than 8 roles in a chain"},
    };
    /* clang-format on */

    (void)state;
    rows_check(rows, sizeof(rows) / sizeof(rows[0]), NULL);
}

static void the_configured_role_comes_last(void **state)
{
    /* clang-format off */
    const struct plan_row rows[] = {
        {"after the variables", VARIABLES(KEYS), NULL, "static AKIAENV role-arn=arn:conf,ext"},
        {"after the instance", NULL, NULL, "instance role-arn=arn:conf,ext"},
        {"after a profile's role", NULL,
         BASE "[default]\nrole_arn = arn:r\nsource_profile = base\n",
         "static AKIABASE profile default=arn:r role-arn=arn:conf,ext"},
    };
    const struct plan_row without[] = {{"empty is none", VARIABLES(KEYS), NULL, "static AKIAENV"}};
    const struct plan_row wrong[] = {
        {"no ARN", VARIABLES(KEYS), NULL, "role-arn: role_arn: \"web\" is not an ARN"}};
    /* clang-format on */

    (void)state;
    rows_check(rows, sizeof(rows) / sizeof(rows[0]), "arn:conf");
    rows_check(without, 1, "");
    rows_check(wrong, 1, "web");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_way_that_is_set_up_is_taken),
        cmocka_unit_test(a_web_identity_is_put_together_from_variables_and_profile),
        cmocka_unit_test(roles_are_assumed_one_with_the_other),
        cmocka_unit_test(roles_that_cannot_be_assumed_are_told),
        cmocka_unit_test(the_configured_role_comes_last),
    };

    return cmocka_run_group_tests_name("credential_plan", tests, setup, teardown);
}
