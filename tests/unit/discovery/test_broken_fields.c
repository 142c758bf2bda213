/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/test_broken_fields.c - every element of a DescribeInstances reply blanked,
 * closed at once, removed, doubled or renamed, one at a time: promises P10, P11 and P12.
 *
 * The reply is cut up by a scanner of our own. What happens to the instance that was meddled with
 * is written down by hand below; to its neighbours nothing may happen at all.
 */

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "discovery/aws/ec2_reply.h"
#include "discovery/fleet.h"
#include "tests/unit/discovery/fixture.h"

static const struct ec2_tag_names TAGS = {
    .group = "aws:autoscaling:groupName",
    .weight = "srv_weight",
    .address = "ip_address",
    .port = "srv_port",
    .hold = "srv_hold",
    .drain_since = "srv_drain_since",
};

#define TAG(key, value) "<item><key>" key "</key><value>" value "</value></item>"

/* An instance with all that we read, and much that we do not. */
#define INSTANCE(number, group)                                                                    \
    "<item><instanceId>i-0" number "</instanceId><imageId>ami-1</imageId>"                         \
    "<instanceState><code>16</code><name>running</name></instanceState>"                           \
    "<privateDnsName>ip-10-0-1-5.eu-west-1.compute.internal</privateDnsName><dnsName/>"            \
    "<reason/><amiLaunchIndex>0</amiLaunchIndex><productCodes/>"                                   \
    "<placement><availabilityZone>eu-west-1a</availabilityZone><groupName/>"                       \
    "<tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring>"       \
    "<subnetId>subnet-1</subnetId><privateIpAddress>10.0.1." number "</privateIpAddress>"          \
    "<tagSet>" TAG("Name", "web " number) TAG("aws:autoscaling:groupName", group)                  \
        TAG("srv_weight", "100") TAG("ip_address", "10.0.2." number) TAG("srv_port", "8080")       \
            TAG("team", "a") "</tagSet>"                                                           \
                             "<networkInterfaceSet><item><attachment><deviceIndex>0"               \
                             "</deviceIndex></attachment><ipv6AddressesSet><item>"                 \
                             "<ipv6Address>fd00::" number "</ipv6Address>"                         \
                             "<isPrimaryIpv6>true</isPrimaryIpv6></item></ipv6AddressesSet>"       \
                             "</item></networkInterfaceSet></item>"

#define BEFORE                                                                                     \
    "<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">"               \
    "<requestId>8f7724cf</requestId><reservationSet><item><reservationId>r-1</reservationId>"      \
    "<ownerId>123456789012</ownerId><groupSet/><instancesSet>" INSTANCE("1", "web")
#define TARGET INSTANCE("5", "web")
#define AFTER                                                                                      \
    INSTANCE("9", "api")                                                                           \
    "</instancesSet></item></reservationSet></DescribeInstancesResponse>"

static const char REPLY[] = BEFORE TARGET AFTER;

enum {
    TARGET_BEGIN = sizeof(BEFORE) - 1,
    TARGET_END = sizeof(BEFORE TARGET) - 1,
    PATH_SIZE = 200,
    ELEMENTS_MAX = 200,
    DEPTH_MAX = 16,
    REPLY_SIZE = 4 * sizeof(REPLY),
};

/* ---- the elements of the reply ---- */

struct element {
    char path[PATH_SIZE]; /* below the root; of a tag's parts with its key: "tagSet/srv_port/key" */
    size_t begin;         /* of "<name" */
    size_t content;       /* behind "<name ...>" */
    size_t content_end;   /* of "</name>", or as `content` in "<name/>" */
    size_t end;
};

struct elements {
    struct element list[ELEMENTS_MAX];
    size_t count;
    size_t open[DEPTH_MAX];
    size_t depth;
};

/* The name of the element that begins at `at`; an item of tags is called by its key. */
static void path_extend(char path[PATH_SIZE], size_t at)
{
    static const char item_of_tags[] = "<item><key>";
    const char *name = REPLY + at + 1;
    size_t length = strcspn(name, " />");
    size_t used = strlen(path);

    if (strncmp(REPLY + at, item_of_tags, sizeof(item_of_tags) - 1) == 0) {
        name = REPLY + at + sizeof(item_of_tags) - 1;
        length = strcspn(name, "<");
    }
    (void)snprintf(path + used, PATH_SIZE - used, "%s%.*s", used == 0 ? "" : "/", (int)length,
                   name);
}

