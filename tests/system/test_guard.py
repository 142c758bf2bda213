# SPDX-License-Identifier: MIT
"""Removal needs evidence, seen from outside: what the guard holds back, how an operator lets it go,
and that no change takes all servers of a load balancer at once. Promises P2, P5 and P6."""

import json
import threading
import time

import pytest

from system.conftest import configuration
from system.support.waiting import STEP_S, wait_until
from system.test_control import ask, metrics, status

pytestmark = pytest.mark.sanitizers

TTL_S = 1
OVERLAP_S = TTL_S + 10
SIZE = 10


@pytest.fixture
def members(fakeaws):
    return fakeaws.launch("web", count=SIZE, network="10.0.1.0/24")


@pytest.fixture
def server(fakeaws, members, start_rollcall):
    server = start_rollcall(configuration(zone=f"ttl = {TTL_S}s"), aws=fakeaws)
    wait_until(lambda: len(server.weights("web")) == SIZE, 30, "the first load")
    return server


def forget(fakeaws, ids):
    """As if EC2 had never heard of them: absence, without a state that says why."""
    for each in ids:
        fakeaws.change_instance(each, forget=True)


def away(fakeaws):
    fakeaws.fault(action="DescribeInstances", kind="error", status=503, code="Unavailable",
                  message="Wait.", times=-1)


def explain(server, subject):
    found = server.verb("explain", "-o", "json", subject)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)["instances"]


def is_frozen(server, instance):
    return explain(server, instance)[0]["rule"] == "frozen"


def freeze(fakeaws, server, ids):
    forget(fakeaws, ids)
    wait_until(lambda: is_frozen(server, ids[0]), 30, "the guard freezes the cluster")


def test_a_mass_loss_is_frozen_told_and_let_go_by_an_operator(fakeaws, members, server):
    before = server.weights("web")
    freeze(fakeaws, server, members[:6])
    fakeaws.wait_for_requests("DescribeInstances", 3, 30)
    assert server.weights("web") == before

    found = server.verb("explain", members[0])
    assert found.returncode == 0
    assert "IN the answer of cluster web" in found.stdout
    assert "frozen: It is absent, but 6 of 10 members of cluster web went at once" in found.stdout
    assert "rollcall accept web" in found.stdout
    assert explain(server, members[9])[0]["rule"] == "member"
    assert "FROZEN: 6 of 10 members of cluster web" in server.verb("status").stdout
    (frozen,) = status(server)["sources"][0]["freezes"]
    assert (frozen["cluster"], frozen["members"], frozen["held"]) == ("web", 10, 6)
    key = 'rollcall_cluster_frozen_members{zone="sd.example.com",cluster="web"}'
    assert metrics(server)[key] == 6
    (line,) = server.log_lines("too many members gone at once")
    assert "cluster=web members=6" in line

    away(fakeaws)  # no look can be what lets them go
    found = server.verb("accept", "web")
    assert (found.returncode, found.stdout) == (0, "web: 6 members were let go\n")
    wait_until(lambda: len(server.weights("web")) == 4, 30, "they are gone without a look")
    assert explain(server, members[0])[0]["rule"] == "departed"
    assert metrics(server)[key] == 0
    assert server.log_lines("removals accepted", "cluster=web", "members=6")


def test_accept_says_why_it_does_nothing(server):
    for cluster, code, text in (("web", 1, "no removal of cluster web is held back"),
                                ("nope", 1, "no such cluster: nope"),
                                ("we b", 2, 'not "we b"')):
        found = server.verb("accept", cluster)
        assert found.returncode == code
        assert text in found.stderr
    assert server.verb("accept").returncode == 2
    assert ask(server, "POST", "/v1/accept/web")[0] == 409


