# SPDX-License-Identifier: MIT
"""Names of every length and of every number of labels, in any case, over UDP and TCP."""

import json
import random

import pytest

from system.support.exchange import exchange, told
from system.support.packets import A, SRV, TXT, header, labels, name, question
from system.support.rollcall import ZONE
from system.support.waiting import wait_until

pytestmark = pytest.mark.sanitizers

ORIGIN = tuple(label.encode() for label in ZONE.split("."))
ORIGIN_LENGTH = sum(len(label) + 1 for label in ORIGIN) + 1
NAME_MAX, LABEL_MAX = 255, 63
MEMBERS = 3
SEED = 20260601

CONFIGURATION = """
zone "sd.example.com" {{
    nameservers = {{"ns1.sd.example.com"}}
    records = "{folder}/names.zone"
}}
file "fleet" {{ zone = "sd.example.com"  path = "{folder}/fleet.json" }}
"""


def parts_of_length(length, letter=b"a"):
    """Labels that take `length` octets, without the root: as long ones as there can be. None: no
    labels do, for 1 octet."""
    parts = []
    while length > 0:
        part = min(length - 1, LABEL_MAX)
        if length - 1 - part == 1:  # a rest of one octet is no label
            part -= 1
        if part < 1:
            return None
        parts.append(letter * part)
        length -= part + 1
    return parts


def parts_of_count(count, letter=b"a"):
    return [letter] * count


def owners():
    """Names below ours that exist: of every length from 18 to 255, and of 1 to 119 labels more."""
    lengths = [parts_of_length(length - ORIGIN_LENGTH)
               for length in range(ORIGIN_LENGTH + 2, NAME_MAX + 1)]
    counts = [parts_of_count(count, b"b")
              for count in range(1, (NAME_MAX - ORIGIN_LENGTH) // 2 + 1)]
    return [parts for parts in lengths + counts if parts is not None]


def zone_text():
    return "".join(f'{b".".join(parts).decode()} 60 IN TXT "{len(parts)}"\n'
                   for parts in owners())


@pytest.fixture
def server(start_rollcall, tmp_path):
    members = [{"id": f"web-{index}", "address": f"10.0.3.{index}"} for index in range(MEMBERS)]
    (tmp_path / "fleet.json").write_text(
        json.dumps({"groups": [{"name": "web", "members": members}]}))
    (tmp_path / "names.zone").write_text(zone_text())
    running = start_rollcall(CONFIGURATION.format(folder=tmp_path))
    wait_until(lambda: len(running.weights("web")) == MEMBERS, 30, "the first load")
    return running


def mixed(draw, owner):
    """The same name, each letter in either case."""
    return bytes(octet ^ 0x20 if bytes([octet]).isalpha() and draw.random() < 0.5 else octet
                 for octet in owner)


def expect(server, owner, kind, words):
    """The same over UDP and TCP; "q" among the words: the question came back octet by octet."""
    for tcp in (False, True):
        seen = exchange(server.port, header(1) + question(owner, kind), ZONE, tcp)
        assert told(seen) == words, (owner, tcp)
        for found, *_ in seen.records(0):
            assert found.to_wire().lower() == owner.lower(), (owner, found)


def test_names_that_exist_are_found_in_any_case_and_come_back_as_they_were(server):
    """Of every length up to 255 octets, of up to 122 labels (RFC 4343)."""
    draw = random.Random(SEED)
    found = [labels(*parts, *ORIGIN) for parts in owners()]
    assert {len(owner) for owner in found} >= set(range(ORIGIN_LENGTH + 2, NAME_MAX + 1))
    for owner in found:
        expect(server, mixed(draw, owner), TXT, "NOERROR aa q an1")


def test_the_cluster_is_found_in_any_case(server):
    draw = random.Random(SEED)
    owner = name(f"_web._tcp.{ZONE}")
    for _ in range(100):
        expect(server, mixed(draw, owner), SRV, f"NOERROR aa q an{MEMBERS}")


def test_names_of_ours_that_do_not_exist_are_said_not_to(server):
    draw = random.Random(SEED)
    for length in range(ORIGIN_LENGTH + 2, NAME_MAX + 1):
        owner = labels(*parts_of_length(length - ORIGIN_LENGTH, b"x"), *ORIGIN)
        assert len(owner) == length
        expect(server, mixed(draw, owner), A, "NXDOMAIN aa q ns1")


def test_names_of_others_of_every_length_are_refused_and_longer_ones_cannot_be_read(server):
    """From the root with its one octet to 260 octets."""
    draw = random.Random(SEED)
    for length in (1, *range(3, 261)):
        owner = mixed(draw, labels(*parts_of_length(length - 1)))
        assert len(owner) == length
        expect(server, owner, A, "REFUSED q" if length <= NAME_MAX else "FORMERR")


def test_names_of_every_number_of_labels_are_refused_and_more_cannot_be_read(server):
    """A label takes two octets at least, so 127 are as many as 255 octets hold."""
    for count in range(256):
        expect(server, labels(*[b"c"] * count), A, "REFUSED q" if count <= 127 else "FORMERR")


def test_labels_of_every_length_octet_are_read_or_refused(server):
    """Up to 63 octets a label; above, a length octet means something else (RFC 1035 4.1.4)."""
    for length in range(1, 256):
        owner = bytes([length]) + b"d" * length + labels(*ORIGIN)
        expect(server, owner, A, "NXDOMAIN aa q ns1" if length <= LABEL_MAX else "FORMERR")