static void element_open(struct elements *elements, size_t at, size_t tag_end)
{
    struct element *element = &elements->list[elements->count];

    assert_true(elements->count < ELEMENTS_MAX && elements->depth < DEPTH_MAX);
    element->begin = at;
    element->content = tag_end;
    element->content_end = tag_end;
    element->end = tag_end;
    if (elements->depth > 0) {
        memcpy(element->path, elements->list[elements->open[elements->depth - 1]].path, PATH_SIZE);
    }
    path_extend(element->path, at);
    if (REPLY[tag_end - 2] != '/') {
        elements->open[elements->depth++] = elements->count;
    }
    elements->count++;
}

static void elements_scan(struct elements *elements)
{
    *elements = (struct elements){.count = 0};
    for (size_t at = 0; at < sizeof(REPLY) - 1; at++) {
        size_t tag_end = at + strcspn(REPLY + at, ">") + 1;

        if (REPLY[at] != '<') {
            continue;
        }
        if (REPLY[at + 1] == '/') {
            struct element *element = &elements->list[elements->open[--elements->depth]];

            element->content_end = at;
            element->end = tag_end;
        } else {
            element_open(elements, at, tag_end);
        }
    }
    assert_int_equal(elements->depth, 0);
}

/* ---- what is done to one of them ---- */

enum mutation { BLANKED, CLOSED, REMOVED, DOUBLED, RENAMED, SPACED, MUTATION_COUNT };

static const char *const mutation_names[MUTATION_COUNT] = {"blanked", "closed",  "removed",
                                                           "doubled", "renamed", "spaced"};

/* The reply with `element` mutated. */
static void reply_mutate(char text[REPLY_SIZE], const struct element *element,
                         enum mutation mutation)
{
    const char *whole = REPLY + element->begin;
    int head = (int)element->begin;
    int tag = (int)(element->content - element->begin);
    int name = (int)strcspn(whole + 1, " />");
    int all = (int)(element->end - element->begin);
    int content = (int)(element->content_end - element->content);
    bool is_closed = element->content_end == element->content && whole[tag - 2] == '/';
    const char *tail = REPLY + element->end;

    switch (mutation) {
    case BLANKED:
        (void)snprintf(text, REPLY_SIZE, "%.*s%.*s%s", head, REPLY, is_closed ? all : tag, whole,
                       is_closed ? tail : REPLY + element->content_end);
        break;
    case CLOSED:
        (void)snprintf(text, REPLY_SIZE, "%.*s<%.*s/>%s", head, REPLY, name, whole + 1, tail);
        break;
    case REMOVED:
        (void)snprintf(text, REPLY_SIZE, "%.*s%s", head, REPLY, tail);
        break;
    case DOUBLED:
        (void)snprintf(text, REPLY_SIZE, "%.*s%.*s%.*s%s", head, REPLY, all, whole, all, whole,
                       tail);
        break;
    case RENAMED:
        (void)snprintf(text, REPLY_SIZE, "%.*s<x%.*s odd=\"1\">%.*s</x%.*s>%s", head, REPLY, name,
                       whole + 1, content, REPLY + element->content, name, whole + 1, tail);
        break;
    case SPACED:
    case MUTATION_COUNT:
        (void)snprintf(text, REPLY_SIZE, "%.*s<odd a=\"b\"><odder/></odd>%s", head, REPLY, whole);
        break;
    }
}

/* ---- what comes of it ---- */

/* What is served of the instance in place of all that it had. */
enum outcome {
    SAME,          /* exactly what it had */
    GONE,          /* not served */
    NO_ZONE,       /* with an empty zone */
    OTHER_ADDRESS, /* with its private address */
    OTHER_PORT,    /* with the source's port */
};

/*
 * The exceptions: everything else leaves the instance as it is. A value that is blank is bad: it
 * keeps a newcomer out and leaves a member what it had. One that is not there is another word.
 */
