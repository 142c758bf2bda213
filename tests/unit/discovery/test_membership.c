/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_membership.c - the rule of membership, case by case.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <string.h>

#include "tests/unit/discovery/fixture.h"

/* Strings of holds lie here until the group of tests ends. */
static struct arena arena;

static int arena_teardown(void **state)
{
    (void)state;
    arena_free(&arena);
    return 0;
}

static struct decision decide(const struct instance *instance, const struct membership_rules *rules,
                              const struct accepted *last_good, struct accepted *accepted)
{
    return membership_decide(instance, rules, last_good, &arena, accepted);
}

static void numbers_are_strict_decimals(void **state)
{
    static const struct {
        const char *why;
        const char *text;
        uint16_t max;
        bool valid;
        uint16_t number;
    } cases[] = {
        {"zero",                     "0",                    65535, true,  0    },
        {"one digit",                "7",                    65535, true,  7    },
        {"the largest",              "65535",                65535, true,  65535},
        {"at the caller's limit",    "100",                  100,   true,  100  },
        {"over the caller's limit",  "101",                  100,   false, 0    },
        {"over 16 bits",             "65536",                65535, false, 0    },
        {"over 32 bits",             "4294967296",           65535, false, 0    },
        {"over 32 bits, wraps to 5", "4294967301",           65535, false, 0    },
        {"over 64 bits",             "18446744073709551621", 65535, false, 0    },
        {"nothing",                  "",                     65535, false, 0    },
        {"a sign",                   "+1",                   65535, false, 0    },
        {"a minus",                  "-1",                   65535, false, 0    },
        {"space before",             " 7",                   65535, false, 0    },
        {"space after",              "7 ",                   65535, false, 0    },
        {"newline after",            "7\n",                  65535, false, 0    },
        {"an exponent",              "1e3",                  65535, false, 0    },
        {"hexadecimal",              "0x10",                 65535, false, 0    },
        {"leading zero",             "01",                   65535, false, 0    },
        {"two zeros",                "00",                   65535, false, 0    },
        {"a fraction",               "1.0",                  65535, false, 0    },
        {"a thousands separator",    "1,000",                65535, false, 0    },
        {"Arabic-Indic digit",       "\xd9\xa5",             65535, false, 0    },
        {"the octet after '9'",      "1:",                   65535, false, 0    },
        {"the octet before '0'",     "1/",                   65535, false, 0    },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint16_t number = 4711;

        if (number_parse_u16(cases[i].text, cases[i].max, &number) != cases[i].valid ||
            number != (cases[i].valid ? cases[i].number : 4711)) {
            fail_msg("%s: \"%s\" gave %u", cases[i].why, cases[i].text, number);
        }
    }
}

static const char *const web_only[] = {"web*", "api"};

