# SPDX-License-Identifier: MIT
"""The table survives whatever the API does: no member is ever lost to a fault."""

import time

import pytest

from system.conftest import configuration
from system.support.waiting import wait_until

pytestmark = pytest.mark.sanitizers

SIZE = 9


@pytest.fixture
def server(fakeaws, start_rollcall):
    fakeaws.launch("web", count=SIZE, network="10.0.1.0/24")
    server = start_rollcall(configuration(poll_s=0.2), aws=fakeaws)
    wait_until(lambda: len(server.weights("web")) == SIZE, 30, "the first load")
    return server


def polls(fakeaws):
    return fakeaws.requests()["counts"].get("DescribeInstances", 0)


def expect_unmoved(fakeaws, server, more_polls=3):
    """Through the next polls every member stays, with its weight."""
    wanted = server.weights("web")
    assert len(wanted) == SIZE
    # A look that fails may ask three times.
    until = polls(fakeaws) + 3 * more_polls

    def is_unmoved():
        assert server.weights("web") == wanted
        return polls(fakeaws) >= until

    wait_until(is_unmoved, 60, "polls while nothing changes")
    assert server.weights("web") == wanted


FAULTS = {
    "throttled": dict(kind="error", status=503, code="RequestLimitExceeded",
                      message="Request limit exceeded."),
    "internal error": dict(kind="error", status=500, code="InternalError", message="Sorry."),
    "no rights": dict(kind="error", status=403, code="UnauthorizedOperation",
                      message="You are not authorized to perform this operation."),
    "wrong credentials": dict(kind="error", status=401, code="AuthFailure",
                              message="AWS was not able to validate the provided credentials"),
    "HTML with status 200": dict(kind="raw", status=200, content_type="text/html",
                                 body="<html><body><h1>It works!</h1></body></html>"),
    "nothing with status 200": dict(kind="raw", status=200, content_type="text/xml", body=""),
    "another document": dict(kind="raw", status=200, content_type="text/xml",
                             body="<DescribeRegionsResponse><regionInfo/></DescribeRegionsResponse>"),
    "a document type declaration": dict(
        kind="raw", status=200, content_type="text/xml",
        body='<!DOCTYPE x [<!ENTITY a "aaaa">]><DescribeInstancesResponse>&a;'
             "</DescribeInstancesResponse>"),
    "the connection closed": dict(kind="drop"),
    "an empty success": dict(kind="empty"),
    "cut in the middle": dict(kind="cut", cut_at=2000),
    "a token that repeats for ever": dict(kind="repeat-token"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_costs_no_member_and_ends_by_itself(fakeaws, server, fault):
    """Acceptance groups 9 and 14."""
    fakeaws.fault(action="DescribeInstances", times=-1, **fault)
    expect_unmoved(fakeaws, server)
    fakeaws.clear_faults()
    fakeaws.launch("web", count=1, addresses=["10.0.9.1"])
    wait_until(lambda: len(server.weights("web")) == SIZE + 1, 30, "a change after the fault")


def test_the_api_being_gone_costs_no_member(fakeaws, server):
    wanted = server.weights("web")
    fakeaws.stop()
    wait_until(lambda: len(server.log_lines("look failed")) >= 3, 30, "three failed looks")
    assert server.weights("web") == wanted


def test_a_single_absence_is_no_evidence_but_two_are(fakeaws, server):
    (instance,) = [row["id"] for row in fakeaws.instances()][:1]
    begun = time.monotonic()
    fakeaws.change_instance(instance, forget=True)
    wait_until(lambda: server.log_lines("absent from one poll", instance), 30, "the first absence")
    wait_until(lambda: len(server.weights("web")) == SIZE - 1, 30, "the second absence")
    # Polls come every 200 ms, and all that begin within 2 s see the same stale moment. The first of
    # them may have begun shortly before it was forgotten.
    assert time.monotonic() - begun > 1.5
    assert server.log_lines("member removed", instance)
    assert len(server.log_lines("absent from one poll", instance)) == 1


def test_terminated_instances_leave_at_the_next_poll(fakeaws, server):
    ids = [row["id"] for row in fakeaws.instances()][:3]
    fakeaws.terminate(ids)
    wait_until(lambda: len(server.weights("web")) == SIZE - 3, 30, "three members left")
    assert not server.log_lines("absent")


def test_an_instance_without_weight_is_no_member(fakeaws, server):
    (instance,) = [row["id"] for row in fakeaws.instances()][:1]
    fakeaws.change_instance(instance, tags={"srv_weight": None})
    wait_until(lambda: len(server.weights("web")) == SIZE - 1, 30, "the member left")
    fakeaws.change_instance(instance, tags={"srv_weight": "300"})
    # Within the TTL of its end, so it has to stand still for as long.
    wait_until(lambda: 300 in server.weights("web").values(), 30, "the member is back")


HOSTILE = ["", "-1", "65536", "1e3", "0x10", " 5", "5 ", "+5", "99999999999", "a\nb", "\u202e7",
           "💥", "x" * 256, "$INCLUDE /etc/passwd", '"; DROP', "\\010"]


def test_a_bad_weight_on_one_instance_changes_nothing_else(fakeaws, server):
    wanted = server.weights("web")
    (instance,) = [row["id"] for row in fakeaws.instances()][:1]
    for number, value in enumerate(HOSTILE, start=1):
        fakeaws.change_instance(instance, tags={"srv_weight": value})
        until = polls(fakeaws) + 2
        wait_until(lambda: polls(fakeaws) >= until, 30, "two more polls")
        assert server.weights("web") == wanted, repr(value)
        assert number >= 1
    lines = server.log_lines("bad value on one instance", instance)
    assert len(lines) == 1, "one clear line while the value stays bad"
    assert "reason=bad-weight" in lines[0]


def test_2500_instances_over_pages_and_a_failing_second_page(fakeaws, start_rollcall):
    fakeaws.launch("big", count=2500, network="10.64.0.0/16")
    server = start_rollcall(configuration(poll_s=1), aws=fakeaws)
    # 2,500 SRV records do not fit one message; the plain name's addresses do over TCP.
    answer = lambda: server.ask("big.sd.example.com", "A", tcp=True)  # noqa: E731
    wait_until(lambda: len(answer().records()) == 2500, 30, "all instances of all pages")
    assert fakeaws.requests()["counts"]["DescribeInstances"] >= 3

    fakeaws.fault(action="DescribeInstances", page=2, kind="error", status=503,
                  code="RequestLimitExceeded", message="Request limit exceeded.", times=-1)
    wait_until(lambda: len(server.log_lines("look failed")) >= 2, 30, "two failed looks")
    assert len(answer().records()) == 2500

    fakeaws.clear_faults()
    fakeaws.fault(action="DescribeInstances", page=2, kind="empty-page", times=-1)
    fakeaws.launch("small", count=1, addresses=["10.65.0.1"])
    wait_until(lambda: server.weights("small"), 30, "a member behind an empty middle page")
    assert len(answer().records()) == 2500


def test_before_the_first_load_everything_is_servfail(fakeaws, start_rollcall):
    fakeaws.fault(action="DescribeInstances", kind="error", status=503,
                  code="RequestLimitExceeded", message="Request limit exceeded.", times=-1)
    fakeaws.launch("web", count=1, addresses=["10.0.0.1"])
    server = start_rollcall(configuration(poll_s=0.2), aws=fakeaws)
    wait_until(lambda: server.log_lines("look failed"), 30, "a failed first look")
    for name, kind in (("_web._tcp.sd.example.com", "SRV"), ("sd.example.com", "SOA"),
                       ("nobody.sd.example.com", "A")):
        for tcp in (False, True):
            answer = server.ask(name, kind, tcp=tcp)
            assert answer.rcode == "SERVFAIL" and not answer.records()
    assert server.ask("example.org", "A").rcode == "REFUSED"
    fakeaws.clear_faults()
    wait_until(lambda: server.srv("web").rcode == "NOERROR", 30, "the first load")
