# SPDX-License-Identifier: MIT
"""From Route 53, CloudWatch and Lambda to rollcall: the same tags give the same records.

The old way is in support/old_way.py. rollcall's literal answers must be its records, octet for
octet, through launches, drains and terminations. The blocks of discovery/MIGRATION.md are run as
they stand there.
"""

import random
import re
import subprocess
import textwrap

import dns.exception
import dns.rdatatype
import pytest

from fakeaws.client import hook
from system.support.old_way import OldFunction, OldZone, create_tags, old_record, old_wire, wire
from system.support.rollcall import PROGRAM, ROOT, free_port
from system.support.waiting import wait_until

POLL_S = 0.3
CHANGE_LIMIT_S = 30
GUIDE = ROOT / "discovery" / "MIGRATION.md"

CONFIGURATION = """
zone "sd.example.com" {{
    nameservers  = {{"ns1.sd.example.com"}}
    target-names = literal
    {naming}
}}
ec2 "main" {{
    region = "eu-west-1"
    zone   = "sd.example.com"
    poll   = {poll_ms}ms
    {lifecycle}
}}
"""

NAMING = 'rename = {"^prod-(.*)-asg$ -> \\\\1"}'


def new_wire(server, owner, **options):
    """Every SRV record that rollcall gives; nothing else stands in Answer."""
    answer = server.ask(owner, "SRV", **options)
    assert answer.rcode in ("NOERROR", "NXDOMAIN"), answer.rcode
    assert all(rrset.rdtype == dns.rdatatype.SRV for rrset in answer.message.answer)
    return sorted(each for rrset in answer.message.answer for each in wire(rrset))


def wait_for_the_same(server, ec2, group, owner, why):
    wait_until(lambda: new_wire(server, owner, tcp=True) == old_wire(ec2, group, owner),
               CHANGE_LIMIT_S, f"{owner} is the same in both worlds after: {why}")


@pytest.fixture
def short_ttl(monkeypatch):
    """One second in both worlds: rollcall lets a member that changes again wait for the TTL."""
    monkeypatch.setattr("system.support.old_way.OLD_TTL", 1)
    return NAMING + " ttl = 1s"


@pytest.fixture
def ec2(fakeaws):
    return fakeaws.boto3_client("ec2")


def start(start_rollcall, aws, naming=NAMING, lifecycle=""):
    text = CONFIGURATION.format(naming=naming, poll_ms=int(POLL_S * 1000), lifecycle=lifecycle)
    return start_rollcall(text, aws=aws)


# -- names

@pytest.mark.parametrize("group, naming, owner", [
    ("prod-web-asg", NAMING, "_web._tcp.sd.example.com"),
    ("prod-web-asg", NAMING + ' cluster-name = "{group}"', "web.sd.example.com"),
    ("prod-web-asg", NAMING + ' cluster-name = "_https._tcp.{group}"',
     "_https._tcp.web.sd.example.com"),
    ("prod-web-asg", NAMING + ' cluster-name = "srv-{group}"', "srv-web.sd.example.com"),
    ("prod-web-asg", 'cluster-name = "{group}"', "prod-web-asg.sd.example.com"),
    ("Prod.Web.V2", 'rename = {"^Prod[.]([A-Za-z]+)[.].*$ -> \\\\1"}', "_web._tcp.sd.example.com"),
])
def test_every_usual_record_name_can_be_kept(fakeaws, ec2, start_rollcall, group, naming, owner):
    fakeaws.launch(group, count=3)
    server = start(start_rollcall, fakeaws, naming)
    assert len(old_wire(ec2, group, owner)) == 3
    wait_for_the_same(server, ec2, group, owner, "the first load")


# -- the life of a cluster