static const struct {
    const char *why;
    enum instance_state state;
    const char *id;
    const char *group;
    const char *weight;
    const char *private_address;
    const char *address_tag;
    const char *port;
    enum membership membership; /* of a new instance */
    enum membership_reason reason;
} newcomers[] = {
  /* clang-format off */
    {"all is well",
     STATE_RUNNING, "i-1", "web", "1", "10.0.0.1", NULL, NULL, MEMBERSHIP_IN, REASON_MEMBER},
    {"in no group, and terminated",
     STATE_TERMINATED, "i-1", NULL, NULL, NULL, NULL, NULL, MEMBERSHIP_OUT, REASON_NO_GROUP},
    {"a group that is not taken comes before the state",
     STATE_STOPPED, "i-1", "db", "1", "10.0.0.1", NULL, NULL, MEMBERSHIP_OUT, REASON_GROUP_NOT_TAKEN},
    {"shutting down",
     STATE_SHUTTING_DOWN, "i-1", "web", "1", "10.0.0.1", NULL, NULL, MEMBERSHIP_OUT, REASON_STATE_GONE},
    {"terminated, tags and address gone already",
     STATE_TERMINATED, "i-1", "web", NULL, NULL, NULL, NULL, MEMBERSHIP_OUT, REASON_STATE_GONE},
    {"terminated, with a group name that is damaged",
     STATE_TERMINATED, "i-1", "\n", NULL, NULL, NULL, NULL, MEMBERSHIP_OUT, REASON_STATE_GONE},
    {"stopping",
     STATE_STOPPING, "i-1", "web", "1", "10.0.0.1", NULL, NULL, MEMBERSHIP_OUT, REASON_STATE_GONE},
    {"stopped",
     STATE_STOPPED, "i-1", "web", "1", "10.0.0.1", NULL, NULL, MEMBERSHIP_OUT, REASON_STATE_GONE},
    {"pending comes before the missing weight",
     STATE_PENDING, "i-1", "web", NULL, "10.0.0.1", NULL, NULL, MEMBERSHIP_KEEP, REASON_STATE_PENDING},
    {"a state of tomorrow",
     STATE_UNKNOWN, "i-1", "web", "1", "10.0.0.1", NULL, NULL, MEMBERSHIP_KEEP, REASON_STATE_UNKNOWN},
    {"the Lambda's last step took the tag off",
     STATE_RUNNING, "i-1", "web", NULL, "10.0.0.1", NULL, NULL, MEMBERSHIP_OUT, REASON_NO_WEIGHT},
    {"an id in capitals",
     STATE_RUNNING, "I-1", "web", "1", "10.0.0.1", NULL, NULL, MEMBERSHIP_KEEP, REASON_BAD_ID},
    {"no id",
     STATE_RUNNING, "", "web", "1", "10.0.0.1", NULL, NULL, MEMBERSHIP_KEEP, REASON_BAD_ID},
    {"a group name that cannot be one",
     STATE_RUNNING, "i-1", "we\nb", "1", "10.0.0.1", NULL, NULL, MEMBERSHIP_KEEP, REASON_BAD_GROUP},
    {"a weight that is no number",
     STATE_RUNNING, "i-1", "web", "half", "10.0.0.1", NULL, NULL, MEMBERSHIP_KEEP, REASON_BAD_WEIGHT},
    {"an empty weight is not an absent one",
     STATE_RUNNING, "i-1", "web", "", "10.0.0.1", NULL, NULL, MEMBERSHIP_KEEP, REASON_BAD_WEIGHT},
    {"no address at all",
     STATE_RUNNING, "i-1", "web", "1", NULL, NULL, NULL, MEMBERSHIP_KEEP, REASON_NO_ADDRESS},
    {"a bad tag does not fall back to the private address",
     STATE_RUNNING, "i-1", "web", "1", "10.0.0.1", "10.0.0", NULL, MEMBERSHIP_KEEP, REASON_BAD_ADDRESS},
    {"an empty tag does not fall back either",
     STATE_RUNNING, "i-1", "web", "1", "10.0.0.1", "", NULL, MEMBERSHIP_KEEP, REASON_BAD_ADDRESS},
    {"an address outside the prefixes",
     STATE_RUNNING, "i-1", "web", "1", "192.0.2.1", NULL, NULL, MEMBERSHIP_KEEP, REASON_BAD_ADDRESS},
    {"port 0",
     STATE_RUNNING, "i-1", "web", "1", "10.0.0.1", NULL, "0", MEMBERSHIP_KEEP, REASON_BAD_PORT},
    {"port 65536",
     STATE_RUNNING, "i-1", "web", "1", "10.0.0.1", NULL, "65536", MEMBERSHIP_KEEP, REASON_BAD_PORT},
    {"weight is asked before address and port",
     STATE_RUNNING, "i-1", "web", "x", "::", NULL, "x", MEMBERSHIP_KEEP, REASON_BAD_WEIGHT},
  /* clang-format on */
};

