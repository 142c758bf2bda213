/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_fleet_file.c - any octets as a fleet file. Every member of a file that is taken
 * is whole: id, group, and values that are judged later.
 */

#include "discovery/fleet_file.h"
#include "tests/fuzz/reply.h"
#include "zones/name.h"

static void fleet_read(struct outcome *outcome, const char *text, size_t length)
{
    struct inventory *inventory = fleet_file_parse(text, length, &outcome->error);

    outcome->is_taken = inventory != NULL;
    for (size_t i = 0; inventory != NULL && i < inventory->count; i++) {
        const struct instance *instance = &inventory->instances[i];

        expect(label_is_valid(instance->id), "an id is a label");
        expect(instance->group != NULL && instance->address_tag != NULL &&
                   instance->weight_tag != NULL && instance->state == STATE_RUNNING,
               "a member is whole");
        expect(i == 0 || strcmp(instance[-1].id, instance->id) < 0, "ids are in order, each once");
        outcome_add(outcome, instance->id);
        outcome_add(outcome, instance->group);
        outcome_add(outcome, instance->az);
        outcome_add(outcome, instance->address_tag);
        outcome_add(outcome, instance->weight_tag);
        outcome_add(outcome, instance->port_tag);
        outcome_add(outcome, instance->hold_tag);
    }
    inventory_free(inventory);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    reply_try(fleet_read, octets, length);
    return 0;
}
