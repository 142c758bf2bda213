# SPDX-License-Identifier: MIT
"""A release and a scale-in under load, end to end: not one request fails.

The fake AWS, rollcall, three real HAProxy and real HTTP servers. HAProxy is told to try nothing
twice, so that no request is saved by luck. A server that is down refuses connections and has reset
those it had; what it had in hand then counts as cut.
"""

import pathlib
import subprocess
import tempfile
import threading
import time

import pytest

from fakeaws.client import hook
from system.conftest import POLL_S, configuration
from system.support.backends import Backend
from system.support.haproxy import HAProxy
from system.support.load import Load
from system.support.rollcall import PROGRAM, ZONE, free_port
from system.support.waiting import best_of, wait_until

# Two ask over UDP from one address and are told apart by their ports; one asks over TCP.
TRANSPORTS = ("", "", "tcp@")
SIZE = 12
SPARE = 8  # further addresses with a server, for those that Auto Scaling launches
SLOTS = 32
RATE_LIMIT = 20  # requests a second of 100 that are due, at least: the rest is for a busy machine
VERB_LIMIT_S = 60
SEEN_BY_ALL = f"seen by {len(TRANSPORTS)} of {len(TRANSPORTS)} load balancers"
# A change shows after one poll of ours, one look of HAProxy's, and half a second.
CHANGE_LIMIT_S = POLL_S + 1.5
# Many times the longest request: for a busy machine.
FINISH_LIMIT_S = 10 * Load.SLOW_S
# What gives a member more, soon after another change of it, waits for the TTL of the zone.
FLAP_S = 10

FRONTEND = """
frontend in
    bind 127.0.0.1:{port}
    timeout client 30s
    default_backend web
backend web
    balance roundrobin
    retries 0
    timeout server 30s
    option httpchk GET /health
    timeout check 20s
    server-template web {slots} _web._tcp.{zone} resolvers rollcall resolve-prefer ipv4 init-addr none check inter 300ms fall 2 rise 1
"""


# Longer than the longest request and the time after which no new one comes.
DRAIN_S = 12
LIFECYCLE = f"""lifecycle {{
        launch-hook = "srvCreation"  terminate-hook = "srvTermination"  drain = {DRAIN_S}s
    }}"""


def in_service(group):
    return sum(each["state"] == "InService" for each in group["instances"])


class Balancer(HAProxy):
    """An HAProxy with a front door."""

    def __init__(self, folder, nameserver):
        super().__init__(folder, nameserver, {}, ZONE, hold_obsolete="10s")
        self.port = free_port()
        with open(self.config_path, "a", encoding="utf-8") as config:
            config.write(FRONTEND.format(port=self.port, slots=SLOTS, zone=ZONE))

    def in_service(self):
        """Addresses that take new requests: a weight, and healthy."""
        return {row["addr"].rsplit(":", 1)[0] for row in self.servers("web").values()
                if row["addr"] and row["status"].startswith("UP") and int(row["weight"]) > 0}

    def is_down(self, address):
        return any(row["addr"].startswith(address + ":") and row["status"].startswith("DOWN")
                   for row in self.servers("web").values())


class Hypervisor:
    """Pulls the plug of each server whose instance Auto Scaling ends."""

    def __init__(self, aws, machines):
        self.aws = aws
        self.machines = machines  # instance id -> Backend
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def _run(self):
        while not self.ended.wait(0.05):
            alive = {row["id"] for row in self.aws.instances()
                     if row["state"] in ("pending", "running")}
            for instance, backend in self.machines.items():
                if instance not in alive:
                    backend.stop()


class Stage:
    """Everything that runs; steps of an operator's procedure as methods."""

    def __init__(self, aws, server, balancers, backends):
        self.aws = aws
        self.server = server
        self.balancers = balancers
        self.backends = backends  # address -> Backend

    def verb(self, *words):
        """Run a verb that must succeed: what it printed."""
        done = subprocess.run([str(PROGRAM), *words, "-c", str(self.server.config_path)],
                              env=self.server.environment, capture_output=True, text=True,
                              timeout=VERB_LIMIT_S, check=False)
        told = done.stdout + done.stderr
        assert done.returncode == 0, (words, done.returncode, told)
        return told

    def of(self, ids):
        rows = {row["id"]: row for row in self.aws.instances()}
        return [self.backends[rows[each]["tags"].get("ip_address")
                              or rows[each]["private_address"]] for each in ids]

    def wait_in_service(self, addresses, limit_s, why):
        wanted = set(addresses)
        for balancer in self.balancers:
            wait_until(lambda each=balancer: each.in_service() == wanted, limit_s,
                       f"in service in HAProxy, exactly {len(wanted)}: {why}")

    def drain(self, load, words, ids):
        """Drain until every load balancer has seen it; from then on nobody asks these servers."""
        told = self.verb("drain", *words, "--reason", "release", "--wait")
        seen_at = time.monotonic()
        assert SEEN_BY_ALL in told, told
        backends = self.of(ids)
        for backend in backends:
            backend.finish(FINISH_LIMIT_S)
        # By the clients' clocks: a server may be slow to note a request that came long before.
        addresses = {backend.address for backend in backends}
        late = [each for each in list(load.outcomes)
                if each.at > seen_at and each.server in addresses]
        assert not late, f"asked after --wait: {late}"
        for backend in backends:
            assert backend.cut == 0, backend.address
        return backends