static void every_rule_decides_in_its_turn(void **state)
{
    struct membership_rules rules = *fixture_rules();

    (void)state;
    rules.groups = web_only;
    rules.group_count = 2;
    for (size_t i = 0; i < sizeof(newcomers) / sizeof(newcomers[0]); i++) {
        const struct instance instance = {
            .id = newcomers[i].id,
            .group = newcomers[i].group,
            .private_address = newcomers[i].private_address,
            .weight_tag = newcomers[i].weight,
            .address_tag = newcomers[i].address_tag,
            .port_tag = newcomers[i].port,
            .state = newcomers[i].state,
        };
        struct accepted accepted = {0};
        struct decision decision = decide(&instance, &rules, NULL, &accepted);

        if (decision.membership != newcomers[i].membership ||
            decision.reason != newcomers[i].reason) {
            fail_msg("%s: membership %d, %s", newcomers[i].why, (int)decision.membership,
                     membership_reason_name(decision.reason));
        }
        if ((accepted.id != NULL) != (newcomers[i].membership == MEMBERSHIP_IN)) {
            fail_msg("%s: accepted is filled only on IN", newcomers[i].why);
        }
    }
}

static void a_member_can_do_without_its_zone_and_without_ipv4(void **state)
{
    struct instance instance = fixture_instance("i-1", "web", NULL);
    struct accepted accepted = {0};
    struct decision decision;

    (void)state;
    instance.az = "eu\" west";
    instance.ipv6_address = "fd00::1";
    decision = decide(&instance, fixture_rules(), NULL, &accepted);
    assert_int_equal(decision.membership, MEMBERSHIP_IN);
    assert_int_equal(decision.reason, REASON_BAD_ZONE);
    assert_string_equal(accepted.az, "");
    assert_int_equal(accepted.address.length, ADDRESS_V6_LENGTH);
}

static void good_values_are_taken_from_the_tags(void **state)
{
    struct instance instance = fixture_instance("i-0ab", "web", "10.0.0.1");
    struct accepted accepted = {0};
    char text[ADDRESS_MAX_TEXT];

    (void)state;
    instance.weight_tag = "0";
    instance.address_tag = "10.7.7.7";
    instance.port_tag = "65535";
    assert_int_equal(decide(&instance, fixture_rules(), NULL, &accepted).membership, MEMBERSHIP_IN);
    assert_string_equal(accepted.id, "i-0ab");
    assert_string_equal(accepted.group, "web");
    assert_string_equal(accepted.az, "eu-west-1a");
    assert_string_equal(address_to_text(&accepted.address, text), "10.7.7.7");
    assert_int_equal(accepted.port, 65535);
    assert_int_equal(accepted.weight, 0);
}

static void without_tags_the_private_address_and_no_port_of_its_own(void **state)
{
    struct instance instance = fixture_instance("i-0ab", "web", "10.0.0.1");
    struct accepted accepted = {0};
    char text[ADDRESS_MAX_TEXT];

    (void)state;
    instance.az = NULL;
    instance.ipv6_address = "fd00::1";
    assert_int_equal(decide(&instance, fixture_rules(), NULL, &accepted).reason, REASON_MEMBER);
    assert_string_equal(address_to_text(&accepted.address, text), "10.0.0.1");
    assert_string_equal(accepted.az, "");
    assert_int_equal(accepted.port, 0);
}

