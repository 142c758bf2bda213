# SPDX-License-Identifier: MIT
"""10,000 instances in ten pages, of which one group or another changes."""

import pytest

from system.support import large_fleet
from system.support.large_fleet import PAGES, SIZE
from system.support.usage import forget_peak, memory_mib
from system.support.waiting import wait_until

POLLS = 6
GROWTH_MIB = 10


@pytest.fixture
def fleet(fakeaws):
    return large_fleet.launch(fakeaws)


@pytest.fixture
def server(fakeaws, fleet, start_rollcall):
    server = start_rollcall(large_fleet.CONFIGURATION.format(poll_ms=1000), fakeaws)
    large_fleet.wait_for_load(server)
    return server


def test_ten_thousand_instances_are_served_right(fakeaws, fleet, server):
    for group, ids in fleet.items():
        answer = server.srv(group, tcp=True)
        assert answer.rcode == "NOERROR" and not answer.truncated
        wanted = {row["private_address"] for row in fakeaws.instances(group)}
        assert len(answer.weights()) == len(ids) == SIZE
        assert set(answer.addresses()) == wanted


def test_a_poll_is_ten_pages_that_follow_each_others_tokens(fakeaws, server):
    fakeaws.clear_requests()
    large_fleet.wait_for_polls(fakeaws, server, 2)
    rows = fakeaws.recent("DescribeInstances")
    first = next(number for number, row in enumerate(rows) if "NextToken" not in row["params"])
    poll = rows[first:first + PAGES]
    assert [row["page"] for row in poll] == list(range(1, PAGES + 1))
    assert {row["status"] for row in poll} == {200}
    assert {row["params"]["MaxResults"] for row in poll} == {"1000"}
    tokens = [row["params"]["NextToken"] for row in poll[1:]]
    assert len(set(tokens)) == PAGES - 1


def test_a_change_anywhere_among_them_is_seen(fakeaws, fleet, server):
    serial = server.serial()
    large_fleet.wait_for_polls(fakeaws, server, 2)
    assert server.serial() == serial, "nothing has changed, so nothing is published"
    ids = list(fleet["g13"])
    fakeaws.tag(ids[250], {"srv_weight": "7"})
    wait_until(lambda: 7 in server.weights("g13").values(), 30, "the weight is served")
    fakeaws.terminate(ids[:3])
    wait_until(lambda: len(server.weights("g13")) == SIZE - 3, 30, "the three are gone")
    assert len(server.weights("g12")) == len(server.weights("g14")) == SIZE


def test_a_failing_page_in_the_middle_costs_nobody(fakeaws, server):
    fakeaws.fault("error", "DescribeInstances", page=6, times=-1, status=503)
    wait_until(lambda: len(server.log_lines("look failed")) >= 2, 30, "two looks fail")
    assert all(len(server.weights(f"g{number:02}")) == SIZE for number in (0, 11, 19))


def test_memory_does_not_grow_with_polls(fakeaws, server):
    """Goal: at most 10 MiB more than after the first load, at the peak of a poll too."""
    pid = server.process.pid
    large_fleet.wait_for_polls(fakeaws, server, 1)
    before = memory_mib(pid)
    forget_peak(pid)
    large_fleet.wait_for_polls(fakeaws, server, POLLS)
    assert memory_mib(pid) - before < GROWTH_MIB
    assert memory_mib(pid, "VmHWM") - before < GROWTH_MIB
