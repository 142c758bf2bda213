/* SPDX-License-Identifier: MIT */

/*
 * discovery/aws/ec2_reply.c - the grammar of DescribeInstances and what its elements mean.
 *
 * Elements may come in any order: an instance is put together when its item ends.
 */

#include "discovery/aws/ec2_reply.h"

#include <stdint.h>
#include <string.h>

#include "discovery/aws/xml.h"
#include "discovery/membership.h"

enum element {
    ELEMENT_NEXT_TOKEN,
    ELEMENT_RESERVATIONS,
    ELEMENT_INSTANCE,
    ELEMENT_INSTANCE_ID,
    ELEMENT_STATE_CODE,
    ELEMENT_STATE_NAME,
    ELEMENT_AVAILABILITY_ZONE,
    ELEMENT_PRIVATE_ADDRESS,
    ELEMENT_IPV6_ADDRESS,
    ELEMENT_TAG,
    ELEMENT_TAG_KEY,
    ELEMENT_TAG_VALUE,
    ELEMENT_INTERFACE,
    ELEMENT_INTERFACE_DEVICE,
    ELEMENT_INTERFACE_IPV6,
    ELEMENT_INTERFACE_IPV6_ADDRESS,
    ELEMENT_INTERFACE_IPV6_PRIMARY,
};

#define REPLY "DescribeInstancesResponse"
#define INSTANCE REPLY "/reservationSet/item/instancesSet/item"
#define INTERFACE INSTANCE "/networkInterfaceSet/item"
#define INTERFACE_IPV6 INTERFACE "/ipv6AddressesSet/item"

static const struct xml_row ROWS[] = {
    {REPLY "/nextToken",                     ELEMENT_NEXT_TOKEN,             XML_ROW_TEXT },
    {REPLY "/reservationSet",                ELEMENT_RESERVATIONS,           XML_ROW_GROUP},
    {INSTANCE,                               ELEMENT_INSTANCE,               XML_ROW_GROUP},
    {INSTANCE "/instanceId",                 ELEMENT_INSTANCE_ID,            XML_ROW_TEXT },
    {INSTANCE "/instanceState/code",         ELEMENT_STATE_CODE,             XML_ROW_TEXT },
    {INSTANCE "/instanceState/name",         ELEMENT_STATE_NAME,             XML_ROW_TEXT },
    {INSTANCE "/placement/availabilityZone", ELEMENT_AVAILABILITY_ZONE,      XML_ROW_TEXT },
    {INSTANCE "/privateIpAddress",           ELEMENT_PRIVATE_ADDRESS,        XML_ROW_TEXT },
    {INSTANCE "/ipv6Address",                ELEMENT_IPV6_ADDRESS,           XML_ROW_TEXT },
    {INSTANCE "/tagSet/item",                ELEMENT_TAG,                    XML_ROW_GROUP},
    {INSTANCE "/tagSet/item/key",            ELEMENT_TAG_KEY,                XML_ROW_TEXT },
    {INSTANCE "/tagSet/item/value",          ELEMENT_TAG_VALUE,              XML_ROW_TEXT },
    {INTERFACE,                              ELEMENT_INTERFACE,              XML_ROW_GROUP},
    {INTERFACE "/attachment/deviceIndex",    ELEMENT_INTERFACE_DEVICE,       XML_ROW_TEXT },
    {INTERFACE_IPV6,                         ELEMENT_INTERFACE_IPV6,         XML_ROW_GROUP},
    {INTERFACE_IPV6 "/ipv6Address",          ELEMENT_INTERFACE_IPV6_ADDRESS, XML_ROW_TEXT },
    {INTERFACE_IPV6 "/isPrimaryIpv6",        ELEMENT_INTERFACE_IPV6_PRIMARY, XML_ROW_TEXT },
};

static const struct xml_grammar GRAMMAR = {ROWS, sizeof(ROWS) / sizeof(ROWS[0])};

/* How good an address of an interface is as the instance's; a later one must be better. */
enum ipv6_rank { IPV6_NONE, IPV6_OTHER_DEVICE, IPV6_FIRST_DEVICE, IPV6_PRIMARY };

struct reply {
    const struct ec2_tag_names *tags;
    struct inventory *inventory;
    struct ec2_page *page;
    bool has_reservations;

