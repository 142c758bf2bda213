/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/discovery/aws/test_ec2_reply.c - pages of DescribeInstances, right and wrong.
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

static const struct ec2_tag_names TAGS = {
    .group = "aws:autoscaling:groupName",
    .weight = "srv_weight",
    .address = "ip_address",
    .port = "srv_port",
};

#define HEAD                                                                                       \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"                                                 \
    "<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\n"             \
    "    <requestId>8f7724cf-496f-496e-8fe3-example</requestId>\n"
#define TAIL "</DescribeInstancesResponse>\n"
#define ITEMS "<reservationSet><item><reservationId>r-1</reservationId><instancesSet>"
#define ITEMS_END "</instancesSet></item></reservationSet>"

/* An instance as EC2 writes it: three interfaces, secondary addresses, tags of its parts. */
#define FULL                                                                                       \
    "<item><instanceId>i-0abc</instanceId><imageId>ami-1</imageId>"                                \
    "<instanceState><code>16</code><name>running</name></instanceState>"                           \
    "<privateDnsName>ip-10-0-1-5.eu-west-1.compute.internal</privateDnsName><dnsName/>"            \
    "<placement><availabilityZone>eu-west-1a</availabilityZone><groupName/></placement>"           \
    "<stateReason><code>x</code></stateReason>"                                                    \
    "<privateIpAddress>10.0.1.5</privateIpAddress><ipAddress>192.0.2.1</ipAddress>"                \
    "<tagSet><item><key>Name</key><value>web 1</value></item>"                                     \
    "<item><key>aws:autoscaling:groupName</key><value>prod-web-asg</value></item>"                 \
    "<item><key>srv_weight</key><value>65535</value></item>"                                       \
    "<item><value>10.9.9.9</value><key>ip_address</key></item>"                                    \
    "<item><key>srv_port</key><value>8443</value></item></tagSet>"                                 \
    "<networkInterfaceSet>"                                                                        \
    "<item><networkInterfaceId>eni-2</networkInterfaceId>"                                         \
    "<attachment><deviceIndex>1</deviceIndex></attachment>"                                        \
    "<privateIpAddress>10.0.2.5</privateIpAddress><privateIpAddressesSet>"                         \
    "<item><privateIpAddress>10.0.2.5</privateIpAddress><primary>true</primary></item>"            \
    "<item><privateIpAddress>10.0.2.6</privateIpAddress><primary>false</primary></item>"           \
    "</privateIpAddressesSet><tagSet><item><key>srv_weight</key><value>1</value></item></tagSet>"  \
    "</item><item><attachment><deviceIndex>0</deviceIndex></attachment>"                           \
    "<privateIpAddress>10.0.1.5</privateIpAddress><privateIpAddressesSet>"                         \
    "<item><privateIpAddress>10.0.1.7</privateIpAddress></item></privateIpAddressesSet></item>"    \
    "</networkInterfaceSet></item>"

/* The parsed page; freed by page_free(). */
struct parsed {
    struct inventory *inventory;
    struct ec2_page page;
    struct error error;
    bool right;
};

static struct parsed page_parse(const char *body, size_t length)
{
    struct parsed parsed = {.inventory = inventory_new()};
    parsed.right =
        ec2_reply_parse(body, length, &TAGS, parsed.inventory, &parsed.page, &parsed.error);
    return parsed;
}

static void page_free(struct parsed *parsed)
{
    inventory_free(parsed->inventory);
}

/* A page around the text of some instances; it has to be right. */
static struct parsed instances_parse(const char *instances)
{
    struct arena arena;
    arena_init(&arena);
    const char *body = arena_format(&arena, HEAD ITEMS "%s" ITEMS_END TAIL, instances);
    struct parsed parsed = page_parse(body, strlen(body));
    arena_free(&arena);
    if (!parsed.right) {
        fail_msg("%s: %s", parsed.error.text, instances);
    }
    return parsed;
}

/* NULL is a value too. */
static void assert_text(const char *why, const char *actual, const char *expected)
{
    bool same =
        actual == NULL || expected == NULL ? actual == expected : strcmp(actual, expected) == 0;
    if (!same) {
        fail_msg("%s: \"%s\"", why, actual == NULL ? "NULL" : actual);
    }
}

