/* SPDX-License-Identifier: MIT */

/*
 * server/place.h - what a source looks at, as one text: equal texts find the same instances.
 */

#ifndef SERVER_PLACE_H
#define SERVER_PLACE_H

#include "server/config.h"

/*
 * Of source `source`, in `arena`: its zone, and for EC2 region (as configured), role, filters,
 * groups and tags, for a file its path. How often and with which port it looks is not part of it.
 */
const char *place_settings(const struct config *config, size_t source, struct arena *arena);

#endif
