/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_ec2_reply.c - any octets as a page of DescribeInstances. What was read can be
 * put in order and found again, and a page that comes twice gives nothing new.
 */

#include "discovery/aws/ec2_reply.h"
#include "tests/fuzz/reply.h"

static const struct ec2_tag_names tags = {
    .group = "aws:autoscaling:groupName",
    .weight = "srv_weight",
    .address = "ip_address",
    .port = "srv_port",
    .hold = "srv_hold",
    .drain_since = "srv_drain_since",
};

static void inventory_digest(struct outcome *outcome, const struct inventory *inventory)
{
    for (size_t i = 0; i < inventory->count; i++) {
        const struct instance *instance = &inventory->instances[i];
        const char *const texts[] = {
            instance->id,           instance->group,
            instance->az,           instance->private_address,
            instance->ipv6_address, instance->weight_tag,
            instance->address_tag,  instance->port_tag,
            instance->hold_tag,     instance->drain_since_tag,
        };

        expect(instance->id != NULL && instance->id[0] != '\0', "an instance has an id");
        expect(inventory_find(inventory, instance->id) == instance,
               "an instance is found by its id");
        expect(i == 0 || strcmp(instance[-1].id, instance->id) < 0, "ids are in order");
        for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
            outcome_add(outcome, texts[j]);
        }
        outcome_add_number(outcome, (int64_t)instance->state);
    }
}

static void page_read(struct outcome *outcome, const char *body, size_t length)
{
    struct inventory *inventory = inventory_new();
    struct ec2_page page = {.instances = 0};
    struct ec2_page again = {.instances = 0};

    outcome->is_taken = ec2_reply_parse(body, length, &tags, inventory, &page, &outcome->error);
    if (outcome->is_taken) {
        size_t count = inventory->count;

        expect(page.instances == count, "a page counts its instances");
        expect(page.next_token == NULL || page.next_token[0] != '\0', "a token is not empty");
        outcome_add(outcome, page.next_token);
        count -= inventory_finish(inventory);
        inventory_digest(outcome, inventory);
        expect(ec2_reply_parse(body, length, &tags, inventory, &again, &outcome->error),
               "a page is taken twice");
        (void)inventory_finish(inventory);
        expect(inventory->count == count, "a page that comes twice gives nothing new");
    }
    inventory_free(inventory);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    reply_try(page_read, octets, length);
    return 0;
}
