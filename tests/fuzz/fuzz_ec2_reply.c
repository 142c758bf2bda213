/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_ec2_reply.c - any octets as a page of DescribeInstances.
 */

#include <stdint.h>

#include "discovery/aws/ec2_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static const struct ec2_tag_names tags = {"aws:autoscaling:groupName", "srv_weight",
                                              "ip_address", "srv_port"};
    struct inventory *inventory = inventory_new();
    struct ec2_page page;
    struct error error;

    if (ec2_reply_parse((const char *)octets, length, &tags, inventory, &page, &error)) {
        (void)inventory_finish(inventory);
    }
    inventory_free(inventory);
    return 0;
}