@pytest.fixture
def short_folder():
    """The path of a Unix socket has 107 octets; pytest's own folders are long."""
    with tempfile.TemporaryDirectory(prefix="rc-") as folder:
        yield pathlib.Path(folder)


@pytest.fixture
def stage(fakeaws, start_rollcall, tmp_path, short_folder):
    """A function that starts all of it; `lifecycle` is a section of the ec2 source."""
    running = []

    def start(lifecycle="", zone=""):
        port = free_port()
        server = start_rollcall(
            configuration(zone='allowed-prefixes = {"127.0.0.0/8"}\n    ' + zone,
                          ec2=f"port = {port}\n    {lifecycle}",
                          more=f'control = "{short_folder}/control.sock"\n'),
            aws=fakeaws)
        balancers = []
        for number, transport in enumerate(TRANSPORTS):
            folder = tmp_path / f"balancer{number}"
            folder.mkdir()
            balancers.append(Balancer(folder, f"{transport}127.0.0.1:{server.port}"))
            running.append(balancers[-1].start())
        backends = {f"127.77.1.{host}": Backend(f"127.77.1.{host}", port)
                    for host in range(1, SIZE + SPARE + 1)}
        for backend in backends.values():
            running.append(backend.start())
        return Stage(fakeaws, server, balancers, backends)

    yield start
    for each in reversed(running):
        each.stop()


@pytest.fixture
def web(fakeaws, stage):
    """The stage with 12 servers of cluster web, all in service."""
    started = stage()
    started.addresses = list(started.backends)[:SIZE]
    started.ids = sorted(fakeaws.launch("web", count=SIZE, addresses=started.addresses))
    started.wait_in_service(started.addresses, 60, "the start")
    return started


def check_load(load):
    print(load.summary())
    assert load.failures() == [], load.summary()
    assert load.rate() >= RATE_LIMIT, load.summary()
    assert load.count("slow") > 0, "no long request ended"


@pytest.mark.sanitizers
def test_a_release_in_thirds_fails_no_request(web):
    with Load([each.port for each in web.balancers]) as load:
        wait_until(lambda: load.count() > 200, 30, "the load runs")
        for number in range(3):
            third = web.ids[4 * number:4 * number + 4]
            # The first third by percentage, which goes by the order of ids; the others by ids.
            words = third if number else ["--cluster", "web", "--percent", "33"]
            backends = web.drain(load, words, third)
            for balancer in web.balancers:
                for backend in backends:
                    wait_until(lambda b=backend, h=balancer: h.is_down(b.address), 30,
                               f"{backend.address} is really down")
            for backend in backends:
                backend.start()
            web.verb("ready", *third)
            ready_at = time.monotonic()
            web.wait_in_service(web.addresses, FLAP_S + 30, f"third {number} is back")
            for backend in backends:
                wait_until(lambda b=backend: b.begun_after(ready_at) > 0, 30,
                           f"{backend.address} is asked again")
    check_load(load)
    assert all("srv_hold" not in row["tags"] for row in web.aws.instances())
    assert {row["tags"]["srv_weight"] for row in web.aws.instances()} == {"65535"}


def test_a_scale_in_by_hand_fails_no_request(web):
    leaving, staying = web.ids[:6], web.ids[6:]
    with Load([each.port for each in web.balancers]) as load:
        wait_until(lambda: load.count() > 200, 30, "the load runs")
        web.drain(load, leaving, leaving)
        web.aws.terminate(leaving)
        addresses = {backend.address for backend in web.of(staying)}
        web.wait_in_service(addresses, 30, "six are left")
        wait_until(lambda: len(web.server.weights("web")) == 6, 30, "six are left in the answer")
        so_far = load.count()
        wait_until(lambda: load.count() > so_far + 500, 30, "500 requests later")
    check_load(load)


