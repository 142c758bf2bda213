# SPDX-License-Identifier: MIT
"""drain, maint, ready and weight: the real binary against the fake AWS, tags judged by boto3."""

import json
import socket
import threading
import time

import dns.message
import pytest
from system.conftest import configuration
from system.support.ec2_client import described, tags_of
from system.support.rollcall import ZONE, Rollcall
from system.support.waiting import best_of, wait_until

pytestmark = pytest.mark.sanitizers

TTL_S = 10
SLOW_POLL_S = 600  # nothing becomes visible by polling within a test


@pytest.fixture
def server(start_rollcall, fakeaws):
    """A running rollcall over 12 members of web in three zones and 3 of api."""
    for zone in "abc":
        fakeaws.launch("web", 4, network=f"10.0.{ord(zone)}.0/24", az=f"eu-west-1{zone}")
    fakeaws.launch("api", 3, network="10.0.9.0/24")
    started = start_rollcall(configuration(poll_s=SLOW_POLL_S), fakeaws)
    # Not by an SRV question: whoever asks one is a load balancer.
    wait_until(lambda: len(started.ask(f"web.{ZONE}", "A", tcp=True).records()) == 12, 30,
               "everybody is served")
    return started


@pytest.fixture
def elsewhere(tmp_path, fakeaws):
    """A configuration on a host without a running rollcall."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    found = Rollcall(folder, configuration(), fakeaws.environment())
    fakeaws.launch("web", 12, network="10.0.1.0/24")
    return found


def ids_of(fakeaws, group="web"):
    return sorted(each["id"] for each in fakeaws.instances(group))


def holds(fakeaws, group="web"):
    """id -> the hold's tag, of those that have one."""
    return {each["id"]: each["tags"]["srv_hold"] for each in fakeaws.instances(group)
            if "srv_hold" in each["tags"]}


def order(server, *arguments, status=0):
    """Run a verb with -o json; what it prints."""
    done = server.verb(*arguments, "-o", "json")
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout) | {"stderr": done.stderr}


class LoadBalancer:
    """Asks for a cluster from one UDP port, as HAProxy does, until it is stopped."""

    def __init__(self, server, cluster="web", period_s=0.2):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.connect(("127.0.0.1", server.port))
        self.socket.settimeout(30)
        self.port = self.socket.getsockname()[1]
        self.cluster = cluster
        self.period_s = period_s
        self.drained = {}  # number of weights of 0 -> when it first asked and had such an answer
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def ask(self):
        query = dns.message.make_query(f"_{self.cluster}._tcp.{ZONE}", "SRV", use_edns=0,
                                       payload=8192)
        asked_at = time.monotonic()
        self.socket.send(query.to_wire())
        answer = dns.message.from_wire(self.socket.recv(65535))
        zeros = sum(rdata.weight == 0 for rrset in answer.answer for rdata in rrset)
        self.drained.setdefault(zeros, (asked_at, time.monotonic()))

    def run(self):
        while not self.ended.wait(self.period_s):
            self.ask()

    def start(self):
        self.ask()
        self.thread.start()
        return self

    def stop(self):
        self.ended.set()
        if self.thread.ident:
            self.thread.join()
        self.socket.close()


@pytest.fixture
def load_balancers(server):
    """A function that starts so many; all end with the test."""
    started = []

    def start(count, **options):
        started.extend(LoadBalancer(server, **options).start() for _ in range(count))
        return started

    yield start
    for each in started:
        each.stop()


# ---- what is written

def test_a_drain_writes_the_hold_and_shows_at_once(server, fakeaws):
    victim = ids_of(fakeaws)[0]
    done = server.verb("drain", victim, "--reason", "kernel update", "--for", "2h")
    assert done.returncode == 0, done.stderr
    assert "changed" in done.stdout and victim in done.stdout
    tags = tags_of(fakeaws.boto3_client(), victim)
    assert tags["srv_hold"].startswith("drain until=20")
    assert tags["srv_hold"].endswith("reason=kernel update") and " by=" in tags["srv_hold"]
    assert tags["srv_weight"] == "65535"
    wait_until(lambda: sorted(server.weights("web").values())[:2] == [0, 65535], 30,
               "the member is drained long before the next poll")
    (audit,) = [line for line in done.stderr.splitlines() if "tags changed" in line]
    assert "verb=drain" in audit and "changed=1" in audit and "kernel update" in audit


