/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_cluster_answer.c - the octets that HAProxy gets, read back by ldns and
 * compared with what the members say.
 */

#include "fleet.h"

static const char SRV[] = "_web._tcp.sd.example.com";

static bool list_has(const ldns_rr_list *list, size_t from, size_t to, const char *text)
{
    for (size_t i = from; i < to; i++) {
        char *line = fixture_record_text(ldns_rr_list_rr(list, i));
        bool is_it = strcmp(line, text) == 0;

        free(line);
        if (is_it) {
            return true;
        }
    }
    return false;
}

/* Every member is there with its port and address; whether the weight is its own is not asked. */
static void assert_member_served(const struct member *member, const ldns_pkt *packet)
{
    const ldns_rr_list *srvs = ldns_pkt_answer(packet);
    const ldns_rr_list *glue = ldns_pkt_additional(packet);
    bool is_v4 = member->address.length == ADDRESS_V4_LENGTH;
    char address[ADDRESS_MAX_TEXT];
    char target[2 * FIXTURE_TEXT_SIZE];
    char text[4 * FIXTURE_TEXT_SIZE];
    bool is_found = false;

    (void)address_to_text(&member->address, address);
    if (is_v4) {
        (void)snprintf(target, sizeof(target), "ip-%s.sd.example.com.", address);
        for (char *octet = target; octet < target + 3 + strlen(address); octet++) {
            *octet = *octet == '.' ? '-' : *octet;
        }
    } else {
        (void)snprintf(target, sizeof(target), "ip6-fd00-0-0-0-0-0-%x-%x.sd.example.com.",
                       member->address.octets[12] << 8 | member->address.octets[13],
                       member->address.octets[14] << 8 | member->address.octets[15]);
    }
    for (size_t i = 0; i < ldns_rr_list_rr_count(srvs) && !is_found; i++) {
        const ldns_rr *srv = ldns_rr_list_rr(srvs, i);
        char *name = ldns_rdf2str(ldns_rr_rdf(srv, 3));

        is_found =
            ldns_rdf2native_int16(ldns_rr_rdf(srv, 2)) == member->port && strcmp(name, target) == 0;
        free(name);
    }
    assert_true(is_found);
    (void)snprintf(text, sizeof(text), "%s 10 IN %s %s", target, is_v4 ? "A" : "AAAA", address);
    assert_true(list_has(glue, 0, ldns_rr_list_rr_count(glue), text));
}

/* No SRV stands twice, and no two of one target and port; every glue belongs to one target. */
static void assert_no_repeats(const ldns_pkt *packet)
{
    const ldns_rr_list *srvs = ldns_pkt_answer(packet);
    const ldns_rr_list *glue = ldns_pkt_additional(packet);

    for (size_t i = 0; i < ldns_rr_list_rr_count(srvs); i++) {
        for (size_t j = 0; j < i; j++) {
            const ldns_rr *one = ldns_rr_list_rr(srvs, i);
            const ldns_rr *other = ldns_rr_list_rr(srvs, j);

            assert_false(ldns_rdf_compare(ldns_rr_rdf(one, 3), ldns_rr_rdf(other, 3)) == 0 &&
                         ldns_rdf_compare(ldns_rr_rdf(one, 2), ldns_rr_rdf(other, 2)) == 0);
        }
    }
    for (size_t i = 0; i < ldns_rr_list_rr_count(glue); i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(ldns_rdf_compare(ldns_rr_owner(ldns_rr_list_rr(glue, i)),
                                                  ldns_rr_owner(ldns_rr_list_rr(glue, j))),
                                 0);
        }
    }
}

/*
 * Walk SRVs and glue together: within each family the glue comes in the order of the targets'
 * first mention, and A comes before AAAA.
 */
static void assert_glue_follows_targets(const ldns_pkt *packet)
{
    const ldns_rr_list *srvs = ldns_pkt_answer(packet);
    const ldns_rr_list *glue = ldns_pkt_additional(packet);
    size_t last_place = 0;
    ldns_rr_type last_type = LDNS_RR_TYPE_A;

    for (size_t i = 0; i < ldns_rr_list_rr_count(glue); i++) {
        const ldns_rr *record = ldns_rr_list_rr(glue, i);
        size_t place = 0;

        while (place < ldns_rr_list_rr_count(srvs) &&
               ldns_rdf_compare(ldns_rr_owner(record),
                                ldns_rr_rdf(ldns_rr_list_rr(srvs, place), 3)) != 0) {
            place++;
        }
        assert_true(place < ldns_rr_list_rr_count(srvs));
        assert_true(ldns_rr_get_type(record) >= last_type);
        assert_true(ldns_rr_get_type(record) != last_type || place >= last_place);
        last_place = place;
        last_type = ldns_rr_get_type(record);
    }
}

static void random_clusters_read_back_as_they_were(void **state)
{
    static struct fleet fleet;
    uint64_t seed = 20260101;

    (void)state;
    for (int round = 0; round < 30; round++) {
        struct snapshot *snapshot = NULL;
        const struct answer *answer = NULL;
        ldns_pkt *packet = NULL;

        fleet_randomize(&fleet, 1 + fixture_random(&seed) % 200, &seed);
        snapshot = fleet_build(&fleet, TARGET_ADDRESS);
        answer = fixture_answer(snapshot, SRV, RECORD_SRV);
        packet = fixture_packet(answer, SRV, RECORD_SRV, MESSAGE_MAX_LENGTH);
        assert_false(ldns_pkt_tc(packet));
        assert_int_equal(ldns_pkt_nscount(packet), 0);
        for (size_t i = 0; i < fleet.count; i++) {
            assert_member_served(&fleet.members[i], packet);
        }
        assert_no_repeats(packet);
        assert_glue_follows_targets(packet);
        ldns_pkt_free(packet);
        snapshot_unref(snapshot);
    }
}

