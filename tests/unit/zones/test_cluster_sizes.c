/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_cluster_sizes.c - answers of clusters against the size of messages: every
 * size that a client may take, and clusters that no message can hold.
 */

#include "fleet.h"

static const char SRV[] = "_web._tcp.sd.example.com";

/* For every size: the largest whole prefix, and TC when, and only when, an SRV is missing. */
static void every_size_gets_the_largest_prefix(void **state)
{
    static struct fleet fleet;
    static const size_t counts[] = {1, 3, 50, 800};

    (void)state;
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        struct snapshot *snapshot = NULL;
        const struct answer *answer = NULL;
        size_t total = 0;
        size_t head = HEADER_LENGTH + sizeof("._web._tcp.sd.example.com") + 4;

        fleet_fill(&fleet, counts[c]);
        snapshot = fleet_build(&fleet, TARGET_ADDRESS);
        answer = fixture_answer(snapshot, SRV, RECORD_SRV);
        total = (size_t)answer->answer_count + answer->additional_count;
        assert_int_equal(answer->answer_count, counts[c]);
        for (size_t size = 512; size <= MESSAGE_MAX_LENGTH; size++) {
            struct answer_cut cut = answer_fit(answer, size - head);
            size_t kept = (size_t)cut.answer_count + cut.additional_count;

            assert_true(head + cut.length <= size);
            assert_true(kept == total || head + answer_end(answer, kept) > size);
            assert_int_equal(cut.length, kept == 0 ? 0 : answer_end(answer, kept - 1));
            assert_int_equal(cut.is_truncated, cut.answer_count < counts[c]);
            assert_true(cut.additional_count == 0 || cut.answer_count == counts[c]);
        }
        snapshot_unref(snapshot);
    }
}

static void what_one_message_cannot_hold_is_left_out(void **state)
{
    static struct fleet fleet;
    struct snapshot *snapshot = NULL;
    const struct answer *answer = NULL;
    ldns_pkt *packet = NULL;
    size_t head = HEADER_LENGTH + sizeof("._web._tcp.sd.example.com") + 4;

    (void)state;
    fleet_fill(&fleet, 2000);
    snapshot = fleet_build(&fleet, TARGET_ADDRESS);
    answer = fixture_answer(snapshot, SRV, RECORD_SRV);
    assert_true(answer->is_partial);
    assert_int_equal(answer->additional_count, 0);
    /* 52 octets each; in the compact form all but the first 38 */
    assert_int_equal(answer->answer_count, (MESSAGE_MAX_LENGTH - OPT_RESERVE - head) / 52);
    assert_true(answer->compact->is_partial);
    assert_int_equal(answer->compact->answer_count,
                     (MESSAGE_MAX_LENGTH - OPT_RESERVE - head - 14) / 38);
    packet = fixture_packet(answer, SRV, RECORD_SRV, MESSAGE_MAX_LENGTH);
    assert_true(ldns_pkt_tc(packet));
    ldns_pkt_free(packet);
    /* Their own names are all there. */
    assert_int_equal(fixture_lookup(snapshot, "ip-10-100-119-199.sd.example.com", RECORD_A).result,
                     LOOKUP_ANSWER);
    assert_int_equal(fixture_answer(snapshot, "web.sd.example.com", RECORD_A)->answer_count, 2000);
    snapshot_unref(snapshot);
}

/* Between the two limits glue is missing, but nothing is truncated. */
static void glue_left_out_at_encoding_is_no_truncation(void **state)
{
    static struct fleet fleet;
    struct snapshot *snapshot = NULL;
    const struct answer *answer = NULL;

    (void)state;
    fleet_fill(&fleet, 1100);
    snapshot = fleet_build(&fleet, TARGET_ADDRESS);
    answer = fixture_answer(snapshot, SRV, RECORD_SRV);
    assert_false(answer->is_partial);
    assert_int_equal(answer->answer_count, 1100);
    assert_in_range(answer->additional_count, 1, 1099);
    assert_false(answer_fit(answer, MESSAGE_MAX_LENGTH).is_truncated);
    snapshot_unref(snapshot);
}

/* How many members, with an address for each, a message of `size` octets holds. */
static size_t capacity_at(size_t size)
{
    static struct fleet fleet;
    size_t head = HEADER_LENGTH + sizeof("._web._tcp.sd.example.com") + 4 + 11; /* a bare OPT */
    size_t low = 1;
    size_t high = MAX_MEMBERS;

    while (low < high) {
        size_t middle = (low + high + 1) / 2;
        struct snapshot *snapshot = NULL;
        struct answer_cut cut;

        fleet_fill(&fleet, middle);
        for (size_t i = 0; i < middle; i++) {
            char text[FIXTURE_TEXT_SIZE];

            (void)snprintf(text, sizeof(text), "10.1.%zu.%zu", 10 + i / 90, 10 + i % 90);
            assert_true(address_parse(&fleet.members[i].address, text));
        }
        snapshot = fleet_build(&fleet, TARGET_ADDRESS);
        cut = answer_fit(fixture_answer(snapshot, SRV, RECORD_SRV), size - head);
        if (cut.additional_count == middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
        snapshot_unref(snapshot);
    }
    return low;
}

static void messages_hold_as_many_members_as_the_encoding_allows(void **state)
{
    (void)state;
    /* ip-10-1-xx-yy.sd.example.com: 30 octets, 48 for the SRV and 16 for its address */
    assert_int_equal(capacity_at(8192), (8192 - 52) / 64);
    /* Glue of targets past 16 KiB has a label in front of its pointer: 12 octets more. */
    assert_in_range(capacity_at(MESSAGE_MAX_LENGTH), 880, 960);
}

static void addresses_that_do_not_fit_are_partial_too(void **state)
{
    static struct member members[5000];
    static char ids[5000][FIXTURE_TEXT_SIZE];
    struct builder *builder = fixture_builder(TARGET_ADDRESS);
    struct snapshot *snapshot = NULL;
    const struct answer *answer = NULL;

    (void)state;
    for (size_t i = 0; i < 5000; i++) {
        char address[FIXTURE_TEXT_SIZE];

        (void)snprintf(ids[i], sizeof(ids[i]), "i-%zu", i);
        (void)snprintf(address, sizeof(address), "10.2.%zu.%zu", i / 250, i % 250);
        members[i] = fixture_member(ids[i], address, 1);
    }
    fixture_add_cluster(builder, "web", members, 5000);
    snapshot = fixture_finish(builder);
    answer = fixture_answer(snapshot, "web.sd.example.com", RECORD_A);
    assert_true(answer->is_partial);
    assert_in_range(answer->answer_count, 4000, 4095);
    assert_true(answer_fit(answer, MESSAGE_MAX_LENGTH).is_truncated);
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_gets_the_largest_prefix),
        cmocka_unit_test(what_one_message_cannot_hold_is_left_out),
        cmocka_unit_test(glue_left_out_at_encoding_is_no_truncation),
        cmocka_unit_test(messages_hold_as_many_members_as_the_encoding_allows),
        cmocka_unit_test(addresses_that_do_not_fit_are_partial_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
