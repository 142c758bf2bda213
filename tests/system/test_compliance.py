# SPDX-License-Identifier: MIT
"""The questions of the public compliance probes, and what they take for a good answer (RFC 8906).

The same probes go to NSD, Knot and BIND: what is known to be wanting there is what must be found.
"""

import dataclasses

import pytest

from system.support.exchange import exchange
from system.support.name_servers import BIG, name_servers
from system.support.packets import (AA, AD, CD, DO, FLAGS, OPT, RA, RD, SOA, SRV, TC, TSIG, TXT, Z,
                                    Malformed, Response, header, name, opt, option, question,
                                    record, tsig)
from system.support.rollcall import ZONE

NSID, SUBNET, EXPIRE, COOKIE, UNKNOWN = 3, 8, 9, 10, 100
NSID_OPTION = option(NSID)
SUBNET_OPTION = option(SUBNET, bytes([0, 1, 0, 0]))
EXPIRE_OPTION = option(EXPIRE)
COOKIE_OPTION = option(COOKIE, bytes(range(1, 9)))
UNKNOWN_OPTION = option(UNKNOWN)
PLAIN_SIZE = 512
BADKEY = 17
TRIES = 3  # a datagram may be lost on a machine that is busy
BIG_CLUSTER = f"_big._tcp.{ZONE}"

# Every type that has been assigned for data, and some that have not.
TYPES = [*range(1, 41), *range(42, 54), *range(55, 66), 99, *range(104, 110), *range(256, 263),
         666, 1000, 32768, 32769, 65280, 65534]


@dataclasses.dataclass
class Probe:
    name: str
    owner: str = ZONE
    kind: int = SOA
    flags: int = 0
    opcode: int = 0
    size: int = 0  # 0: without EDNS
    version: int = 0
    edns_flags: int = 0
    options: bytes = b""
    tcp: bool = False
    is_signed: bool = False

    def octets(self):
        if self.opcode != 0:
            return header(flags=self.flags, opcode=self.opcode)
        extra = opt(self.options, self.size, self.version, self.edns_flags) if self.size else b""
        extra += tsig(owner=".") if self.is_signed else b""
        count = bool(self.size) + self.is_signed
        return header(1, 0, 0, count, flags=self.flags) + question(self.owner, self.kind) + extra


def edns(label, **fields):
    return Probe(label, **{"size": 4096, **fields})


PROBES = [
    Probe("dns"),
    Probe("aa", flags=AA),
    Probe("ad", flags=AD),
    Probe("cd", flags=CD),
    Probe("ra", flags=RA),
    Probe("rd", flags=RD),
    Probe("tc", flags=TC),
    Probe("zflag", flags=Z),
    Probe("all flags", flags=AA | AD | CD | RA | RD | TC | Z),
    Probe("tcp", tcp=True),
    Probe("signed", is_signed=True),
    Probe("no such name", owner=f"nobody.{ZONE}", kind=TXT),
    *(Probe(f"opcode {opcode}", opcode=opcode) for opcode in range(1, 16)),
    Probe("opcodeflg", opcode=15, flags=AA | AD | CD | RA | RD | TC | Z),
    Probe("opcode tcp", opcode=15, tcp=True),
    edns("edns"),
    edns("edns1", version=1),
    edns("edns255", version=255),
    edns("edns@512", owner=BIG_CLUSTER, kind=SRV, size=PLAIN_SIZE, edns_flags=DO),
    edns("edns@1", owner=BIG_CLUSTER, kind=SRV, size=1),
    edns("ednsopt", options=UNKNOWN_OPTION),
    edns("edns1opt", options=UNKNOWN_OPTION, version=1),
    edns("do", edns_flags=DO),
    edns("docd", edns_flags=DO, flags=CD),
    edns("edns1do", edns_flags=DO, version=1),
    edns("ednsflags", edns_flags=0x0080),
    edns("edns1flags", edns_flags=0x0080, version=1),
    edns("all edns flags", edns_flags=0xffff),
    edns("optlist", options=NSID_OPTION + SUBNET_OPTION + EXPIRE_OPTION + COOKIE_OPTION),
    edns("ednsnsid", options=NSID_OPTION),
    edns("ednscookie", options=COOKIE_OPTION),
    edns("ednsexpire", options=EXPIRE_OPTION),
    edns("ednssubnet", options=SUBNET_OPTION),
    edns("edns1nsid", options=NSID_OPTION, version=1),
    edns("edns1cookie", options=COOKIE_OPTION, version=1),
    edns("edns1expire", options=EXPIRE_OPTION, version=1),
    edns("edns1subnet", options=SUBNET_OPTION, version=1),
    edns("ednstcp", tcp=True, edns_flags=DO),
    edns("edns@512tcp", owner=BIG_CLUSTER, kind=SRV, size=PLAIN_SIZE, edns_flags=DO, tcp=True),
    edns("edns1tcp", version=1, tcp=True),
    edns("optlist tcp", tcp=True,
         options=NSID_OPTION + SUBNET_OPTION + EXPIRE_OPTION + COOKIE_OPTION),
    edns("ednssigned", is_signed=True),
    edns("bind11", options=COOKIE_OPTION, edns_flags=DO),
    edns("dig11", options=COOKIE_OPTION, flags=RD | AD),
    *(Probe(f"type {kind}", kind=kind) for kind in TYPES),
]