def test_answers_are_the_old_records_through_a_cluster_s_life(fakeaws, ec2, start_rollcall,
                                                              short_ttl):
    group, owner = "prod-web-asg", "_web._tcp.sd.example.com"
    ids = fakeaws.launch(group, count=5, network="10.0.1.0/24")
    fakeaws.launch("prod-api-asg", count=2, network="10.0.2.0/24")
    server = start(start_rollcall, fakeaws, short_ttl)
    wait_for_the_same(server, ec2, group, owner, "the first load")

    (new,) = fakeaws.launch(group, tagged=False, addresses=["10.0.3.3"])
    fakeaws.wait_for_requests("DescribeInstances", 2, 30)
    assert len(new_wire(server, owner)) == 5, "without a weight it is no member"
    wait_for_the_same(server, ec2, group, owner, "a launch that has no tags yet")
    create_tags(ec2, [new], srv_weight="65535")
    wait_for_the_same(server, ec2, group, owner, "a launch, tagged with the weight alone")
    create_tags(ec2, [new], ip_address="10.9.9.9")
    wait_for_the_same(server, ec2, group, owner, "an address tag unlike the private address")
    assert any(b"\x019" in each[4] for each in new_wire(server, owner))

    create_tags(ec2, ids[:2], srv_weight="0")
    wait_for_the_same(server, ec2, group, owner, "two drained")
    create_tags(ec2, ids[2:3], srv_weight="32768")
    wait_for_the_same(server, ec2, group, owner, "one at half weight")
    ec2.delete_tags(Resources=ids[:1], Tags=[{"Key": "srv_weight"}])
    wait_for_the_same(server, ec2, group, owner, "the weight tag of one is gone")
    ec2.terminate_instances(InstanceIds=ids[:1])
    wait_for_the_same(server, ec2, group, owner, "it is terminated")
    ec2.terminate_instances(InstanceIds=ids[2:3])
    wait_for_the_same(server, ec2, group, owner, "one is terminated without a drain")
    ec2.stop_instances(InstanceIds=ids[3:4])
    wait_for_the_same(server, ec2, group, owner, "one is stopped")
    create_tags(ec2, ids[1:2], srv_weight="65535")
    wait_for_the_same(server, ec2, group, owner, "the drained one is back")
    wait_for_the_same(server, ec2, "prod-api-asg", "_api._tcp.sd.example.com", "all of this")


def test_a_cluster_that_doubles_at_once_is_whole(fakeaws, ec2, start_rollcall):
    group, owner = "prod-web-asg", "_web._tcp.sd.example.com"
    fakeaws.launch(group, count=40, network="10.0.1.0/24")
    server = start(start_rollcall, fakeaws)
    wait_for_the_same(server, ec2, group, owner, "the first load")
    fakeaws.launch(group, count=40, network="10.0.2.0/24")
    wait_for_the_same(server, ec2, group, owner, "40 launches at once")
    assert len(new_wire(server, owner, tcp=True)) == 80


def test_forty_random_changes_never_part_them(fakeaws, ec2, start_rollcall, short_ttl):
    group, owner = "prod-web-asg", "_web._tcp.sd.example.com"
    chance = random.Random(53)
    ids = fakeaws.launch(group, count=8)
    server = start(start_rollcall, fakeaws, short_ttl)
    wait_for_the_same(server, ec2, group, owner, "the first load")
    for step in range(40):
        one = chance.choice(ids)
        what = chance.choice(["launch", "drain", "weight", "back", "end"])
        if what == "launch" or len(ids) < 5:
            ids += fakeaws.launch(group)
        elif what == "end":
            ids.remove(one)
            create_tags(ec2, [one], srv_weight="0")
            ec2.delete_tags(Resources=[one], Tags=[{"Key": "srv_weight"}])
            ec2.terminate_instances(InstanceIds=[one])
        else:
            weight = {"drain": 0, "back": 65535, "weight": chance.randrange(65536)}[what]
            create_tags(ec2, [one], srv_weight=str(weight))
        wait_for_the_same(server, ec2, group, owner, f"step {step}: {what} {one}")


def test_a_bad_weight_spoils_one_member_and_not_the_record(fakeaws, ec2, start_rollcall):
    """The guide says so under "What differs": Route 53 refuses the whole change."""
    group, owner = "prod-web-asg", "_web._tcp.sd.example.com"
    ids = fakeaws.launch(group, count=3)
    server = start(start_rollcall, fakeaws)
    wait_for_the_same(server, ec2, group, owner, "the first load")
    before = new_wire(server, owner)
    create_tags(ec2, ids[:1], srv_weight="heavy")
    with pytest.raises(dns.exception.SyntaxError):
        old_record(ec2, group, owner)
    wait_until(lambda: server.log_lines("heavy"), CHANGE_LIMIT_S, "the bad value is in the log")
    assert new_wire(server, owner) == before


# -- the operator's verbs