static void an_instance_is_read_whole(void **state)
{
    struct parsed parsed = instances_parse(FULL);
    (void)state;
    assert_int_equal(parsed.page.instances, 1);
    assert_int_equal(parsed.page.skipped, 0);
    assert_null(parsed.page.next_token);
    assert_int_equal(parsed.inventory->count, 1);
    const struct instance *instance = &parsed.inventory->instances[0];
    assert_string_equal(instance->id, "i-0abc");
    assert_string_equal(instance->group, "prod-web-asg");
    assert_string_equal(instance->az, "eu-west-1a");
    assert_string_equal(instance->private_address, "10.0.1.5");
    assert_null(instance->ipv6_address);
    assert_string_equal(instance->weight_tag, "65535");
    assert_string_equal(instance->address_tag, "10.9.9.9");
    assert_string_equal(instance->port_tag, "8443");
    assert_int_equal(instance->state, STATE_RUNNING);
    page_free(&parsed);
}

static void what_an_instance_lacks_is_null(void **state)
{
    struct parsed parsed = instances_parse(
        FULL "<item><instanceId>i-2</instanceId><instanceState><code>48</code>"
             "<name>terminated</name></instanceState><privateIpAddress/><subnetId/></item>");
    (void)state;
    assert_int_equal(parsed.page.instances, 2);
    const struct instance *instance = &parsed.inventory->instances[1];
    assert_string_equal(instance->id, "i-2");
    assert_int_equal(instance->state, STATE_TERMINATED);
    assert_null(instance->private_address);
    assert_null(instance->ipv6_address);
    assert_null(instance->az);
    assert_null(instance->group);
    assert_null(instance->weight_tag);
    assert_null(instance->address_tag);
    assert_null(instance->port_tag);
    page_free(&parsed);
}

static void the_state_is_told_by_name_and_else_by_code(void **state)
{
    static const struct {
        const char *xml;
        enum instance_state expected;
    } cases[] = {
        {"<name>pending</name>",                      STATE_PENDING      },
        {"<name>shutting-down</name><code>16</code>", STATE_SHUTTING_DOWN},
        {"<name>rebooting</name><code>16</code>",     STATE_UNKNOWN      },
        {"<code>0</code>",                            STATE_PENDING      },
        {"<code>16</code>",                           STATE_RUNNING      },
        {"<code>272</code>",                          STATE_RUNNING      },
        {"<code>32</code>",                           STATE_SHUTTING_DOWN},
        {"<code>48</code>",                           STATE_TERMINATED   },
        {"<code>64</code><name/>",                    STATE_STOPPING     },
        {"<code>80</code>",                           STATE_STOPPED      },
        {"<code>65360</code>",                        STATE_STOPPED      },
        {"<code>81</code>",                           STATE_UNKNOWN      },
        {"<code>65552</code>",                        STATE_UNKNOWN      },
        {"<code>-240</code>",                         STATE_UNKNOWN      },
        {"<code/>",                                   STATE_UNKNOWN      },
        {"",                                          STATE_UNKNOWN      },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char xml[256];
        /* The running one before must not shine through. */
        snprintf(xml, sizeof(xml),
                 "<item><instanceId>i-1</instanceId><instanceState><name>running</name>"
                 "<code>16</code></instanceState></item>"
                 "<item><instanceId>i-2</instanceId><instanceState>%s</instanceState></item>",
                 cases[i].xml);
        struct parsed parsed = instances_parse(xml);
        assert_int_equal(parsed.inventory->count, 2);
        if (parsed.inventory->instances[1].state != cases[i].expected) {
            fail_msg("%s: %s", cases[i].xml,
                     instance_state_name(parsed.inventory->instances[1].state));
        }
        page_free(&parsed);
    }
}

#define IPV6(address) "<item><ipv6Address>" address "</ipv6Address></item>"
#define IPV6_PRIMARY(address)                                                                      \
    "<item><isPrimaryIpv6>true</isPrimaryIpv6><ipv6Address>" address "</ipv6Address></item>"
#define INTERFACE(device, addresses)                                                               \
    "<item><ipv6AddressesSet>" addresses "</ipv6AddressesSet><attachment><deviceIndex>" device     \
    "</deviceIndex></attachment></item>"
#define INTERFACES(items) "<networkInterfaceSet>" items "</networkInterfaceSet>"