def test_maint_takes_it_out_and_ready_brings_it_back_with_its_weight(server, fakeaws):
    victim = ids_of(fakeaws)[3]
    fakeaws.tag(victim, srv_weight="1000", Name="its own")
    begun = time.monotonic()
    order(server, "maint", victim)
    wait_until(lambda: len(server.weights("web")) == 11, 30, "one is out of the answer")
    order(server, "ready", victim)
    # It changed its mind within the TTL: that is held back until it stands still, and told.
    if time.monotonic() - begun < TTL_S:
        wait_until(lambda: server.log_lines("has to settle", victim), 30, "the wait is told")
    wait_until(lambda: server.verb("refresh").returncode == 0 and
               1000 in server.weights("web").values(), 60, "it is back with its weight")
    tags = tags_of(fakeaws.boto3_client(), victim)
    assert "srv_hold" not in tags and tags["Name"] == "its own" and tags["srv_weight"] == "1000"
    (request,) = fakeaws.recent("DeleteTags")
    assert {key: value for key, value in request["params"].items() if key.startswith("Tag")} == {
        "Tag.1.Key": "srv_hold"}


@pytest.mark.parametrize("text, weight, haproxy", [("0", 0, 0), ("1", 1, 1), ("256", 256, 1),
                                                   ("257", 257, 2), ("50%", 32768, 128),
                                                   ("100%", 65535, 256)])
def test_weight_writes_the_tag_and_says_what_haproxy_makes_of_it(elsewhere, fakeaws, text, weight,
                                                                 haproxy):
    victim = ids_of(fakeaws)[0]
    done = elsewhere.verb("weight", text, victim)
    assert done.returncode == 0, done.stderr
    assert f"weight {weight}: HAProxy makes {haproxy} of 256 of it" in done.stdout
    assert tags_of(fakeaws.boto3_client(), victim)["srv_weight"] == str(weight)


def test_300_of_600_take_one_call(start_rollcall, fakeaws):
    fakeaws.launch("big", 600, network="10.1.0.0/16")
    server = start_rollcall(configuration(poll_s=SLOW_POLL_S), fakeaws)
    wait_until(lambda: len(server.weights("big")) == 600, 30, "all 600 are served")
    fakeaws.clear_requests()
    came = order(server, "drain", "--cluster", "big", "--percent", "50")
    assert fakeaws.count("CreateTags") == 1
    assert came["changed"] == ids_of(fakeaws, "big")[:300]
    assert len(came["unchanged"]) == 300 and not came["not_found"] + came["unknown"]
    wait_until(lambda: list(server.weights("big").values()).count(0) == 300, 30,
               "300 are drained long before the next poll")


def test_percent_counts_those_that_are_held_already(elsewhere, fakeaws):
    ids = ids_of(fakeaws)
    order(elsewhere, "maint", ids[11])
    assert order(elsewhere, "drain", "--cluster", "web", "--percent", "34")["changed"] == ids[:4]
    assert order(elsewhere, "drain", "--cluster", "web", "--percent", "34")["changed"] == []
    assert order(elsewhere, "ready", "--cluster", "web")["changed"] == ids[:4] + [ids[11]]
    assert order(elsewhere, "drain", "--cluster", "web", "--percent", "1")["changed"] == ids[:1]


def test_a_zone_of_a_cluster_is_meant_by_az(server, fakeaws):
    came = order(server, "drain", "--cluster", "web", "--az", "eu-west-1b")
    assert came["changed"] == sorted(each["id"] for each in fakeaws.instances("web")
                                     if each["az"] == "eu-west-1b")
    assert came["clusters"] == [{"name": "web", "zone": ZONE, "members": 12,
                                 "in_service_before": 12, "in_service_after": 8}]


def test_a_repeated_order_writes_nothing(elsewhere, fakeaws):
    victim = ids_of(fakeaws)[0]
    order(elsewhere, "drain", victim, "--reason", "first")
    fakeaws.clear_requests()
    assert order(elsewhere, "drain", victim, "--reason", "first")["unchanged"] == [victim]
    assert order(elsewhere, "ready", ids_of(fakeaws)[1])["changed"] == []
    assert fakeaws.count("CreateTags") == fakeaws.count("DeleteTags") == 0


