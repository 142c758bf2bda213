/* SPDX-License-Identifier: MIT */

/*
 * server/transfer.h - which words refuse a transfer. Nobody gets one yet; where NSD, Knot and BIND
 * say the same to somebody who may not have it, so do we. Pure. Any thread.
 */

#ifndef SERVER_TRANSFER_H
#define SERVER_TRANSFER_H

#include <stdbool.h>

#include "server/query.h"
#include "zones/snapshot.h"

/* What an AXFR or IXFR gets that could be read: QUERY_NOTIMP, QUERY_NOTAUTH or QUERY_REFUSED. */
enum query_verdict transfer_judge(const struct snapshot *snapshot, const struct query *query,
                                  bool is_udp);

#endif