def test_a_freeze_holds_back_removals_alone(fakeaws, members, server):
    before = server.weights("web")
    freeze(fakeaws, server, members[:6])
    fakeaws.launch("web", count=2, addresses=["10.0.9.1", "10.0.9.2"])
    wait_until(lambda: len(server.weights("web")) == SIZE + 2, 30, "additions pass a freeze")
    assert before.items() <= server.weights("web").items()
    fakeaws.tag(members[9], srv_hold="drain")
    wait_until(lambda: list(server.weights("web").values()).count(0) == 1, 30, "so does a drain")


def test_those_that_say_themselves_that_they_end_go_at_once(fakeaws, members, server):
    fakeaws.terminate(members[:6])
    wait_until(lambda: len(server.weights("web")) == 4, 30, "the terminated ones are gone")
    assert explain(server, members[0])[0]["rule"] == "state-gone"


def replace_all(fakeaws, members):
    """Within one poll: the looks in between fail."""
    away(fakeaws)
    new = fakeaws.launch("web", count=SIZE, network="10.0.2.0/24")
    for each in members:
        fakeaws.change_instance(each, state="terminated")
    fakeaws.clear_faults()
    return new


class Watch:
    """Looks all the time whether HAProxy has a server that takes traffic."""

    def __init__(self, haproxy):
        self.haproxy = haproxy
        self.without = 0
        self.looks = 0
        self.end = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.end.wait(STEP_S):
            self.looks += 1
            self.without += not any(self.haproxy.addressed("web").values())

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.thread.join()


def test_a_full_replacement_keeps_the_old_ones_for_ttl_and_ten_seconds(
        fakeaws, members, server, start_haproxy):
    old = server.weights("web")
    haproxy = start_haproxy(server, {"web": 2 * SIZE + 2})
    wait_until(lambda: len(haproxy.addressed("web")) == SIZE, 30, "every slot")
    with Watch(haproxy) as watch:
        begun = time.monotonic()
        new = replace_all(fakeaws, members)
        wait_until(lambda: len(server.weights("web")) == 2 * SIZE, 30, "old and new together")

        def is_overlap():
            weights = server.weights("web")
            return (all(weights.get(target) == 0 for target in old)
                    and sum(weight == 65535 for weight in weights.values()) == SIZE)

        assert is_overlap(), "the old ones stay with weight 0"
        assert explain(server, members[0])[0]["rule"] == "overlap"
        assert "overlap" in server.verb("status", "web").stdout
        assert explain(server, new[0])[0]["rule"] == "member"
        wait_until(lambda: len(haproxy.addressed("web")) == 2 * SIZE, OVERLAP_S, "HAProxy has both")
        strange = []

        def is_over():
            if is_overlap():
                return False
            weights = server.weights("web")
            strange.extend([weights] if len(weights) != SIZE or set(old) & set(weights) else [])
            return True

        wait_until(is_over, 30, "the old ones go")
        assert not strange, "first all of them with weight 0, then none"
        assert time.monotonic() - begun > OVERLAP_S - 0.1, "they went too early"
        wait_until(lambda: len(haproxy.addressed("web")) == SIZE, 30, "from HAProxy as well")
    assert not set(old) & set(server.weights("web"))
    assert watch.looks > 50
    assert watch.without == 0


