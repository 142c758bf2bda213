# SPDX-License-Identifier: MIT
"""The process: command line, configuration errors, reload, signals, the file source."""

import json
import socket
import subprocess

import dns.message
import pytest

from system.conftest import configuration
from system.support.rollcall import PROGRAM, ROOT, free_port
from system.support.waiting import holds_for, wait_until

pytestmark = pytest.mark.sanitizers

FILE_ZONE = """
zone "sd.example.com" { nameservers = {"ns1.sd.example.com"} }
file "on-prem" { zone = "sd.example.com"  path = "fleet.json" }
"""


def fleet_json(members):
    return json.dumps({"groups": [{"name": "db", "members": [
        {"id": f"db-{number}", "address": f"10.0.3.{number}", "port": 5432, "weight": weight}
        for number, weight in members.items()]}]})


def run(*words):
    return subprocess.run([str(PROGRAM), *words], capture_output=True, text=True, timeout=60,
                          check=False)


@pytest.fixture
def file_server(tmp_path, start_rollcall):
    def start(members):
        folder = tmp_path / "rollcall0"
        server_text = FILE_ZONE
        (tmp_path / "fleet.json").write_text(fleet_json(members))
        server = start_rollcall(server_text.replace('"fleet.json"', f'"{tmp_path}/fleet.json"'))
        assert folder.is_dir()
        wait_until(lambda: len(server.weights("db")) == len(members), 30, "the first load")
        return server
    return start


def test_version_and_help():
    assert run("--version").stdout.startswith("rollcall 0.")
    text = run("--help").stdout
    for word in ("serve", "check", "--help"):
        assert word in text
    assert run("nonsense").returncode == 2
    assert run("serve", "--nonsense").returncode == 2


def test_the_example_configuration_of_the_contract_loads():
    found = run("check", "-c", str(ROOT / "tests/fixtures/config/product.conf"))
    assert found.returncode == 0, found.stderr
    assert "not built yet" in found.stderr


def test_every_configuration_error_is_told_with_file_and_line(tmp_path):
    path = tmp_path / "bad.conf"
    path.write_text("\n".join([
        'listen = {"127.0.0.1:99999"}',
        'workerz = 3',
        'zone "sd.example.com" {',
        '    ttl = soon',
        '    target-names = random',
        '    rename = {"^(.* -> x"}',
        '}',
        'ec2 "main" {',
        '    zone = "elsewhere.example.com"',
        '    poll = 0s',
        '}', '']))
    found = run("check", "-c", str(path))
    assert found.returncode == 1
    for line in (1, 2, 4, 5, 6, 9, 10):
        assert f"bad.conf:{line}:" in found.stderr, (line, found.stderr)
    served = run("serve", "-c", str(path))
    assert served.returncode == 1 and "bad.conf:2:" in served.stderr


def test_a_missing_configuration_is_named(tmp_path):
    found = run("serve", "-c", str(tmp_path / "none.conf"))
    assert found.returncode == 1 and "none.conf" in found.stderr


def test_a_taken_port_is_named(file_server):
    server = file_server({1: 10})
    path = server.folder / "second.conf"
    taken = free_port()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", taken))
        path.write_text(f'listen = {{"127.0.0.1:{taken}"}}\nstate-dir = "second"\nzone "sd.example.com" {{ nameservers = {{"ns1.sd.example.com"}} }}\n')
        found = run("serve", "-c", str(path))
    assert found.returncode == 1
    assert f"127.0.0.1:{taken}" in found.stderr and "in use" in found.stderr


def test_the_file_source_follows_its_file_and_ignores_a_bad_one(tmp_path, file_server):
    server = file_server({1: 65535, 2: 10})
    path = tmp_path / "fleet.json"
    assert server.weights("db") == {"ip-10-0-3-1.sd.example.com.": 65535,
                                    "ip-10-0-3-2.sd.example.com.": 10}
    assert server.srv("db").records()[0][2].split()[2] == "5432"

    path.write_text('{"groups": [{"name": "db", "members": [{"id": "db-1"')
    wait_until(lambda: server.log_lines("look failed", "fleet.json"), 30, "the complaint")
    holds_for(lambda: len(server.weights("db")) == 2, 0.5, "both members stay")

    fresh = tmp_path / "fleet.json.new"
    fresh.write_text(fleet_json({1: 65535, 2: 20, 3: 30}))
    fresh.rename(path)
    wait_until(lambda: sorted(server.weights("db").values()) == [20, 30, 65535], 30,
               "the renamed file is read")

    fresh.write_text(fleet_json({1: 65535, 3: 30}))
    fresh.rename(path)
    wait_until(lambda: len(server.weights("db")) == 2, 30, "the second look without the member")
    assert server.log_lines("member removed", "db-2")


