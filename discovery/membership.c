/* SPDX-License-Identifier: MIT */

/*
 * discovery/membership.c - the rule of membership, one question after the other.
 *
 * First the questions whose answer is no or not now, then the values. Values are read over a copy
 * of the last good ones, so that a field that cannot be read simply keeps what it had.
 */

#include "discovery/membership.h"

#include <fnmatch.h>
#include <string.h>

#include "zones/name.h"

enum {
    /* A tag value: 256 characters, 1,024 octets of UTF-8 (EC2 User Guide, "Tag restrictions"). */
    GROUP_MAX_LENGTH = 1024,
    /* Real zones have 10 to 20 octets; TXT records need it well below 255. */
    ZONE_MAX_LENGTH = 63,
};

bool number_parse_u16(const char *text, uint16_t max, uint16_t *number)
{
    uint32_t value = 0;

    if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0')) {
        return false;
    }
    for (const char *digit = text; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9') {
            return false;
        }
        value = value * 10 + (uint32_t)(*digit - '0');
        if (value > max) {
            return false;
        }
    }
    *number = (uint16_t)value;
    return true;
}

/* Whether an Auto Scaling group can have this name at all: if not, the value is damage. */
static bool group_is_credible(const char *group)
{
    size_t length = strnlen(group, GROUP_MAX_LENGTH + 1);

    if (length == 0 || length > GROUP_MAX_LENGTH) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        unsigned char octet = (unsigned char)group[i];

        if (octet < ' ' || octet == 0x7F) {
            return false;
        }
    }
    return true;
}

bool group_is_taken(const char *const *globs, size_t count, const char *group)
{
    for (size_t i = 0; i < count; i++) {
        if (fnmatch(globs[i], group, 0) == 0) {
            return true;
        }
    }
    return count == 0;
}

