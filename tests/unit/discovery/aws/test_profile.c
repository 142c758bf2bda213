/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_profile.c - which file, which section, which value wins.
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
#include <sys/stat.h>
#include <unistd.h>

#include "discovery/aws/profile.h"
#include "tests/unit/discovery/aws/canned_server.h"

static char folder[] = "/tmp/rollcall-profile-XXXXXX";
static char config_path[128];
static char credentials_path[128];

static void file_write(const char *path, const char *text)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int setup(void **state)
{
    char aws[128];

    (void)state;
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(aws, sizeof(aws), "%s/.aws", folder);
    snprintf(config_path, sizeof(config_path), "%s/.aws/config", folder);
    snprintf(credentials_path, sizeof(credentials_path), "%s/.aws/credentials", folder);
    return mkdir(aws, 0700);
}

static int teardown(void **state)
{
    char aws[128];

    (void)state;
    snprintf(aws, sizeof(aws), "%s/.aws", folder);
    unlink(config_path);
    unlink(credentials_path);
    return rmdir(aws) | rmdir(folder);
}

static int each_setup(void **state)
{
    (void)state;
    unlink(config_path);
    unlink(credentials_path);
    canned_environment_clear();
    canned_environment_set("HOME", folder);
    return 0;
}

static const char *shown(const char *text)
{
    return text == NULL ? "-" : text;
}