static const struct expectation {
    const char *path; /* of the instance's element, below its item */
    unsigned mutations;
    enum outcome newcomer;
    enum outcome member;
} expectations[] = {
#define BIT(mutation) (1U << (mutation))
#define EMPTY (BIT(BLANKED) | BIT(CLOSED))
#define LOST (BIT(REMOVED) | BIT(RENAMED))
  /* Without an id it is absent, which is no evidence yet. */
    {"",                                       EMPTY | LOST, GONE,          SAME         },
    {"instanceId",                             EMPTY | LOST, GONE,          SAME         },
 /* Nobody knows its state: it is neither added nor removed. */
    {"instanceState",                          EMPTY | LOST, GONE,          SAME         },
    {"placement",                              EMPTY | LOST, NO_ZONE,       NO_ZONE      },
    {"placement/availabilityZone",             EMPTY | LOST, NO_ZONE,       NO_ZONE      },
 /* Without group or weight it is none; a member may be seen by a stale read. */
    {"tagSet",                                 EMPTY | LOST, GONE,          SAME         },
    {"tagSet/aws:autoscaling:groupName",       EMPTY | LOST, GONE,          SAME         },
    {"tagSet/aws:autoscaling:groupName/key",   EMPTY | LOST, GONE,          SAME         },
    {"tagSet/aws:autoscaling:groupName/value", EMPTY | LOST, GONE,          SAME         },
    {"tagSet/srv_weight",                      EMPTY | LOST, GONE,          SAME         },
    {"tagSet/srv_weight/key",                  EMPTY | LOST, GONE,          SAME         },
    {"tagSet/srv_weight/value",                EMPTY | LOST, GONE,          SAME         },
    {"tagSet/ip_address",                      EMPTY | LOST, OTHER_ADDRESS, OTHER_ADDRESS},
    {"tagSet/ip_address/key",                  EMPTY | LOST, OTHER_ADDRESS, OTHER_ADDRESS},
    {"tagSet/ip_address/value",                EMPTY | LOST, GONE,          SAME         },
    {"tagSet/srv_port",                        EMPTY | LOST, OTHER_PORT,    OTHER_PORT   },
    {"tagSet/srv_port/key",                    EMPTY | LOST, OTHER_PORT,    OTHER_PORT   },
    {"tagSet/srv_port/value",                  EMPTY | LOST, GONE,          SAME         },
};

static enum outcome outcome_expected(const char *path, enum mutation mutation, bool is_member)
{
    for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
        if (strcmp(expectations[i].path, path) == 0 &&
            (expectations[i].mutations & BIT(mutation)) != 0) {
            return is_member ? expectations[i].member : expectations[i].newcomer;
        }
    }
    return SAME;
}

static const struct fleet_zone zone = {.origin = "sd.example.com"};

struct trial {
    const char *what; /* for messages */
    struct fleet *fleet;
    int64_t polls;
    char text[REPLY_SIZE];
    char name[PATH_SIZE + 64];
};

static void trial_begin(struct trial *trial)
{
    static struct fleet_source source = {.name = "ec2 main"};
    static const struct fleet_settings settings = {&zone, 1, &source, 1};

    source.rules = *fixture_rules();
    assert_true(fleet_new(&trial->fleet, &settings, NULL));
}

/* Whether the reply was a whole one, and so was applied. */
static bool trial_poll(struct trial *trial, const char *text)
{
    struct inventory *inventory = inventory_new();
    struct ec2_page page;
    struct error error;
    bool parsed = ec2_reply_parse(text, strlen(text), &TAGS, inventory, &page, &error);

    if (parsed) {
        (void)inventory_finish(inventory);
        fleet_apply(trial->fleet, 0, inventory, ++trial->polls, NULL, NULL);
    }
    inventory_free(inventory);
    return parsed;
}

static const struct member *member_find(const struct cluster *clusters, size_t count,
                                        const char *cluster, const char *id)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < clusters[i].member_count; j++) {
            if (strcmp(clusters[i].members[j].id, id) == 0 &&
                strcmp(clusters[i].name, cluster) == 0) {
                return &clusters[i].members[j];
            }
        }
    }
    return NULL;
}

