# SPDX-License-Identifier: MIT
"""Holds in tags, as an operator writes them with any tool, seen through dig and a real HAProxy."""

import datetime
import time

import pytest

from system.conftest import POLL_S, configuration
from system.support.rollcall import ZONE
from system.support.waiting import best_of, holds_for, wait_until

# One poll of ours, one look of HAProxy's, and half a second.
CHANGE_LIMIT_S = POLL_S + 1.5
SIZE = 6
ADDRESSES = [f"10.0.1.{number}" for number in range(1, SIZE + 1)]


@pytest.fixture
def web(fakeaws):
    """Ids of the group's instances, by address as in ADDRESSES."""
    return fakeaws.launch("web", count=SIZE, addresses=ADDRESSES)


@pytest.fixture
def server(fakeaws, web, start_rollcall):
    # What is taken off soon after it was put on waits for the TTL.
    server = start_rollcall(configuration(zone="ttl = 1s"), aws=fakeaws)
    wait_until(lambda: len(server.weights("web")) == SIZE, 30, "the first load")
    return server


def target(address):
    return f"ip-{address.replace('.', '-')}.{ZONE}."


def weight(server, address):
    """The member's SRV weight, None when it is not in the answer."""
    return server.weights("web").get(target(address))


def txt(server, address):
    answer = server.ask(target(address), "TXT")
    return answer.records()[0][2] if answer.records() else None


def seconds_ahead(seconds):
    """(Unix time, RFC 3339 text) of the second that is at least `seconds` ahead."""
    moment = int(time.time()) + seconds + 1
    return moment, datetime.datetime.utcfromtimestamp(moment).strftime("%Y-%m-%dT%H:%M:%SZ")


def writes(fakeaws):
    counts = fakeaws.requests()["counts"]
    return sum(number for action, number in counts.items() if not action.startswith("Describe"))


def test_haproxy_follows_drain_maint_and_ready(fakeaws, web, server, start_haproxy):
    haproxy = start_haproxy(server, {"web": 2 * SIZE})
    wait_until(lambda: len(haproxy.addressed("web")) == SIZE, 30, "all slots addressed")
    drained, taken = ADDRESSES[0], ADDRESSES[1]

    def seconds_until_shown(wanted, why):
        begun = time.monotonic()
        wait_until(lambda: haproxy.addressed("web") == wanted, 30, why)
        return time.monotonic() - begun

    def hold_and_release(turn):
        fakeaws.tag([web[0]], srv_hold=f"drain by=ann reason=new kernel {turn}")
        fakeaws.tag([web[1]], srv_hold="maint by=ann")
        wanted = {address: 256 for address in ADDRESSES}
        held_s = seconds_until_shown({address: 0 if address == drained else weight
                                      for address, weight in wanted.items() if address != taken},
                                     "one has weight 0, one has lost its slot")
        rows = haproxy.servers("web").values()
        assert sum("MAINT" not in row["status"] for row in rows) == SIZE - 1

        fakeaws.tag([web[0], web[1]], srv_hold=None)
        back_s = seconds_until_shown(wanted, "both are back")
        return max(held_s, back_s / 2)  # what comes back waits for the TTL as well

    best_of(CHANGE_LIMIT_S, hold_and_release)


def test_the_txt_record_shows_the_hold_and_the_weight_tag_is_untouched(fakeaws, web, server):
    assert '"hold=none"' in txt(server, ADDRESSES[0])
    fakeaws.tag([web[0]], srv_hold="drain by=ann reason=new kernel")
    wait_until(lambda: weight(server, ADDRESSES[0]) == 0, 30, "weight 0")
    shown = txt(server, ADDRESSES[0])
    assert '"hold=drain by=ann reason=new kernel"' in shown and '"weight=0"' in shown
    (line,) = server.log_lines("member changed", web[0])
    assert "hold=drain" in line and "hold-by=ann" in line and "old-hold=none" in line

    fakeaws.tag([web[0]], srv_weight="300")
    fakeaws.tag([web[0]], srv_hold=None)
    wait_until(lambda: weight(server, ADDRESSES[0]) == 300, 30, "the tag's own weight")
    assert '"hold=none"' in txt(server, ADDRESSES[0])