static void the_ipv6_address_is_the_primary_of_the_first_interface(void **state)
{
    static const struct {
        const char *why;
        const char *xml;
        const char *expected;
    } cases[] = {
        {"none",                                            INTERFACES(INTERFACE("0",                                     "")),                                                           NULL             },
        {"the instance's own, whatever the interfaces say",
         INTERFACES(INTERFACE("0",                                                                                        IPV6_PRIMARY("fd00::2"))) "<ipv6Address>fd00::1</ipv6Address>",
         "fd00::1"                                                                                                                                                                                         },
        {"an empty one of its own",                         "<ipv6Address/>" INTERFACES(INTERFACE("0",                    IPV6("fd00::2"))),
         "fd00::2"                                                                                                                                                                                         },
        {"the first",                                       INTERFACES(INTERFACE("0",                                     IPV6("fd00::1") IPV6("fd00::2"))),                              "fd00::1"        },
        {"the primary",                                     INTERFACES(INTERFACE("0",                                     IPV6("fd00::1") IPV6_PRIMARY("fd00::2"))),
         "fd00::2"                                                                                                                                                                                         },
        {"the first primary",
         INTERFACES(INTERFACE("0",                                                                                        IPV6_PRIMARY("fd00::1") IPV6_PRIMARY("fd00::2"))),              "fd00::1"        },
        {"the first device before the first interface",
         INTERFACES(INTERFACE("1",                                                                                        IPV6_PRIMARY("fd00::1")) INTERFACE("0",                         IPV6("fd00::2"))),
         "fd00::2"},
        {"the first device also when it comes first",
         INTERFACES(INTERFACE("0",                                                                   IPV6("fd00::1")) INTERFACE("1",                                                                                                                                                        IPV6_PRIMARY("fd00::2"))),
         "fd00::1"},
        {"another device when the first has none",
         INTERFACES(INTERFACE("0",                                                                                                     "") INTERFACE("1",                                                                                                                            IPV6("fd00::1"))
                        INTERFACE("2",                                                                                                                                                                           IPV6("fd00::2"))),
         "fd00::1"},
        {"one that is said not to be primary",
         INTERFACES(INTERFACE("0",                                                        "<item><ipv6Address>fd00::1</ipv6Address><isPrimaryIpv6>false"
                                   "</isPrimaryIpv6></item>" IPV6_PRIMARY("fd00::2"))),
         "fd00::2"                                                                                                                                                                                       },
        {"a device without a number",
         INTERFACES(INTERFACE("0", "") "<item><ipv6AddressesSet>" IPV6("fd00::1")
                        IPV6_PRIMARY("fd00::2") "</ipv6AddressesSet></item>"),
         "fd00::1"},
        {"a primary without an address",
         INTERFACES(
             INTERFACE("0",          "<item><isPrimaryIpv6>true</isPrimaryIpv6></item>" IPV6("fd00::1"))),
         "fd00::1"                                                                                                                                                                                       },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char xml[1024];
        /* Nor may the instance before lend its address. */
        snprintf(xml, sizeof(xml),
                 "<item><instanceId>i-1</instanceId>%s</item>"
                 "<item><instanceId>i-2</instanceId>%s</item>",
                 INTERFACES(INTERFACE("0", IPV6_PRIMARY("fd00::9"))), cases[i].xml);
        struct parsed parsed = instances_parse(xml);
        assert_text(cases[i].why, parsed.inventory->instances[1].ipv6_address, cases[i].expected);
        assert_null(parsed.inventory->instances[1].private_address);
        page_free(&parsed);
    }
}

#define TAG(key, value) "<item><key>" key "</key>" value "</item>"

