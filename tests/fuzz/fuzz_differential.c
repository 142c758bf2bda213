/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_differential.c - made-up clusters, encoded by us and by ldns. ldns reads our
 * message, makes the same records from text, and both are the same: every record to the octet, in
 * order, and the size of the whole where nothing but owners is compressed. Cut to any size, what is
 * left is the beginning of the whole.
 *
 * The input: 1 octet of settings, 2 of the size to cut to, then 6 a member.
 */

#include <ldns/ldns.h>

#include "tests/fuzz/input.h"
#include "tests/fuzz/message.h"
#include "zones/builder.h"

enum { MEMBERS_MAX = 64, ID_SIZE = 8, TTL_S = 10, TEXT_SIZE = 256, OWNER_POINTER = 2 };

static const char srv_owner[] = "_web._tcp.sd.example.com";

struct stage {
    struct member members[MEMBERS_MAX];
    char ids[MEMBERS_MAX][ID_SIZE];
    size_t count;
    enum target_names target_names;
    enum compress_targets compress;
    size_t size; /* to cut to */
};

/* Addresses and ids are different from each other, so that no member stands for another. */
static void stage_read(struct stage *stage, struct input *input)
{
    uint8_t settings = input_u8(input);

    stage->target_names = (enum target_names)(settings % 3);
    stage->compress = (enum compress_targets)(settings / 4 % 3);
    stage->size = input_u16(input);
    while (input->left > 0 && stage->count < MEMBERS_MAX) {
        struct member *member = &stage->members[stage->count];
        uint8_t family = input_u8(input) % 4 == 0 ? ADDRESS_V6_LENGTH : ADDRESS_V4_LENGTH;

        (void)snprintf(stage->ids[stage->count], ID_SIZE, "i-%02x%02x", input_u8(input),
                       (unsigned)stage->count);
        *member = (struct member){.id = stage->ids[stage->count], .az = "a", .hold = "none"};
        member->weight = input_u8(input);
        member->weight = (uint16_t)(member->weight * 257);
        member->port = input_u16(input);
        member->port = member->port == 0 ? 443 : member->port;
        member->address.length = family;
        member->address.octets[0] = family == ADDRESS_V4_LENGTH ? 10 : 0xfd;
        member->address.octets[1] = input_u8(input);
        member->address.octets[family - 1] = (uint8_t)stage->count;
        stage->count++;
    }
}

/* Those in service by id, then those with weight 0 by id. */
static int member_compare(const void *left, const void *right)
{
    const struct member *one = left;
    const struct member *other = right;

    if ((one->weight == 0) != (other->weight == 0)) {
        return one->weight == 0 ? 1 : -1;
    }
    return strcmp(one->id, other->id);
}

static struct snapshot *stage_build(const struct stage *stage)
{
    struct builder *builder = builder_new(NULL);
    struct name nameserver;
    struct zone zone = {.ttl_seconds = TTL_S,
                        .negative_ttl_seconds = 2,
                        .nameservers = &nameserver,
                        .nameserver_count = 1,
                        .cluster_name = "_{group}._tcp",
                        .target_names = stage->target_names,
                        .compress_targets = stage->compress,
                        .udp_size_octets = 8192};

    (void)name_from_text(&zone.origin, "sd.example.com", NULL);
    (void)name_from_text(&nameserver, "ns1.sd.example.com", NULL);
    (void)builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL);
    expect(builder_add_cluster(builder,
                               &(struct cluster){.name = "web",
                                                 .members = stage->members,
                                                 .member_count = stage->count},
                               NULL),
           "a cluster is taken");
    return builder_finish(builder, 1800000000);
}

