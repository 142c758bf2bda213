/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster_image.c - packs a cluster into one block.
 */

#include "zones/cluster_image.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"
#include "zones/member_record.h"

/* Writes one thing after the other into a block; without a block it only counts. */
struct packer {
    uint8_t *block;
    size_t used;
};

/* A copy in the block, aligned for elements of `alignment` octets; NULL while counting. */
static void *pack(struct packer *packer, const void *octets, size_t size, size_t alignment)
{
    size_t start = (packer->used + alignment - 1) / alignment * alignment;
    uint8_t *place = NULL;

    if (packer->block != NULL) {
        place = packer->block + start;
        memset(packer->block + packer->used, 0, start - packer->used); /* blocks are compared */
        if (size > 0 && octets != NULL) {
            memcpy(place, octets, size);
        }
    }
    packer->used = start + size;
    return place;
}

static struct answer answer_pack(struct packer *packer, const struct answer *answer)
{
    size_t start_count = answer_record_count(answer) / ANSWER_STRIDE;
    struct answer packed = *answer;

    packed.starts =
        pack(packer, answer->starts, start_count * sizeof(*answer->starts), alignof(uint16_t));
    packed.octets = pack(packer, answer->octets, answer->length, 1);
    return packed;
}

/* A plain answer whose octets are those of `addresses` needs only its starts. */
static struct answer plain_pack(struct packer *packer, const struct answer *answer,
                                const uint8_t *addresses, bool is_shared)
{
    struct answer packed = *answer;

    if (!is_shared) {
        return answer_pack(packer, answer);
    }
    packed.starts = pack(packer, answer->starts,
                         answer_record_count(answer) / ANSWER_STRIDE * sizeof(*answer->starts),
                         alignof(uint16_t));
    packed.octets = addresses;
    return packed;
}

static void srv_pack(struct cluster_image *image, const struct image_parts *parts,
                     struct packer *packer)
{
    struct rrset srv = parts->srv;

    srv.answer = answer_pack(packer, &parts->srv.answer);
    srv.answer.mark = &image->mark;
    if (parts->srv.answer.compact != NULL) {
        image->compact = answer_pack(packer, parts->srv.answer.compact);
        srv.answer.compact = &image->compact;
    }
    image->rrsets[image->plain_count] = srv;
    image->names = parts->names_length == 0 ? srv.answer.octets
                                            : pack(packer, parts->names, parts->names_length, 1);
    if (parts->name_offsets != NULL) {
        image->name_offsets = pack(packer, parts->name_offsets,
                                   parts->target_count * sizeof(uint32_t), alignof(uint32_t));
    }
}

static bool plain_is_there(const struct image_parts *parts, size_t family)
{
    return parts->plain[family].answer.answer_count > 0;
}

static void addresses_pack(struct cluster_image *image, const struct image_parts *parts,
                           struct packer *packer)
{
    size_t v4_length = parts->v4_count * A_RECORD_LENGTH;
    size_t length = v4_length + (parts->target_count - parts->v4_count) * AAAA_RECORD_LENGTH;

    image->addresses = pack(packer, parts->addresses, length, 1);
    if (parts->ranks != NULL) {
        image->ranks =
            pack(packer, parts->ranks, parts->target_count * sizeof(uint32_t), alignof(uint32_t));
    }
    for (size_t i = 0; i < ADDRESS_FAMILIES; i++) {
        const uint8_t *first =
            image->addresses == NULL ? NULL : image->addresses + (i == 0 ? 0 : v4_length);

        if (plain_is_there(parts, i)) {
            struct rrset rrset = parts->plain[i];

            rrset.answer = plain_pack(packer, &rrset.answer, first, parts->shares_plain);
            image->rrsets[image->plain_count++] = rrset;
        }
    }
}

static void texts_pack(struct cluster_image *image, const struct image_parts *parts,
                       struct packer *packer)
{
    uint8_t *pairs = NULL;

    if (parts->packed == NULL) {
        image->text_offsets = pack(packer, parts->text_offsets,
                                   (parts->target_count + 1) * sizeof(uint32_t), alignof(uint32_t));
        image->texts = pack(packer, parts->texts, parts->text_offsets[parts->target_count], 1);
        return;
    }
    image->packed = pack(packer, parts->packed, parts->packed_length, 1);
    image->packed_starts =
        pack(packer, parts->packed_starts, parts->target_count / PACKED_STRIDE * sizeof(uint32_t),
             alignof(uint32_t));
    pairs = pack(packer, NULL, text_pairs_length(parts->pairs), 1);
    if (pairs != NULL) {
        text_pairs_write(pairs, parts->pairs);
    }
    image->pairs = pairs;
}

