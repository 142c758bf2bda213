/* SPDX-License-Identifier: MIT */

/*
 * zones/cluster_answer.c - encodes what stands at a cluster's names and at its targets', for
 * every member of every cluster that changed.
 */

#include "zones/cluster_answer.h"

#include <stdlib.h>
#include <string.h>

#include "zones/arena.h"
#include "zones/generation.h"
#include "zones/member_record.h"
#include "zones/record.h"
#include "zones/srv_answer.h"
#include "zones/target.h"
#include "zones/wire.h"

enum { FIRST_TEXTS = 4096 };

void workspace_free(struct cluster_workspace *workspace)
{
    free(workspace->members);
    free(workspace->placements);
    free(workspace->address_slots);
    free(workspace->target_members);
    free(workspace->name_offsets);
    free(workspace->records);
    free(workspace->ranks);
    free(workspace->text_offsets);
    free(workspace->packed);
    free(workspace->packed_starts);
    free(workspace->addresses);
    free(workspace->texts);
}

static void arrays_grow(struct cluster_workspace *workspace, size_t count)
{
    workspace->members = memory_grow(workspace->members, count, sizeof(*workspace->members));
    workspace->placements =
        memory_grow(workspace->placements, count, sizeof(*workspace->placements));
    workspace->address_slots =
        memory_grow(workspace->address_slots, ADDRESS_SLOTS * count, sizeof(uint32_t));
    workspace->target_members =
        memory_grow(workspace->target_members, count, sizeof(struct member *));
    workspace->name_offsets = memory_grow(workspace->name_offsets, count, sizeof(uint32_t));
    workspace->ranks = memory_grow(workspace->ranks, count, sizeof(uint32_t));
    workspace->text_offsets = memory_grow(workspace->text_offsets, count + 1, sizeof(uint32_t));
    workspace->packed = memory_grow(workspace->packed, count, PACKED_TEXT_MAX);
    workspace->packed_starts =
        memory_grow(workspace->packed_starts, count / PACKED_STRIDE + 1, sizeof(uint32_t));
    workspace->addresses =
        memory_grow(workspace->addresses, count, MEMBER_HEAD_LENGTH + ADDRESS_V6_LENGTH);
    workspace->capacity = count;
}

void workspace_reserve(struct cluster_workspace *workspace, size_t count, size_t origin_length)
{
    size_t records = count * (TARGET_NAME_OFFSET + 1 + LABEL_MAX_LENGTH + origin_length);

    if (count > workspace->capacity) {
        arrays_grow(workspace, count);
    }
    if (records > workspace->records_capacity) {
        workspace->records = memory_grow(workspace->records, records, 1);
        workspace->records_capacity = records;
    }
    workspace->records_length = 0;
    workspace->target_count = 0;
    workspace->has_repeats = false;
}

static struct rrset plain_encode(struct cluster_workspace *workspace, const struct zone *zone,
                                 size_t family, size_t name_length, size_t count)
{
    static const uint16_t types[ADDRESS_FAMILIES] = {RECORD_A, RECORD_AAAA};
    struct encoder *encoder = &workspace->encoders.plain[family];
    struct encoder_record record = member_record(zone, types[family]);

    encoder_begin(encoder, name_length);
    for (size_t i = 0; i < count; i++) {
        const struct placement *placement = &workspace->placements[i];
        const struct address *address = &placement->member->address;

        if (placement->is_first_of_address && member_address_type(address) == record.type) {
            record.rdata = address->octets;
            record.rdata_length = address->length;
            (void)encoder_add(encoder, SECTION_ANSWER, &record);
        }
    }
    return (struct rrset){.type = record.type,
                          .answer = encoder_view(encoder),
                          .left_out_hash = encoder->left_out_hash};
}

/* The address records of one family; returns where the next ones go. */
static uint8_t *family_write(const struct cluster_workspace *workspace, const struct zone *zone,
                             uint16_t type, uint32_t *rank, uint8_t *out)
{
    uint8_t head[MEMBER_HEAD_LENGTH];

    member_head_write(head, zone, type);
    for (size_t i = 0; i < workspace->target_count; i++) {
        const struct address *address = &workspace->target_members[i]->address;

        if (member_address_type(address) == type) {
            wire_store_u16(head + MEMBER_HEAD_LENGTH - 2, address->length);
            memcpy(out, head, sizeof(head));
            memcpy(out + sizeof(head), address->octets, address->length);
            out += sizeof(head) + address->length;
            workspace->ranks[i] = (*rank)++;
        }
    }
    return out;
}

static void addresses_make(const struct cluster_workspace *workspace, const struct zone *zone,
                           struct image_parts *parts)
{
    uint32_t rank = 0;
    uint8_t *out = family_write(workspace, zone, RECORD_A, &rank, workspace->addresses);