static void each_bad_field_keeps_its_last_good_value_and_the_others_follow(void **state)
{
    const struct accepted last_good = {
        .id = "i-1",
        .group = "web",
        .az = "eu-west-1b",
        .address = {ADDRESS_V4_LENGTH, {10, 9, 9, 9}},
        .port = 8080,
        .weight = 5,
    };
    struct instance instance = fixture_instance("i-1", "api", "10.0.0.1");
    struct accepted accepted = {0};
    struct decision decision;

    (void)state;
    instance.weight_tag = "65536";
    instance.port_tag = "90";
    decision = decide(&instance, fixture_rules(), &last_good, &accepted);
    assert_int_equal(decision.membership, MEMBERSHIP_IN);
    assert_int_equal(decision.reason, REASON_BAD_WEIGHT);
    assert_string_equal(decision.value, "65536");
    assert_int_equal(accepted.weight, 5);
    assert_int_equal(accepted.port, 90);
    assert_string_equal(accepted.group, "api");
    assert_string_equal(accepted.az, "eu-west-1a");
    assert_int_equal(accepted.address.octets[3], 1);

    instance.weight_tag = "6";
    instance.address_tag = "127.0.0.1";
    instance.port_tag = "-1";
    instance.group = "\x1b[31m";
    instance.az = "a b";
    decision = decide(&instance, fixture_rules(), &last_good, &accepted);
    assert_int_equal(decision.membership, MEMBERSHIP_IN);
    assert_int_equal(decision.reason, REASON_BAD_GROUP);
    assert_int_equal(accepted.weight, 6);
    assert_int_equal(accepted.port, 8080);
    assert_string_equal(accepted.group, "web");
    assert_string_equal(accepted.az, "eu-west-1b");
    assert_int_equal(accepted.address.octets[3], 9);
}

static void a_removed_port_tag_gives_the_port_back_to_the_source(void **state)
{
    const struct accepted last_good = {
        .id = "i-1", .group = "web", .az = "", .address = {ADDRESS_V4_LENGTH, {10, 1}},
                   .port = 80
    };
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    struct accepted accepted = {0};

    (void)state;
    (void)decide(&instance, fixture_rules(), &last_good, &accepted);
    assert_int_equal(accepted.port, 0);
}

static void a_bridged_address_that_the_rules_forbid_by_now_is_out(void **state)
{
    const struct accepted last_good = {
        .id = "i-1", .group = "web", .az = "", .address = {ADDRESS_V4_LENGTH, {192, 168, 1, 1}}
    };
    struct instance instance = fixture_instance("i-1", "web", "192.168.1.1");
    struct accepted accepted = {0};
    struct decision decision = decide(&instance, fixture_rules(), &last_good, &accepted);

    (void)state;
    assert_int_equal(decision.membership, MEMBERSHIP_OUT);
    assert_int_equal(decision.reason, REASON_BAD_ADDRESS);
    assert_null(accepted.id);
}

static void a_hold_is_read_from_its_tag(void **state)
{
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    struct accepted accepted = {0};

    (void)state;
    assert_int_equal(decide(&instance, fixture_rules(), NULL, &accepted).reason, REASON_MEMBER);
    assert_int_equal(accepted.hold.kind, HOLD_NONE);
    assert_string_equal(accepted.hold.by, "");

    instance.hold_tag = "maint by=ann reason=new kernel";
    assert_int_equal(decide(&instance, fixture_rules(), NULL, &accepted).reason, REASON_MEMBER);
    assert_int_equal(accepted.hold.kind, HOLD_MAINT);
    assert_string_equal(accepted.hold.by, "ann");
    assert_string_equal(accepted.hold.reason, "new kernel");
    assert_int_equal(accepted.weight, 65535);
}

static void an_unreadable_hold_keeps_the_last_good_one(void **state)
{
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    struct accepted first = {0};
    struct accepted second = {0};
    struct decision decision;

    (void)state;
    instance.hold_tag = "drain by=ann";
    (void)decide(&instance, fixture_rules(), NULL, &first);
    instance.hold_tag = "drian by=ann";
    instance.weight_tag = "7";
    decision = decide(&instance, fixture_rules(), &first, &second);
    assert_int_equal(decision.membership, MEMBERSHIP_IN);
    assert_int_equal(decision.reason, REASON_BAD_HOLD);
    assert_string_equal(decision.value, "drian by=ann");
    assert_true(hold_equals(&first.hold, &second.hold));
    assert_int_equal(second.weight, 7);
}

