/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_fleet_file.c - any octets as a fleet file.
 */

#include <stdint.h>

#include "discovery/fleet_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct error error;

    inventory_free(fleet_file_parse((const char *)octets, length, &error));
    return 0;
}