static void the_chosen_profile_is_put_together_from_both_files(void **state)
{
    static const struct {
        const char *why;
        const char *profile; /* AWS_PROFILE */
        const char *config;
        const char *credentials;
        const char *expected; /* access, secret, token, region, other way */
    } rows[] = {
        {"default from both",                     NULL,  "[default]\nregion = eu-west-1\n",
         "[default]\naws_access_key_id = A\naws_secret_access_key = S\n",                                                                                            "A S - eu-west-1 -"         },
        {"credentials win as a whole",            NULL,
         "[default]\naws_access_key_id = B\naws_secret_access_key = T\naws_session_token = U\n"
         "region = eu-west-1\n",                                                                    "[default]\naws_access_key_id = A\naws_secret_access_key = S\n", "A S - eu-west-1 -"         },
        {"keys in the configuration file",        NULL,
         "[default]\naws_access_key_id = B\naws_secret_access_key = T\naws_session_token = U\n",    "[other]\naws_access_key_id = A\n",                              "B T U - -"                 },
        {"named",                                 "web",
         "[profile web]\nregion = eu-west-2\n[web]\nregion = no\n[default]\n"
         "region = no\n",                                                                           "[profile web]\naws_access_key_id = no\n[web]\naws_access_key_id = A\n"
         "aws_secret_access_key = S\naws_session_token = T\n",                                                                              "A S T eu-west-2 -"         },
        {"named with a quoted section",           "web", "[profile \"web\"]\nregion = eu-west-2\n", NULL,
         "- - - eu-west-2 -"                                                                                                                                                                     },
        {"a prefix of a name is another name",    "web",
         "[profile webs]\nregion = no\n[profile we]\nregion = no\n[profileweb]\nregion = no\n"
         "[profile web]\nregion = yes\n",                                                           NULL,                                                            "- - - yes -"               },
        {"default may be called profile default", NULL,  "[profile default]\nregion = r\n",         NULL,
         "- - - r -"                                                                                                                                                                             },
        {"a way that we lack",                    "web", "[profile web]\nsso_session = s\n",        NULL,
         "- - - - sso_session"                                                                                                                                                                   },
        {"another one, in the credentials file",  "web", NULL,
         "[web]\ncredential_process = /bin/keys\n",                                                                                                                  "- - - - credential_process"},
        {"a token without keys is nobody's",      NULL,
         "[default]\naws_access_key_id = A\naws_secret_access_key = S\n",                           "[default]\naws_session_token = T\n",                            "A S - - -"                 },
        {"neither file",                          NULL,  NULL,                                      NULL,                                                            "- - - - -"                 },
        {"an empty value is none",                NULL,  "[default]\nregion =\n",                   NULL,                                                            "- - - - -"                 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct aws_profile profile;
        struct error error = {0};
        struct arena arena;
        char got[256];

        print_message("%s\n", rows[i].why);
        each_setup(NULL);
        arena_init(&arena);
        if (rows[i].profile != NULL) {
            canned_environment_set("AWS_PROFILE", rows[i].profile);
        }
        if (rows[i].config != NULL) {
            file_write(config_path, rows[i].config);
        }
        if (rows[i].credentials != NULL) {
            file_write(credentials_path, rows[i].credentials);
        }
        assert_true(aws_profile_read(&canned_environment, &arena, &profile, &error));
        snprintf(got, sizeof(got), "%s %s %s %s %s", shown(profile.access_key),
                 shown(profile.secret_key), shown(profile.session_token), shown(profile.region),
                 shown(profile.other_way));
        assert_string_equal(got, rows[i].expected);
        arena_free(&arena);
    }
}

static void a_role_and_its_words_are_read_from_both_files(void **state)
{
    struct aws_profile profile;
    struct error error = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    file_write(config_path, "[profile web]\nrole_arn = arn:1\nsource_profile = base\n"
                            "external_id = e\nrole_session_name = s\nduration_seconds = 900\n"
                            "mfa_serial = m\nweb_identity_token_file = /t\n"
                            "credential_source = Environment\n");
    file_write(credentials_path, "[web]\nrole_arn = arn:2\n");
    assert_true(aws_profile_read_named(&canned_environment, "web", &arena, &profile, &error));
    assert_string_equal(profile.name, "web");
    assert_string_equal(profile.role_arn, "arn:2");
    assert_string_equal(profile.source_profile, "base");
    assert_string_equal(profile.external_id, "e");
    assert_string_equal(profile.role_session_name, "s");
    assert_string_equal(profile.duration_seconds, "900");
    assert_string_equal(profile.mfa_serial, "m");
    assert_string_equal(profile.web_identity_token_file, "/t");
    assert_string_equal(profile.credential_source, "Environment");
    assert_null(profile.other_way);
    assert_false(aws_profile_read_named(&canned_environment, "nobody", &arena, &profile, &error));
    assert_string_equal(error.text, "neither shared file has a profile \"nobody\"");
    arena_free(&arena);
}

static void endpoints_are_read_with_the_section_that_services_names(void **state)
{
    struct aws_profile profile;
    struct error error = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    file_write(config_path, "[services local]\nec2 =\n  endpoint_url = http://ec2\n"
                            "auto_scaling =\n  endpoint_url = http://as\n  other = x\n"
                            "s3 =\n  endpoint_url = http://s3\n"
                            "[services locals]\nsts =\n  endpoint_url = http://no\n"
                            "[default]\nservices = local\nendpoint_url = http://all\n"
                            "use_fips_endpoint = true\nuse_dualstack_endpoint = True\n"
                            "ignore_configured_endpoint_urls = false\n"
                            "s3 =\n  region = no\n");
    assert_true(aws_profile_read(&canned_environment, &arena, &profile, &error));
    assert_string_equal(profile.service_urls[AWS_EC2], "http://ec2");
    assert_string_equal(profile.service_urls[AWS_AUTO_SCALING], "http://as");
    assert_null(profile.service_urls[AWS_SQS]);
    assert_null(profile.service_urls[AWS_STS]);
    assert_string_equal(profile.endpoint_url, "http://all");
    assert_true(profile.use_fips);
    assert_true(profile.use_dualstack);
    assert_false(profile.ignore_endpoints);
    assert_null(profile.region);
    arena_free(&arena);
}

static void refused(const char *expected)
{
    struct aws_profile profile;
    struct error error = {0};
    struct arena arena;

    arena_init(&arena);
    assert_false(aws_profile_read(&canned_environment, &arena, &profile, &error));
    print_message("%s\n", error.text);
    assert_non_null(strstr(error.text, expected));
    assert_null(strstr(error.text, "hunter2"));
    arena_free(&arena);
}

static void variables_name_other_files(void **state)
{
    struct aws_profile profile;
    struct error error = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    file_write(credentials_path, "[profile x]\nregion = from-config\n");
    canned_environment_set("AWS_PROFILE", "x");
    canned_environment_set("AWS_CONFIG_FILE", "~/.aws/credentials");
    canned_environment_set("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials");
    assert_true(aws_profile_read(&canned_environment, &arena, &profile, &error));
    assert_string_equal(profile.region, "from-config");
    arena_free(&arena);
}

static void without_a_home_there_are_no_files(void **state)
{
    struct aws_profile profile;
    struct error error = {0};
    struct arena arena;

    (void)state;
    arena_init(&arena);
    canned_environment_clear();
    assert_true(aws_profile_read(&canned_environment, &arena, &profile, &error));
    assert_null(profile.region);
    arena_free(&arena);
}

static void a_chosen_profile_that_is_nowhere_is_an_error(void **state)
{
    (void)state;
    file_write(config_path, "[default]\nregion = r\n");
    canned_environment_set("AWS_PROFILE", "web");
    refused("AWS_PROFILE: neither shared file has a profile \"web\"");
}

static void services_without_their_section_are_an_error(void **state)
{
    (void)state;
    file_write(config_path, "[default]\nservices = local\n[local]\nec2 =\n");
    refused("profile default: services: ");
    refused("has no section [services local]");
}

static void a_file_that_cannot_be_used_is_named(void **state)
{
    (void)state;
    file_write(credentials_path, "[default]\naws_secret_access_key hunter2\n");
    refused("/.aws/credentials: line 2: neither [section] nor key = value");
    canned_environment_set("AWS_SHARED_CREDENTIALS_FILE", "/dev/zero");
    refused("/dev/zero: not a regular file");
    canned_environment_set("AWS_SHARED_CREDENTIALS_FILE", folder);
    refused(": not a regular file");
}

static void a_file_above_the_limit_is_refused(void **state)
{
    FILE *file = fopen(credentials_path, "wb");

    (void)state;
    assert_non_null(file);
    for (int i = 0; i <= PROFILE_FILE_LIMIT / 64; i++) {
        fprintf(file, "#%62d\n", i);
    }
    fclose(file);
    refused("larger than 1048576 octets");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_chosen_profile_is_put_together_from_both_files, each_setup),
        cmocka_unit_test_setup(a_role_and_its_words_are_read_from_both_files, each_setup),
        cmocka_unit_test_setup(endpoints_are_read_with_the_section_that_services_names, each_setup),
        cmocka_unit_test_setup(services_without_their_section_are_an_error, each_setup),
        cmocka_unit_test_setup(variables_name_other_files, each_setup),
        cmocka_unit_test_setup(without_a_home_there_are_no_files, each_setup),
        cmocka_unit_test_setup(a_chosen_profile_that_is_nowhere_is_an_error, each_setup),
        cmocka_unit_test_setup(a_file_that_cannot_be_used_is_named, each_setup),
        cmocka_unit_test_setup(a_file_above_the_limit_is_refused, each_setup),
    };

    return cmocka_run_group_tests_name("profile", tests, setup, teardown);
}