/* Targets stand uncompressed in the SRVs, and every glue owner is a pointer to one of them. */
static void the_octets_are_those_of_rfc_2782(void **state)
{
    static struct fleet fleet;
    static const uint8_t srv[] = "\xc0\x0c\x00\x21\x00\x01\x00\x00\x00\x0a\x00\x26"
                                 "\x00\x00\x00\x01\x01\xbb\x10ip-10-100-100-10" /* cut below */;
    struct snapshot *snapshot = NULL;
    const struct answer *answer = NULL;
    size_t question_end = HEADER_LENGTH + sizeof("._web._tcp.sd.example.com") + 4;

    (void)state;
    fleet_fill(&fleet, 2);
    snapshot = fleet_build(&fleet, TARGET_ADDRESS);
    answer = fixture_answer(snapshot, SRV, RECORD_SRV);
    assert_int_equal(answer_end(answer, 0), 12 + 6 + 34);
    assert_memory_equal(answer->octets, srv, 11);
    assert_int_equal(answer->octets[11], 6 + 34);
    assert_memory_equal(answer->octets + 12, srv + 12, 6);
    assert_memory_equal(answer->octets + 18,
                        "\x11ip-10-100-100-100\x02sd\x07"
                        "example\x03"
                        "com",
                        34);
    assert_int_equal(answer_end(answer, 2) - answer_end(answer, 1), 16);
    assert_int_equal(answer->octets[answer_end(answer, 1)], 0xc0);
    assert_int_equal(answer->octets[answer_end(answer, 1) + 1], question_end + 18);
    snapshot_unref(snapshot);
}

/* A sample of the sizes is read back: a cut anywhere leaves a message that can be parsed. */
static void cut_messages_can_be_read(void **state)
{
    static struct fleet fleet;
    struct snapshot *snapshot = NULL;
    const struct answer *answer = NULL;

    (void)state;
    fleet_fill(&fleet, 800);
    snapshot = fleet_build(&fleet, TARGET_ADDRESS);
    answer = fixture_answer(snapshot, SRV, RECORD_SRV);
    for (size_t size = 512; size <= MESSAGE_MAX_LENGTH; size += 487) {
        ldns_pkt *packet = fixture_packet(answer, SRV, RECORD_SRV, size);

        assert_int_equal(ldns_pkt_tc(packet), ldns_pkt_ancount(packet) < 800);
        assert_glue_follows_targets(packet);
        ldns_pkt_free(packet);
    }
    snapshot_unref(snapshot);
}

/* Past 16 KiB glue cannot point at its target; its owner is a label and the origin then. */
static void glue_past_the_reach_of_pointers_names_its_target(void **state)
{
    static struct fleet fleet;
    struct snapshot *snapshot = NULL;
    const struct answer *answer = NULL;
    ldns_pkt *packet = NULL;

    (void)state;
    fleet_fill(&fleet, 800);
    snapshot = fleet_build(&fleet, TARGET_ADDRESS);
    answer = fixture_answer(snapshot, SRV, RECORD_SRV);
    packet = fixture_packet(answer, SRV, RECORD_SRV, MESSAGE_MAX_LENGTH);
    assert_int_equal(ldns_pkt_ancount(packet), 800);
    assert_int_equal(ldns_pkt_arcount(packet), 800);
    for (size_t i = 0; i < 800; i += 7) {
        assert_member_served(&fleet.members[i], packet);
    }
    assert_glue_follows_targets(packet);
    assert_no_repeats(packet);
    ldns_pkt_free(packet);
    snapshot_unref(snapshot);
}

static void literal_targets_past_the_reach_of_pointers_are_written_in_full(void **state)
{
    static struct fleet fleet;
    struct snapshot *snapshot = NULL;
    const struct answer *answer = NULL;
    ldns_pkt *packet = NULL;

    (void)state;
    fleet_fill(&fleet, 1000);
    snapshot = fleet_build(&fleet, TARGET_LITERAL);
    answer = fixture_answer(snapshot, SRV, RECORD_SRV);
    packet = fixture_packet(answer, SRV, RECORD_SRV, MESSAGE_MAX_LENGTH);
    assert_int_equal(ldns_pkt_arcount(packet), 1000);
    assert_glue_follows_targets(packet);
    assert_true(
        list_has(ldns_pkt_additional(packet), 999, 1000, "10.100.109.199. 10 IN A 10.100.109.199"));
    ldns_pkt_free(packet);
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_clusters_read_back_as_they_were),
        cmocka_unit_test(the_octets_are_those_of_rfc_2782),
        cmocka_unit_test(cut_messages_can_be_read),
        cmocka_unit_test(glue_past_the_reach_of_pointers_names_its_target),
        cmocka_unit_test(literal_targets_past_the_reach_of_pointers_are_written_in_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