/* Whether `member` is as the reply has the instance `number` of the test, but for `outcome`. */
static bool member_is(const struct member *member, unsigned number, enum outcome outcome)
{
    char expected[ADDRESS_MAX_TEXT];
    char address[ADDRESS_MAX_TEXT];

    if (outcome == GONE || member == NULL) {
        return outcome == GONE && member == NULL;
    }
    (void)snprintf(expected, sizeof(expected), "10.0.%d.%u", outcome == OTHER_ADDRESS ? 1 : 2,
                   number);
    (void)address_to_text(&member->address, address);
    return strcmp(address, expected) == 0 && member->port == (outcome == OTHER_PORT ? 443 : 8080) &&
           member->weight == 100 && strcmp(member->az, outcome == NO_ZONE ? "" : "eu-west-1a") == 0;
}

static void ignore_complaint(void *owner, const char *origin, const struct error *error)
{
    (void)owner;
    (void)origin;
    (void)error;
}

static void trial_check(struct trial *trial, enum outcome target, bool neighbours)
{
    struct arena arena;
    const struct cluster *clusters = NULL;
    size_t count = 0;

    arena_init(&arena);
    count = fleet_clusters(trial->fleet, 0, &(struct fleet_moment){0}, &arena, &clusters,
                           &(struct fleet_listener){ignore_complaint, NULL});
    if (neighbours && (!member_is(member_find(clusters, count, "web", "i-01"), 1, SAME) ||
                       !member_is(member_find(clusters, count, "api", "i-09"), 9, SAME))) {
        fail_msg("%s: a neighbour is not what it was", trial->name);
    }
    if (!member_is(member_find(clusters, count, "web", "i-05"), 5, target)) {
        fail_msg("%s: the instance is not as expected (%d)", trial->name, (int)target);
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < clusters[i].member_count; j++) {
            if (strlen(clusters[i].members[j].id) == 0 || clusters[i].members[j].port == 0) {
                fail_msg("%s: a member without id or port", trial->name);
            }
        }
    }
    arena_free(&arena);
}

static void trial_name(struct trial *trial, const struct element *element, enum mutation mutation,
                       bool is_member)
{
    (void)snprintf(trial->name, sizeof(trial->name), "%s %s, of a %s", element->path,
                   mutation_names[mutation], is_member ? "member" : "newcomer");
}

/* "…/instancesSet/item/tagSet" -> "tagSet" */
static const char *path_in_instance(const char *path)
{
    static const char above[] = "DescribeInstancesResponse/reservationSet/item/instancesSet/item";

    assert_memory_equal(path, above, sizeof(above) - 1);
    path += sizeof(above) - 1;
    return path[0] == '/' ? path + 1 : path;
}

static void an_element_of_one_instance(struct trial *trial, const struct element *element,
                                       enum mutation mutation, bool is_member)
{
    enum outcome expected = outcome_expected(path_in_instance(element->path), mutation, is_member);

    trial_name(trial, element, mutation, is_member);
    trial_begin(trial);
    if (is_member) {
        assert_true(trial_poll(trial, REPLY));
        trial_check(trial, SAME, true);
    }
    reply_mutate(trial->text, element, mutation);
    if (!trial_poll(trial, trial->text)) {
        fail_msg("%s: the page is refused", trial->name);
    }
    trial_check(trial, expected, true);
    assert_true(trial_poll(trial, REPLY));
    trial_check(trial, SAME, true);
    fleet_free(trial->fleet);
}

static void a_broken_element_hurts_only_its_own_instance(void **state)
{
    struct elements *elements = memory_new(sizeof(*elements));
    struct trial *trial = memory_new(sizeof(*trial));
    size_t count = 0;

    (void)state;
    elements_scan(elements);
    for (size_t i = 0; i < elements->count; i++) {
        const struct element *element = &elements->list[i];

        if (element->begin < TARGET_BEGIN || element->end > TARGET_END) {
            continue;
        }
        for (int mutation = 0; mutation < MUTATION_COUNT; mutation++) {
            an_element_of_one_instance(trial, element, (enum mutation)mutation, false);
            an_element_of_one_instance(trial, element, (enum mutation)mutation, true);
            count++;
        }
    }
    assert_true(count >= (size_t)MUTATION_COUNT * 45);
    free(trial);
    free(elements);
}