/* The struct with its RRsets: what has pointers. */
static size_t image_head_size(const struct image_parts *parts)
{
    size_t rrset_count = 1;

    for (size_t i = 0; i < ADDRESS_FAMILIES; i++) {
        rrset_count += plain_is_there(parts, i) ? 1 : 0;
    }
    return sizeof(struct cluster_image) + rrset_count * sizeof(struct rrset);
}

static void image_lay_out(struct cluster_image *image, const struct image_parts *parts,
                          struct packer *packer)
{
    packer->used = image_head_size(parts);
    image->plain_count = 0;
    image->srv_name = pack(packer, parts->srv_name->octets, parts->srv_name->length, 1);
    image->plain_name = pack(packer, parts->plain_name->octets, parts->plain_name->length, 1);
    addresses_pack(image, parts, packer);
    srv_pack(image, parts, packer);
    texts_pack(image, parts, packer);
}

struct cluster_image *image_new(const struct image_parts *parts)
{
    size_t head_size = image_head_size(parts);
    struct cluster_image *counted = memory_new(head_size);
    struct packer packer = {.block = NULL};
    struct cluster_image *image = NULL;

    image_lay_out(counted, parts, &packer);
    free(counted);
    image = memory_grow(NULL, packer.used, 1);
    packer.block = (uint8_t *)image;
    memset(image, 0, head_size);
    atomic_init(&image->references, 1);
    image->size_octets = packer.used;
    image->mark = parts->mark;
    image->is_simple = parts->is_simple;
    image->srv_name_length = parts->srv_name->length;
    image->plain_name_length = parts->plain_name->length;
    image->target_count = (uint32_t)parts->target_count;
    image->v4_count = (uint32_t)parts->v4_count;
    image_lay_out(image, parts, &packer);
    return image;
}

struct cluster_image *image_ref(struct cluster_image *image)
{
    (void)atomic_fetch_add_explicit(&image->references, 1, memory_order_relaxed);
    return image;
}

void image_unref(struct cluster_image *image)
{
    /* Release and acquire for the reason that snapshot_unref() has. */
    if (image != NULL &&
        atomic_fetch_sub_explicit(&image->references, 1, memory_order_acq_rel) == 1) {
        free(image);
    }
}

const struct rrset *image_srv(const struct cluster_image *image)
{
    return &image->rrsets[image->plain_count];
}

static bool rrset_shape_equals(const struct rrset *left, const struct rrset *right)
{
    const struct answer *one = &left->answer;
    const struct answer *other = &right->answer;

    return left->type == right->type && left->left_out_hash == right->left_out_hash &&
           one->answer_count == other->answer_count &&
           one->additional_count == other->additional_count && one->length == other->length &&
           one->is_whole == other->is_whole && (one->compact == NULL) == (other->compact == NULL);
}

/* Blocks of one shape are compared at once: behind struct and RRsets there is not a single pointer.
 */
bool image_equals(const struct cluster_image *left, const struct cluster_image *right)
{
    size_t head_size = 0;

    if (left == right) {
        return true;
    }
    if (left->size_octets != right->size_octets || left->target_count != right->target_count ||
        left->v4_count != right->v4_count || left->plain_count != right->plain_count ||
        left->srv_name_length != right->srv_name_length ||
        left->plain_name_length != right->plain_name_length ||
        (left->name_offsets == NULL) != (right->name_offsets == NULL) ||
        (left->names == image_srv(left)->answer.octets) !=
            (right->names == image_srv(right)->answer.octets) ||
        (left->ranks == NULL) != (right->ranks == NULL) ||
        (left->packed == NULL) != (right->packed == NULL) ||
        left->compact.length != right->compact.length ||
        left->compact.answer_count != right->compact.answer_count) {
        return false;
    }
    for (size_t i = 0; i <= left->plain_count; i++) {
        if (!rrset_shape_equals(&left->rrsets[i], &right->rrsets[i])) {
            return false;
        }
    }
    head_size = sizeof(*left) + (left->plain_count + 1U) * sizeof(struct rrset);
    return memcmp((const uint8_t *)left + head_size, (const uint8_t *)right + head_size,
                  left->size_octets - head_size) == 0;
}