def test_a_dry_run_shows_the_difference_and_writes_nothing(elsewhere, fakeaws):
    ids = ids_of(fakeaws)
    done = elsewhere.verb("drain", "--cluster", "web", "--percent", "10", "--dry-run")
    assert done.returncode == 0
    assert [line.split()[3:5] for line in done.stdout.splitlines() if ids[0] in line] == [
        ["would", "change"]]
    assert "none -> drain by=" in done.stdout
    assert order(elsewhere, "maint", ids[0], "--dry-run")["changed"] == [ids[0]]
    assert not holds(fakeaws) and fakeaws.count("CreateTags") == 0


# ---- what is refused

def test_below_half_of_a_cluster_needs_force(elsewhere, fakeaws):
    came = order(elsewhere, "drain", "--cluster", "web", "--percent", "51", status=1)
    assert "of the 12 members of cluster web, 5 would be in service" in came["stderr"]
    assert "--force" in came["error"] and not holds(fakeaws)
    order(elsewhere, "drain", "--cluster", "web", "--percent", "50")
    assert len(holds(fakeaws)) == 6
    order(elsewhere, "maint", ids_of(fakeaws)[6], status=1)
    order(elsewhere, "weight", "0", ids_of(fakeaws)[7], status=1)
    assert len(holds(fakeaws)) == 6
    order(elsewhere, "maint", ids_of(fakeaws)[6], "--force")
    assert len(holds(fakeaws)) == 7
    order(elsewhere, "ready", "--cluster", "web")  # never refused
    assert not holds(fakeaws)


@pytest.mark.parametrize("arguments, message", [
    (["drain"], "nobody is named"),
    (["drain", "i-1", "--cluster", "web"], "exclude each other"),
    (["drain", "i-1", "--percent", "10"], "--percent goes with --cluster only"),
    (["maint", "i-1", "--az", "eu-west-1a"], "--az goes with --cluster only"),
    (["drain", "--cluster", "web", "--percent", "0"], "--percent: "),
    (["drain", "--cluster", "web", "--percent", "101"], "--percent: "),
    (["drain", "i-1", "--for", "soon"], "--for: "),
    (["drain", "i-1", "--reason", "x" * 300], "--reason: "),
    (["drain", "i-1", "--wait-timeout", "3"], "--wait-timeout: "),
    (["weight"], "the weight is missing"),
    (["weight", "65536", "i-1"], "weight 65536: "),
    (["weight", "101%", "i-1"], "weight 101%: "),
    (["ready", "i-1", "--force"], "no such option"),
])
def test_wrong_usage_is_told_before_anybody_is_asked(elsewhere, fakeaws, arguments, message):
    fakeaws.clear_requests()
    done = elsewhere.verb(*arguments)
    assert done.returncode == 2 and message in done.stderr, done.stderr
    assert not fakeaws.requests()["recent"]


def test_a_weight_is_not_explained_before_the_request_is_right(elsewhere):
    done = elsewhere.verb("weight", "100")
    assert done.returncode == 2 and done.stdout == "", done.stdout


def test_an_unknown_cluster_names_those_that_there_are(server, fakeaws):
    came = server.verb("drain", "--cluster", "wbe")
    assert came.returncode == 1
    assert "no cluster wbe; there are: " in came.stderr
    assert "api" in came.stderr and "web" in came.stderr
    came = server.verb("drain", "--cluster", "web", "--az", "eu-west-1z")
    assert came.returncode == 1 and "no member in zone eu-west-1z" in came.stderr
    assert fakeaws.count("CreateTags") == 0


def test_of_good_and_bad_ids_the_good_ones_are_changed(elsewhere, fakeaws):
    good = ids_of(fakeaws)[0]
    gone = ids_of(fakeaws)[1]
    fakeaws.change_instance(gone, state="terminated")
    came = order(elsewhere, "drain", good, "i-00000000000000bad", gone, "nonsense", status=1)
    assert came["changed"] == [good]
    assert sorted(came["not_found"]) == sorted([gone, "i-00000000000000bad", "nonsense"])
    assert list(holds(fakeaws)) == [good]
    assert "terminated" in elsewhere.verb("drain", gone).stdout
    assert "EC2 knows no such instance" in elsewhere.verb("drain", "i-00000000000000bad").stdout


