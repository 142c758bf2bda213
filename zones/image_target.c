/* SPDX-License-Identifier: MIT */

/*
 * zones/image_target.c - finds name, address and text of a target among an image's octets.
 */

#include "zones/image_target.h"

#include <string.h>

#include "zones/encoder.h"
#include "zones/member_record.h"
#include "zones/record.h"
#include "zones/target.h"
#include "zones/target_name.h"
#include "zones/wire.h"

size_t image_name_offset(const struct cluster_image *image, size_t target, size_t before)
{
    if (image->name_offsets != NULL) {
        return image->name_offsets[target];
    }
    return TARGET_NAME_OFFSET + (target == 0 ? 0 : before + target_length(image->names + before));
}

size_t image_target_at(const struct cluster_image *image, size_t offset)
{
    size_t low = 0;
    size_t high = image->target_count;

    if (image->name_offsets == NULL) {
        return answer_record_at(&image_srv(image)->answer, offset - TARGET_NAME_OFFSET);
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (image->name_offsets[middle] < offset) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const uint8_t *image_target_name(const struct cluster_image *image, size_t target)
{
    if (image->name_offsets != NULL) {
        return image->names + image->name_offsets[target];
    }
    return image->names + TARGET_NAME_OFFSET +
           (target == 0 ? 0 : answer_end(&image_srv(image)->answer, target - 1));
}

/* The target's address record among all of them, A or AAAA. */
static const uint8_t *address_record(const struct cluster_image *image, size_t target)
{
    size_t rank = image->ranks == NULL ? target : image->ranks[target];

    if (rank < image->v4_count) {
        return image->addresses + rank * A_RECORD_LENGTH;
    }
    return image->addresses + (size_t)image->v4_count * A_RECORD_LENGTH +
           (rank - image->v4_count) * AAAA_RECORD_LENGTH;
}

uint16_t image_target_type(const struct cluster_image *image, size_t target)
{
    size_t rank = image->ranks == NULL ? target : image->ranks[target];

    return rank < image->v4_count ? RECORD_A : RECORD_AAAA;
}

static struct answer single_answer(const uint8_t *octets, size_t length)
{
    return (struct answer){
        .octets = octets, .length = (uint16_t)length, .answer_count = 1, .is_whole = true};
}

struct answer image_target_address(const struct cluster_image *image, size_t target)
{
    return single_answer(address_record(image, target), image_target_type(image, target) == RECORD_A
                                                            ? A_RECORD_LENGTH
                                                            : AAAA_RECORD_LENGTH);
}

bool image_addresses_equal(const struct cluster_image *left, size_t left_target,
                           const struct cluster_image *right, size_t right_target)
{
    struct answer one = image_target_address(left, left_target);
    struct answer other = image_target_address(right, right_target);

    return answer_equals(&one, &other);
}

static const uint8_t *packed_text_of(const struct cluster_image *image, size_t target)
{
    size_t group = target / PACKED_STRIDE;
    const uint8_t *packed = image->packed + (group == 0 ? 0 : image->packed_starts[group - 1]);

    for (size_t left = target % PACKED_STRIDE; left > 0; left--) {
        packed += packed_text_length(packed);
    }
    return packed;
}

/* The RDATA of the target's TXT record, in the image or written into `rdata`. */
static const uint8_t *text_rdata(const struct cluster_image *image, size_t target,
                                 uint8_t rdata[PACKED_RDATA_MAX], size_t *length)
{
    if (image->packed == NULL) {
        size_t start = image->text_offsets[target] + MEMBER_HEAD_LENGTH;

        *length = image->text_offsets[target + 1] - start;
        return image->texts + start;
    }
    *length = packed_text_write(rdata, packed_text_of(image, target), image->pairs,
                                image_target_name(image, target));
    return rdata;
}

struct answer image_target_text(const struct cluster_image *image, size_t target,
                                uint32_t ttl_seconds, uint8_t octets[PACKED_RECORD_MAX])
{
    size_t length = 0;

    if (image->packed == NULL) {
        return single_answer(image->texts + image->text_offsets[target],
                             image->text_offsets[target + 1] - image->text_offsets[target]);
    }
    (void)text_rdata(image, target, octets + MEMBER_HEAD_LENGTH, &length);
    memcpy(octets, OWNER_OF_QUESTION, POINTER_LENGTH);
    wire_store_u16(octets + 2, RECORD_TXT);
    wire_store_u16(octets + 4, RECORD_CLASS_IN);
    wire_store_u32(octets + 6, ttl_seconds);
    wire_store_u16(octets + 10, (uint16_t)length);
    return single_answer(octets, MEMBER_HEAD_LENGTH + length);
}

int image_text_compare(const struct cluster_image *left, size_t left_target,
                       const struct cluster_image *right, size_t right_target)
{
    uint8_t left_room[PACKED_RDATA_MAX];
    uint8_t right_room[PACKED_RDATA_MAX];
    size_t left_length = 0;
    size_t right_length = 0;
    const uint8_t *one = text_rdata(left, left_target, left_room, &left_length);
    const uint8_t *other = text_rdata(right, right_target, right_room, &right_length);

    return target_text_compare(one, left_length, other, right_length);
}

static bool string_equals(const char *left, const char *right)
{
    return left == right || strcmp(left, right) == 0;
}

bool image_target_has(const struct cluster_image *image, size_t target,
                      const struct address *address)
{
    const uint8_t *octets = address_record(image, target) + MEMBER_HEAD_LENGTH;

    if (image_target_type(image, target) == RECORD_A) {
        return address->length == ADDRESS_V4_LENGTH &&
               memcmp(octets, address->octets, ADDRESS_V4_LENGTH) == 0;
    }
    return address->length == ADDRESS_V6_LENGTH &&
           memcmp(octets, address->octets, ADDRESS_V6_LENGTH) == 0;
}

/* A place in the image on the way through its targets. */
struct walk {
    size_t target;
    size_t offset;                /* of the target's name */
    const uint8_t *packed;        /* its text, where texts are packed */
    const uint8_t *packed_before; /* the one of the target before it, NULL for the first */
    const struct member *before;  /* the member of that target */
};

static void walk_begin(struct walk *walk, const struct cluster_image *image)
{
    *walk = (struct walk){.offset = image_name_offset(image, 0, 0), .packed = image->packed};
}

static void walk_on(struct walk *walk, const struct cluster_image *image,
                    const struct member *member)
{
    walk->before = member;
    if (++walk->target == image->target_count) {
        return;
    }
    walk->offset = image_name_offset(image, walk->target, walk->offset);
    if (image->packed != NULL) {
        walk->packed_before = walk->packed;
        walk->packed += packed_text_length(walk->packed);
    }
}

/*
 * Most members have the availability zone and hold of the one before them, which was found to be
 * right: then its pair of strings need not be looked at again.
 */
static bool text_is_of(const struct cluster_image *image, const struct walk *walk,
                       const struct member *member)
{
    uint8_t room[PACKED_RDATA_MAX];
    uint8_t rdata[TARGET_TEXT_SIZE];
    size_t length = 0;
    const uint8_t *text = NULL;

    if (walk->packed_before != NULL && string_equals(walk->before->az, member->az) &&
        string_equals(walk->before->hold, member->hold)) {
        return packed_text_is_of(walk->packed, walk->packed_before, member->id,
                                 image->names + walk->offset);
    }
    text = text_rdata(image, walk->target, room, &length);
    return length == target_text(rdata, member) && memcmp(text, rdata, length) == 0;
}

bool image_is_of(const struct cluster_image *image, const struct ranked_member *members,
                 size_t count)
{
    struct walk walk;

    if (!image->is_simple || image->target_count != count) {
        return false;
    }
    walk_begin(&walk, image);
    for (size_t i = 0; i < count; i++) {
        const struct member *member = members[i].member;
        const uint8_t *name = image->names + walk.offset;

        if (member->weight != target_weight(name) || member->port != target_port(name) ||
            !image_target_has(image, i, &member->address) || !text_is_of(image, &walk, member)) {
            return false;
        }
        walk_on(&walk, image, member);
    }
    return true;
}