    /* The instance that is being read. */
    struct instance instance;
    const char *state_name;
    uint16_t state_code;
    bool has_state_code;
    const char *interface_ipv6;
    enum ipv6_rank interface_ipv6_rank;

    /* Its interface that is being read. */
    bool is_first_device;
    const char *ipv6_first;
    const char *ipv6_primary;
    const char *ipv6;
    bool ipv6_is_primary;

    /* Its tag that is being read: most are not wanted, and cost the arena nothing. */
    char tag_key[XML_TEXT_LIMIT + 1];
    char tag_value[XML_TEXT_LIMIT + 1];
};

/* For elements of which an empty one says the same as none. */
static const char *text_keep(struct reply *reply, const struct xml_event *event)
{
    if (event->length == 0) {
        return NULL;
    }
    return arena_string_of(&reply->inventory->arena, event->text, event->length);
}

static void instance_begin(struct reply *reply)
{
    reply->instance = (struct instance){.state = STATE_UNKNOWN};
    reply->state_name = NULL;
    reply->has_state_code = false;
    reply->interface_ipv6 = NULL;
    reply->interface_ipv6_rank = IPV6_NONE;
}

/* InstanceState: the high octet of the code is for internal use and must be ignored. */
static enum instance_state state_from_code(uint16_t code)
{
    switch (code & 0xff) {
    case 0:
        return STATE_PENDING;
    case 16:
        return STATE_RUNNING;
    case 32:
        return STATE_SHUTTING_DOWN;
    case 48:
        return STATE_TERMINATED;
    case 64:
        return STATE_STOPPING;
    case 80:
        return STATE_STOPPED;
    default:
        return STATE_UNKNOWN;
    }
}

static bool instance_end(struct reply *reply, struct error *error)
{
    struct instance *instance = &reply->instance;
    if (instance->id == NULL) {
        reply->page->skipped++;
        return true;
    }
    if (reply->inventory->count >= EC2_INSTANCE_LIMIT) {
        return error_set(error, "more than %d instances in one poll", EC2_INSTANCE_LIMIT);
    }
    if (reply->state_name != NULL) {
        instance->state = instance_state_from_text(reply->state_name);
    } else if (reply->has_state_code) {
        instance->state = state_from_code(reply->state_code);
    }
    if (instance->ipv6_address == NULL) {
        instance->ipv6_address = reply->interface_ipv6;
    }
    *inventory_add(reply->inventory) = *instance;
    reply->page->instances++;
    return true;
}

static void tag_begin(struct reply *reply)
{
    reply->tag_key[0] = '\0';
    reply->tag_value[0] = '\0';
}

static const char **tag_field(struct reply *reply)
{
    const struct {
        const char *key;
        const char **field;
    } fields[] = {
        {reply->tags->group,       &reply->instance.group          },
        {reply->tags->weight,      &reply->instance.weight_tag     },
        {reply->tags->address,     &reply->instance.address_tag    },
        {reply->tags->port,        &reply->instance.port_tag       },
        {reply->tags->hold,        &reply->instance.hold_tag       },
        {reply->tags->drain_since, &reply->instance.drain_since_tag},
    };
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (fields[i].key != NULL && strcmp(fields[i].key, reply->tag_key) == 0) {
            return fields[i].field;
        }
    }
    return NULL;
}

static void tag_end(struct reply *reply)
{
    const char **field = tag_field(reply);
    if (field != NULL) {
        *field = arena_string(&reply->inventory->arena, reply->tag_value);
    }
}

static void interface_begin(struct reply *reply)
{
    reply->is_first_device = false;
    reply->ipv6_first = NULL;
    reply->ipv6_primary = NULL;
}

static void ipv6_begin(struct reply *reply)
{
    reply->ipv6 = NULL;
    reply->ipv6_is_primary = false;
}

static void ipv6_end(struct reply *reply)
{
    if (reply->ipv6 == NULL) {
        return;
    }
    if (reply->ipv6_first == NULL) {
        reply->ipv6_first = reply->ipv6;
    }
    if (reply->ipv6_is_primary && reply->ipv6_primary == NULL) {
        reply->ipv6_primary = reply->ipv6;
    }
}

