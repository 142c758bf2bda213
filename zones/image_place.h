/* SPDX-License-Identifier: MIT */

/*
 * zones/image_place.h - the targets of an image that is there already among the names of its zone.
 */

#ifndef ZONES_IMAGE_PLACE_H
#define ZONES_IMAGE_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "zones/encoder.h"
#include "zones/zone_draft.h"

/*
 * Place every target of the draft's cluster with this number, which has an image. One that another
 * cluster has too is whose text sorts first, and both are marked as sharing. False when a name is
 * not free to it: the targets before it have been placed.
 */
bool image_place(struct zone_draft *draft, struct encoder *encoder, size_t cluster);

#endif