def test_a_weight_is_known_to_both_a_hold_to_rollcall_alone(fakeaws, ec2, start_rollcall,
                                                            short_ttl):
    """So the guide says: until every load balancer has moved, drain by weight."""
    group, owner = "prod-web-asg", "_web._tcp.sd.example.com"
    ids = fakeaws.launch(group, count=4)
    server = start(start_rollcall, fakeaws, short_ttl)
    wait_for_the_same(server, ec2, group, owner, "the first load")
    before = old_wire(ec2, group, owner)

    def verb(*words):
        subprocess.run([str(PROGRAM), *words, "-c", str(server.config_path)], check=True,
                       env=server.environment, capture_output=True, timeout=60)

    verb("weight", "0", ids[0])
    assert old_wire(ec2, group, owner) != before
    wait_for_the_same(server, ec2, group, owner, "rollcall weight 0")
    verb("weight", "65535", ids[0])
    wait_for_the_same(server, ec2, group, owner, "rollcall weight 65535")
    assert old_wire(ec2, group, owner) == before

    verb("drain", ids[1])
    wait_until(lambda: new_wire(server, owner) != before, CHANGE_LIMIT_S, "drained in rollcall")
    assert old_wire(ec2, group, owner) == before
    verb("ready", ids[1])
    wait_for_the_same(server, ec2, group, owner, "rollcall ready")


# -- moving the hooks

LIFECYCLE_OFF = "# no lifecycle section"
LIFECYCLE = """lifecycle {
        launch-hook = "srvCreation"  terminate-hook = "srvTermination"  drain = 1s
    }"""


@pytest.mark.sanitizers
def test_moving_the_hooks_loses_no_instance(fakeaws, ec2, start_rollcall):
    """Step 6 of the guide, with launches and ends under way at every one of its steps."""
    group, owner = "prod-web-asg", "_web._tcp.sd.example.com"
    heartbeat_s = 60
    server = start(start_rollcall, fakeaws, NAMING + " ttl = 1s", LIFECYCLE_OFF)
    fakeaws.create_asg(group, hooks=[hook("srvCreation", "launching", heartbeat_s),
                                     hook("srvTermination", "terminating", heartbeat_s)])
    configuration_off = server.config_path.read_text()
    configuration_on = configuration_off.replace(LIFECYCLE_OFF, LIFECYCLE)
    assert configuration_on != configuration_off

    def size_is(size):
        fakeaws.scale_asg(group, size)
        fakeaws.wait_for_asg(group, lambda found: len(found["instances"]) == size and all(
            each["state"] == "InService" for each in found["instances"]), heartbeat_s - 5)
        wait_until(lambda: len(new_wire(server, owner)) == size, CHANGE_LIMIT_S, f"{size} served")
        assert new_wire(server, owner) == [
            (name, kind, klass, 1, octets)
            for name, kind, klass, _, octets in old_wire(ec2, group, owner)]

    def reload(text):
        server.config_path.write_text(text)
        server.reload()
        wait_until(lambda: server.log_lines("event=reloaded"), CHANGE_LIMIT_S, "reloaded")

    with OldFunction(fakeaws, group) as function:
        size_is(6)
        size_is(4)                       # the function alone
        fakeaws.scale_asg(group, 8)
        reload(configuration_on)         # in the middle of four launches
        size_is(8)
        size_is(5)                       # both at once
        fakeaws.scale_asg(group, 3)
        function.is_enabled = False      # in the middle of two ends
        size_is(3)
        size_is(7)
        size_is(4)                       # rollcall alone
        function.is_enabled = True
        size_is(6)                       # and back
    history = fakeaws.asg(group)["history"]
    assert len(history) >= 20
    assert {each["by"] for each in history} == {"call"}, "no hook ran into its time-out"
    completed = [(each["id"], each["hook"]) for each in history]
    assert len(completed) == len(set(completed)), "each hook was completed once"
    assert all("No active Lifecycle Action" in error for error in function.errors)


# -- the guide itself

def guide_blocks(first_line):
    """The fenced blocks of the guide whose first line matches."""
    blocks = re.findall(r"^ *```\w*\n(.*?)^ *```$", GUIDE.read_text(), re.M | re.S)
    return [block for block in map(textwrap.dedent, blocks) if re.match(first_line, block)]


