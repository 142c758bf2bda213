/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster_image.h - everything that is served of one cluster of one zone, in one block of
 * memory that never changes.
 *
 *     | struct | names | SRV answer, whole and compact | addresses | texts |
 *
 * Snapshots hold references to images, so that a cluster that did not change costs the next
 * snapshot a reference; whoever drops the last one frees the block. What repeats is there once:
 * a target's name lies in its SRV record, and the address record that the target's name has is
 * the one that the plain name's answer is made of.
 */

#ifndef ZONES_CLUSTER_IMAGE_H
#define ZONES_CLUSTER_IMAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/answer.h"
#include "zones/cluster.h"
#include "zones/name.h"
#include "zones/packed_text.h"
#include "zones/table.h"

enum {
    ADDRESS_FAMILIES = 2, /* A before AAAA */
    PACKED_STRIDE = 16,   /* of texts, between two starts */
    /* A TXT record that is written when it is asked for, with its owner and fixed part. */
    PACKED_RECORD_MAX = 2 + 10 + PACKED_RDATA_MAX,
};

/* What an image is made of; everything is borrowed for the call. */
struct image_parts {
    const struct name *srv_name;
    const struct name *plain_name;
    struct cluster_mark mark;
    struct rrset srv; /* answer.compact as well */
    struct rrset plain[ADDRESS_FAMILIES];
    bool shares_plain; /* the plain answers are the first octets of `addresses` */
    size_t target_count;
    const uint8_t *names;         /* the SRV records of all targets in full (target_name.h) */
    size_t names_length;          /* in octets; 0: they are the first ones of the SRV answer */
    const uint32_t *name_offsets; /* for each target, ascending; NULL: it is the record's number */
    const uint8_t *addresses;     /* a record for each target, all A before all AAAA */
    size_t v4_count;
    const uint32_t *ranks; /* for each target its place among `addresses`; NULL: its number */
    const uint8_t *packed; /* texts in packed form; or NULL: */
    size_t packed_length;
    const uint32_t *packed_starts; /* offsets of the texts number 16, 32, … in `packed` */
    const struct text_pairs *pairs;
    const uint32_t *text_offsets; /* for each target, and the end, where its record is in: */
    const uint8_t *texts;         /* TXT records in wire form */
    bool is_simple;               /* target N is the N-th member: nothing repeats */
};

struct cluster_image {
    atomic_size_t references;
    size_t size_octets; /* of the whole block */
    struct cluster_mark mark;
    struct answer compact;
    uint8_t plain_count; /* of A and AAAA among the RRsets */
    bool is_simple;
    uint8_t srv_name_length;
    uint8_t plain_name_length;
    const uint8_t *srv_name;
    const uint8_t *plain_name;
    uint32_t target_count;
    uint32_t v4_count;
    const uint8_t *names; /* what offsets of names count from */
    const uint32_t *name_offsets;
    const uint8_t *addresses;
    const uint32_t *ranks;
    const uint8_t *packed;
    const uint32_t *packed_starts;
    const uint8_t *pairs;
    const uint32_t *text_offsets;
    const uint8_t *texts;
    struct rrset rrsets[]; /* ascending: A and AAAA where there are any, SRV */
};

/* An image with one reference. */
struct cluster_image *image_new(const struct image_parts *parts);

/* As with snapshots: one reference more or less; any thread. */
struct cluster_image *image_ref(struct cluster_image *image);
void image_unref(struct cluster_image *image);

/* Whether two images serve the same, to the octet. Their marks do not count. */
bool image_equals(const struct cluster_image *left, const struct cluster_image *right);

/* The SRV RRset, which every image has. */
const struct rrset *image_srv(const struct cluster_image *image);

#endif