def test_an_instance_that_is_no_member_yet_can_be_held(elsewhere, fakeaws):
    (newcomer,) = fakeaws.launch("web", 1, network="10.0.2.0/24", tagged=False)
    assert order(elsewhere, "maint", newcomer)["changed"] == [newcomer]
    assert list(holds(fakeaws)) == [newcomer]


def test_members_of_a_file_have_no_tags(tmp_path, fakeaws):
    folder = tmp_path / "mixed"
    folder.mkdir()
    (folder / "fleet.json").write_text(json.dumps({"groups": [{"name": "db", "members": [
        {"id": "db-1", "address": "10.0.3.7", "port": 5432, "weight": 65535}]}]}))
    mixed = Rollcall(folder, configuration(
        more=f'file "on-prem" {{ zone = "{ZONE}" path = "fleet.json" }}'), fakeaws.environment())
    fakeaws.launch("web", 2)
    done = mixed.verb("drain", "db-1")
    assert done.returncode == 1 and "not of EC2" in done.stdout
    assert mixed.verb("drain", "--cluster", "db").returncode == 1


# ---- what AWS does

def test_without_rights_the_missing_one_is_named(elsewhere, fakeaws):
    victim = ids_of(fakeaws)[0]
    fakeaws.fault("error", "CreateTags", status=403, code="UnauthorizedOperation",
                  message="You are not authorized", times=-1)
    came = order(elsewhere, "drain", victim, status=1)
    assert "ec2:CreateTags" in came["error"] and came["refused"] == [victim]
    assert not came["changed"] and fakeaws.count("CreateTags") == 1
    fakeaws.clear_faults()
    order(elsewhere, "drain", victim)
    fakeaws.fault("error", "DeleteTags", status=403, code="UnauthorizedOperation", times=-1)
    assert "ec2:DeleteTags" in order(elsewhere, "ready", victim, status=1)["error"]
    fakeaws.fault("error", "DescribeInstances", status=403, code="UnauthorizedOperation", times=-1)
    assert "ec2:DescribeInstances" in order(elsewhere, "ready", victim, status=1)["error"]


def test_a_throttle_is_waited_out(elsewhere, fakeaws):
    victim = ids_of(fakeaws)[0]
    fakeaws.fault("error", "CreateTags", times=2)
    assert order(elsewhere, "drain", victim)["changed"] == [victim]
    assert fakeaws.count("CreateTags") == 3


def test_no_answer_is_settled_by_another_look(elsewhere, fakeaws):
    victim = ids_of(fakeaws)[0]
    fakeaws.fault("drop", "CreateTags")
    came = order(elsewhere, "drain", victim, status=1)
    assert came["unknown"] == [victim] and not came["changed"]
    fakeaws.fault("cut", "CreateTags", cut_at=5)  # it took effect, and the answer did not come
    came = order(elsewhere, "drain", victim)
    assert came["changed"] == [victim] and "drain" in holds(fakeaws)[victim]


def test_what_aws_says_of_the_tags_is_what_boto3_sees(elsewhere, fakeaws):
    order(elsewhere, "drain", "--cluster", "web", "--percent", "25", "--reason", "a <b> & \"c\" é")
    seen = described(fakeaws.boto3_client(), Filters=[
        {"Name": "tag:srv_hold", "Values": ["drain by=*reason=a <b> & \"c\" é"]}])
    assert sorted(each["InstanceId"] for each in seen) == ids_of(fakeaws)[:3]


# ---- --wait

def test_without_a_server_wait_changes_nothing(elsewhere, fakeaws):
    came = order(elsewhere, "drain", ids_of(fakeaws)[0], "--wait", status=1)
    assert "nothing was changed" in came["error"] and not holds(fakeaws)
    done = elsewhere.verb("drain", ids_of(fakeaws)[0])
    assert done.returncode == 0 and "visible at the next poll: nobody listens on" in done.stderr