static bool zone_is_valid(const char *az)
{
    size_t allowed = strspn(az, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

    return az[allowed] == '\0' && allowed <= ZONE_MAX_LENGTH;
}

static bool address_is_servable(const struct address *address, const struct membership_rules *rules)
{
    return address->length != 0 && address_is_unicast(address) &&
           prefix_list_contains(rules->allowed_prefixes, rules->allowed_prefix_count, address);
}

/* What the readers of one instance share. */
struct reading {
    const struct instance *instance;
    const struct membership_rules *rules;
    struct arena *arena;       /* for strings that are not the instance's own */
    struct accepted *accepted; /* is filled */
    const char *value;         /* that the reader looked at */
};

/*
 * Readers: put one field of the instance into `accepted` and return REASON_MEMBER, or leave it as
 * it is and say why; `value` is the text that is to blame.
 */
typedef enum membership_reason (*field_reader)(struct reading *reading);

static enum membership_reason group_read(struct reading *reading)
{
    reading->value = reading->instance->group;
    if (!group_is_credible(reading->instance->group)) {
        return REASON_BAD_GROUP;
    }
    reading->accepted->group = reading->instance->group;
    return REASON_MEMBER;
}

static enum membership_reason weight_read(struct reading *reading)
{
    reading->value = reading->instance->weight_tag;
    return number_parse_u16(reading->instance->weight_tag, UINT16_MAX, &reading->accepted->weight)
               ? REASON_MEMBER
               : REASON_BAD_WEIGHT;
}

static enum membership_reason address_read(struct reading *reading)
{
    const char *text = reading->instance->address_tag;
    struct address address = {0};

    /* A bad tag is not passed over: whoever wrote it wanted another address than the private. */
    if (text == NULL) {
        text = reading->instance->private_address;
    }
    if (text == NULL) {
        text = reading->instance->ipv6_address;
    }
    reading->value = text;
    if (text == NULL) {
        return REASON_NO_ADDRESS;
    }
    if (!address_parse(&address, text) || !address_is_servable(&address, reading->rules)) {
        return REASON_BAD_ADDRESS;
    }
    reading->accepted->address = address;
    return REASON_MEMBER;
}

static enum membership_reason port_read(struct reading *reading)
{
    uint16_t port = 0;

    reading->value = reading->instance->port_tag;
    if (reading->instance->port_tag != NULL &&
        (!number_parse_u16(reading->instance->port_tag, UINT16_MAX, &port) || port == 0)) {
        return REASON_BAD_PORT;
    }
    reading->accepted->port = port;
    return REASON_MEMBER;
}

/* An unreadable hold of a newcomer keeps it out: serving it might be what the hold forbids. */
static enum membership_reason hold_read(struct reading *reading)
{
    struct hold hold = {.by = "", .reason = ""};

    reading->value = reading->instance->hold_tag;
    if (reading->instance->hold_tag != NULL &&
        !hold_parse(&hold, reading->instance->hold_tag, reading->arena, NULL)) {
        return REASON_BAD_HOLD;
    }
    reading->accepted->hold = hold;
    return REASON_MEMBER;
}

static enum membership_reason zone_read(struct reading *reading)
{
    const char *az = reading->instance->az == NULL ? "" : reading->instance->az;

    reading->value = az;
    if (!zone_is_valid(az)) {
        return REASON_BAD_ZONE;
    }
    reading->accepted->az = az;
    return REASON_MEMBER;
}

/* What does not depend on values: MEMBERSHIP_IN means that the values decide. */
static struct decision eligibility(const struct instance *instance,
                                   const struct membership_rules *rules,
                                   const struct accepted *last_good)
{
    const char *state = instance_state_name(instance->state);
    const char *group = instance->group;

    if (group == NULL) {
        return (struct decision){MEMBERSHIP_OUT, REASON_NO_GROUP, NULL};
    }
    if (!group_is_credible(group)) {
        group = last_good == NULL ? NULL : last_good->group;
    }
    if (group != NULL && !group_is_taken(rules->groups, rules->group_count, group)) {
        return (struct decision){MEMBERSHIP_OUT, REASON_GROUP_NOT_TAKEN, group};
    }
    switch (instance->state) {
    case STATE_RUNNING:
        break;
    case STATE_PENDING:
        return (struct decision){MEMBERSHIP_KEEP, REASON_STATE_PENDING, state};
    case STATE_SHUTTING_DOWN:
    case STATE_TERMINATED:
    case STATE_STOPPING:
    case STATE_STOPPED:
        return (struct decision){MEMBERSHIP_OUT, REASON_STATE_GONE, state};
    case STATE_UNKNOWN:
    default:
        return (struct decision){MEMBERSHIP_KEEP, REASON_STATE_UNKNOWN, state};
    }
    if (instance->weight_tag == NULL) {
        return (struct decision){MEMBERSHIP_OUT, REASON_NO_WEIGHT, NULL};
    }
    if (!label_is_valid(instance->id)) {
        return (struct decision){MEMBERSHIP_KEEP, REASON_BAD_ID, instance->id};
    }
    return (struct decision){MEMBERSHIP_IN, REASON_MEMBER, NULL};
}

struct decision membership_decide(const struct instance *instance,
                                  const struct membership_rules *rules,
                                  const struct accepted *last_good, struct arena *arena,
                                  struct accepted *accepted)
{
    static const field_reader readers[] = {group_read, weight_read, address_read,
                                           port_read,  hold_read,   zone_read};
    struct decision decision = eligibility(instance, rules, last_good);
    struct accepted values = {.az = ""};
    struct reading reading = {instance, rules, arena, &values, NULL};

    if (decision.membership != MEMBERSHIP_IN) {
        return decision;
    }
    if (last_good != NULL) {
        values = *last_good;
    }
    values.id = instance->id;
    for (size_t i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
        enum membership_reason reason = readers[i](&reading);

        if (reason != REASON_MEMBER && decision.reason == REASON_MEMBER) {
            decision.reason = reason;
            decision.value = reading.value;
        }
    }
    /* The zone is the one field that a member can do without; its reader comes last. */
    if (last_good == NULL && decision.reason != REASON_MEMBER &&
        decision.reason != REASON_BAD_ZONE) {
        decision.membership = MEMBERSHIP_KEEP;
        return decision;
    }
    /* Only a reload that narrows the prefixes gets here: the operator has taken the address out. */
    if (!address_is_servable(&values.address, rules)) {
        return (struct decision){MEMBERSHIP_OUT, REASON_BAD_ADDRESS, decision.value};
    }
    *accepted = values;
    return decision;
}

bool membership_reason_is_problem(enum membership_reason reason)
{
    switch (reason) {
    case REASON_STATE_UNKNOWN:
    case REASON_BAD_ID:
    case REASON_BAD_GROUP:
    case REASON_BAD_WEIGHT:
    case REASON_NO_ADDRESS:
    case REASON_BAD_ADDRESS:
    case REASON_BAD_PORT:
    case REASON_BAD_HOLD:
    case REASON_BAD_ZONE:
        return true;
    case REASON_MEMBER:
    case REASON_NO_GROUP:
    case REASON_GROUP_NOT_TAKEN:
    case REASON_STATE_GONE:
    case REASON_STATE_PENDING:
    case REASON_NO_WEIGHT:
    default:
        return false;
    }
}

const char *membership_reason_name(enum membership_reason reason)
{
    static const char *const names[] = {
        [REASON_MEMBER] = "member",
        [REASON_NO_GROUP] = "no-group",
        [REASON_GROUP_NOT_TAKEN] = "group-not-taken",
        [REASON_STATE_GONE] = "state-gone",
        [REASON_STATE_PENDING] = "state-pending",
        [REASON_STATE_UNKNOWN] = "state-unknown",
        [REASON_NO_WEIGHT] = "no-weight",
        [REASON_BAD_ID] = "bad-id",
        [REASON_BAD_GROUP] = "bad-group",
        [REASON_BAD_WEIGHT] = "bad-weight",
        [REASON_NO_ADDRESS] = "no-address",
        [REASON_BAD_ADDRESS] = "bad-address",
        [REASON_BAD_PORT] = "bad-port",
        [REASON_BAD_HOLD] = "bad-hold",
        [REASON_BAD_ZONE] = "bad-zone",
    };
    size_t index = (size_t)reason;

    return index < sizeof(names) / sizeof(names[0]) ? names[index] : "unknown";
}
