/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_hostile_grid.c - every value that should not be there, in every field,
 * of a newcomer and of a member, in every place of a poll: it hurts nobody but its own instance.
 *
 * Which fields may hold a value is written down by hand in the table, so that the grid does not
 * ask the code under test what is right.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <string.h>

#include "discovery/fleet.h"
#include "tests/unit/discovery/fixture.h"
#include "tests/unit/discovery/hostile_values.h"

/* A field that gets the value. */
struct field {
    const char *name;
    size_t offset; /* of the text in struct instance */
    unsigned good_when;
    enum membership_reason reason; /* what a bad value is called */
    bool hides_tag;                /* the ip_address tag has to be absent for it to count */
    bool hides_private;            /* and the private address as well */
};

static const struct field fields[] = {
    {"id",              offsetof(struct instance, id),              GOOD_ID,      REASON_BAD_ID,      false, false},
    {"group",           offsetof(struct instance, group),           GOOD_GROUP,   REASON_BAD_GROUP,   false, false},
    {"zone",            offsetof(struct instance, az),              GOOD_ZONE,    REASON_BAD_ZONE,    false, false},
    {"private address", offsetof(struct instance, private_address), GOOD_ADDRESS,
     REASON_BAD_ADDRESS,                                                                              true,  false},
    {"IPv6 address",    offsetof(struct instance, ipv6_address),    GOOD_ADDRESS, REASON_BAD_ADDRESS,
     true,                                                                                                   true },
    {"srv_weight",      offsetof(struct instance, weight_tag),      GOOD_WEIGHT,  REASON_BAD_WEIGHT,  false,
     false                                                                                                        },
    {"ip_address",      offsetof(struct instance, address_tag),     GOOD_ADDRESS, REASON_BAD_ADDRESS, false,
     false                                                                                                        },
    {"srv_hold",        offsetof(struct instance, hold_tag),        0,            REASON_BAD_HOLD,    false, false},
    {"srv_port",        offsetof(struct instance, port_tag),        GOOD_PORT,    REASON_BAD_PORT,    false, false},
};

enum { FIELD_COUNT = sizeof(fields) / sizeof(fields[0]) };

/* Where the instance stands among its neighbours, by its id. */
static const char *const target_ids[] = {"i-00", "i-25", "i-99"};

enum {
    POSITION_COUNT = sizeof(target_ids) / sizeof(target_ids[0]),
    ROW_COUNT = 2 * POSITION_COUNT, /* newcomer and member in every place */
    NEIGHBOUR_COUNT = 5,
};

static const char *const neighbour_ids[NEIGHBOUR_COUNT] = {"i-10", "i-20", "i-30", "i-40", "i-50"};

/* One combination, and the fleet that it is tried on. */
struct trial {
    const struct hostile *value;
    const struct field *field;
    const char *id;
    bool is_member; /* it was there, and well, before */
    char text[HOSTILE_MAX_LENGTH + 1];
    struct fleet *fleet;
    struct recorder recorder;
    size_t complaints;
    int64_t polls;
};

/* Fail with everything that is needed to find the row again. */
static void trial_check(const struct trial *trial, bool holds, const char *what)
{
    if (!holds) {
        fail_msg("%s in %s of %s %s: not so: %s", trial->value->why, trial->field->name,
                 trial->is_member ? "member" : "newcomer", trial->id, what);
    }
}

#define trial_assert(trial, condition) trial_check(trial, condition, #condition)

static bool value_is_good(const struct trial *trial)
{
    return (trial->value->good_for & trial->field->good_when) != 0;
}

static void field_set(struct instance *instance, const struct field *field, const char *text)
{
    memcpy((char *)instance + field->offset, &text, sizeof(text));
}

/* The instance before anybody meddled with it. */
static struct instance target_instance(const struct trial *trial)
{
    struct instance instance = fixture_instance(trial->id, "web", "10.9.9.8");

    instance.ipv6_address = "fd00::5";
    instance.weight_tag = "100";
    instance.port_tag = "8080";
    instance.address_tag = trial->field->hides_tag ? NULL : "10.9.9.9";
    if (trial->field->hides_private) {
        instance.private_address = NULL;
    }
    return instance;
}

