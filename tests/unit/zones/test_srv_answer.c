/* SPDX-License-Identifier: MIT */

/*
 * tests/unit/zones/test_srv_answer.c - the ladder by which an SRV answer is fitted to a size:
 * whole, compact, without glue from the tail, without SRV records from the tail.
 */

#include "fleet.h"

static const char SRV[] = "_web._tcp.sd.example.com";

enum {
    HEAD_LENGTH = HEADER_LENGTH + sizeof("._web._tcp.sd.example.com") + 4,
    OPT_LENGTH = 11,
    SMALLEST = 512,
};

static struct snapshot *snapshot_of(const struct fleet *fleet, enum target_names target_names,
                                    enum compress_targets compress)
{
    struct builder *builder = builder_new(NULL);
    struct name nameserver;
    struct zone zone = fixture_zone("sd.example.com", &nameserver);

    zone.target_names = target_names;
    zone.compress_targets = compress;
    assert_true(builder_add_zone(builder, &zone, ZONE_COMPLETE, NULL));
    fixture_add_cluster(builder, "web", fleet->members, fleet->count);
    return fixture_finish(builder);
}

/* All that the answer to the largest size tells, a line a record, in order. */
static char *packet_text(const ldns_pkt *packet, size_t answers, size_t additionals)
{
    ldns_rr_list *sections[] = {ldns_pkt_answer(packet), ldns_pkt_additional(packet)};
    const size_t counts[] = {answers, additionals};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    assert_non_null(out);
    for (size_t s = 0; s < 2; s++) {
        assert_true(counts[s] <= ldns_rr_list_rr_count(sections[s]));
        for (size_t i = 0; i < counts[s]; i++) {
            char *line = fixture_record_text(ldns_rr_list_rr(sections[s], i));

            (void)fprintf(out, "%s\n", line);
            free(line);
        }
    }
    assert_int_equal(fclose(out), 0);
    return text;
}

/* What `size` gives must read as the first records of `whole`, and no more may have fitted. */
static void assert_fitted(const struct answer *answer, const ldns_pkt *whole, size_t size)
{
    size_t room = size - HEAD_LENGTH;
    const struct answer *form = answer_form(answer, room);
    struct answer_cut cut = answer_fit(form, room);
    size_t kept = (size_t)cut.answer_count + cut.additional_count;
    size_t total = (size_t)form->answer_count + form->additional_count;
    ldns_pkt *packet = fixture_packet(answer, SRV, RECORD_SRV, size);
    char *text = packet_text(packet, ldns_pkt_ancount(packet), ldns_pkt_arcount(packet));
    char *expected = packet_text(whole, cut.answer_count, cut.additional_count);

    assert_string_equal(text, expected);
    assert_true(kept == total || HEAD_LENGTH + (size_t)answer_end(form, kept) > size);
    assert_true(cut.additional_count == 0 || cut.answer_count == answer->answer_count);
    assert_int_equal(cut.is_truncated, cut.answer_count < ldns_pkt_ancount(whole));
    if (form != answer) {
        assert_true(HEAD_LENGTH + (size_t)answer_end(answer, total - 1) > size);
    }
    free(text);
    free(expected);
    ldns_pkt_free(packet);
}

/* Of every limit those at which something changes, and their neighbours; the others at random. */
static void random_clusters_are_fitted_to_every_limit(void **state)
{
    static const enum target_names names[] = {TARGET_ADDRESS, TARGET_INSTANCE, TARGET_LITERAL};
    static struct fleet fleet;
    uint64_t seed = 20260613;

    (void)state;
    for (int round = 0; round < 12; round++) {
        struct snapshot *snapshot = NULL;
        const struct answer *answer = NULL;
        const struct answer *forms[2] = {NULL};
        ldns_pkt *whole = NULL;

        fleet_randomize(&fleet, 1 + fixture_random(&seed) % 120, &seed);
        snapshot = snapshot_of(&fleet, names[round % 3], COMPRESS_WHEN_NEEDED);
        answer = fixture_answer(snapshot, SRV, RECORD_SRV);
        whole = fixture_packet(answer, SRV, RECORD_SRV, MESSAGE_MAX_LENGTH);
        forms[0] = answer;
        forms[1] = answer->compact == NULL ? answer : answer->compact;
        for (size_t f = 0; f < 2; f++) {
            size_t total = (size_t)forms[f]->answer_count + forms[f]->additional_count;

            for (size_t i = 0; i < total; i++) {
                for (size_t size = HEAD_LENGTH + (size_t)answer_end(forms[f], i) - 1;
                     size <= HEAD_LENGTH + (size_t)answer_end(forms[f], i) + 1; size++) {
                    assert_fitted(answer, whole, size < SMALLEST ? SMALLEST : size);
                }
            }
        }
        for (int i = 0; i < 50; i++) {
            assert_fitted(answer, whole,
                          SMALLEST + fixture_random(&seed) % (MESSAGE_MAX_LENGTH - SMALLEST));
        }
        ldns_pkt_free(whole);
        snapshot_unref(snapshot);
    }
}