static void tag_values_are_kept_as_they_are(void **state)
{
    static const struct {
        const char *why;
        const char *tags;
        const char *expected; /* of srv_weight */
    } cases[] = {
        {"no tags",                 "",                                  NULL                                      },
        {                                                  "other tags",        TAG("srv_weights", "<value>1</value>") TAG("srv_weigh",                        "<value>2</value>"),
         NULL},
        {                                                                                                                                                          "keys have cases",         TAG("SRV_WEIGHT",                    "<value>1</value>"),                        NULL},
        {"an empty value",          TAG("srv_weight",                    "<value></value>"),                         ""},
        {                                                                                                                                                            "an empty value, short",   TAG("srv_weight",                    "<value/>"),                                ""},
        {"no value",                TAG("srv_weight",                    ""),                                        ""},
        {                                                                                                                                                            "no value, after one",     TAG("a",                             "<value>1</value>") TAG("srv_weight",       ""), ""},
        {"no key, after one",                         TAG("srv_weight",                                          "<value>1</value>") "<item><value>2</value></item>",
         "1"},
        {                                                                                                              "the value first",                         "<item><value>7</value><key>srv_weight</key></item>",                                            "7"         },
        {"spaces",                  TAG("srv_weight",                    "<value> 7\t</value>"),                     " 7\t"},
        {                                                                                                                                             "entities",
         TAG("srv_weight",                                               "<value>a &amp; b &lt;c&gt; &quot;q&quot; &apos;x&apos; "
                           "&#233; &#x6f22; +/=%</value>"),
         "a & b <c> \"q\" 'x' é 漢 +/=%"},
        {                                                                                                                             "CDATA",                   TAG("srv_weight",                    "<value><![CDATA[<a>&amp;]]></value>"),     "<a>&amp;"},
        {"entities in the key",     TAG("srv&#95;weight",                "<value>7</value>"),                        "7"},
        {                                                                                                                                    "unknown elements beside", TAG("srv_weight",                    "<x><value>1</value></x><value>7</value>"),
         "7"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char xml[1024];
        snprintf(xml, sizeof(xml), "<item><tagSet>%s</tagSet><instanceId>i-1</instanceId></item>",
                 cases[i].tags);
        struct parsed parsed = instances_parse(xml);
        assert_text(cases[i].why, parsed.inventory->instances[0].weight_tag, cases[i].expected);
        page_free(&parsed);
    }
}

static void a_tag_value_of_256_characters_of_three_octets_is_whole(void **state)
{
    char value[256 * 3 + 1] = "";
    char xml[2048];
    (void)state;
    for (size_t i = 0; i < 256; i++) {
        memcpy(value + 3 * i, "漢", 4);
    }
    snprintf(xml, sizeof(xml),
             "<item><instanceId>i-1</instanceId><tagSet>"
             "<item><key>ip_address</key><value>%s</value></item></tagSet></item>",
             value);
    struct parsed parsed = instances_parse(xml);
    assert_string_equal(parsed.inventory->instances[0].address_tag, value);
    page_free(&parsed);
}

static void tags_are_read_by_the_configured_names(void **state)
{
    static const char body[] =
        HEAD ITEMS "<item><instanceId>i-1</instanceId><tagSet>" TAG("weight", "<value>1</value>")
            TAG("pool", "<value>web</value>") TAG("srv_weight", "<value>2</value>")
                TAG("addr", "<value>10.0.0.1</value>") TAG("port", "<value>80</value>")
                    TAG("hold", "<value>drain by=a</value>")
                        TAG("since", "<value>1700000000</value>") "</tagSet></item>" ITEMS_END TAIL;
    const struct ec2_tag_names tags = {.group = "pool",
                                       .weight = "weight",
                                       .address = "addr",
                                       .port = "port",
                                       .hold = "hold",
                                       .drain_since = "since"};
    struct inventory *inventory = inventory_new();
    struct ec2_page page;
    struct error error;
    (void)state;
    assert_true(ec2_reply_parse(body, sizeof(body) - 1, &tags, inventory, &page, &error));
    assert_string_equal(inventory->instances[0].group, "web");
    assert_string_equal(inventory->instances[0].weight_tag, "1");
    assert_string_equal(inventory->instances[0].address_tag, "10.0.0.1");
    assert_string_equal(inventory->instances[0].port_tag, "80");
    assert_string_equal(inventory->instances[0].hold_tag, "drain by=a");
    assert_string_equal(inventory->instances[0].drain_since_tag, "1700000000");
    inventory_free(inventory);
}

static void an_instance_without_an_id_is_skipped_and_counted(void **state)
{
    struct parsed parsed = instances_parse(
        "<item><instanceId>i-1</instanceId></item><item><imageId>ami-1</imageId></item>"
        "<item><instanceId/></item><item><instanceId>i-4</instanceId></item>");
    (void)state;
    assert_int_equal(parsed.page.instances, 2);
    assert_int_equal(parsed.page.skipped, 2);
    assert_int_equal(parsed.inventory->count, 2);
    assert_string_equal(parsed.inventory->instances[1].id, "i-4");
    page_free(&parsed);
}

static void the_next_page_is_named_wherever_it_stands(void **state)
{
    static const struct {
        const char *why;
        const char *body;
        const char *expected;
    } cases[] = {
        {"none",                 HEAD "<reservationSet/>" TAIL,                                NULL     },
        {"empty",                HEAD "<reservationSet/><nextToken/>" TAIL,                    NULL     },
        {"empty, long",          HEAD "<reservationSet/><nextToken></nextToken>" TAIL,         NULL     },
        {"after",                HEAD "<reservationSet/><nextToken>a+/=b==</nextToken>" TAIL,  "a+/=b=="},
        {"before",               HEAD "<nextToken>t&amp;1</nextToken><reservationSet/>" TAIL,  "t&1"    },
        {"before the requestId",
         "<DescribeInstancesResponse><nextToken>t</nextToken><requestId>1</requestId>"
         "<reservationSet/></DescribeInstancesResponse>",                                      "t"      },
        {"of another element",   HEAD "<x><nextToken>t</nextToken></x><reservationSet/>" TAIL, NULL     },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct parsed parsed = page_parse(cases[i].body, strlen(cases[i].body));
        if (!parsed.right) {
            fail_msg("%s: %s", cases[i].why, parsed.error.text);
        }
        assert_text(cases[i].why, parsed.page.next_token, cases[i].expected);
        assert_int_equal(parsed.inventory->count, 0);
        page_free(&parsed);
    }
}

static void unknown_elements_and_attributes_are_skipped(void **state)
{
    static const char body[] =
        "<n:DescribeInstancesResponse xmlns:n=\"u\" new=\"1\"><new><item/></new>"
        "<reservationSet new=\"2\"><new/><item><new><instancesSet><item><instanceId>i-no"
        "</instanceId></item></instancesSet></new><instancesSet><new/><item new='3'>"
        "<instanceId new='4'>i-1</instanceId><new><privateIpAddress>10.9.9.9</privateIpAddress>"
        "</new><placement><new/><availabilityZone>a</availabilityZone></placement></item>"
        "</instancesSet></item></reservationSet></n:DescribeInstancesResponse>";
    struct parsed parsed = page_parse(body, sizeof(body) - 1);
    (void)state;
    assert_true(parsed.right);
    assert_int_equal(parsed.inventory->count, 1);
    assert_string_equal(parsed.inventory->instances[0].id, "i-1");
    assert_string_equal(parsed.inventory->instances[0].az, "a");
    assert_null(parsed.inventory->instances[0].private_address);
    page_free(&parsed);
}

static void what_is_not_a_whole_answer_is_refused(void **state)
{
    static const struct {
        const char *why;
        const char *body;
        const char *expected; /* part of the message */
    } cases[] = {
        {"empty",                     "",                                                          "the text is empty"                                              },
        {"HTML",                      "<html><head><title>503</title></head></html>",              "the root element is <html>"                                     },
        {"HTML with a document type", "<!DOCTYPE html><html></html>",                              "document type"                                                  },
        {"an error of EC2",
         "<Response><Errors><Error><Code>RequestLimitExceeded</Code></Error></Errors></Response>", "the root element is <Response>, not <DescribeInstancesResponse>"},
        {"another action's answer",   "<DescribeTagsResponse><tagSet/></DescribeTagsResponse>",
         "<DescribeTagsResponse>"                                                                                                                                   },
        {"no reservations",           HEAD TAIL,                                                   "no reservationSet"                                              },
        {"reservations elsewhere",    HEAD "<x><reservationSet/></x>" TAIL,                        "no reservationSet"                                              },
        {"a bomb",
         "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;&a;\">]>"
         "<DescribeInstancesResponse>&b;</DescribeInstancesResponse>",                             "document type"                                                  },
        {"an id that is no text",
         HEAD ITEMS "<item><instanceId>\x80</instanceId></item>" ITEMS_END TAIL,                   "not well-formed"                                                },
        {"something after it",        HEAD "<reservationSet/>" TAIL "<html/>",                     "junk"                                                           },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct parsed parsed = page_parse(cases[i].body, strlen(cases[i].body));
        if (parsed.right) {
            fail_msg("%s: accepted", cases[i].why);
        }
        if (strncmp(parsed.error.text, "DescribeInstances: ", 19) != 0 ||
            strstr(parsed.error.text, cases[i].expected) == NULL) {
            fail_msg("%s: \"%s\"", cases[i].why, parsed.error.text);
        }
        page_free(&parsed);
    }
}

static void a_page_cut_at_any_tag_is_refused(void **state)
{
    static const char body[] = HEAD ITEMS FULL ITEMS_END "<nextToken>t</nextToken>" TAIL;
    size_t last = strlen(body) - strlen("</DescribeInstancesResponse>\n");
    size_t cuts = 0;
    (void)state;
    for (size_t length = 0; length <= last; length++) {
        if (body[length] != '<' && (length == 0 || body[length - 1] != '>')) {
            continue;
        }
        struct parsed parsed = page_parse(body, length);
        if (parsed.right) {
            fail_msg("accepted after %zu octets", length);
        }
        page_free(&parsed);
        cuts++;
    }
    assert_true(cuts > 150);
    struct parsed whole = page_parse(body, sizeof(body) - 1);
    assert_true(whole.right);
    page_free(&whole);
}

/* A page of `count` instances, each followed by `extra`. Freed by the caller. */
static char *page_of(size_t first, size_t count, const char *extra)
{
    size_t size = strlen(HEAD ITEMS ITEMS_END TAIL) + count * (strlen(extra) + 64) + 1;
    char *body = memory_new(size);
    char *end = stpcpy(body, HEAD ITEMS);
    for (size_t i = 0; i < count; i++) {
        end += snprintf(end, size - (size_t)(end - body),
                        "<item><instanceId>i-%06zu</instanceId>%s</item>", first + i, extra);
    }
    stpcpy(end, ITEMS_END TAIL);
    return body;
}

static void one_poll_holds_20000_instances_and_no_more(void **state)
{
    struct inventory *inventory = inventory_new();
    struct ec2_page page;
    struct error error;
    char *half = page_of(0, EC2_INSTANCE_LIMIT / 2, "");
    char *other_half = page_of(EC2_INSTANCE_LIMIT / 2, EC2_INSTANCE_LIMIT / 2, "");
    char *one_more = page_of(EC2_INSTANCE_LIMIT, 1, "");
    (void)state;
    assert_true(ec2_reply_parse(half, strlen(half), &TAGS, inventory, &page, &error));
    assert_true(ec2_reply_parse(other_half, strlen(other_half), &TAGS, inventory, &page, &error));
    assert_int_equal(page.instances, EC2_INSTANCE_LIMIT / 2);
    assert_int_equal(inventory->count, EC2_INSTANCE_LIMIT);
    assert_false(ec2_reply_parse(one_more, strlen(one_more), &TAGS, inventory, &page, &error));
    assert_non_null(strstr(error.text, "more than 20000 instances in one poll"));
    free(half);
    free(other_half);
    free(one_more);
    inventory_free(inventory);
}

static void a_page_of_ten_megabytes_is_read(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena);
    const char *extra = "<tagSet><item><key>srv_weight</key><value>1</value></item>";
    for (size_t i = 0; i < 49; i++) {
        extra = arena_format(&arena,
                             "%s<item><key>a-key-of-a-tag-that-nobody-reads-%zu</key>"
                             "<value>a value of a tag of about one hundred and fifty octets, "
                             "which is neither short nor as long as a value may be (%zu): 256 "
                             "characters</value></item>",
                             extra, i, i);
    }
    extra = arena_format(&arena, "%s</tagSet>", extra);
    char *body = page_of(0, 1000, extra);
    assert_true(strlen(body) > 10 * 1000 * 1000);
    struct parsed parsed = page_parse(body, strlen(body));
    assert_true(parsed.right);
    assert_int_equal(parsed.page.instances, 1000);
    assert_string_equal(parsed.inventory->instances[999].weight_tag, "1");
    /* Tags that nobody reads are not kept. */
    assert_true(parsed.inventory->arena.used_octets < 200 * 1000);
    page_free(&parsed);
    free(body);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_instance_is_read_whole),
        cmocka_unit_test(what_an_instance_lacks_is_null),
        cmocka_unit_test(the_state_is_told_by_name_and_else_by_code),
        cmocka_unit_test(the_ipv6_address_is_the_primary_of_the_first_interface),
        cmocka_unit_test(tag_values_are_kept_as_they_are),
        cmocka_unit_test(a_tag_value_of_256_characters_of_three_octets_is_whole),
        cmocka_unit_test(tags_are_read_by_the_configured_names),
        cmocka_unit_test(an_instance_without_an_id_is_skipped_and_counted),
        cmocka_unit_test(the_next_page_is_named_wherever_it_stands),
        cmocka_unit_test(unknown_elements_and_attributes_are_skipped),
        cmocka_unit_test(what_is_not_a_whole_answer_is_refused),
        cmocka_unit_test(a_page_cut_at_any_tag_is_refused),
        cmocka_unit_test(one_poll_holds_20000_instances_and_no_more),
        cmocka_unit_test(a_page_of_ten_megabytes_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
