# SPDX-License-Identifier: MIT
"""A real HAProxy at every accepted_payload_size: what fits, what just does not, what is cut.

The sizes of the clusters are those of tests/unit/server/test_capacity.c: cluster names have three
letters and targets 26 octets, so the octets are the same. HAProxy has neither a frontend nor health
checks here, so nobody ever connects to the members' addresses.
"""

import dataclasses
import json
import socket
import struct
import time

import dns.flags
import dns.message
import dns.rdatatype
import pytest

from system.support.haproxy import HAProxy
from system.support.rollcall import ZONE
from system.support.waiting import wait_until

PORT = 8443
ADDRESSES_PER_NET = 1000  # 11.0.0.0 to 11.9.9.9: names of one length
DRAINED_EVERY = 3
START_LIMIT_S = 120  # some 500 single addresses have to be asked for, on a machine that is busy
# The window that is measured: nothing is waited for in it, it is how long nothing may happen.
WATCH_S = 30
LOOKS_PER_S = 4
FLUKES = 4  # look-ups more than one a second that HAProxy may make in the window

CONFIGURATION = """
zone "sd.example.com" {{
    nameservers = {{"ns1.sd.example.com"}}
    allowed-prefixes = {{{prefixes}}}
    udp-size = 65535
}}
file "fleet" {{ zone = "sd.example.com"  path = "{path}" }}
"""

HAPROXY_GLOBAL = """
global
    stats socket {socket} mode 600 level admin
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
"""

HAPROXY_CLUSTER = """
resolvers {case.name}
    nameserver local {transport}127.0.0.1:{port}
    accepted_payload_size {case.payload}
    resolve_retries 3
    timeout resolve 1s
    timeout retry 1s
    hold obsolete 0s
    hold nx 10s
    hold timeout 24h
    hold refused 24h
    hold other 24h
backend {case.name}
    balance roundrobin
    server-template {case.name} {case.slots} _{case.name}._tcp.{zone} resolvers {case.name} resolve-prefer ipv4 init-addr none
"""


@dataclasses.dataclass
class Case:
    """A cluster, and how much of it comes to a HAProxy that takes so many octets."""

    name: str
    payload: int
    members: int
    served: int    # SRV records in the answer
    glue: int      # addresses in the answer
    is_tcp: bool = False

    @property
    def slots(self):
        return self.members + self.members // 4 + 8

    @property
    def singles(self):
        """Addresses that HAProxy has to ask for one by one."""
        return self.served - self.glue


CASES = [
    Case("w51", 512, members=9, served=9, glue=9),
    Case("g51", 512, members=10, served=10, glue=7),
    Case("t51", 512, members=14, served=13, glue=0),
    Case("w12", 1232, members=24, served=24, glue=24),
    Case("g12", 1232, members=25, served=25, glue=22),
    Case("t12", 1232, members=37, served=36, glue=0),
    Case("w40", 4096, members=83, served=83, glue=83),
    Case("g40", 4096, members=84, served=84, glue=83),
    Case("t40", 4096, members=126, served=125, glue=0),
    Case("w81", 8192, members=169, served=169, glue=169),
    Case("g81", 8192, members=170, served=170, glue=167),
    Case("t81", 8192, members=254, served=253, glue=0),
    # TC over TCP would be 2,044 single addresses a second: nobody runs that; see `shards`.
    Case("w65", 65535, members=1192, served=1192, glue=1192, is_tcp=True),
    Case("g65", 65535, members=1193, served=1193, glue=1191, is_tcp=True),
]


def fleet_document():
    """The fleet file of all cases, and the nets that it is in; no two members share an address."""
    groups = []
    net = 10
    for case in CASES:
        members = []
        for number in range(case.members):
            if number % ADDRESSES_PER_NET == 0:
                net += 1
            a, b, c = f"{number % ADDRESSES_PER_NET:03}"
            members.append({"id": f"{case.name}-{number:04}", "address": f"{net}.{a}.{b}.{c}",
                            "port": PORT,
                            "weight": 0 if number % DRAINED_EVERY == 0 else 65535})
        groups.append({"name": case.name, "members": members})
    return {"groups": groups}, [f'"{each}.0.0.0/8"' for each in range(11, net + 1)]


class CapacityHAProxy(HAProxy):
    """A resolvers section and a backend for each case."""

    def __init__(self, folder, port):
        super().__init__(folder, f"127.0.0.1:{port}", {}, ZONE)
        text = HAPROXY_GLOBAL.format(socket=self.socket_path)
        for case in CASES:
            text += HAPROXY_CLUSTER.format(case=case, port=port, zone=ZONE,
                                           transport="tcp@" if case.is_tcp else "")
        self.config_path.write_text(text)

    def slots(self):
        """backend -> {slot: (address, port, weight, admin state)} of every slot."""
        lines = self.command("show servers state").splitlines()
        names = next(line for line in lines if line.startswith("#")).lstrip("# ").split()
        wanted = [names.index(each) for each in
                  ("srv_addr", "srv_port", "srv_uweight", "srv_admin_state")]
        backend, slot = names.index("be_name"), names.index("srv_name")
        found = {case.name: {} for case in CASES}
        for line in lines:
            words = line.split()
            if len(words) == len(names) and words[backend] in found:
                found[words[backend]][words[slot]] = tuple(words[each] for each in wanted)
        return found

    def counters(self):
        """resolvers section -> {counter: number}."""
        found = {}
        for line in self.command("show resolvers").splitlines():
            name, _, value = line.strip().partition(":")
            if line.startswith("Resolvers section"):
                found[line.split()[-1]] = counters = {}
            elif value.strip().isdigit():
                counters[name] = int(value)
        return found