/* ip-10-1-xx-yy.e.example.com would be 30 octets; here they have 26, as in the capacity figures. */
static void fleet_of_26_octet_targets(struct fleet *fleet, size_t count)
{
    fleet_fill(fleet, count);
    for (size_t i = 0; i < count; i++) {
        char text[FIXTURE_TEXT_SIZE];

        (void)snprintf(text, sizeof(text), "10.%zu.%zu.%zu", i / 81 % 9 + 1, i / 9 % 9 + 1,
                       i % 9 + 1);
        assert_true(address_parse(&fleet->members[i].address, text));
        fleet->members[i].port = (uint16_t)(443 + i / 729);
    }
}

static void the_kept_forms_are_those_that_are_configured(void **state)
{
    static struct fleet fleet;
    struct snapshot *snapshot = NULL;
    const struct answer *answer = NULL;
    size_t compact_end = 0;
    size_t last = 2 * 100 - 1;

    (void)state;
    fleet_of_26_octet_targets(&fleet, 100);
    snapshot = snapshot_of(&fleet, TARGET_ADDRESS, COMPRESS_WHEN_NEEDED);
    answer = fixture_answer(snapshot, SRV, RECORD_SRV);
    assert_non_null(answer->compact);
    compact_end = answer_end(answer->compact, last);
    /* The first target is written in full: 16 octets for the zone's name, 2 for a pointer. */
    assert_int_equal(answer_end(answer, last) - compact_end, 99 * (16 - 2));
    snapshot_unref(snapshot);

    snapshot = snapshot_of(&fleet, TARGET_ADDRESS, COMPRESS_NEVER);
    assert_null(fixture_answer(snapshot, SRV, RECORD_SRV)->compact);
    snapshot_unref(snapshot);

    snapshot = snapshot_of(&fleet, TARGET_ADDRESS, COMPRESS_ALWAYS);
    answer = fixture_answer(snapshot, SRV, RECORD_SRV);
    assert_null(answer->compact);
    assert_int_equal(answer_end(answer, last), compact_end);
    snapshot_unref(snapshot);

    /* What every client takes needs no second form. */
    fleet_of_26_octet_targets(&fleet, 6);
    snapshot = snapshot_of(&fleet, TARGET_ADDRESS, COMPRESS_WHEN_NEEDED);
    assert_null(fixture_answer(snapshot, SRV, RECORD_SRV)->compact);
    snapshot_unref(snapshot);
}

/* Literal targets end with no zone: there is nothing to compress. */
static void literal_targets_have_one_form(void **state)
{
    static struct fleet fleet;
    struct snapshot *snapshot = NULL;

    (void)state;
    fleet_fill(&fleet, 100);
    snapshot = snapshot_of(&fleet, TARGET_LITERAL, COMPRESS_WHEN_NEEDED);
    assert_null(fixture_answer(snapshot, SRV, RECORD_SRV)->compact);
    snapshot_unref(snapshot);
}

/* Whether `count` members with all their glue fit into a message of `size` octets with OPT. */
static bool fleet_fits(size_t count, size_t size, enum compress_targets compress)
{
    static struct fleet fleet;
    size_t room = size - HEAD_LENGTH - OPT_LENGTH;
    struct snapshot *snapshot = NULL;
    const struct answer *form = NULL;
    struct answer_cut cut;

    fleet_of_26_octet_targets(&fleet, count);
    snapshot = snapshot_of(&fleet, TARGET_ADDRESS, compress);
    form = answer_form(fixture_answer(snapshot, SRV, RECORD_SRV), room);
    cut = answer_fit(form, room);
    snapshot_unref(snapshot);
    return cut.answer_count == count && cut.additional_count == (count < 729 ? count : 729);
}

static size_t capacity_at(size_t size, enum compress_targets compress)
{
    size_t count = 1;

    while (count < MAX_MEMBERS && fleet_fits(count + 1, size, compress)) {
        count++;
    }
    return count;
}

static void a_message_holds_as_many_members_as_promised(void **state)
{
    (void)state;
    assert_true(capacity_at(8192, COMPRESS_NEVER) >= 130);
    assert_true(capacity_at(8192, COMPRESS_WHEN_NEEDED) >= 150);
    assert_int_equal(capacity_at(8192, COMPRESS_ALWAYS), capacity_at(8192, COMPRESS_WHEN_NEEDED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_clusters_are_fitted_to_every_limit),
        cmocka_unit_test(the_kept_forms_are_those_that_are_configured),
        cmocka_unit_test(literal_targets_have_one_form),
        cmocka_unit_test(a_message_holds_as_many_members_as_promised),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