/* One poll of the neighbours and, unless NULL, of `target`. */
static void trial_poll(struct trial *trial, const struct instance *target)
{
    struct instance instances[NEIGHBOUR_COUNT + 1];
    struct inventory *poll = NULL;
    size_t count = 0;

    for (size_t i = 0; i < NEIGHBOUR_COUNT; i++) {
        static const char *const addresses[NEIGHBOUR_COUNT] = {"10.0.0.1", "10.0.0.2", "10.0.0.3",
                                                               "10.0.0.4", "10.0.0.5"};

        instances[count++] =
            fixture_instance(neighbour_ids[i], i % 2 == 0 ? "web" : "api", addresses[i]);
    }
    if (target != NULL) {
        instances[count++] = *target;
    }
    poll = fixture_poll(instances, count);
    trial->recorder.count = 0;
    fleet_apply(trial->fleet, 0, poll, ++trial->polls, recorder_hear, &trial->recorder);
    inventory_free(poll);
}

static bool name_is_ldh(const char *name)
{
    size_t length = strlen(name);

    return length >= 1 && length <= 63 && name[0] != '-' && name[length - 1] != '-' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_") == length;
}

static void trial_hear(void *owner, const char *origin, const struct error *error)
{
    struct trial *trial = owner;

    (void)origin;
    trial->complaints++;
    for (const char *here = error->text; *here != '\0'; here++) {
        trial_assert(trial, (unsigned char)*here >= ' ');
    }
}

/* A member that is served bears good names; returns whether it is a neighbour, served as ever. */
static bool member_check(const struct trial *trial, const struct member *member,
                         const char *cluster)
{
    trial_assert(trial, name_is_ldh(member->id));
    trial_assert(trial, member->port != 0);
    trial_assert(trial, strlen(member->az) <= 63);
    for (size_t i = 0; i < NEIGHBOUR_COUNT; i++) {
        if (strcmp(member->id, neighbour_ids[i]) == 0) {
            trial_assert(trial, member->address.octets[3] == i + 1);
            trial_assert(trial, member->weight == 65535);
            trial_assert(trial, member->port == 443);
            trial_assert(trial, strcmp(cluster, i % 2 == 0 ? "web" : "api") == 0);
            return true;
        }
    }
    return false;
}

/* What is served of `id` and in which cluster; everybody else is looked at on the way. */
static const struct member *trial_served(struct trial *trial, struct arena *arena, const char *id,
                                         const char **cluster)
{
    const struct cluster *clusters = NULL;
    const struct member *found = NULL;
    size_t neighbours = 0;
    size_t count = 0;

    trial->complaints = 0;
    count = fleet_clusters(trial->fleet, 0, &(struct fleet_moment){0}, arena, &clusters,
                           &(struct fleet_listener){trial_hear, trial});
    for (size_t i = 0; i < count; i++) {
        trial_assert(trial, name_is_ldh(clusters[i].name));
        for (size_t j = 0; j < clusters[i].member_count; j++) {
            const struct member *member = &clusters[i].members[j];

            neighbours += member_check(trial, member, clusters[i].name);
            if (strcmp(member->id, id) == 0) {
                found = member;
                *cluster = clusters[i].name;
            }
        }
    }
    trial_assert(trial, neighbours == NEIGHBOUR_COUNT);
    return found;
}

/* Nobody but the target, under the id that it had or has now, was heard of. */
static void check_events(const struct trial *trial, const char *id, size_t bad_values)
{
    trial_assert(trial, recorder_count(&trial->recorder, EVENT_BAD_VALUE, NULL) == bad_values);
    for (size_t i = 0; i < trial->recorder.count; i++) {
        const struct recorded *event = &trial->recorder.events[i];

        trial_assert(trial, strncmp(event->id, id, sizeof(event->id) - 1) == 0 ||
                                strcmp(event->id, trial->id) == 0);
        if (event->kind == EVENT_BAD_VALUE) {
            trial_assert(trial, event->reason == trial->field->reason);
        }
    }
}

/* The address that the instance had when all was well. */
static const char *target_address(const struct trial *trial)
{
    if (trial->field->hides_private) {
        return "fd00::5";
    }
    return trial->field->hides_tag ? "10.9.9.8" : "10.9.9.9";
}

static bool member_is_untouched(const struct trial *trial, const struct member *member)
{
    char text[ADDRESS_MAX_TEXT];

    (void)address_to_text(&member->address, text);
    return member->weight == 100 && member->port == 8080 && strcmp(member->az, "eu-west-1a") == 0 &&
           strcmp(text, target_address(trial)) == 0;
}

