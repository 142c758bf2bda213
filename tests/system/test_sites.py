# SPDX-License-Identifier: MIT
"""Many sources, and two sites: several regions and accounts and a file feed one zone or several,
each fails alone; and two sites with the same configuration know nothing of each other."""

import json
import shutil

import pytest

from fakeaws import canary
from fakeaws.client import start as start_fakeaws
from system.support.rollcall import Rollcall
from system.support.waiting import holds_for, wait_until

pytestmark = pytest.mark.sanitizers

LIMIT_S = 30
OTHER_ACCOUNT = "210987654321"
OTHER_ZONE = "other.example.net"

MANY = """
zone "sd.example.com" {{
    nameservers = {{"ns1.sd.example.com"}}
    cluster "shared" {{ merge = true }}
}}
zone "other.example.net" {{ nameservers = {{"ns1.other.example.net"}} }}
ec2 "west"    {{ region = "eu-west-1"     zone = "sd.example.com"     poll = 200ms }}
ec2 "central" {{ region = "eu-central-1"  zone = "sd.example.com"     poll = 200ms }}
ec2 "theirs"  {{ region = "eu-west-1"     zone = "other.example.net"  poll = 200ms
                role-arn = "{role}"  external-id = "of-the-contract" }}
file "on-prem" {{ zone = "sd.example.com"  path = "fleet.json" }}
"""


def fleet_of(*addresses, group="db"):
    return json.dumps({"groups": [{"name": group, "members": [
        {"id": f"db-{number}", "address": address, "port": 5432, "weight": 65535}
        for number, address in enumerate(addresses)]}]})


class Many:
    """Four sources: two regions, another account, a file."""

    def __init__(self, fakeaws, folder):
        self.west = fakeaws
        self.central = fakeaws.in_world("eu-central-1")
        self.theirs = fakeaws.in_world("eu-west-1", OTHER_ACCOUNT)
        self.role = self.theirs.role("rollcall", external_id="of-the-contract")
        self.west.launch("web", 3, network="10.1.0.0/16")
        self.central.launch("api", 2, network="10.2.0.0/16")
        self.theirs.launch("web", 4, network="10.3.0.0/16")
        for world, network in ((self.west, "10.4.0.0/16"), (self.central, "10.5.0.0/16")):
            world.launch("shared", 1, network=network)
        self.fleet = folder / "fleet.json"
        self.fleet.write_text(fleet_of("10.9.0.1"))
        self.server = Rollcall(folder, MANY.format(role=self.role), {
            "AWS_ACCESS_KEY_ID": fakeaws.access_key, "AWS_SECRET_ACCESS_KEY": fakeaws.secret_key,
            "AWS_ENDPOINT_URL": fakeaws.endpoint, "AWS_EC2_METADATA_DISABLED": "true"})

    def sizes(self):
        """How many members each cluster has, as the sources feed it."""
        theirs = self.server.ask(f"_web._tcp.{OTHER_ZONE}", "SRV", tcp=True).weights()
        return {"west": len(self.server.weights("web")),
                "central": len(self.server.weights("api")), "theirs": len(theirs),
                "on-prem": len(self.server.weights("db")),
                "shared": len(self.server.weights("shared"))}

    def change(self, source):
        """Give one source another member, and have it told by what `sizes` calls it."""
        if source == "on-prem":
            self.fleet.write_text(fleet_of("10.9.0.1", "10.9.0.2"))
        else:
            world = {"west": self.west, "central": self.central, "theirs": self.theirs}[source]
            group = {"west": "web", "central": "api", "theirs": "web"}[source]
            network = {"west": "10.1.0.0/16", "central": "10.2.0.0/16",
                       "theirs": "10.3.0.0/16"}[source]
            world.launch(group, 1, network=network)

    def break_down(self, source):
        if source == "on-prem":
            self.fleet.write_text("no JSON any more")
        else:
            world = {"west": self.west, "central": self.central, "theirs": self.theirs}[source]
            world.fault("error", "DescribeInstances", times=-1, status=503, code="Unavailable",
                        message="Gone for now.")


