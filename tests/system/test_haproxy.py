# SPDX-License-Identifier: MIT
"""The main job: slots of a real HAProxy follow EC2 tags, with nobody touching HAProxy."""

import os
import shutil
import subprocess
import time

import pytest

from system.conftest import POLL_S, configuration
from system.support.waiting import best_of, holds_for, wait_until

# What a change may take: one poll of ours, one look of HAProxy's, and half a second.
CHANGE_LIMIT_S = POLL_S + 1.5
GROUPS = ("web", "api", "db")


@pytest.fixture
def fleet(fakeaws):
    """group -> ids of its instances; 3 groups of 8."""
    return {group: fakeaws.launch(group, count=8, network=f"10.0.{number}.0/24")
            for number, group in enumerate(GROUPS, start=1)}


@pytest.fixture
def server(fakeaws, fleet, start_rollcall):
    server = start_rollcall(configuration(), aws=fakeaws)
    wait_until(lambda: len(server.weights("web")) == 8, 30, "the first load")
    return server


@pytest.fixture
def haproxy(server, start_haproxy):
    """An HAProxy with all slots addressed within 2 s of its start."""
    started = []

    def start(_):
        for each in started:
            each.stop()
        started.append(start_haproxy(server, {group: 16 for group in GROUPS}))
        return seconds_until(lambda: all(len(started[-1].addressed(group)) == 8
                                         for group in GROUPS), "all slots are addressed")

    best_of(2, start)
    return started[-1]


def seconds_until(claim, what):
    begun = time.monotonic()
    wait_until(claim, 30, what)
    return time.monotonic() - begun


def addresses_of(fakeaws, ids):
    rows = {row["id"]: row for row in fakeaws.instances()}
    return [rows[instance]["tags"]["ip_address"] for instance in ids]


def aws_cli(fakeaws, *words):
    environment = dict(os.environ, AWS_ACCESS_KEY_ID=fakeaws.access_key,
                       AWS_SECRET_ACCESS_KEY=fakeaws.secret_key,
                       AWS_DEFAULT_REGION=fakeaws.region, AWS_EC2_METADATA_DISABLED="true")
    subprocess.run(["/usr/bin/aws", "--endpoint-url", fakeaws.endpoint, "ec2", *words],
                   env=environment, check=True, capture_output=True, timeout=60)


def test_every_slot_is_addressed_and_only_srv_is_asked(server, haproxy):
    earliest = time.monotonic()
    before = haproxy.resolver_counters()
    begun = time.monotonic()
    holds_for(lambda: len(haproxy.addressed("web")) == 8, 10, "8 addressed slots")
    seconds = time.monotonic() - begun
    after = haproxy.resolver_counters()
    at_most = time.monotonic() - earliest

    asked = after["sent"] - before["sent"]
    # One SRV query a second and name. A single A or AAAA look-up per member would add 24 or more.
    assert len(GROUPS) * seconds / 2 <= asked <= len(GROUPS) * (at_most + 2), after
    for counter in ("invalid", "too_big", "truncated", "other"):
        assert after[counter] == 0, after


def test_weight_follows_the_tag_by_the_aws_cli(fakeaws, fleet, haproxy):
    addresses = addresses_of(fakeaws, fleet["web"])
    assert set(haproxy.addressed("web").values()) == {256}

    def change(number, weight, in_haproxy):
        aws_cli(fakeaws, "create-tags", "--resources", fleet["web"][number],
                "--tags", f"Key=srv_weight,Value={weight}")
        return seconds_until(lambda: haproxy.addressed("web")[addresses[number]] == in_haproxy,
                             f"srv_weight {weight} is {in_haproxy} in HAProxy")

    best_of(CHANGE_LIMIT_S, lambda number: change(number, 0, 0))
    # What gives it more, right after another change, has to stand still for the TTL.
    change(0, 65535, 256)


def test_a_launched_instance_gets_a_slot(fakeaws, haproxy):
    def launch(number):
        fakeaws.launch("web", count=1, addresses=[f"10.0.9.{number}"])
        return seconds_until(lambda: haproxy.addressed("web").get(f"10.0.9.{number}") == 256,
                             "the new instance is in a slot")

    best_of(CHANGE_LIMIT_S, launch)


def test_a_terminated_instance_loses_its_slot(fakeaws, fleet, haproxy):
    addresses = addresses_of(fakeaws, fleet["api"])

    def terminate(number):
        fakeaws.terminate(fleet["api"][number])
        seconds = seconds_until(lambda: addresses[number] not in haproxy.addressed("api"),
                                "the terminated instance has left")
        assert len(haproxy.addressed("api")) == 7 - number
        return seconds

    best_of(CHANGE_LIMIT_S, terminate)


def test_a_changed_address_takes_a_new_slot_and_leaves_the_old(fakeaws, fleet, haproxy):
    old = addresses_of(fakeaws, fleet["db"])

    def move(number):
        new = f"10.0.77.{number}"
        aws_cli(fakeaws, "create-tags", "--resources", fleet["db"][number],
                "--tags", f"Key=ip_address,Value={new}")

        def is_moved():
            found = haproxy.addressed("db")
            return found.get(new) == 256 and old[number] not in found

        return seconds_until(is_moved, "the new address is in a slot, the old one is not")

    best_of(CHANGE_LIMIT_S, move)


def test_slots_stay_through_a_restart_of_rollcall(fakeaws, server, haproxy):
    # Before its first complete load a new process must not say that names do not exist. This one
    # has lost its state folder as well: otherwise it would serve from there.
    before = haproxy.addressed("web")
    fakeaws.fault(action="DescribeInstances", kind="error", status=503,
                  code="RequestLimitExceeded", message="Request limit exceeded.", times=-1)
    server.stop()
    shutil.rmtree(server.folder / "state")
    server.start()
    assert server.srv("web").rcode == "SERVFAIL"
    holds_for(lambda: haproxy.addressed("web") == before, 4, "HAProxy keeps every slot")
    fakeaws.clear_faults()
    wait_until(lambda: len(server.weights("web")) == 8, 30, "the load after the fault")
    assert haproxy.addressed("web") == before