def addressed(slots):
    """(address, port) -> weight of the slots that have an address."""
    return {(address, int(port)): int(weight) for address, port, weight, _ in slots.values()
            if address != "-"}


def ask(server, case):
    """The octets that HAProxy gets for its question."""
    query = dns.message.make_query(f"_{case.name}._tcp.{ZONE}", "SRV", use_edns=0,
                                   payload=case.payload).to_wire()
    if not case.is_tcp:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(30)
            client.sendto(query, ("127.0.0.1", server.port))
            return client.recv(65535)
    with socket.create_connection(("127.0.0.1", server.port), 5) as client, \
            client.makefile("rb") as stream:
        client.sendall(struct.pack("!H", len(query)) + query)
        return stream.read(*struct.unpack("!H", stream.read(2)))


def records(section, kind):
    return [(rrset.name, rdata) for rrset in section for rdata in rrset if rrset.rdtype == kind]


def expected_slots(message, members):
    """(address, port) -> weight in HAProxy of what stands in the answer."""
    address_of = {f"ip-{each['address'].replace('.', '-')}.{ZONE}.": each["address"]
                  for each in members}
    return {(address_of[srv.target.to_text()], srv.port): (srv.weight + 255) // 256
            for _, srv in records(message.answer, dns.rdatatype.SRV)}


@pytest.fixture
def fleet(tmp_path):
    """cluster -> members as the fleet file has them; and the configuration that serves them."""
    document, prefixes = fleet_document()
    path = tmp_path / "fleet.json"
    path.write_text(json.dumps(document))
    return ({group["name"]: group["members"] for group in document["groups"]},
            CONFIGURATION.format(path=path, prefixes=", ".join(prefixes)))


@pytest.fixture
def server(start_rollcall, fleet):
    server = start_rollcall(fleet[1])
    wait_until(lambda: len(server.weights(CASES[0].name)) == CASES[0].members, 30, "the first load")
    return server


@pytest.fixture
def haproxy(server, tmp_path):
    folder = tmp_path / "haproxy"
    folder.mkdir()
    haproxy = CapacityHAProxy(folder, server.port)
    try:
        yield haproxy.start()
    finally:
        haproxy.stop()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_answer_holds_exactly_what_the_ladder_allows(server, fleet, case):
    octets = ask(server, case)
    message = dns.message.from_wire(octets)

    assert len(octets) <= case.payload
    assert len(records(message.answer, dns.rdatatype.SRV)) == case.served
    glue = records(message.additional, dns.rdatatype.A)
    assert len(glue) == case.glue
    assert bool(message.flags & dns.flags.TC) == (case.served < case.members)
    # In service first, each by id; who is left out is at the end, and is drained.
    members = sorted(fleet[0][case.name], key=lambda each: (each["weight"] == 0, each["id"]))
    names = [f"ip-{each['address'].replace('.', '-')}.{ZONE}." for each in members]
    assert [srv.target.to_text() for _, srv in records(message.answer, dns.rdatatype.SRV)] \
        == names[:case.served]
    assert [(name.to_text(), rdata.address) for name, rdata in glue] \
        == [(name, each["address"]) for name, each in zip(names[:case.glue], members)]
    assert all(each["weight"] == 0 for each in members[case.served:])


def test_slots_are_those_of_the_answer_and_stay_for_30_s(server, haproxy, fleet):
    """All cases at once: too_big stays 0, and no slot changes while it is looked at."""
    expected = {case.name: expected_slots(dns.message.from_wire(ask(server, case)),
                                          fleet[0][case.name]) for case in CASES}
    # Those without glue as well: HAProxy asks for each of their addresses by itself.
    for case in CASES:
        wait_until(lambda: addressed(haproxy.slots()[case.name]) == expected[case.name],
                   START_LIMIT_S, f"the slots of {case.name} are those of its answer")

    earliest = time.monotonic()
    before = haproxy.counters()
    first = haproxy.slots()
    begun = time.monotonic()
    looks = 0
    while (passed := time.monotonic() - begun) < WATCH_S:
        if passed * LOOKS_PER_S < looks:
            time.sleep(looks / LOOKS_PER_S - passed)
        now = haproxy.slots()
        looks += 1
        for case in CASES:
            changed = {slot: (first[case.name][slot], state)
                       for slot, state in now[case.name].items()
                       if state != first[case.name][slot]}
            assert not changed, f"{case.name} after {passed:.1f} s: {changed}"
    after = haproxy.counters()
    at_most_s = time.monotonic() - earliest

    assert looks > WATCH_S / 2, "the machine was too busy to look"
    for case in CASES:
        counters = after[case.name]
        for counter in ("too_big", "invalid", "truncated", "other", "any_err"):
            assert counters[counter] == 0, (case, counters)
        assert counters["valid"] > before[case.name]["valid"], (case, counters)
        asked = counters["sent"] - before[case.name]["sent"]
        if case.singles == 0:
            # One look-up a second for all of it, however many members.
            assert WATCH_S / 2 <= asked <= at_most_s + FLUKES, (case, asked)
        else:
            assert asked >= WATCH_S / 2 * (1 + case.singles), (case, asked)