/* What has to be served of the target while it has the value. */
static void check_served(struct trial *trial, const char *id)
{
    struct arena arena;
    const char *cluster = "";
    const struct member *member = NULL;
    unsigned good_for = trial->value->good_for;

    arena_init(&arena);
    member = trial_served(trial, &arena, id, &cluster);
    if (trial->field->reason == REASON_BAD_GROUP && value_is_good(trial)) {
        /* Another group, whatever it is called: it is served there, or nowhere and told. */
        trial_assert(trial, (member != NULL) == ((good_for & GOOD_CLUSTER) != 0));
        trial_assert(trial, trial->complaints == (member == NULL));
        trial_assert(trial, member == NULL || strcmp(cluster, "web") != 0);
    } else if (value_is_good(trial)) {
        trial_assert(trial, member != NULL && strcmp(cluster, "web") == 0);
        trial_assert(trial,
                     trial->field->reason == REASON_BAD_ID || !member_is_untouched(trial, member));
    } else if (trial->field->reason == REASON_BAD_ZONE && !trial->is_member) {
        trial_assert(trial, member != NULL && strcmp(member->az, "") == 0);
    } else if (trial->field->reason == REASON_BAD_ID || !trial->is_member) {
        trial_assert(trial, member == NULL);
    } else {
        trial_assert(trial, member != NULL && strcmp(cluster, "web") == 0);
        trial_assert(trial, member_is_untouched(trial, member));
    }
    arena_free(&arena);
}

/* Without the value the instance is served as if nothing had been. */
static void check_recovery(struct trial *trial)
{
    struct instance target = target_instance(trial);
    struct arena arena;
    const char *cluster = "";
    const struct member *member = NULL;

    arena_init(&arena);
    trial_poll(trial, &target);
    member = trial_served(trial, &arena, trial->id, &cluster);
    trial_assert(trial, member != NULL && strcmp(cluster, "web") == 0);
    trial_assert(trial, member_is_untouched(trial, member));
    trial_assert(trial, recorder_count(&trial->recorder, EVENT_BAD_VALUE, NULL) == 0);
    arena_free(&arena);
}

static void trial_run(struct trial *trial)
{
    size_t begins = value_is_good(trial) ? 0 : 1;
    struct instance target = target_instance(trial);
    const char *id = NULL;

    trial_poll(trial, trial->is_member ? &target : NULL);
    field_set(&target, trial->field, trial->text);
    id = target.id;
    for (int begin = 0; begin < 2; begin++) {
        trial_poll(trial, &target);
        check_events(trial, id, begins);
        check_served(trial, id);
        if (trial->field->reason == REASON_BAD_ID && trial->is_member) {
            /* Under its own id it is absent, which is no evidence yet. */
            trial_assert(trial, view_find(fleet_view(trial->fleet, 0), trial->id) != NULL);
        }
        trial_poll(trial, &target);
        check_events(trial, id, 0);
        check_served(trial, id);
        check_recovery(trial);
        if (trial->field->reason == REASON_BAD_ID) {
            break;
        }
        trial->is_member = true;
    }
}

static const struct fleet_zone zone = {.origin = "sd.example.com"};

/* A trial that is ready for its first poll; row by row: newcomer or member, then its place. */
static struct trial *trial_begin(const struct hostile *value, const struct field *field, size_t row)
{
    static struct trial trial; /* too large for the stack of a test */
    static struct fleet_source source;
    static const struct fleet_settings settings = {&zone, 1, &source, 1};

    source = (struct fleet_source){.name = "ec2 main", .rules = *fixture_rules()};
    memset(&trial, 0, sizeof(trial));
    trial.value = value;
    trial.field = field;
    trial.id = target_ids[row / 2];
    trial.is_member = row % 2 == 1;
    if (value->text == NULL) {
        memset(trial.text, 'a', value->length);
    } else {
        memcpy(trial.text, value->text, strlen(value->text));
    }
    assert_true(fleet_new(&trial.fleet, &settings, NULL));
    return &trial;
}