START = {"west": 3, "central": 2, "theirs": 4, "on-prem": 1, "shared": 2}


@pytest.fixture
def many(fakeaws, tmp_path):
    many = Many(fakeaws, tmp_path)
    many.server.start()
    yield many
    many.server.stop()


def test_regions_accounts_and_files_feed_their_zones(many):
    wait_until(lambda: many.sizes() == START, LIMIT_S, "every cluster is whole")
    # The same group of another account is another cluster, in another zone.
    own = {row["private_address"] for row in many.west.instances("web")}
    assert set(many.server.srv("web", tcp=True).addresses()) == own
    assert many.theirs.count("DescribeInstances") > 0


@pytest.mark.parametrize("broken", ["west", "central", "theirs", "on-prem"])
def test_each_source_fails_alone(many, broken):
    wait_until(lambda: many.sizes() == START, LIMIT_S, "every cluster is whole")
    many.break_down(broken)
    wait_until(lambda: many.server.log_lines("failed", broken), LIMIT_S, "the failure is told")
    many.change(broken if broken != "on-prem" else "west")
    for source in START.keys() - {"shared", broken}:
        many.change(source)
    expected = {source: size + (source not in (broken, "shared"))
                for source, size in START.items()}
    if broken == "on-prem":
        expected["west"] += 1
    wait_until(lambda: many.sizes() == expected, LIMIT_S, "the others go on, it stays")
    assert many.sizes()[broken] == START[broken]
    assert not many.server.log_lines("member removed")


def test_a_role_that_is_refused_costs_only_what_it_is_for(many):
    wait_until(lambda: many.sizes() == START, LIMIT_S, "every cluster is whole")
    many.server.stop()
    many.theirs.role("rollcall", external_id="another contract")
    shutil.rmtree(many.server.folder / "state", ignore_errors=True)
    many.server.start()
    wait_until(lambda: len(many.server.weights("web")) == 3, LIMIT_S, "the own account is served")
    wait_until(lambda: many.server.log_lines("AccessDenied", "theirs"), LIMIT_S, "it is told")
    answer = many.server.ask(f"_web._tcp.{OTHER_ZONE}", "SRV")
    assert answer.rcode == "SERVFAIL" and not answer.records()


def test_until_every_source_of_a_zone_has_delivered_nothing_is_said_not_to_exist(fakeaws,
                                                                                tmp_path):
    many = Many(fakeaws, tmp_path)
    many.central.fault("error", "DescribeInstances", times=-1, status=503)
    many.server.start()
    try:
        wait_until(lambda: len(many.server.weights("web")) == 3, LIMIT_S, "what is known is served")
        for name in ("_api._tcp.sd.example.com", "_shared._tcp.sd.example.com",
                     "_nobody._tcp.sd.example.com"):
            assert many.server.ask(name, "SRV").rcode == "SERVFAIL", name
        # The other zone has all of its sources.
        wait_until(lambda: many.server.ask(f"_nobody._tcp.{OTHER_ZONE}", "SRV").rcode == "NXDOMAIN",
                   LIMIT_S, "the other zone is complete")
        many.central.clear_faults()
        wait_until(lambda: many.sizes() == START, LIMIT_S, "every cluster is whole")
        assert many.server.ask("_nobody._tcp.sd.example.com", "SRV").rcode == "NXDOMAIN"
    finally:
        many.server.stop()


# ---- the DR site ----

SITE = """
zone "sd.example.com" { nameservers = {"ns1.sd.example.com"} }
ec2 "main" { region = "self"  zone = "sd.example.com"  poll = 200ms }
"""


class Site:
    """A region of its own with a load balancer's host in it: the host's metadata tell the region
    and give the keys, as on EC2; nothing in its configuration or environment names the region."""

    def __init__(self, folder, region, network, size):
        self.aws = start_fakeaws(region=region, state_walk_ms=100,
                                 secret_key=canary.secret("SecretKey"))
        self.aws.launch("web", size, network=network)
        self.aws.launch(f"only-{region}", 1, network=network)
        folder.mkdir()
        self.server = Rollcall(folder, SITE, {
            "AWS_ENDPOINT_URL": self.aws.endpoint, "HOME": "/nonexistent",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.aws.imds_endpoint})

    def addresses(self):
        return {row["private_address"] for row in self.aws.instances("web")}

    def serves_its_own(self):
        return set(self.server.srv("web", tcp=True).addresses()) == self.addresses()

    def stop(self):
        try:
            self.server.stop()
        finally:
            self.aws.stop()


