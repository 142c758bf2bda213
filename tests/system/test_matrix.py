# SPDX-License-Identifier: MIT
"""What rollcall makes of hostile requests, beside what NSD, Knot and BIND make of the same octets.

Where the three agree, rollcall agrees with them, unless the table says why not. The table's claims
about them are checked too, for each that is installed; its claims stand in for the others.
"""

import pytest

from system.support.exchange import exchange, told
from system.support.hostile_case import PEERS, Case, disagreements, edns
from system.support.hostile_headers import HEADERS
from system.support.hostile_questions import QUESTIONS
from system.support.hostile_records import RECORDS
from system.support.name_servers import name_servers, serves_the_zone
from system.support.packets import Malformed, option
from system.support.rollcall import ZONE

CASES = HEADERS + QUESTIONS + RECORDS
TRIES = 3  # a datagram may be lost, or late, on a machine that is busy


def seen_of(case, server, claim):
    """What the server does, in words; as often as it is not what is claimed, again."""
    for _ in range(TRIES):
        try:
            seen = told(exchange(server.port, case.octets, ZONE, case.tcp))
        except Malformed as error:
            seen = f"malformed: {error}"
        if seen == claim:
            break
    return seen


@pytest.mark.sanitizers
def test_rollcall_answers_as_its_table_says_and_as_all_three_do_where_they_agree(tmp_path):
    faults = []
    with name_servers(tmp_path) as servers:
        for case in CASES:
            seen = {who: seen_of(case, server, case.claim(who)) for who, server in servers.items()}
            faults += [f"{case.name}: {who}: {words!r}, not {case.claim(who)!r}"
                       for who, words in seen.items() if words != case.claim(who)]
            different = disagreements(seen["rollcall"],
                                      [seen.get(who, case.claim(who)) for who in PEERS])
            if different and not case.because:
                faults.append(f"{case.name}: all three agree on {different}, but rollcall does not")
        faults += [f"{who} does not answer any more" for who, server in servers.items()
                   if not serves_the_zone(server)]
    assert not faults, "\n".join(faults)


@pytest.mark.sanitizers
def test_cookies_of_every_length_are_taken_or_refused_as_bind_does(tmp_path):
    """RFC 7873 section 5.2.2: 8 octets, or 16 to 40. NSD and Knot have cookies switched off."""
    with name_servers(tmp_path, peers=("bind",)) as servers:
        for length in range(60):
            good = length == 8 or 16 <= length <= 40
            words = "NOERROR aa q an3 opt +10" if good else "FORMERR q opt"
            case = Case(f"{length} octets", edns(option(10, bytes(length))), words, "")
            for who, server in servers.items():
                assert seen_of(case, server, case.ours) == case.ours, (who, length)


def test_the_table_tells_each_case_once_with_its_source():
    assert len(CASES) >= 70
    assert len({case.name for case in CASES}) == len(CASES)
    assert len({(case.octets, case.tcp) for case in CASES}) == len(CASES)
    for case in CASES:
        assert case.rfc.startswith("RFC "), case.name


def test_rollcall_differs_from_all_three_only_where_it_says_why():
    """And says so only where it is true."""
    for case in CASES:
        different = disagreements(case.ours, [case.claim(who) for who in PEERS])
        assert bool(different) == bool(case.because), (case.name, different)
    assert sum(1 for case in CASES if case.because) <= 8