    parts->v4_count = rank;
    if (rank < workspace->target_count) {
        (void)family_write(workspace, zone, RECORD_AAAA, &rank, out);
    }
    parts->addresses = workspace->addresses;
    parts->ranks = parts->v4_count == 0 || parts->v4_count == rank ? NULL : workspace->ranks;
}

static bool texts_pack(struct cluster_workspace *workspace)
{
    size_t length = 0;

    workspace->pairs.count = 0;
    for (size_t i = 0; i < workspace->target_count; i++) {
        size_t added = packed_text_make(workspace->packed + length, &workspace->pairs,
                                        workspace->target_members[i],
                                        workspace->records + workspace->name_offsets[i]);

        if (added == 0) {
            return false;
        }
        length += added;
        if ((i + 1) % PACKED_STRIDE == 0) {
            workspace->packed_starts[i / PACKED_STRIDE] = (uint32_t)length;
        }
    }
    workspace->packed_length = length;
    return true;
}

static void texts_write(struct cluster_workspace *workspace, const struct zone *zone)
{
    uint8_t head[MEMBER_HEAD_LENGTH];
    size_t length = 0;

    member_head_write(head, zone, RECORD_TXT);
    for (size_t i = 0; i < workspace->target_count; i++) {
        uint8_t *record = NULL;
        size_t rdata_length = 0;

        if (workspace->texts_capacity - length < MEMBER_HEAD_LENGTH + TARGET_TEXT_SIZE) {
            workspace->texts_capacity = 2 * workspace->texts_capacity + FIRST_TEXTS;
            workspace->texts = memory_grow(workspace->texts, workspace->texts_capacity, 1);
        }
        record = workspace->texts + length;
        rdata_length = target_text(record + MEMBER_HEAD_LENGTH, workspace->target_members[i]);
        wire_store_u16(head + MEMBER_HEAD_LENGTH - 2, (uint16_t)rdata_length);
        memcpy(record, head, sizeof(head));
        workspace->text_offsets[i] = (uint32_t)length;
        length += sizeof(head) + rdata_length;
    }
    workspace->text_offsets[workspace->target_count] = (uint32_t)length;
}

/* Where targets repeat, a text's weight is not that of the SRV record: it is written out then. */
static void texts_make(struct cluster_workspace *workspace, const struct zone *zone,
                       struct image_parts *parts)
{
    if (!workspace->has_repeats && texts_pack(workspace)) {
        parts->packed = workspace->packed;
        parts->packed_length = workspace->packed_length;
        parts->packed_starts = workspace->packed_starts;
        parts->pairs = &workspace->pairs;
        return;
    }
    texts_write(workspace, zone);
    parts->text_offsets = workspace->text_offsets;
    parts->texts = workspace->texts;
}

/* The records lie in the SRV answer, where it holds every one of them, in full. */
static void names_make(const struct cluster_workspace *workspace, const struct zone *zone,
                       size_t count, struct image_parts *parts)
{
    bool is_in_srv =
        zone->compress_targets != COMPRESS_ALWAYS && parts->srv.answer.answer_count == count;

    parts->names = workspace->records;
    parts->names_length = is_in_srv ? 0 : workspace->records_length;
    parts->name_offsets =
        is_in_srv && workspace->target_count == count ? NULL : workspace->name_offsets;
}

static bool plain_is_shared(const struct cluster_workspace *workspace, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (workspace->placements[i].is_first_of_target !=
            workspace->placements[i].is_first_of_address) {
            return false;
        }
    }
    return true;
}

static struct cluster_image *parts_pack(const struct image_parts *parts,
                                        struct cluster_image *previous)
{
    struct cluster_image *image = image_new(parts);

    if (previous == NULL || !image_equals(image, previous)) {
        return image;
    }
    image_unref(image);
    return image_ref(previous);
}

struct cluster_image *cluster_answer_make(struct cluster_workspace *workspace,
                                          const struct zone *zone,
                                          const struct cluster_names *names, size_t count,
                                          uint64_t generation, struct cluster_image *previous)
{
    struct answer compact;
    struct image_parts parts = {
        .srv_name = &names->srv,
        .plain_name = &names->plain,
        .target_count = workspace->target_count,
        .shares_plain = plain_is_shared(workspace, count),
    };

    for (size_t i = 0; i < ADDRESS_FAMILIES; i++) {
        parts.plain[i] = plain_encode(workspace, zone, i, names->plain.length, count);
    }
    parts.srv = srv_answer_encode(zone, workspace, names->srv.length, count, &compact);
    names_make(workspace, zone, count, &parts);
    addresses_make(workspace, zone, &parts);
    texts_make(workspace, zone, &parts);
    parts.is_simple = !workspace->has_repeats && workspace->target_count == count;
    parts.mark = generation_mark(&names->srv, &parts.srv, generation, previous);
    return parts_pack(&parts, previous);
}