# What of the others is not clean, in the judge's words.
KNOWN = {
    "nsd": {
        "signed": ["the question does not come back"],
        "opcode 4": ["FORMERR"],  # it has NOTIFY, which is not a header alone
        "opcodeflg": ["aa is set", "tc is set", "rd is set", "ra is set", "z is set", "cd is set"],
        "opcode tcp": ["closed"],
        "ednssigned": ["the question does not come back"],
    },
    "knot": {
        "opcode 4": ["FORMERR"],
        "opcode 5": ["FORMERR"],
        "opcodeflg": ["rd is set"],
        "edns@1": ["FORMERR", "no OPT", "nothing, and no SOA to say so"],
    },
    "bind": {
        "opcode 4": ["FORMERR"],
        "opcode 5": ["FORMERR"],
    },
}


def header_complaints(probe, seen):
    """Flags: all but QR mean something in queries only, and none is to come back unasked."""
    is_query = probe.opcode == 0
    asked = {word for word, bit in FLAGS.items() if probe.flags & bit}
    allowed = (asked & {"rd", "ad", "cd"} | {"aa", "tc"}) if is_query else set()
    found = [f"{flag} is set" for flag in seen.flags if flag not in allowed]
    if is_query and "rd" in asked and "rd" not in seen.flags:
        found.append("rd is not copied")
    if is_query and seen.rcode in (0, 3) and "aa" not in seen.flags:
        found.append("aa is not set")
    if seen.opcode != probe.opcode:
        found.append(f"opcode {seen.opcode}")
    return found


def opt_complaints(probe, seen):
    if seen.opt is None:
        return ["no OPT"] if probe.size else []
    if not probe.size:
        return ["OPT unasked"]
    found = ["version is not 0"] if seen.opt[1] != 0 else []
    found += ["flags that do not exist"] if seen.opt[2] & ~DO else []
    found += ["an unknown option came back"] if UNKNOWN in seen.opt[3] else []
    mine = seen.opt[3].get(COOKIE)
    if mine is not None and not (16 <= len(mine) <= 40 and mine[:8] == bytes(range(1, 9))):
        found.append("a wrong cookie")
    return found


def section_complaints(probe, seen):
    answers = seen.records(0)
    if probe.opcode != 0:
        return [] if len(seen.octets) == 12 else ["records or a question"]
    found = [] if seen.echoes and seen.questions == 1 else ["the question does not come back"]
    if probe.version != 0 or probe.is_signed:
        return found + (["records in a refusal"] if answers else [])
    if probe.kind == SOA and len(seen.records(0, SOA)) != 1:
        found.append("no SOA")
    if not answers and "tc" not in seen.flags and len(seen.records(1, SOA)) != 1:
        found.append("nothing, and no SOA to say so")
    if probe.tcp and ("tc" in seen.flags or len(answers) != (BIG if probe.kind == SRV else 1)):
        found.append("cut over TCP")
    return found


def expected_rcodes(probe):
    if probe.opcode != 0:
        return {"NOTIMP"}
    if probe.version != 0:
        return {"BADVERS"}
    if probe.is_signed:
        return {"NOTAUTH"}
    return {"NXDOMAIN"} if probe.name == "no such name" else {"NOERROR"}


def complaints(probe, seen):
    """What the probes' authors would say of it; nothing: clean."""
    if isinstance(seen, str):
        return [seen]
    rcode = seen.words().split()[0]
    found = [] if rcode in expected_rcodes(probe) else [rcode]
    found += header_complaints(probe, seen) + opt_complaints(probe, seen)
    found += section_complaints(probe, seen)
    if not probe.tcp and len(seen.octets) > max(probe.size, PLAIN_SIZE):
        found.append(f"{len(seen.octets)} octets")
    if probe.is_signed and (seen.tsig_error != BADKEY or seen.sections[2][-1][1] != TSIG):
        found.append("no TSIG that says BADKEY at the end")
    return found


def report(server, known):
    """probe -> complaints, of those that have any."""
    found = {}
    for probe in PROBES:
        for _ in range(TRIES):
            try:
                told = complaints(probe, exchange(server.port, probe.octets(), ZONE, probe.tcp))
            except Malformed as error:
                told = [f"malformed: {error}"]
            if told == known.get(probe.name, []):
                break
        if told:
            found[probe.name] = told
    return found


@pytest.mark.sanitizers
def test_every_probe_finds_rollcall_clean_and_the_others_as_they_are_known(tmp_path):
    with name_servers(tmp_path) as servers:
        for who, server in servers.items():
            known = KNOWN.get(who, {})
            assert report(server, known) == known, who


def test_at_least_seventy_types_are_probed():
    assert len(set(TYPES)) >= 70 and OPT not in TYPES
    assert len({probe.name for probe in PROBES}) == len(PROBES)


@pytest.mark.parametrize("words, octets", [
    (["silence"], None),
    (["z is set"], header(1, 1, flags=0x8400 | Z)),
    (["SERVFAIL"], header(1, 1, flags=0x8400 | 2)),
    (["aa is not set"], header(1, 1, flags=0x8000)),
    (["opcode 4"], header(1, 1, flags=0x8400, opcode=4)),
])
def test_the_judge_sees_what_is_wrong(words, octets):
    """A good answer with one fault."""
    probe = Probe("dns")
    seen = "silence"
    if octets:
        body = question(ZONE, SOA) + record(SOA, bytes(22), name(ZONE))
        seen = Response(octets + body, probe.octets())
    assert complaints(probe, seen) == words