@pytest.mark.sanitizers
def test_a_scale_in_by_lifecycle_fails_no_request(fakeaws, stage):
    """The drain outlasts the longest request, and the plug is pulled as soon as we let go."""
    started = stage(lifecycle=LIFECYCLE, zone="ttl = 2s")
    fakeaws.create_asg("web", desired=SIZE, network="127.77.1.0/24", hooks=[
        hook("srvCreation", "launching", heartbeat_s=60),
        hook("srvTermination", "terminating", heartbeat_s=60)])
    fakeaws.wait_for_asg("web", lambda group: in_service(group) == SIZE, 30)
    machines = {row["id"]: started.backends[row["private_address"]]
                for row in fakeaws.instances("web")}
    started.wait_in_service([each.address for each in machines.values()], 30, "the start")
    with Load([each.port for each in started.balancers]) as load, Hypervisor(fakeaws, machines):
        wait_until(lambda: load.count() > 200, 30, "the load runs")
        fakeaws.scale_asg("web", 6)
        group = fakeaws.wait_for_asg("web", lambda found: len(found["instances"]) == 6, 60)
        wait_until(lambda: sum(each.is_running for each in machines.values()) == 6, 30,
                   "six are switched off")
        so_far = load.count()
        wait_until(lambda: load.count() > so_far + 300, 30, "300 requests later")
    check_load(load)
    assert [each.address for each in machines.values() if each.cut] == []
    ends = [each for each in group["history"] if each["hook"] == "srvTermination"]
    assert {each["by"] for each in ends} == {"call"}, ends
    assert len({each["id"] for each in ends}) == len(ends) == 6, ends
    began = {each["id"]: each["at"] for each in group["states"]
             if each["state"] == "Terminating:Wait"}
    shortest = min(each["at"] - began[each["id"]] for each in ends)
    assert shortest >= DRAIN_S, f"one drained for {shortest:.2f} s only"


def test_the_load_notices_a_server_that_was_not_drained(web):
    """Without a drain this very harness counts failures: it can tell."""
    (victim,) = web.of(web.ids[:1])
    with Load([each.port for each in web.balancers]) as load:
        wait_until(lambda: load.count() > 200, 30, "the load runs")
        wait_until(lambda: victim.in_hand > 0, 30, "it has something in hand")
        victim.stop()
        wait_until(load.failures, 30, "a request has failed")
    assert victim.cut > 0


def test_draining_300_of_600_is_one_call_and_shows_at_once(fakeaws, start_rollcall, tmp_path,
                                                           short_folder):
    fakeaws.launch("big", count=600, network="10.8.0.0/16")
    server = start_rollcall(configuration(more=f'control = "{short_folder}/control.sock"\n'),
                            aws=fakeaws)
    haproxy = HAProxy(tmp_path, f"tcp@127.0.0.1:{server.port}", {"big": 700}, ZONE, payload=65535)
    haproxy.start()

    def wait_for_drained(count, why):
        wait_until(lambda: sorted(haproxy.addressed("big").values()) ==
                   [0] * count + [256] * (600 - count), VERB_LIMIT_S, why)

    def drain_half(_):
        """Seconds by which it was too late: from the write to the last slot, or from there to the end
        of --wait."""
        wait_for_drained(0, "600 slots are addressed")
        fakeaws.clear_requests()
        verb = subprocess.Popen(
            [str(PROGRAM), "drain", "--cluster", "big", "--percent", "50", "--wait",
             "-c", str(server.config_path)], env=server.environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        wait_for_drained(300, "300 of 600 have weight 0 in HAProxy")
        visible_at = time.time()
        told, _ = verb.communicate(timeout=VERB_LIMIT_S)
        ended_at = time.time()
        assert verb.returncode == 0, told
        assert "seen by 1 of 1 load balancers" in told, told
        calls = fakeaws.recent("CreateTags")
        assert len(calls) <= 1 + 300 / 1000, f"{len(calls)} CreateTags calls"
        assert sum("srv_hold" in row["tags"] for row in fakeaws.instances()) == 300
        written_at = calls[-1]["at"]
        print(f"visible {visible_at - written_at:.2f} s after the write, "
              f"--wait ended {ended_at - visible_at:.2f} s later")
        assert server.verb("ready", "--cluster", "big").returncode == 0
        return max(visible_at - written_at - CHANGE_LIMIT_S, ended_at - visible_at - 2)

    try:
        best_of(0, drain_half)
    finally:
        haproxy.stop()
