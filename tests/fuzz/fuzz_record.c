/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_record.c - whatever stands in tags, from the instance to the message: it is
 * judged, named, built, asked for, and the octets are read by somebody else. Text from outside
 * never becomes DNS text, and a row that is bad changes that row alone.
 *
 * A row is id, group, zone, private address, IPv6 address, weight, address, port, hold and state,
 * with FIELD_END between and ROW_END behind; "-" is a value that is not there.
 */

#include "discovery/membership.h"
#include "discovery/naming.h"
#include "tests/fuzz/expect.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/message.h"
#include "zones/builder.h"

enum { ROWS_MAX = 64, QUESTION_SIZE = 300 };

static const struct prefix allowed[] = {
    {{ADDRESS_V4_LENGTH, {10}},   8},
    {{ADDRESS_V6_LENGTH, {0xfd}}, 8},
};
static const struct membership_rules rules = {
    .allowed_prefixes = allowed, .allowed_prefix_count = 2, .port = 443};

static struct instance row_read(struct input *input, struct arena *arena)
{
    struct instance instance = {.id = input_field(input, arena)};
    struct instance *row = &instance;
    const char **const fields[] = {&row->group,        &row->az,         &row->private_address,
                                   &row->ipv6_address, &row->weight_tag, &row->address_tag,
                                   &row->port_tag,     &row->hold_tag};

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        *fields[i] = input_field(input, arena);
    }
    instance.state = instance_state_from_text(input_field(input, arena));
    input_row_end(input);
    if (instance.id == NULL) {
        instance.id = ""; /* an instance without an id is skipped by its source */
    }
    return instance;
}

static void accepted_check(const struct accepted *accepted)
{
    expect(label_is_valid(accepted->id), "an id that is served is a label");
    expect(accepted->group != NULL && accepted->az != NULL, "a member has group and zone");
    expect(
        strspn(accepted->az, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") ==
            strlen(accepted->az),
        "a zone that is served is a word");
    expect(address_is_unicast(&accepted->address) &&
               prefix_list_contains(allowed, 2, &accepted->address),
           "an address that is served is allowed");
}

/* What every answer must be, whoever named what. */
static void answer_check(const struct snapshot *snapshot, const struct name *name, uint16_t type)
{
    static uint8_t message[QUESTION_SIZE + MESSAGE_MAX_LENGTH];
    static struct lookup_room room;
    struct lookup lookup = snapshot_lookup(snapshot, name, type, &room);
    size_t head = MESSAGE_HEADER + (size_t)name->length + 4;

    if (lookup.result != LOOKUP_ANSWER) {
        return;
    }
    memset(message, 0, head);
    message[5] = 1;
    message[6] = (uint8_t)(lookup.answer->answer_count >> 8);
    message[7] = (uint8_t)lookup.answer->answer_count;
    message[10] = (uint8_t)(lookup.answer->additional_count >> 8);
    message[11] = (uint8_t)lookup.answer->additional_count;
    memcpy(message + MESSAGE_HEADER, name->octets, name->length);
    memcpy(message + head, lookup.answer->octets, lookup.answer->length);
    message_check(message, head + lookup.answer->length);
}

static void cluster_try(const char *group, const struct member *members, size_t count)
{
    struct builder *builder = builder_new(NULL);
    struct name nameserver;
    struct name owner;
    struct zone zone = {.ttl_seconds = 10,
                        .negative_ttl_seconds = 2,
                        .nameservers = &nameserver,
                        .nameserver_count = 1,
                        .cluster_name = "_{group}._tcp",
                        .target_names = (enum target_names)(count % 3),
                        .udp_size_octets = 8192};
    struct snapshot *snapshot = NULL;

    (void)name_from_text(&zone.origin, "sd.example.com", NULL);
    (void)name_from_text(&nameserver, "ns1.sd.example.com", NULL);
    (void)builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL);
    (void)builder_add_cluster(
        builder, &(struct cluster){.name = group, .members = members, .member_count = count}, NULL);
    snapshot = builder_finish(builder, 1800000000);
    owner = zone.origin;
    expect(name_prepend(&owner, group, strlen(group)), "a cluster's name is a label");
    answer_check(snapshot, &owner, MESSAGE_TYPE_A);
    answer_check(snapshot, &owner, MESSAGE_TYPE_AAAA);
    owner = zone.origin;
    if (name_prepend(&owner, "_tcp", 4)) {
        char label[CLUSTER_NAME_SIZE + 1];

        (void)snprintf(label, sizeof(label), "_%s", group);
        if (name_prepend(&owner, label, strlen(label))) {
            answer_check(snapshot, &owner, MESSAGE_TYPE_SRV);
        }
    }
    snapshot_unref(snapshot);
}

/* All of one run in the cluster that the first row names. */
static void rows_serve(struct input *input, struct arena *arena, const struct naming *naming)
{
    struct member members[ROWS_MAX];
    struct accepted accepted[ROWS_MAX];
    char cluster[CLUSTER_NAME_SIZE] = "";
    size_t count = 0;

    while (input->left > 0 && count < ROWS_MAX) {
        struct instance instance = row_read(input, arena);
        const struct accepted *before = count == 0 ? NULL : &accepted[count - 1];
        struct accepted *after = &accepted[count];
        struct decision decision = membership_decide(&instance, &rules, NULL, arena, after);
        struct accepted bridged;

        expect(membership_reason_name(decision.reason)[0] != '\0', "a reason has a name");
        if (before != NULL &&
            membership_decide(&instance, &rules, before, arena, &bridged).membership ==
                MEMBERSHIP_IN) {
            accepted_check(&bridged);
        }
        if (decision.membership != MEMBERSHIP_IN) {
            continue;
        }
        accepted_check(after);
        if (cluster[0] == '\0' && !naming_cluster(naming, after->group, cluster, NULL)) {
            cluster[0] = '\0';
        }
        members[count++] = (struct member){.id = after->id,
                                           .az = after->az,
                                           .hold = hold_kind_name(after->hold.kind),
                                           .address = after->address,
                                           .port = after->port == 0 ? 443 : after->port,
                                           .weight = after->weight};
    }
    if (cluster[0] != '\0') {
        expect(label_is_valid(cluster), "a cluster's name is a label");
        cluster_try(cluster, members, count);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static const char *const rename[] = {"^prod-(.*)-asg$ -> \\1", "^(.)(.*)!$ -> \\2-\\1"};
    static struct naming *naming = NULL;
    struct input input = {octets, length};
    struct arena arena;

    if (naming == NULL) {
        expect(naming_new(&naming, rename, 2, NULL), "there are rename rules");
    }
    arena_init(&arena);
    rows_serve(&input, &arena, naming);
    arena_free(&arena);
    return 0;
}