def test_wait_ends_when_every_load_balancer_has_seen_it(server, fakeaws, load_balancers):
    everyone = load_balancers(5)

    def time_after_the_last_one(turn):
        begun = time.monotonic()
        done = server.verb("drain", "--cluster", "web", "--percent", ("33", "41", "50")[turn], "--wait")
        ended = time.monotonic()
        assert done.returncode == 0, done.stderr
        assert "drained: seen by 5 of 5 load balancers" in done.stdout
        asked, got = (max(moments) for moments in zip(*(each.drained[4 + turn] for each in everyone)))
        assert begun < asked and asked + 0.9 < ended
        return ended - got

    best_of(2, time_after_the_last_one)
    done = server.verb("ready", "--cluster", "web", "--wait", "--resolve", "300ms")
    assert "ready: seen by 5 of 5 load balancers" in done.stdout


def test_wait_says_who_has_not_come_back(server, fakeaws, load_balancers):
    load_balancers(2)
    (silent,) = load_balancers(1, period_s=60)[2:]
    came = order(server, "maint", ids_of(fakeaws)[0], "--wait", "--wait-timeout", "6s", status=3)
    assert came["changed"] and not came["wait"]["reached"]
    assert (came["wait"]["seen"], came["wait"]["total"]) == (2, 3)
    assert came["wait"]["missing"] == [f"127.0.0.1 port {silent.port}"]


def test_wait_does_not_wait_for_one_that_has_gone(server, fakeaws, load_balancers):
    everyone = load_balancers(3)
    everyone[0].stop()
    came = order(server, "drain", ids_of(fakeaws)[0], "--wait", "--wait-timeout", "60s")
    assert came["wait"]["reached"] and came["wait"]["total"] == came["wait"]["seen"] == 2
    assert came["wait"]["gone"] == [f"127.0.0.1 port {everyone[0].port}"]


def test_wait_fails_when_everybody_went_without_it(server, fakeaws, load_balancers):
    (only,) = load_balancers(1)
    only.stop()
    done = server.verb("drain", ids_of(fakeaws)[0], "--wait", "--wait-timeout", "60s")
    assert done.returncode == 3, (done.stdout, done.stderr)
    assert f"1 stopped asking without having got it: 127.0.0.1:{only.port} (1" in done.stderr
    assert "no load balancer asked" not in done.stdout


def test_wait_for_nobody_fails_and_says_so(server, fakeaws):
    (newcomer,) = fakeaws.launch("web", 1, network="10.0.2.0/24", tagged=False)
    done = server.verb("drain", newcomer, "--wait")
    assert done.returncode == 1 and "nothing to wait for: " in done.stderr, done.stderr
    order(server, "maint", "--cluster", "web", "--percent", "25")
    done = server.verb("drain", "--cluster", "web", "--percent", "25", "--wait")
    assert done.returncode == 1
    assert "3 held by maint already count towards the 25 percent" in done.stdout
    assert "no member of the selection is held by drain" in done.stderr


def test_without_load_balancers_it_is_served_and_that_is_said(server, fakeaws):
    done = server.verb("drain", ids_of(fakeaws, "api")[0], "--wait")
    assert done.returncode == 0 and "no load balancer asked within" in done.stdout
    assert 0 in server.weights("api").values()


def test_a_weight_is_waited_for_too(server, fakeaws, load_balancers):
    load_balancers(2)
    done = server.verb("weight", "10%", *ids_of(fakeaws)[:3], "--wait")
    assert done.returncode == 0 and "weighted: seen by 2 of 2 load balancers" in done.stdout
    assert sorted(server.weights("web").values())[:4] == [6554, 6554, 6554, 65535]


def test_an_order_is_written_with_the_role_of_its_source(fakeaws, start_rollcall):
    theirs = fakeaws.in_world(fakeaws.region, "210987654321")
    arn = theirs.role("operator", external_id="x-1")
    ids = theirs.launch("web", 4)
    started = start_rollcall(configuration(
        ec2=f'role-arn = "{arn}"\n    external-id = "x-1"', poll_s=SLOW_POLL_S), fakeaws)
    wait_until(lambda: len(started.ask(f"web.{ZONE}", "A", tcp=True).records()) == 4, 30,
               "everybody is served")
    order(started, "drain", ids[0])
    assert list(holds(theirs)) == [ids[0]]
    assert fakeaws.count("CreateTags") == 0
