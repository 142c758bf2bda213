# SPDX-License-Identifier: MIT
"""What a server answers, held against the data set record by record, before anything is timed."""

import socket
import struct

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rdatatype

import datasets

CLUSTERS_LOOKED_AT = 3
TIMEOUT_S = 5

FULL = "full"
NO_GLUE = "no glue"
PART_GLUE = "part of the glue"
TRUNCATED = "truncated"
WRONG = "wrong"
ORDER = [WRONG, TRUNCATED, NO_GLUE, PART_GLUE, FULL]


def records(rrsets, kind):
    """(owner, TTL, rdata text) of each record of type `kind`, as a sorted list."""
    return sorted((rrset.name.to_text().lower(), rrset.ttl, rdata.to_text().lower())
                  for rrset in rrsets if rrset.rdtype == kind for rdata in rrset)


def expected_records(data, cluster_number):
    owner = data.owner(cluster_number)
    services = []
    addresses = []
    for number in data.numbers(cluster_number):
        target = data.target(number)
        services.append((owner, datasets.TTL_SECONDS,
                         f"0 {datasets.WEIGHT} {datasets.PORT} {target}"))
        addresses.append((target, datasets.TTL_SECONDS, data.address(number)))
    return sorted(services), sorted(addresses)


def answer_verdict(data, cluster_number, answer):
    services, addresses = expected_records(data, cluster_number)
    if answer.flags & dns.flags.TC:
        return TRUNCATED
    if records(answer.answer, dns.rdatatype.SRV) != services:
        return WRONG
    glue = set(records(answer.additional, dns.rdatatype.A))
    if glue >= set(addresses):
        return FULL  # an address of the name server may be there besides
    return PART_GLUE if glue & set(addresses) else NO_GLUE


def ask(data, cluster_number, port, is_tcp):
    query = dns.message.make_query(data.owner(cluster_number), "SRV", use_edns=0, payload=65535)
    exchange = dns.query.tcp if is_tcp else dns.query.udp
    return exchange(query, "127.0.0.1", port=port, timeout=TIMEOUT_S)


def server_verdict(data, port, is_tcp):
    """The worst of a few clusters' verdicts: FULL only if every record is there, and right."""
    worst = len(ORDER) - 1
    for cluster_number in range(0, data.cluster_count,
                                max(1, data.cluster_count // CLUSTERS_LOOKED_AT)):
        try:
            verdict = answer_verdict(data, cluster_number,
                                     ask(data, cluster_number, port, is_tcp))
        except (dns.exception.DNSException, OSError):
            verdict = WRONG
        worst = min(worst, ORDER.index(verdict))
    return ORDER[worst]


def answer_octets(data, port):
    """How large a whole answer is: the length that stands before it on TCP."""
    query = dns.message.make_query(data.owner(0), "SRV", use_edns=0, payload=65535).to_wire()
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
        connection.sendall(struct.pack("!H", len(query)) + query)
        return struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))[0]
