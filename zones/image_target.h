/* SPDX-License-Identifier: MIT */

/*
 * zones/image_target.h - the targets in a cluster's image, by their numbers from 0 on.
 *
 * Nothing is kept for a target that can be read elsewhere in the image. All functions are pure and
 * safe from any thread; a target's number must exist.
 */

#ifndef ZONES_IMAGE_TARGET_H
#define ZONES_IMAGE_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zones/address.h"
#include "zones/answer.h"
#include "zones/cluster.h"
#include "zones/cluster_image.h"

/* A member, and a number that sorts as it does unless it is another's too. */
struct ranked_member {
    uint64_t rank;
    const struct member *member;
};

/*
 * The offset of a target's name from `names`, if `before` is that of the target before it (for
 * the first it is not looked at).
 */
size_t image_name_offset(const struct cluster_image *image, size_t target, size_t before);

/* The other way round: which target's name is at the offset; and the name itself. */
size_t image_target_at(const struct cluster_image *image, size_t offset);
const uint8_t *image_target_name(const struct cluster_image *image, size_t target);

/* RECORD_A or RECORD_AAAA: what the target's own name has beside its TXT record. */
uint16_t image_target_type(const struct cluster_image *image, size_t target);

/* Whether that is the target's address. */
bool image_target_has(const struct cluster_image *image, size_t target,
                      const struct address *address);

/* Whether two targets have the same address record. */
bool image_addresses_equal(const struct cluster_image *left, size_t left_target,
                           const struct cluster_image *right, size_t right_target);

/* The answer to a question for it. */
struct answer image_target_address(const struct cluster_image *image, size_t target);

/* The answer to a question for its TXT record; `octets` is written to if it has to be made. */
struct answer image_target_text(const struct cluster_image *image, size_t target,
                                uint32_t ttl_seconds, uint8_t octets[PACKED_RECORD_MAX]);

/* As memcmp() of the RDATA of two targets' TXT records: which of them sorts first. */
int image_text_compare(const struct cluster_image *left, size_t left_target,
                       const struct cluster_image *right, size_t right_target);

/*
 * Whether exactly these members, in this order, would give this image again in a zone with the
 * same settings. False also where finding out is not worth it.
 */
bool image_is_of(const struct cluster_image *image, const struct ranked_member *members,
                 size_t count);

#endif
