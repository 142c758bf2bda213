/* SPDX-License-Identifier: MIT */

/*
 * server/metrics.h - what is counted and served, for Prometheus, in its text exposition format
 * 0.0.4 (prometheus.io, "Exposition formats"); names and labels are a stable interface.
 *
 *     rollcall_queries_total{transport}  rollcall_answers_total{rcode}
 *     rollcall_answers_truncated_total   rollcall_drops_total{reason}
 *     rollcall_tcp_connections_total{fate}       of all workers, see server/counters.h
 *     rollcall_build_info{version}               1
 *     rollcall_zone_serial{zone}
 *     rollcall_zone_stale{zone}                  1 while its answers may be out of date, see
 *                                                server/staleness.h
 *     rollcall_zone_state{zone,state}            1 for its state of loading, partial and complete,
 *                                                0 for the others
 *     rollcall_cluster_members{zone,cluster,state}
 *                                                state: served, drained (served with weight 0),
 *                                                maint, overlap (gone, and served with weight 0
 *                                                beside those who took its place); who is left out
 *                                                for another reason is in none of them, see
 *                                                server/status.h
 *     rollcall_cluster_frozen_members{zone,cluster}
 *                                                absent, and kept by the mass rule
 *     rollcall_cluster_generation{zone,cluster}  number of the table in which the SRV answer last
 *                                                changed, 0 without an answer
 *     rollcall_cluster_answer_octets{zone,cluster}
 *     rollcall_cluster_load_balancers{zone,cluster,seen}
 *                                                seen: newest (the answer as it is now), older,
 *                                                gone (it has stopped asking)
 *     rollcall_source_looks_total{source}        complete ones
 *     rollcall_source_failures_total{source}
 *     rollcall_source_age_seconds{source}        of the newest complete look; absent before it
 *     rollcall_source_restored{source}           1 while what is known of it comes from disk;
 *                                                absent while nothing is
 *     rollcall_source_problem_instances{source,reason}
 *                                                reason: state-unknown, bad-weight, ..., the words
 *                                                of discovery/membership.h
 *     rollcall_aws_calls_total{source,action}    requests that were sent; action: DescribeInstances
 *     rollcall_aws_throttles_total{source,action}    of those, answered by "too many"
 *     rollcall_aws_failures_total{source,action} of those, failed otherwise. A reload begins these
 *                                                three anew
 *     rollcall_queue_messages_total{source}      that came out of the source's queue; absent
 *                                                without one
 *     rollcall_queue_failures_total{source}      receives and deletes that failed; likewise
 *     rollcall_seen_lost_total                   load balancers that could not be kept in mind
 *     rollcall_state_writes_total                of the last good table, on disk
 *     rollcall_state_write_failures_total
 *
 * Counts start at the start of the process. A metric of which there is nothing, such as that of
 * clusters while none is known, has its HELP and TYPE but no sample.
 */

#ifndef SERVER_METRICS_H
#define SERVER_METRICS_H

#include <stddef.h>

#include "server/counters.h"
#include "server/served.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4"

/* The exposition, owned by the caller; `counters` are each worker's. Does no I/O. Any thread. */
char *metrics_to_text(const struct served *served, const struct counters *const *counters,
                      size_t counters_count);

#endif