def test_a_file_is_guarded_like_any_source(tmp_path, start_rollcall):
    def write(numbers):
        fleet = {"groups": [{"name": "db", "members": [
            {"id": f"db-{n}", "address": f"10.0.3.{n}", "port": 5432, "weight": 65535}
            for n in numbers]}]}
        (tmp_path / "next.json").write_text(json.dumps(fleet))
        (tmp_path / "next.json").rename(tmp_path / "fleet.json")

    write(range(1, 11))
    server = start_rollcall(f"""
zone "sd.example.com" {{ nameservers = {{"ns1.sd.example.com"}}  ttl = 1s }}
file "on-prem" {{ zone = "sd.example.com"  path = "{tmp_path}/fleet.json" }}
""")
    wait_until(lambda: len(server.weights("db")) == 10, 30, "the first load")
    write(range(7, 11))
    wait_until(lambda: is_frozen(server, "db-1"), 30, "the guard freezes the cluster")
    assert len(server.weights("db")) == 10
    assert server.verb("accept", "db").stdout == "db: 6 members were let go\n"
    wait_until(lambda: len(server.weights("db")) == 4, 30, "they are gone")
    write([])  # a group without members
    wait_until(lambda: status(server)["sources"][0]["last_error"], 30, "a look that shows nobody")
    assert "failing: it shows nothing at all, which is not believed" in server.verb("status").stdout
    assert len(server.weights("db")) == 4
    write(range(7, 12))
    wait_until(lambda: len(server.weights("db")) == 5, 30, "a look that is believed")
    assert status(server)["sources"][0]["last_error"] is None


def test_ready_means_a_table_and_healthy_means_alive(fakeaws, start_rollcall):
    fakeaws.launch("web", count=2)
    fakeaws.fault(action="DescribeInstances", kind="error", status=403,
                  code="UnauthorizedOperation", message="You are not authorized.", times=-1)
    server = start_rollcall(configuration(), aws=fakeaws)
    wait_until(lambda: "UnauthorizedOperation" in str(ask(server, "GET", "/ready")), 30,
               "the reason is known")
    code, body = ask(server, "GET", "/ready")
    assert (code, body["ready"]) == (503, False)
    (reason,) = body["reasons"]
    assert reason.startswith("zone sd.example.com: ec2 main has not delivered yet: ")
    assert ask(server, "GET", "/health") == (200, {"health": "alive"})
    assert server.srv("web").rcode == "SERVFAIL"
    assert f"NOT READY: {reason.split(': ')[0]}" in server.verb("status").stdout

    fakeaws.clear_faults()
    wait_until(lambda: ask(server, "GET", "/ready") == (200, {"ready": True}), 30, "ready")
    # Losing AWS later is no reason to be taken out of service.
    fakeaws.fault(action="DescribeInstances", kind="drop", times=-1)
    wait_until(lambda: status(server)["sources"][0]["last_error"], 30, "a look that fails")
    assert ask(server, "GET", "/ready") == (200, {"ready": True})
    assert ask(server, "GET", "/health")[0] == 200
    assert len(server.weights("web")) == 2


def test_a_start_that_finds_nobody_says_of_no_cluster_that_it_is_gone(fakeaws, start_rollcall):
    fakeaws.launch("web", count=2)
    server = start_rollcall(configuration(ec2='filters = {"tag:stage=typo"}'), aws=fakeaws)
    wait_until(lambda: status(server)["sources"][0]["looks"] > 2, 30, "looks that find nobody")
    assert server.srv("web").rcode == "SERVFAIL"
    code, body = ask(server, "GET", "/ready")
    assert (code, body["ready"]) == (503, False)
    assert "have not shown a single member yet" in body["reasons"][0]


def test_what_comes_from_disk_is_served_ready_and_marked(fakeaws, members, server):
    before = server.weights("web")
    server.stop()
    fakeaws.fault(action="DescribeInstances", kind="drop", times=-1)
    server.start()
    assert server.weights("web") == before
    assert ask(server, "GET", "/ready") == (200, {"ready": True})
    (found,) = explain(server, members[0])
    assert (found["rule"], found["served"], found["poll"]) == ("restored", True, 0)
    assert "known from disk" in server.verb("explain", members[0]).stdout
    assert "from disk, not confirmed yet" in server.verb("status").stdout
    assert metrics(server)['rollcall_source_restored{source="ec2 main"}'] == 1
    fakeaws.clear_faults()
    wait_until(lambda: metrics(server)['rollcall_source_restored{source="ec2 main"}'] == 0, 30,
               "a look confirms it")
    assert explain(server, members[0])[0]["rule"] == "member"