static void interface_end(struct reply *reply)
{
    const char *address = reply->ipv6_first;
    enum ipv6_rank rank = IPV6_OTHER_DEVICE;
    if (address == NULL) {
        return;
    }
    if (reply->is_first_device) {
        rank = IPV6_FIRST_DEVICE;
        if (reply->ipv6_primary != NULL) {
            rank = IPV6_PRIMARY;
            address = reply->ipv6_primary;
        }
    }
    if (rank > reply->interface_ipv6_rank) {
        reply->interface_ipv6_rank = rank;
        reply->interface_ipv6 = address;
    }
}

static void group_begin(struct reply *reply, int id)
{
    switch (id) {
    case ELEMENT_RESERVATIONS:
        reply->has_reservations = true;
        break;
    case ELEMENT_INSTANCE:
        instance_begin(reply);
        break;
    case ELEMENT_TAG:
        tag_begin(reply);
        break;
    case ELEMENT_INTERFACE:
        interface_begin(reply);
        break;
    case ELEMENT_INTERFACE_IPV6:
        ipv6_begin(reply);
        break;
    default:
        break;
    }
}

static bool group_end(struct reply *reply, int id, struct error *error)
{
    switch (id) {
    case ELEMENT_INSTANCE:
        return instance_end(reply, error);
    case ELEMENT_TAG:
        tag_end(reply);
        return true;
    case ELEMENT_INTERFACE:
        interface_end(reply);
        return true;
    case ELEMENT_INTERFACE_IPV6:
        ipv6_end(reply);
        return true;
    default:
        return true;
    }
}

static void element_text(struct reply *reply, const struct xml_event *event)
{
    switch (event->id) {
    case ELEMENT_NEXT_TOKEN:
        reply->page->next_token = text_keep(reply, event);
        break;
    case ELEMENT_INSTANCE_ID:
        reply->instance.id = text_keep(reply, event);
        break;
    case ELEMENT_STATE_CODE:
        reply->has_state_code = number_parse_u16(event->text, UINT16_MAX, &reply->state_code);
        break;
    case ELEMENT_STATE_NAME:
        reply->state_name = text_keep(reply, event);
        break;
    case ELEMENT_AVAILABILITY_ZONE:
        reply->instance.az = text_keep(reply, event);
        break;
    case ELEMENT_PRIVATE_ADDRESS:
        reply->instance.private_address = text_keep(reply, event);
        break;
    case ELEMENT_IPV6_ADDRESS:
        reply->instance.ipv6_address = text_keep(reply, event);
        break;
    case ELEMENT_TAG_KEY:
        memcpy(reply->tag_key, event->text, event->length + 1);
        break;
    case ELEMENT_TAG_VALUE:
        memcpy(reply->tag_value, event->text, event->length + 1);
        break;
    case ELEMENT_INTERFACE_DEVICE:
        reply->is_first_device = strcmp(event->text, "0") == 0;
        break;
    case ELEMENT_INTERFACE_IPV6_ADDRESS:
        reply->ipv6 = text_keep(reply, event);
        break;
    case ELEMENT_INTERFACE_IPV6_PRIMARY:
        reply->ipv6_is_primary = strcmp(event->text, "true") == 0;
        break;
    default:
        break;
    }
}

static bool on_event(void *owner, const struct xml_event *event, struct error *error)
{
    struct reply *reply = owner;
    switch (event->kind) {
    case XML_BEGIN:
        group_begin(reply, event->id);
        return true;
    case XML_END:
        return group_end(reply, event->id, error);
    case XML_TEXT:
        element_text(reply, event);
        return true;
    }
    return true;
}

bool ec2_reply_parse(const char *body, size_t length, const struct ec2_tag_names *tags,
                     struct inventory *inventory, struct ec2_page *page, struct error *error)
{
    *page = (struct ec2_page){.instances = 0};
    struct reply reply = {.tags = tags, .inventory = inventory, .page = page};
    bool parsed = xml_parse(body, length, &GRAMMAR, on_event, &reply, error);
    if (parsed && !reply.has_reservations) {
        /* An answer to something else: EC2 sends an empty reservationSet when there is nothing. */
        parsed = error_set(error, "the answer has no reservationSet");
    }
    return parsed || error_prefix(error, "DescribeInstances");
}
