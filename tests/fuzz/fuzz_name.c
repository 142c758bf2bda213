/* SPDX-License-Identifier: MIT */

/*
 * tests/fuzz/fuzz_name.c - any octets as a domain name on the wire, as the text of one, of an
 * address and of a prefix. A name that is taken can be written and read back, and taken apart
 * label by label and put together again.
 */

#include "tests/fuzz/expect.h"
#include "zones/address.h"
#include "zones/name.h"

static void name_check(const struct name *name)
{
    char text[NAME_MAX_TEXT];
    struct name again;
    struct name parent;

    expect(name->length >= 1 && name->octets[name->length - 1] == 0, "a name ends with the root");
    expect(name_from_text(&again, name_to_text(name, text), NULL), "what we write is a name");
    expect(name_equals(name, &again), "a name is read back to the same");
    expect(name_from_wire(&again, name->octets, name->length) == name->length &&
               name_equals(name, &again),
           "a name is its own wire form");
    expect(name_from_wire(&again, name->octets, name->length - 1U) == 0,
           "a name that is cut short is none");
    if (name_parent(name, &parent)) {
        expect(name_is_within(name, &parent) && !name_is_within(&parent, name),
               "a name lies below its parent");
        expect(name_prepend(&parent, (const char *)name->octets + 1, name->octets[0]) &&
                   name_equals(name, &parent),
               "a label and its parent are the name");
    } else {
        expect(name->length == 1, "only the root has no parent");
    }
}

static void texts_try(const char *text)
{
    char written[ADDRESS_MAX_TEXT + 4];
    struct name name;
    struct address address;
    struct address again;
    struct prefix prefix;
    struct prefix prefix_again;

    if (name_from_text(&name, text, NULL)) {
        name_check(&name);
    }
    if (address_parse(&address, text)) {
        expect(address_parse(&again, address_to_text(&address, written)) &&
                   address_compare(&address, &again) == 0,
               "an address is read back to the same");
    }
    if (prefix_parse(&prefix, text, NULL)) {
        expect(prefix.bits <= 8 * prefix.network.length, "a prefix is no longer than its address");
        expect(prefix_parse(&prefix_again, prefix_to_text(&prefix, written), NULL) &&
                   prefix.bits == prefix_again.bits &&
                   address_compare(&prefix.network, &prefix_again.network) == 0,
               "a prefix is read back to the same");
        expect(prefix_list_contains(&prefix, 1, &prefix.network), "a prefix holds its network");
    }
    expect(!label_is_valid(text) ||
               (strlen(text) <= LABEL_MAX_LENGTH && name_from_text(&name, text, NULL)),
           "a label can be a name");
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    char *text = text_of(octets, length);
    struct name name;
    size_t taken = name_from_wire(&name, octets, length);

    if (taken > 0) {
        expect(taken <= length && taken == name.length, "a name takes its own octets");
        name_check(&name);
    }
    texts_try(text);
    free(text);
    return 0;
}