static void an_unreadable_hold_keeps_a_newcomer_out(void **state)
{
    static const char *const texts[] = {"", "none", "maintenance", "maint until=tomorrow"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
        struct accepted accepted = {0};
        struct decision decision;

        instance.hold_tag = texts[i];
        decision = decide(&instance, fixture_rules(), NULL, &accepted);
        assert_int_equal(decision.membership, MEMBERSHIP_KEEP);
        assert_int_equal(decision.reason, REASON_BAD_HOLD);
        assert_null(accepted.id);
    }
}

static void a_removed_hold_tag_takes_the_hold_off(void **state)
{
    struct instance instance = fixture_instance("i-1", "web", "10.0.0.1");
    struct accepted held = {0};
    struct accepted free = {0};

    (void)state;
    instance.hold_tag = "maint";
    (void)decide(&instance, fixture_rules(), NULL, &held);
    instance.hold_tag = NULL;
    (void)decide(&instance, fixture_rules(), &held, &free);
    assert_int_equal(held.hold.kind, HOLD_MAINT);
    assert_int_equal(free.hold.kind, HOLD_NONE);
}

static void groups_are_globs(void **state)
{
    static const struct {
        const char *group;
        bool taken;
    } cases[] = {
        {"web",      true },
        {"web-blue", true },
        {"api",      true },
        {"api-2",    false},
        {"aweb",     false},
    };
    struct membership_rules rules = *fixture_rules();

    (void)state;
    rules.groups = web_only;
    rules.group_count = 2;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct instance instance = fixture_instance("i-1", cases[i].group, "10.0.0.1");
        struct accepted accepted;

        assert_int_equal(decide(&instance, &rules, NULL, &accepted).membership == MEMBERSHIP_IN,
                         cases[i].taken);
    }
}

static void a_group_name_may_have_1024_octets_but_not_one_more(void **state)
{
    char group[1026] = "";
    struct instance instance = fixture_instance("i-1", group, "10.0.0.1");
    struct accepted accepted;

    (void)state;
    memset(group, 'a', sizeof(group));
    group[1024] = '\0';
    assert_int_equal(decide(&instance, fixture_rules(), NULL, &accepted).reason, REASON_MEMBER);
    group[1024] = 'a';
    group[1025] = '\0';
    assert_int_equal(decide(&instance, fixture_rules(), NULL, &accepted).reason, REASON_BAD_GROUP);
}

static void every_reason_has_a_word_of_its_own(void **state)
{
    (void)state;
    for (int i = REASON_MEMBER; i <= REASON_BAD_ZONE; i++) {
        const char *name = membership_reason_name((enum membership_reason)i);

        assert_string_not_equal(name, "unknown");
        for (int j = REASON_MEMBER; j < i; j++) {
            assert_string_not_equal(name, membership_reason_name((enum membership_reason)j));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_strict_decimals),
        cmocka_unit_test(every_rule_decides_in_its_turn),
        cmocka_unit_test(a_member_can_do_without_its_zone_and_without_ipv4),
        cmocka_unit_test(good_values_are_taken_from_the_tags),
        cmocka_unit_test(without_tags_the_private_address_and_no_port_of_its_own),
        cmocka_unit_test(each_bad_field_keeps_its_last_good_value_and_the_others_follow),
        cmocka_unit_test(a_removed_port_tag_gives_the_port_back_to_the_source),
        cmocka_unit_test(a_bridged_address_that_the_rules_forbid_by_now_is_out),
        cmocka_unit_test(a_hold_is_read_from_its_tag),
        cmocka_unit_test(an_unreadable_hold_keeps_the_last_good_one),
        cmocka_unit_test(an_unreadable_hold_keeps_a_newcomer_out),
        cmocka_unit_test(a_removed_hold_tag_takes_the_hold_off),
        cmocka_unit_test(groups_are_globs),
        cmocka_unit_test(a_group_name_may_have_1024_octets_but_not_one_more),
        cmocka_unit_test(every_reason_has_a_word_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, arena_teardown);
}