/* The message as it goes out, read by ldns. */
static ldns_pkt *packet_read(const struct answer *answer, size_t size, size_t *length)
{
    static uint8_t message[MESSAGE_MAX_LENGTH];
    struct name question;
    size_t head = 0;
    ldns_pkt *packet = NULL;
    const struct answer *form = NULL;
    struct answer_cut cut;

    (void)name_from_text(&question, srv_owner, NULL);
    head = MESSAGE_HEADER + (size_t)question.length + 4;
    form = answer_form(answer, size - head);
    cut = answer_fit(form, size - head);
    memset(message, 0, head);
    message[2] = (uint8_t)(0x84 | (cut.is_truncated ? 2 : 0));
    message[5] = 1;
    ldns_write_uint16(message + 6, cut.answer_count);
    ldns_write_uint16(message + 10, cut.additional_count);
    memcpy(message + MESSAGE_HEADER, question.octets, question.length);
    ldns_write_uint16(message + head - 4, MESSAGE_TYPE_SRV);
    ldns_write_uint16(message + head - 2, 1);
    expect(head + cut.length <= size, "an answer is no longer than what it is cut to");
    memcpy(message + head, form->octets, cut.length);
    *length = head + cut.length;
    message_check(message, *length);
    expect(ldns_wire2pkt(&packet, message, *length) == LDNS_STATUS_OK, "ldns reads the message");
    return packet;
}

/* The name of a member's target, by the rules of zones/zone.h. */
static void target_write(const struct stage *stage, const struct member *member,
                         char text[TEXT_SIZE])
{
    char address[ADDRESS_MAX_TEXT];
    const uint8_t *octets = member->address.octets;
    bool is_v4 = member->address.length == ADDRESS_V4_LENGTH;
    int used = 0;

    (void)address_to_text(&member->address, address);
    if (stage->target_names == TARGET_INSTANCE) {
        (void)snprintf(text, TEXT_SIZE, "%s.sd.example.com.", member->id);
    } else if (stage->target_names == TARGET_LITERAL && is_v4) {
        (void)snprintf(text, TEXT_SIZE, "%s.", address);
    } else if (is_v4) {
        (void)snprintf(text, TEXT_SIZE, "ip-%u-%u-%u-%u.sd.example.com.", octets[0], octets[1],
                       octets[2], octets[3]);
    } else {
        used = snprintf(text, TEXT_SIZE, "ip6");
        for (size_t i = 0; i < ADDRESS_V6_LENGTH; i += 2) {
            used += snprintf(text + used, TEXT_SIZE - (size_t)used, "-%x",
                             (unsigned)(octets[i] << 8 | octets[i + 1]));
        }
        (void)snprintf(text + used, TEXT_SIZE - (size_t)used, ".sd.example.com.");
    }
}

/* ldns's own record is the one at `index` of the list; its wire form's length. */
static size_t record_expect(const ldns_rr_list *list, size_t index, const char *text)
{
    ldns_rr *own = NULL;
    const ldns_rr *ours = ldns_rr_list_rr(list, index);
    uint8_t *own_wire = NULL;
    uint8_t *our_wire = NULL;
    size_t own_length = 0;
    size_t our_length = 0;

    expect(ours != NULL, "every record is there");
    expect(ldns_rr_new_frm_str(&own, text, TTL_S, NULL, NULL) == LDNS_STATUS_OK,
           "ldns makes the record");
    expect(ldns_rr2wire(&own_wire, own, LDNS_SECTION_ANSWER, &own_length) == LDNS_STATUS_OK &&
               ldns_rr2wire(&our_wire, ours, LDNS_SECTION_ANSWER, &our_length) == LDNS_STATUS_OK,
           "ldns writes the record");
    expect(own_length == our_length && memcmp(own_wire, our_wire, own_length) == 0,
           "our record is that of ldns");
    free(own_wire);
    free(our_wire);
    ldns_rr_free(own);
    return own_length;
}

