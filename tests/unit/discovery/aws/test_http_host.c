/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_http_host.c - hosts that no proxy is asked for.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */
#include <string.h>

#include "discovery/aws/http_host.h"

static void this_machine_and_its_link_are_local_and_nothing_else(void **state)
{
    static const struct {
        const char *url;
        bool local;
    } rows[] = {
        {"http://169.254.169.254/latest/api/token",       true },
        {"http://169.254.170.2/v2/credentials/1",         true },
        {"http://169.254.170.23/v1/credentials",          true },
        {"http://[fd00:ec2::254]/latest",                 true },
        {"http://[fd00:ec2::23]/v1/credentials",          true },
        {"http://127.0.0.1:4566/",                        true },
        {"http://127.255.0.9",                            true },
        {"http://127.1/",                                 true },
        {"http://0x7f000001/",                            true },
        {"http://2130706433/",                            true },
        {"http://0.0.0.0/",                               true },
        {"http://[::1]:80/",                              true },
        {"http://[::]/",                                  true },
        {"http://[::ffff:127.0.0.1]/",                    true },
        {"http://[::ffff:169.254.169.254]/",              true },
        {"http://[fe80::1%25eth0]/",                      true },
        {"http://localhost",                              true },
        {"http://LOCALHOST.:8080/x",                      true },
        {"https://aws.localhost/",                        true },
        {"http://someone@localhost/",                     true },
        {"https://ec2.eu-west-1.amazonaws.com/",          false},
        {"https://ec2.eu-west-1.amazonaws.com/127.0.0.1", false},
        {"https://notlocalhost/",                         false},
        {"https://localhost.example.com/",                false},
        {"https://127.0.0.1.example.com/",                false},
        {"https://10.0.0.1/",                             false},
        {"https://169.253.1.1/",                          false},
        {"https://[2600:1f00::1]/",                       false},
        {"https://[fd00:ec3::1]/",                        false},
        {"https://[::ffff:10.0.0.1]/",                    false},
        {"",                                              false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        print_message("%s\n", rows[i].url);
        assert_int_equal(http_host_is_local(rows[i].url), rows[i].local);
    }
}

static void a_host_longer_than_any_name_is_not_local(void **state)
{
    char url[1024] = "http://";

    (void)state;
    memset(url + 7, 'a', 900);
    memcpy(url + 7 + 900, ".localhost/", 12);
    assert_false(http_host_is_local(url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(this_machine_and_its_link_are_local_and_nothing_else),
        cmocka_unit_test(a_host_longer_than_any_name_is_not_local),
    };

    return cmocka_run_group_tests_name("http_host", tests, NULL, NULL);
}
