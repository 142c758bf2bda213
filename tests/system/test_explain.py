# SPDX-License-Identifier: MIT
"""rollcall explain: every name finds whom it means, and every rule has its words."""

import json

import pytest

from system.conftest import configuration
from system.support.waiting import wait_until
from system.test_control import ask

pytestmark = pytest.mark.sanitizers


@pytest.fixture
def server(fakeaws, start_rollcall):
    fakeaws.launch("prod-web", count=3, addresses=["10.0.1.1", "10.0.1.2", "10.0.1.3"])
    server = start_rollcall(
        configuration(zone='ttl = 1s  rename = {"^prod-(.*)$ -> \\\\1"}', ec2='groups = {"prod-*", "web"}'),
        aws=fakeaws)
    wait_until(lambda: len(server.weights("web")) == 3, 30, "the first load")
    return server


def explain(server, subject):
    found = server.verb("explain", "-o", "json", subject)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)["instances"]


def wait_rule(server, instance, rule):
    def explained():
        (found,) = explain(server, instance)
        assert found["rule"] == rule, found
        return found

    return wait_until(explained, 30, f"{instance}: {rule}")


def test_a_member_is_told_in_plain_words(fakeaws, server):
    (instance,) = [row["id"] for row in fakeaws.instances()
                   if row["tags"]["ip_address"] == "10.0.1.1"]
    found = server.verb("explain", instance)
    lines = found.stdout.splitlines()
    assert found.returncode == 0
    assert lines[0] == (f"{instance} at 10.0.1.1: IN the answer of cluster web in sd.example.com, "
                        "weight 65535")
    assert lines[1] == ('  member: It is running, in group "prod-web", with a valid srv_weight. '
                        "It is served at 10.0.1.1:443 with weight 65535.")
    assert lines[2].startswith("  group prod-web, ec2 main, poll 1, ")
    assert lines[2].endswith("s ago")


def test_every_name_finds_whom_it_means(server):
    for subject in ("10.0.1.2", "ip-10-0-1-2", "ip-10-0-1-2.sd.example.com",
                    "IP-10-0-1-2.sd.example.com."):
        (found,) = explain(server, subject)
        assert found["address"] == "10.0.1.2", subject
    for subject in ("web", "web.sd.example.com", "_web._tcp", "_web._tcp.sd.example.com."):
        assert len(explain(server, subject)) == 3, subject


@pytest.mark.parametrize("subject", ["i-0123", "10.9.9.9", "nobody", "a/b", "%2e%2e/x", "é\n", "?x=1",
                                     "x" * 900])
def test_nobody_has_heard_of_it(server, subject):
    found = server.verb("explain", subject)
    assert found.returncode == 1
    assert "no source has told of" in found.stderr
    assert "\n" not in found.stderr[:-1]
    assert found.stdout == ""


def test_a_subject_is_wanted_and_only_one(server):
    assert server.verb("explain").returncode == 2
    assert server.verb("explain", "").returncode == 2
    assert server.verb("explain", "a", "b").returncode == 2
    assert ask(server, "GET", "/v1/explain")[0] == 404


CASES = {
    "bad-weight": (dict(srv_weight="heavy"), "heavy", True),
    "bad-port": (dict(srv_port="0"), "0", True),
    "bad-address": (dict(ip_address="127.0.0.1"), "127.0.0.1", True),
    "bad-hold": (dict(srv_hold="drian"), "drian", True),
    "hold-drain": (dict(srv_hold="drain by=ann reason=new kernel"), None, True),
    "hold-maint": (dict(srv_hold="maint"), None, False),
    "weight-0": (dict(srv_weight="0"), None, True),
    "hold-expired": (dict(srv_hold="maint until=2020-01-01T00:00:00Z"), None, True),
}


def test_every_tag_that_decides_is_named_with_its_value(fakeaws, server):
    instance = fakeaws.instances("prod-web")[0]["id"]
    clean = dict(srv_weight="65535", srv_port=None, ip_address="10.0.1.1", srv_hold=None)
    for rule, (tags, value, is_served) in CASES.items():
        fakeaws.tag(instance, {**clean, "ip_address": None, **tags})
        found = wait_rule(server, instance, rule)
        assert found["served"] == is_served
        if value is not None:
            assert found["value"] == value
            assert value in found["text"]
        if rule == "hold-drain":
            assert "by ann: new kernel" in found["text"]


def test_those_who_are_no_members_are_explained_too(fakeaws, server):
    (pending,) = fakeaws.launch("prod-web", tagged=False)
    (wrong,) = fakeaws.launch("prod-web", tags={"srv_weight": "70000"}, addresses=["10.0.5.2"])
    (ended,) = fakeaws.launch("prod-web", state="terminated", addresses=["10.0.5.3"])
    (clash,) = fakeaws.launch("web", addresses=["10.0.5.4"])
    assert wait_rule(server, pending, "no-weight")["cluster"] == "web"
    assert wait_rule(server, wrong, "bad-weight")["value"] == "70000"
    assert wait_rule(server, ended, "state-gone")["value"] == "terminated"
    found = wait_rule(server, clash, "name-taken")
    assert 'belongs to group "prod-web" of ec2 main' in found["text"]
    assert not found["served"] and found["weight"] is None


def test_a_file_calls_its_values_as_the_file_does(tmp_path, start_rollcall):
    (tmp_path / "fleet.json").write_text(json.dumps({"groups": [{"name": "db", "members": [
        {"id": "db-1", "address": "10.0.3.1", "port": 5432, "weight": 0}]}]}))
    server = start_rollcall(f"""
zone "sd.example.com" {{ nameservers = {{"ns1.sd.example.com"}} }}
file "on-prem" {{ zone = "sd.example.com"  path = "{tmp_path}/fleet.json" }}
""")
    wait_until(lambda: len(server.weights("db")) == 1, 30, "the first load")
    (found,) = explain(server, "db-1")
    assert found["rule"] == "weight-0"
    assert found["text"].startswith("Its weight is 0")