/* What is around the instances: the page may be refused, but nobody who is there is lost by it. */
static void a_broken_frame_costs_no_member(void **state)
{
    struct elements *elements = memory_new(sizeof(*elements));
    struct trial *trial = memory_new(sizeof(*trial));
    size_t refused = 0;

    (void)state;
    elements_scan(elements);
    for (size_t i = 0; i < elements->count; i++) {
        const struct element *element = &elements->list[i];

        if (element->begin >= TARGET_BEGIN && element->end <= TARGET_END) {
            continue;
        }
        for (int mutation = 0; mutation < MUTATION_COUNT; mutation++) {
            bool is_neighbours =
                strncmp(element->path,
                        "DescribeInstancesResponse/reservationSet/item/instancesSet/"
                        "item",
                        63) == 0;

            trial_name(trial, element, (enum mutation)mutation, true);
            trial_begin(trial);
            assert_true(trial_poll(trial, REPLY));
            reply_mutate(trial->text, element, (enum mutation)mutation);
            refused += !trial_poll(trial, trial->text);
            trial_check(trial, SAME, !is_neighbours);
            fleet_free(trial->fleet);
        }
    }
    assert_true(refused > 0);
    free(trial);
    free(elements);
}

static size_t text_append(char *text, size_t length, const char *part, size_t part_length)
{
    assert_true(length + part_length < REPLY_SIZE);
    memcpy(text + length, part, part_length);
    text[length + part_length] = '\0';
    return length + part_length;
}

/* Acceptance group 8: the fields of an instance in the order of the letters backwards, so to say.
 */
static void the_order_of_elements_means_nothing(void **state)
{
    struct elements *elements = memory_new(sizeof(*elements));
    struct trial *trial = memory_new(sizeof(*trial));
    size_t inner_begin = TARGET_BEGIN + sizeof("<item>") - 1;
    size_t position = TARGET_END;
    size_t length = 0;

    (void)state;
    elements_scan(elements);
    length = text_append(trial->text, length, REPLY, inner_begin);
    for (size_t i = elements->count; i-- > 0;) {
        const struct element *element = &elements->list[i];

        /* A child of the instance: what lies in it comes with it. */
        if (element->begin >= inner_begin && element->end < position &&
            strchr(path_in_instance(element->path), '/') == NULL) {
            length = text_append(trial->text, length, REPLY + element->begin,
                                 element->end - element->begin);
        }
    }
    length = text_append(trial->text, length, "</item>", strlen("</item>"));
    length = text_append(trial->text, length, REPLY + TARGET_END, strlen(REPLY + TARGET_END));
    assert_int_equal(length, sizeof(REPLY) - 1);
    assert_int_not_equal(strcmp(trial->text, REPLY), 0);
    (void)snprintf(trial->name, sizeof(trial->name), "in reversed order");
    trial_begin(trial);
    assert_true(trial_poll(trial, trial->text));
    trial_check(trial, SAME, true);
    fleet_free(trial->fleet);
    free(trial);
    free(elements);
}

/* As many as there are names of states in EC2, and some that there are not. */
static void a_state_that_nobody_knows_changes_nothing(void **state)
{
    static const char *const names[] = {"rebooting",         "RUNNING", "running ",
                                        "hibernated",        "0",       "\xe6\xbc\xa2",
                                        "quarantined-by-aws"};
    static const char known[] = "<code>16</code><name>running</name>";
    struct trial *trial = memory_new(sizeof(*trial));
    const char *at = strstr(REPLY + TARGET_BEGIN, known);

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        (void)snprintf(trial->name, sizeof(trial->name), "state \"%s\"", names[i]);
        (void)snprintf(trial->text, sizeof(trial->text), "%.*s<code>%d</code><name>%s</name>%s",
                       (int)(at - REPLY), REPLY, 112, names[i], at + sizeof(known) - 1);
        trial_begin(trial);
        assert_true(trial_poll(trial, trial->text));
        trial_check(trial, GONE, true);
        assert_true(trial_poll(trial, REPLY));
        assert_true(trial_poll(trial, trial->text));
        assert_true(trial_poll(trial, trial->text));
        trial_check(trial, SAME, true);
        fleet_free(trial->fleet);
    }
    free(trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_broken_element_hurts_only_its_own_instance),
        cmocka_unit_test(a_broken_frame_costs_no_member),
        cmocka_unit_test(the_order_of_elements_means_nothing),
        cmocka_unit_test(a_state_that_nobody_knows_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