@pytest.mark.parametrize("kind", ["drain", "maint"])
def test_an_expired_hold_comes_back_without_anybody_writing(fakeaws, web, server, kind):
    best_of(1, lambda number: time_of_return(fakeaws, web[number], server, ADDRESSES[number], kind))


def time_of_return(fakeaws, instance, server, address, kind):
    """Seconds after the hold's last one until the member is back."""
    held = 0 if kind == "drain" else None
    moment, until = seconds_ahead(4)
    fakeaws.tag([instance], srv_hold=f"{kind} until={until}")
    wait_until(lambda: weight(server, address) == held, moment - time.time(), "the hold counts")

    # Nobody may write, and nobody can even look: what is left is the clock.
    fakeaws.fault(kind="error", action="*", status=403, code="UnauthorizedOperation",
                  message="You are not authorized to perform this operation.", times=-1)
    written = writes(fakeaws)
    serial = server.serial()
    assert holds_until(moment, lambda: weight(server, address) == held)
    wait_until(lambda: weight(server, address) == 65535, 30, "back at its second")
    seconds = time.time() - moment
    assert seconds >= 0
    assert server.serial() != serial
    assert writes(fakeaws) == written
    (tags,) = [each["tags"] for each in fakeaws.instances() if each["id"] == instance]
    assert tags["srv_hold"].startswith(kind)
    fakeaws.clear_faults()
    return seconds


def holds_until(moment, claim):
    """Whether `claim` stays true until shortly before `moment`, with a look to spare."""
    while time.time() < moment - 0.1:
        if not claim() and time.time() < moment:
            return False
        time.sleep(0.02)
    return True


def test_an_unreadable_hold_changes_nothing_and_keeps_a_newcomer_out(fakeaws, web, server):
    fakeaws.tag([web[0]], srv_hold="maint")
    wait_until(lambda: weight(server, ADDRESSES[0]) is None, 30, "taken out")
    fakeaws.tag([web[0], web[1]], srv_hold="maintenance!")
    wait_until(lambda: len(server.log_lines("bad value", "reason=bad-hold")) == 2, 30, "both told")
    (newcomer,) = fakeaws.launch("web", addresses=["10.0.1.99"], tags={"srv_hold": "?"})
    wait_until(lambda: server.log_lines("bad value", newcomer), 30, "the newcomer is told")
    assert weight(server, ADDRESSES[0]) is None
    assert weight(server, ADDRESSES[1]) == 65535
    assert weight(server, "10.0.1.99") is None

    fakeaws.tag([newcomer], srv_hold=None)
    wait_until(lambda: weight(server, "10.0.1.99") == 65535, 30, "the newcomer, once it is clear")


def test_maintenance_of_a_whole_cluster_is_obeyed_and_told(fakeaws, web, server):
    fakeaws.tag(web, srv_hold="maint")
    wait_until(lambda: server.srv("web").rcode == "NXDOMAIN", 30, "nobody left")
    (line,) = server.log_lines("has no member left in its answer")
    assert line.startswith("<3>") and "6 are in maintenance" in line
    fakeaws.tag(web, srv_hold=None)
    wait_until(lambda: len(server.weights("web")) == SIZE, 30, "all are back")


def test_another_tag_name_can_be_configured(fakeaws, web, start_rollcall):
    server = start_rollcall(configuration(ec2='hold-tag = "ops:hold"'), aws=fakeaws)
    wait_until(lambda: len(server.weights("web")) == SIZE, 30, "the first load")
    fakeaws.tag([web[0]], {"ops:hold": "drain"})
    fakeaws.tag([web[1]], srv_hold="drain")
    wait_until(lambda: weight(server, ADDRESSES[0]) == 0, 30, "drained by the configured tag")
    holds_for(lambda: weight(server, ADDRESSES[1]) == 65535, 2 * POLL_S, "the other means nothing")


def test_a_hold_outlives_a_reload(fakeaws, web, server):
    fakeaws.tag([web[0]], srv_hold="maint")
    wait_until(lambda: weight(server, ADDRESSES[0]) is None, 30, "taken out")
    server.reload()

    def is_reloaded():
        assert weight(server, ADDRESSES[0]) is None
        return server.log_lines("reloaded") and len(server.weights("web")) == SIZE - 1

    wait_until(is_reloaded, 30, "the reload")
    holds_for(lambda: weight(server, ADDRESSES[0]) is None, 2 * POLL_S, "still held")
