/* SPDX-License-Identifier: MIT */

/*
 * server/metrics_sources.h - the families of server/metrics.h that tell of sources: their looks,
 * their queues, their calls to AWS, and the instances with problems.
 */

#ifndef SERVER_METRICS_SOURCES_H
#define SERVER_METRICS_SOURCES_H

#include <stdio.h>

#include "server/served.h"

/* Every family of them, into a stream in memory. Any thread. */
void metrics_sources_write(FILE *out, const struct served *served);

#endif