@pytest.fixture
def sites(tmp_path):
    sites = Site(tmp_path / "a", "eu-west-1", "10.1.0.0/16", 3), \
        Site(tmp_path / "b", "eu-central-1", "10.2.0.0/16", 2)
    yield sites
    for site in sites:
        site.stop()


def own_part(site):
    """The configuration without the address: two hosts on one machine cannot share that one."""
    lines = site.server.config_path.read_bytes().splitlines()
    return [line for line in lines if not line.startswith(b"listen")]


def test_two_sites_with_one_configuration_serve_each_its_own(sites):
    here, there = sites
    assert own_part(here) == own_part(there)
    for site in sites:
        site.server.start()
    for site in sites:
        wait_until(site.serves_its_own, LIMIT_S, f"{site.aws.region} is served")
    assert not here.addresses() & there.addresses()
    assert here.server.srv("only-eu-central-1").rcode == "NXDOMAIN"
    assert there.server.srv("only-eu-west-1").rcode == "NXDOMAIN"
    assert len(here.server.weights("only-eu-west-1")) == 1


def test_one_sites_api_going_down_changes_nothing_at_the_other(sites):
    here, there = sites
    for site in sites:
        site.server.start()
    for site in sites:
        wait_until(site.serves_its_own, LIMIT_S, f"{site.aws.region} is served")
    lost = here.addresses()
    here.aws.stop()
    wait_until(lambda: len(here.server.log_lines("look failed")) >= 2, LIMIT_S, "the fall is told")

    there.aws.launch("web", 1, network="10.2.0.0/16")
    wait_until(there.serves_its_own, LIMIT_S, "the other one goes on")
    assert not there.server.log_lines("look failed")
    holds_for(lambda: set(here.server.srv("web", tcp=True).addresses()) == lost, 1,
              "the members of the fallen site stay")


def serve_once(site):
    """A start, the site's members served, a stop; the state file that is left."""
    site.server.start()
    wait_until(site.serves_its_own, LIMIT_S, "its own members are served")
    table = site.server.folder / "state" / "table.state"
    wait_until(table.exists, LIMIT_S, "the state is written")
    site.server.stop()
    return table


@pytest.mark.parametrize("fault", [dict(kind="error", status=503),
                                   dict(kind="delay", delay_ms=60_000)],
                         ids=["that fails", "that hangs"])
def test_a_state_of_one_site_is_not_served_at_the_other(sites, fault):
    """A machine image or a backup may carry the folder over; its members are not there. The region
    is known from the host at once, also when the API is away."""
    here, there = sites
    table = serve_once(here)
    assert b"10.1." in table.read_bytes()

    shutil.copytree(here.server.folder / "state", there.server.folder / "state")
    there.aws.fault(action="DescribeInstances", times=-1, **fault)
    there.server.start()
    wait_until(lambda: there.server.srv("web").rcode == "SERVFAIL", LIMIT_S,
               "the members are dropped")
    holds_for(lambda: there.server.srv("web").rcode == "SERVFAIL", 0.5, "and stay so")
    assert there.server.log_lines("another region's")
    there.aws.clear_faults()
    if fault["kind"] != "delay":  # the call that hangs has its time
        wait_until(there.serves_its_own, LIMIT_S, "it serves its own")


def test_a_state_is_served_again_at_its_own_site(sites):
    """The counterpart: the same restart at home finds everybody, while the API is away."""
    here, _ = sites
    serve_once(here)
    here.aws.fault("error", "DescribeInstances", times=-1, status=503)
    here.server.start()
    wait_until(here.serves_its_own, LIMIT_S, "what was known is served")