@pytest.fixture
def compare(tmp_path):
    """Run the guide's comparison on one name: its completed process."""
    (script,) = guide_blocks(r"#!/bin/sh\n# compare-srv")
    path = tmp_path / "compare-srv"
    path.write_text(script)
    path.chmod(0o755)

    def run(old_port, new_port, *names):
        return subprocess.run([str(path), f"@127.0.0.1 -p {old_port}",
                               f"@127.0.0.1 -p {new_port}", *names],
                              capture_output=True, text=True, timeout=60, check=False)

    return run


def test_the_guide_s_comparison_tells_same_from_different(fakeaws, ec2, start_rollcall, compare):
    group, owner = "prod-web-asg", "_web._tcp.sd.example.com"
    fakeaws.launch(group, count=150)
    server = start(start_rollcall, fakeaws)
    wait_for_the_same(server, ec2, group, owner, "the first load")
    with OldZone() as old:
        port = old.server_address[1]
        old.records[owner + "."] = old_record(ec2, group, owner)
        found = compare(port, server.port, owner)
        assert (found.returncode, found.stdout) == (0, f"{owner}: the same 150 records\n"), found

        fakeaws.launch(group, addresses=["10.77.0.1"])
        wait_until(lambda: len(new_wire(server, owner, tcp=True)) == 151, CHANGE_LIMIT_S,
                   "the newcomer is known to rollcall")
        found = compare(port, server.port, owner)
        assert found.returncode == 1
        assert "+0 65535 443 10.77.0.1." in found.stdout.splitlines(), found.stdout

        found = compare(port, server.port, "_nobody._tcp.sd.example.com")
        assert found.returncode == 1
        assert "no records" in found.stdout, "two empty answers are no proof of anything"

        silent = free_port()
        found = compare(silent, server.port, owner)
        assert found.returncode == 2 and found.stdout == "", "silence is no difference"
        assert f"{owner}: no answer from @127.0.0.1 -p {silent}" in found.stderr


def test_the_guide_s_commands_see_groups_and_those_that_wait(fakeaws):
    commands = re.findall(r"^ +(aws (?:.*\\\n)*.*)$", GUIDE.read_text(), re.M)
    environment = dict(fakeaws.environment(), PATH="/usr/bin:/bin", AWS_PAGER="")

    def run(words):
        (command,) = [each for each in commands if words in each]
        command = command.replace("aws ", f"aws --endpoint-url {fakeaws.endpoint} ", 1)
        return subprocess.run(command, shell=True, env=environment, check=True, timeout=60,
                              capture_output=True, text=True).stdout.split()

    fakeaws.launch("prod-api-asg", count=2)
    assert run("ec2 describe-instances") == ["2", "prod-api-asg"]
    fakeaws.create_asg("prod-web-asg", hooks=[hook("srvCreation", "launching")])
    assert "srvCreation" in " ".join(run("describe-lifecycle-hooks"))
    assert not run("describe-auto-scaling-instances")
    fakeaws.scale_asg("prod-web-asg", 1)
    wait_until(lambda: run("describe-auto-scaling-instances")[1:] == ["Pending:Wait"], 30,
               "the one that waits is listed")


def test_the_guide_s_configurations_are_valid(tmp_path):
    blocks = guide_blocks(r"# /etc/rollcall/rollcall\.conf")
    assert len(blocks) >= 2
    for number, block in enumerate(blocks):
        path = tmp_path / f"{number}.conf"
        path.write_text(block)
        found = subprocess.run([str(PROGRAM), "check", "-c", str(path)], capture_output=True,
                               text=True, timeout=60, check=False)
        assert found.returncode == 0, (block, found.stderr)


def test_the_guide_s_haproxy_sections_are_valid(tmp_path):
    sections = guide_blocks(r"resolvers rollcall\n")
    assert sections
    for section in sections:
        path = tmp_path / "haproxy.cfg"
        path.write_text("defaults\n    mode http\n    timeout connect 1s\n    timeout client 1s\n"
                        "    timeout server 1s\nlisten x\n    bind 127.0.0.1:8099\n" + section)
        found = subprocess.run(["/usr/sbin/haproxy", "-c", "-f", str(path)], capture_output=True,
                               text=True, timeout=60, check=False)
        assert found.returncode == 0, (section, found.stderr)


def test_every_file_that_the_guide_links_to_exists():
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", GUIDE.read_text()):
        assert (GUIDE.parent / target).exists(), target