def test_reload_takes_a_good_configuration_and_leaves_a_bad_one(fakeaws, start_rollcall):
    fakeaws.launch("web", count=4, network="10.0.1.0/24")
    server = start_rollcall(configuration(), aws=fakeaws)
    wait_until(lambda: len(server.weights("web")) == 4, 30, "the first load")

    server.write_config(configuration(ec2="weight = 3"))
    server.reload()
    wait_until(lambda: server.log_lines("reload refused"), 30, "the refusal")
    assert server.log_lines("rollcall.conf:")
    assert len(server.weights("web")) == 4

    fakeaws.fault(action="DescribeInstances", kind="error", status=503,
                  code="RequestLimitExceeded", message="Request limit exceeded.", times=-1)
    server.write_config(configuration(zone="ttl = 33s"))
    server.reload()
    # The API is down, yet nothing is lost: the members are adopted, only the TTL is new.
    wait_until(lambda: server.srv("web").message.answer[0].ttl == 33, 30, "the new TTL")
    assert len(server.weights("web")) == 4
    assert server.srv("nobody").rcode == "NXDOMAIN"


def test_no_query_is_lost_over_a_hundred_reloads(fakeaws, start_rollcall):
    fakeaws.launch("web", count=4, network="10.0.1.0/24")
    server = start_rollcall(configuration(), aws=fakeaws)
    wait_until(lambda: len(server.weights("web")) == 4, 30, "the first load")
    for _ in range(100):
        server.reload()
        assert len(server.srv("web").records()) == 4


def test_a_wildcard_listener_answers_from_the_address_that_was_asked(start_rollcall):
    server = start_rollcall(
        'zone "sd.example.com" { nameservers = {"ns1.sd.example.com"}  allow-query = {"127.0.0.0/8"} }\n', address="0.0.0.0")
    query = dns.message.make_query("sd.example.com", "SOA").to_wire()
    for asked in ("127.0.0.1", "127.0.0.2", "127.3.2.1"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(30)
            client.bind(("127.0.0.1", 0))
            client.sendto(query, (asked, server.port))
            _, sender = client.recvfrom(65535)
            assert sender == (asked, server.port)


def test_tcp_answers_are_pipelined_and_survive_slow_writing(file_server):
    server = file_server({number: 100 for number in range(1, 41)})
    query = dns.message.make_query("_db._tcp.sd.example.com", "SRV", use_edns=0).to_wire()
    frame = len(query).to_bytes(2, "big") + query
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(frame * 20 + frame[:7])
        stream = client.makefile("rb")
        for _ in range(20):
            length = int.from_bytes(stream.read(2), "big")
            assert len(dns.message.from_wire(stream.read(length)).answer[0]) == 40
        client.sendall(frame[7:])
        length = int.from_bytes(stream.read(2), "big")
        assert len(dns.message.from_wire(stream.read(length)).answer[0]) == 40


def test_clients_outside_allow_query_are_refused(start_rollcall):
    server = start_rollcall('zone "sd.example.com" { nameservers = {"ns1.sd.example.com"}  allow-query = {"10.0.0.0/8"} }\n')
    answer = server.ask("sd.example.com", "SOA")
    assert answer.rcode == "REFUSED" and not answer.records()


def test_two_groups_on_one_name_are_named_and_one_is_served(fakeaws, start_rollcall):
    fakeaws.launch("prod-web-asg", count=2, network="10.0.1.0/24")
    fakeaws.launch("web", count=3, network="10.0.2.0/24")
    rename = 'rename = {"^prod-(.*)-asg$ -> \\\\1"}'
    server = start_rollcall(configuration(zone=rename), aws=fakeaws)
    wait_until(lambda: server.log_lines("not served as asked", "prod-web-asg", "web"), 30, "the complaint")
    wait_until(lambda: len(server.weights("web")) == 2, 30, "one group alone: the first by name")
    server.write_config(configuration(zone=rename + '\ncluster "web" { merge = true }'))
    server.reload()
    wait_until(lambda: len(server.weights("web")) == 5, 30, "both groups together")


def test_literal_targets_are_the_articles_records(fakeaws, start_rollcall):
    fakeaws.launch("web", count=2, addresses=["10.0.1.4", "10.0.1.5"])
    server = start_rollcall(configuration(zone="target-names = literal"), aws=fakeaws)
    wait_until(lambda: len(server.weights("web")) == 2, 30, "the first load")
    answer = server.srv("web")
    assert sorted(text for _, _, text in answer.records()) == [
        "0 65535 443 10.0.1.4.", "0 65535 443 10.0.1.5."]
    assert [text.split()[3] for _, _, text in answer.records()] == [
        f"{address}." for address in answer.addresses()]
    assert server.ask("10.0.1.4.", "A").records()[0][2] == "10.0.1.4"
    assert server.ask("10.0.1.4.", "AAAA").rcode == "NOERROR"
    assert server.ask("10.0.1.99.", "A").rcode == "REFUSED"