/* The addresses of one family, in the order of the SRV records, from `*index` on. */
static size_t glue_compare(const struct stage *stage, const ldns_pkt *packet, uint8_t family,
                           size_t glue_count, size_t *index)
{
    char text[TEXT_SIZE + ADDRESS_MAX_TEXT + 32];
    char target[TEXT_SIZE];
    char address[ADDRESS_MAX_TEXT];
    size_t total = 0;

    for (size_t i = 0; i < stage->count && *index < glue_count; i++) {
        const struct member *member = &stage->members[i];

        if (member->address.length == family) {
            target_write(stage, member, target);
            (void)snprintf(text, sizeof(text), "%s %d IN %s %s", target, TTL_S,
                           family == ADDRESS_V4_LENGTH ? "A" : "AAAA",
                           address_to_text(&member->address, address));
            total += record_expect(ldns_pkt_additional(packet), (*index)++, text);
        }
    }
    return total;
}

/* The members' SRV records, and their addresses, all A before any AAAA; how long the message is
 * without any compression. */
static size_t packet_compare(const struct stage *stage, const ldns_pkt *packet, size_t count,
                             size_t glue_count)
{
    char text[TEXT_SIZE + sizeof(srv_owner) + 64];
    char target[TEXT_SIZE];
    size_t total = MESSAGE_HEADER + sizeof(srv_owner) + 1 + 4;
    size_t glue = 0;

    expect(ldns_rr_list_rr_count(ldns_pkt_answer(packet)) == count &&
               ldns_rr_list_rr_count(ldns_pkt_additional(packet)) == glue_count,
           "there are as many records as there should be");
    for (size_t i = 0; i < count; i++) {
        const struct member *member = &stage->members[i];

        target_write(stage, member, target);
        (void)snprintf(text, sizeof(text), "%s. %d IN SRV 0 %u %u %s", srv_owner, TTL_S,
                       member->weight, member->port, target);
        total += record_expect(ldns_pkt_answer(packet), i, text);
    }
    total += glue_compare(stage, packet, ADDRESS_V4_LENGTH, glue_count, &glue);
    total += glue_compare(stage, packet, ADDRESS_V6_LENGTH, glue_count, &glue);
    return total;
}

/* What pointers to owners save: the question's name, and each target once. */
static size_t owners_saved(const struct stage *stage)
{
    char target[TEXT_SIZE];
    size_t saved = stage->count * (sizeof(srv_owner) + 1 - OWNER_POINTER);

    for (size_t i = 0; i < stage->count; i++) {
        target_write(stage, &stage->members[i], target);
        saved += strlen(target) + 1 - OWNER_POINTER;
    }
    return saved;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct stage stage;
    static struct lookup_room room;
    struct input input = {octets, length};
    struct name owner;
    struct snapshot *snapshot = NULL;
    struct lookup lookup;
    ldns_pkt *packet = NULL;
    size_t whole = 0;

    memset(&stage, 0, sizeof(stage));
    stage_read(&stage, &input);
    if (stage.count == 0) {
        return 0;
    }
    snapshot = stage_build(&stage);
    qsort(stage.members, stage.count, sizeof(stage.members[0]), member_compare);
    (void)name_from_text(&owner, srv_owner, NULL);
    lookup = snapshot_lookup(snapshot, &owner, MESSAGE_TYPE_SRV, &room);
    expect(lookup.result == LOOKUP_ANSWER, "a cluster has an answer");
    packet = packet_read(lookup.answer, MESSAGE_MAX_LENGTH, &whole);
    length = packet_compare(&stage, packet, stage.count, stage.count);
    expect(stage.compress == COMPRESS_ALWAYS || whole == length - owners_saved(&stage),
           "our message is as long as that of ldns without compression");
    expect(whole <= length, "compression makes nothing longer");
    ldns_pkt_free(packet);
    if (stage.size >= 512) {
        packet = packet_read(lookup.answer, stage.size, &whole);
        (void)packet_compare(&stage, packet, ldns_pkt_ancount(packet), ldns_pkt_arcount(packet));
        expect(ldns_pkt_tc(packet) == (ldns_pkt_ancount(packet) < stage.count),
               "TC says that an SRV record is missing");
        ldns_pkt_free(packet);
    }
    snapshot_unref(snapshot);
    return 0;
}
