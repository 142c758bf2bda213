# SPDX-License-Identifier: MIT
"""The control socket and its verbs: status, refresh, reload; against the real server."""

import collections
import concurrent.futures
import http.client
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile

import dns.message
import pytest

from system.conftest import configuration
from system.support.rollcall import PROGRAM
from system.support.waiting import wait_until

pytestmark = pytest.mark.sanitizers

FILE_ZONE = """
zone "sd.example.com" {{ nameservers = {{"ns1.sd.example.com"}} }}
file "on-prem" {{ zone = "sd.example.com"  path = "{folder}/fleet.json" }}
"""

MEMBERS = [
    {"id": "db-1", "address": "10.0.3.1", "port": 5432, "weight": 65535, "az": "az-a"},
    {"id": "db-2", "address": "10.0.3.2", "port": 5432, "weight": 100,
     "hold": "drain by=ann reason=new kernel"},
    {"id": "db-3", "address": "10.0.3.3", "port": 5432, "weight": 100, "hold": "maint"},
]


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket, by the standard library: a client that is not ours."""

    def __init__(self, path):
        super().__init__("rollcall", timeout=60)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)


def ask(server, method, target, body=None):
    connection = UnixConnection(server.folder / "control.sock")
    try:
        connection.request(method, target, body=body)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


SAMPLE = re.compile(r'(rollcall_[a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? '
                    r'(-?[0-9]+(?:\.[0-9]+)?)')


def metrics(server):
    """Every sample as "NAME{LABELS}" -> number, after each line was held against the format."""
    connection = UnixConnection(server.folder / "control.sock")
    try:
        connection.request("GET", "/metrics")
        response = connection.getresponse()
        assert response.status == 200
        assert response.getheader("Content-Type") == "text/plain; version=0.0.4"
        text = response.read().decode()
    finally:
        connection.close()
    samples, families, current = {}, set(), None
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            current = line.split(" ")[2]
            assert current not in families and len(line.split(" ", 3)[3]) > 0
            families.add(current)
        elif line.startswith("# TYPE "):
            kind = "counter" if current.endswith("_total") else "gauge"
            assert line == f"# TYPE {current} {kind}"
        else:
            found = SAMPLE.fullmatch(line)
            assert found and found[1] == current, line
            key = line.rsplit(" ", 1)[0]
            assert key not in samples, line
            samples[key] = float(found[3])
    return samples


def status(server, *arguments):
    found = server.verb("status", "-o", "json", *arguments)
    assert found.returncode == 0, found.stderr
    return json.loads(found.stdout)


def tcp_answer_octets(server, name):
    """Octets of the response itself: dnspython would compress it anew."""
    query = dns.message.make_query(name, "SRV", use_edns=0).to_wire()
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as client:
        client.sendall(len(query).to_bytes(2, "big") + query)
        return int.from_bytes(client.recv(2, socket.MSG_WAITALL), "big")


@pytest.fixture
def file_server(tmp_path, start_rollcall):
    def start(members=MEMBERS, wait=True):
        write_fleet(tmp_path, members)
        server = start_rollcall(FILE_ZONE.format(folder=tmp_path))
        if wait:
            wait_until(lambda: server.srv("db").records(), 30, "the first load")
        return server
    return start


def write_fleet(folder, members):
    fresh = folder / "fleet.json.new"
    fresh.write_text(json.dumps({"groups": [{"name": "db", "members": members}]}))
    fresh.rename(folder / "fleet.json")


def test_status_says_what_is_served_and_by_whom_it_was_asked(file_server):
    server = file_server()
    cluster = status(server)["zones"][0]["clusters"][0]
    members = {member["id"]: member for member in cluster["members"]}
    assert [members[name]["state"] for name in ("db-1", "db-2", "db-3")] == [
        "served", "drained", "maint"]
    assert members["db-1"]["weight_haproxy"] == 256 and members["db-1"]["hold"] is None
    assert members["db-2"]["weight"] == 100 and members["db-2"]["served_weight"] == 0
    assert members["db-2"]["hold"] == {"kind": "drain", "until": None, "by": "ann",
                                       "reason": "new kernel", "active": True}
    assert cluster["answer_octets"] == tcp_answer_octets(server, "_db._tcp.sd.example.com")

    def is_noted():  # after its answer has left
        [found] = status(server)["zones"][0]["clusters"]
        [asked] = [client for client in found["load_balancers"] if client["port"] != 0][:1]
        assert asked["address"] == "127.0.0.1" and asked["generation"] == found["generation"]
        return True

    wait_until(is_noted, 30, "who has asked is told")

    text = server.verb("status", "db").stdout
    assert "1 of 3 in service" in text
    assert "drain by ann: new kernel" in text
    assert "file on-prem" in text and "the newest answer" in text


def test_status_of_one_cluster_and_of_none(file_server):
    server = file_server()
    assert status(server, "db")["zones"][0]["clusters"][0]["name"] == "db"
    unknown = server.verb("status", "nope")
    assert unknown.returncode == 1 and unknown.stdout == ""
    assert unknown.stderr == "rollcall: no such cluster: nope\n"
    assert server.verb("status", "../v1").returncode == 2
    assert server.verb("status", "a", "b").returncode == 2
    assert server.verb("status", "-o", "yaml").returncode == 2


def test_the_socket_is_for_owner_and_group_and_goes_with_the_server(file_server):
    server = file_server()
    path = server.folder / "control.sock"
    assert stat.S_IMODE(path.stat().st_mode) == 0o660
    server.stop()
    assert not path.exists()
    absent = server.verb("status")
    assert absent.returncode == 1
    assert f"nobody listens on {path} (control in " in absent.stderr
    assert "with another control path since its start?" in absent.stderr


def test_the_socket_of_a_killed_server_is_replaced(file_server):
    server = file_server()
    server.kill()
    assert (server.folder / "control.sock").exists()
    assert "nobody listens on" in server.verb("refresh").stderr
    server.start()
    assert status(server)["zones"]


def test_a_second_server_serves_without_a_control_socket(file_server, start_rollcall):
    first = file_server()
    path = first.folder / "control.sock"
    second = start_rollcall(
        f'control = "{path}"\nzone "b.example" {{ nameservers = {{"ns.b.example"}} }}\n')
    assert second.ask("b.example", "SOA").rcode == "NOERROR"
    assert second.log_lines("no control socket", "another process listens there", str(path))
    assert status(first)["zones"][0]["origin"] == "sd.example.com"
    second.stop()
    assert path.exists(), "the first one's socket stays"


def test_a_folder_that_cannot_be_made_is_a_warning_only(start_rollcall):
    server = start_rollcall(
        'control = "/proc/none/c.sock"\nzone "b.example" { nameservers = {"ns.b.example"} }\n')
    assert server.ask("b.example", "SOA").rcode == "NOERROR"
    assert server.log_lines("<4>", "no control socket", "/proc/none/c.sock")


def test_refresh_looks_at_once(fakeaws, start_rollcall):
    fakeaws.launch("web", count=2, network="10.0.1.0/24")
    server = start_rollcall(configuration(poll_s=600), aws=fakeaws)
    wait_until(lambda: len(server.weights("web")) == 2, 30, "the first load")
    looks = status(server)["sources"][0]["looks"]
    fakeaws.launch("web", count=1, network="10.0.1.0/24")
    found = server.verb("refresh")
    assert found.returncode == 0, found.stderr
    wait_until(lambda: len(server.weights("web")) == 3, 30, "the new member, long before its poll")
    wait_until(lambda: status(server)["sources"][0]["looks"] > looks, 30, "the look is counted")


def test_a_source_that_fails_is_told_with_its_error(fakeaws, start_rollcall):
    fakeaws.launch("web", count=2, network="10.0.1.0/24")
    server = start_rollcall(configuration(), aws=fakeaws)
    wait_until(lambda: len(server.weights("web")) == 2, 30, "the first load")
    fakeaws.fault(action="DescribeInstances", kind="error", status=403,
                  code="UnauthorizedOperation", message="You are not authorized.", times=-1)
    server.verb("refresh")
    source = wait_until(lambda: next((s for s in status(server)["sources"] if s["last_error"]),
                                     None), 30, "the failure")
    assert source["failures"] >= 1 and "UnauthorizedOperation" in source["last_error"]
    assert source["members"] == 2
    assert "failing: " in server.verb("status").stdout
    fakeaws.clear_faults()
    server.verb("refresh")
    wait_until(lambda: status(server)["sources"][0]["last_error"] is None, 30, "it answers again")


def test_reload_takes_a_good_file_and_says_why_it_refuses_a_bad_one(tmp_path, file_server):
    server = file_server()
    good = FILE_ZONE.format(folder=tmp_path)
    server.write_config(good.replace("nameservers", "ttl = 33s  nameservers"))
    found = server.verb("reload")
    assert (found.returncode, found.stdout) == (0, "reloaded\n"), found.stderr
    assert server.srv("db").message.answer[0].ttl == 33

    server.write_config(good + "bogus = 1\nworkers = x\n")
    found = server.verb("reload")
    assert found.returncode == 1
    assert 'unknown key "bogus"' in found.stderr and 'workers "x"' in found.stderr
    assert found.stderr.count(str(server.config_path) + ":") == 2
    assert found.stderr.endswith("rollcall: reload refused, nothing changed\n")
    assert server.srv("db").message.answer[0].ttl == 33
    # The file is still bad, yet the other verbs find their server by it.
    assert status(server, "db")["zones"][0]["state"] == "complete"


def test_counts_go_on_over_a_reload(file_server):
    server = file_server()
    looks = status(server)["sources"][0]["looks"]
    assert looks >= 1
    assert server.verb("reload").returncode == 0
    wait_until(lambda: status(server)["sources"][0]["looks"] > looks, 30, "the look after it")


def test_other_clients_can_use_the_socket_as_documented(file_server):
    server = file_server()
    code, document = ask(server, "GET", "/v1/status")
    assert code == 200 and document["version"].startswith("0.")
    assert ask(server, "GET", "/v1/status/db")[1]["zones"][0]["clusters"][0]["name"] == "db"
    assert ask(server, "GET", "/v1/status/nope")[0] == 404
    assert ask(server, "POST", "/v1/refresh", body=b"x" * 100000)[0] == 202
    assert ask(server, "POST", "/v1/reload")[0] == 200
    assert ask(server, "PUT", "/v1/reload")[0] == 405
    assert ask(server, "GET", "/metric")[0] == 404
    assert ask(server, "POST", "/metrics")[0] == 405


def test_metrics_say_what_status_says(file_server):
    server = file_server()
    cluster = 'zone="sd.example.com",cluster="db"'
    samples = metrics(server)
    told = status(server)
    assert samples[f'rollcall_build_info{{version="{told["version"]}"}}'] == 1
    assert samples['rollcall_zone_serial{zone="sd.example.com"}'] == told["zones"][0]["serial"]
    assert samples['rollcall_zone_state{zone="sd.example.com",state="complete"}'] == 1
    assert samples['rollcall_zone_state{zone="sd.example.com",state="loading"}'] == 0
    assert [samples[f'rollcall_cluster_members{{{cluster},state="{state}"}}']
            for state in ("served", "drained", "maint")] == [1, 1, 1]
    assert samples[f"rollcall_cluster_answer_octets{{{cluster}}}"] == tcp_answer_octets(
        server, "_db._tcp.sd.example.com")
    assert samples[f"rollcall_cluster_generation{{{cluster}}}"] == told["zones"][0]["clusters"][0][
        "generation"]
    assert samples['rollcall_source_looks_total{source="file on-prem"}'] >= 1
    assert samples['rollcall_source_failures_total{source="file on-prem"}'] == 0
    assert 0 <= samples['rollcall_source_age_seconds{source="file on-prem"}'] < 60
    assert samples["rollcall_seen_lost_total"] == 0


def test_counts_move_by_what_was_asked(file_server):
    server = file_server(wait=False)
    heard = collections.Counter()

    def ask_and_note(ask, *arguments, **options):
        answer = ask(*arguments, **options)
        heard[answer.rcode] += 1
        return answer

    wait_until(lambda: ask_and_note(server.srv, "db").records(), 30, "the first load")
    for _ in range(3):
        ask_and_note(server.srv, "db")
    ask_and_note(server.srv, "nope")
    ask_and_note(server.srv, "db", tcp=True)
    ask_and_note(server.ask, "example.org", "A")

    # A worker counts an answer after it has left. From zero on, since what it counts late must not
    # fall between two looks.
    def expect_what_was_heard():
        samples = metrics(server)
        assert heard == {rcode: samples[f'rollcall_answers_total{{rcode="{rcode}"}}']
                         for rcode in heard}
        assert samples['rollcall_queries_total{transport="udp"}'] == heard.total() - 1
        assert samples['rollcall_queries_total{transport="tcp"}'] == 1
        assert samples['rollcall_tcp_connections_total{fate="accepted"}'] == 1
        return True

    wait_until(expect_what_was_heard, 30, "the workers' counts")
    assert heard["NOERROR"] >= 5 and heard["NXDOMAIN"] == 1


def test_load_balancers_appear_in_the_metrics_with_what_they_have_got(tmp_path, file_server):
    server = file_server()

    def load_balancers():
        samples = metrics(server)
        cluster = 'zone="sd.example.com",cluster="db"'
        return [samples[f'rollcall_cluster_load_balancers{{{cluster},seen="{seen}"}}']
                for seen in ("newest", "older", "gone")]

    wait_until(lambda: load_balancers()[0] >= 1, 30, "whom the start was waited for with")
    write_fleet(tmp_path, MEMBERS[:1])
    server.verb("refresh")
    wait_until(lambda: load_balancers()[0] == 0, 30, "the change")
    assert sum(load_balancers()) >= 1
    wait_until(lambda: server.srv("db", tcp=True).rcode == "NOERROR" and load_balancers()[0] == 1,
               30, "the one that has got it")


def test_many_clients_at_once_are_all_answered(file_server):
    server = file_server()
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        codes = list(pool.map(lambda _: ask(server, "GET", "/v1/status")[0], range(200)))
    assert codes == [200] * 200


def test_a_fleet_of_thousands_comes_whole(file_server):
    members = [{"id": f"db-{number}", "address": f"10.0.{number // 250}.{number % 250 + 1}",
                "weight": 10} for number in range(3000)]
    server = file_server(members, wait=False)
    wait_until(lambda: status(server)["sources"][0]["looks"] > 0, 30, "the first load")
    [cluster] = status(server)["zones"][0]["clusters"]
    assert len(cluster["members"]) == 3000
    assert "3000 of 3000 in service" in server.verb("status").stdout


def test_reloads_while_status_is_asked_leave_nobody_without_an_answer(file_server):
    server = file_server()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, server, "GET", "/v1/status/db") for _ in range(100)]
        for _ in range(30):
            server.process.send_signal(signal.SIGHUP)
            assert ask(server, "POST", "/v1/reload")[0] == 200
        assert [future.result()[0] for future in asked] == [200] * 100


@pytest.mark.skipif(os.geteuid() != 0, reason="another user is needed")
def test_a_user_without_rights_is_told_so(start_rollcall):
    with tempfile.TemporaryDirectory(prefix="rollcall-control-") as folder:
        os.chmod(folder, 0o755)
        text = (f'control = "{folder}/c.sock"\n'
                'zone "b.example" { nameservers = {"ns.b.example"} }\n')
        server = start_rollcall(text)
        shutil.copy(server.config_path, folder)
        try:
            found = subprocess.run(
                [str(PROGRAM), "status", "-c", f"{folder}/{server.config_path.name}"], text=True,
                capture_output=True, check=False, timeout=60, user="nobody", group="nogroup",
                extra_groups=[])
        except PermissionError:
            pytest.skip("the build folder is closed to other users")
        assert found.returncode == 1
        assert found.stderr == (f"rollcall: {folder}/c.sock: Permission denied "
                                "(needs root or the group of the socket)\n")
        server.stop()