static void a_hostile_value_hurts_only_its_own_instance(void **state)
{
    size_t rows = 0;

    (void)state;
    for (size_t value = 0; value < HOSTILE_COUNT; value++) {
        for (size_t field = 0; field < FIELD_COUNT; field++) {
            for (size_t row = 0; row < ROW_COUNT; row++) {
                struct trial *trial = trial_begin(&HOSTILE_VALUES[value], &fields[field], row);

                trial_run(trial);
                fleet_free(trial->fleet);
                rows++;
            }
        }
    }
    assert_true(rows >= 2000);
    print_message("%zu combinations\n", rows);
}

/* Text that EC2 might send as a state one day, or by mistake. */
static void an_unknown_state_is_told_once_and_changes_nothing(void **state)
{
    static const struct field state_field = {.name = "state", .reason = REASON_STATE_UNKNOWN};
    static const struct hostile states[] = {
        {.why = "empty",      .text = ""            },
        {.why = "capitals",   .text = "RUNNING"     },
        {.why = "space",      .text = "running "    },
        {.why = "a capital",  .text = "Terminated"  },
        {.why = "newer",      .text = "rebooting"   },
        {.why = "newline",    .text = "terminated\n"},
        {.why = "its number", .text = "16"          },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        for (size_t row = 0; row < ROW_COUNT; row++) {
            struct trial *trial = trial_begin(&states[i], &state_field, row);
            struct instance target = target_instance(trial);

            trial_poll(trial, trial->is_member ? &target : NULL);
            target.state = instance_state_from_text(trial->text);
            for (size_t poll = 0; poll < 2; poll++) {
                trial_poll(trial, &target);
                check_events(trial, trial->id, poll == 0 ? 1 : 0);
                check_served(trial, trial->id);
            }
            check_recovery(trial);
            fleet_free(trial->fleet);
        }
    }
}

static void an_absent_field_is_not_a_bad_one(void **state)
{
    /* What a member becomes when the source no longer has the field. */
    static const struct {
        size_t field;
        bool stays;
        size_t bad_values;
    } cases[] = {
        {1, false, 0}, /* in no group */
        {2, true,  0}, /* zone unknown */
        {3, true,  0}, /* the IPv6 address is left */
        {4, true,  1}, /* no address is left */
        {5, false, 0}, /* the Lambda's last step */
        {6, true,  0}, /* the private address again */
        {7, true,  0}, /* the source's port again */
    };
    static const struct hostile absent = {.why = "absent", .text = ""};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct trial *trial = trial_begin(&absent, &fields[cases[i].field], 3);
        struct instance target = target_instance(trial);
        const char *cluster = "";
        struct arena arena;

        trial_poll(trial, &target);
        field_set(&target, trial->field, NULL);
        trial_poll(trial, &target);
        trial_assert(trial, recorder_count(&trial->recorder, EVENT_BAD_VALUE, NULL) ==
                                cases[i].bad_values);
        /* A missing tag may be a stale read; the second time it is believed. */
        trial->polls += GUARD_ABSENT_GAP_MS;
        trial_poll(trial, &target);
        arena_init(&arena);
        trial_assert(trial,
                     (trial_served(trial, &arena, "i-25", &cluster) != NULL) == cases[i].stays);
        arena_free(&arena);
        fleet_free(trial->fleet);
    }
}

/* Two instances with one address, one id twice, and every page twice: promise P11. */
static void repeats_are_harmless(void **state)
{
    const struct instance instances[] = {
        fixture_instance("i-1", "web", "10.0.0.1"), fixture_instance("i-2", "web", "10.0.0.1"),
        fixture_instance("i-3", "web", "10.0.0.3"), fixture_instance("i-1", "web", "10.0.0.1"),
        fixture_instance("i-2", "web", "10.0.0.1"), fixture_instance("i-3", "web", "10.0.0.3"),
    };
    struct inventory *poll = fixture_poll(instances, 6);
    struct recorder recorder = {0};
    struct view *view = guard_apply(NULL, poll, fixture_guard_rules(), 1, recorder_hear, &recorder);

    (void)state;
    assert_int_equal(view->count, 3);
    assert_int_equal(recorder.count, 3);
    assert_int_equal(
        address_compare(&view->entries[0]->accepted.address, &view->entries[1]->accepted.address),
        0);
    inventory_free(poll);
    view_free(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hostile_value_hurts_only_its_own_instance),
        cmocka_unit_test(an_unknown_state_is_told_once_and_changes_nothing),
        cmocka_unit_test(an_absent_field_is_not_a_bad_one),
        cmocka_unit_test(repeats_are_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
