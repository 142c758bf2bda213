# SPDX-License-Identifier: MIT
"""What the process keeps of its rights, what gets out of it, and whether its figures add up."""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

import dns.message
import pytest

from system.support.rollcall import PROGRAM, ROOT, ZONE, Rollcall, own_ports
from system.support.waiting import wait_until
from system.test_abuse import expect_balance
from system.test_control import metrics

pytestmark = pytest.mark.sanitizers

USER = "daemon"
UID = 1
NO_CAPABILITY = "0000000000000000"
WORKERS = 2
EXPOSURE_MAX = 20  # of 100, systemd-analyze; a unit without any setting has 96
LOG_BURST = 100
LOG_RATE = 10  # lines a second
LOG_LINE = re.compile(r'<[3-7]>event=("([^"\\]|\\.)*"|\S+)( [a-z-]+=("([^"\\]|\\.)*"|[^\s"]*))*')

FILE_ZONE = """
workers = 2
zone "sd.example.com" {{ nameservers = {{"ns1.sd.example.com"}}  {zone} }}
file "fleet" {{ zone = "sd.example.com"  path = "fleet.json" }}
{root}
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give up being root")


def fleet_write(folder, count, cluster="web"):
    members = [{"id": f"i-{index}", "address": f"10.0.{index // 250}.{index % 250 + 1}"}
               for index in range(count)]
    fresh = folder / "fleet.json.new"
    fresh.write_text(json.dumps({"groups": [{"name": cluster, "members": members}]}))
    fresh.rename(folder / "fleet.json")


def file_zone(root="", zone=""):
    return FILE_ZONE.format(root=root, zone=zone)


def privileged_port():
    """A free port that takes a capability to bind."""
    for port in own_ports(600, 1024):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            try:
                udp.bind(("127.0.0.1", port))
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no free port")


@pytest.fixture
def open_folder():
    """Where another user may read; pytest's own folders are root's alone."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="rollcall-hardening-"))
    folder.chmod(0o755)
    fleet_write(folder, 3)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def as_user(open_folder):
    """A server on a port below 1024 that begins as root; ended by the test's end."""
    servers = []

    def start(configuration, **options):
        server = Rollcall(open_folder, configuration, port=privileged_port(), **options)
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.stop()


def statuses(server):
    """/proc/PID/status of every thread, as {name: value}."""
    return [dict(line.split(":\t", 1) for line in path.read_text().splitlines() if ":\t" in line)
            for path in pathlib.Path(f"/proc/{server.process.pid}/task").glob("*/status")]


def expect_no_rights(server, user=UID):
    threads = statuses(server)
    assert len(threads) >= 1 + WORKERS
    for thread in threads:
        assert thread["Uid"].split() == [str(user)] * 4
        assert thread["Gid"].split() == [str(user)] * 4
        assert "0" not in thread["Groups"].split()
        for kind in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
            assert thread[kind] == NO_CAPABILITY, kind
        assert thread["NoNewPrivs"] == "1"


def expect_service(server):
    """Queries over both transports, a change of the fleet, a reload, the verbs, the state."""
    for is_tcp in (False, True):
        wait_until(lambda: len(server.srv("web", tcp=is_tcp).records()) == 3, 30,
                   "the members are served")
    fleet_write(server.folder, 5)
    wait_until(lambda: len(server.weights("web")) == 5, 30, "the change is served")
    assert server.verb("status").returncode == 0
    assert server.verb("reload").returncode == 0
    assert len(server.log_lines("event=reloaded")) == 1
    wait_until((server.folder / "state" / "table.state").exists, 30, "the state is written")


@needs_root
def test_root_binds_and_becomes_the_user_for_good(as_user):
    server = as_user(file_zone(f'user = "{USER}"\ncontrol = "run/control.sock"')).start()
    expect_no_rights(server)
    expect_service(server)
    expect_no_rights(server)
    for made in ("state", "state/table.state", "run", "run/control.sock"):
        assert (server.folder / made).stat().st_uid == UID, made
    assert not server.log_lines("runs as root")
    assert not server.log_lines("no control socket")
    server.stop()
    assert not (server.folder / "run" / "control.sock").exists()


@needs_root
def test_a_service_gives_its_capability_up_once_it_is_bound(as_user):
    """As the systemd unit starts it: CAP_NET_BIND_SERVICE and nothing else."""
    server = as_user(file_zone())
    for name in ("state", ""):
        (server.folder / name).mkdir(exist_ok=True)
        os.chown(server.folder / name, UID, UID)
    server.launcher = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
                       "--inh-caps=-all,+net_bind_service", "--ambient-caps=+net_bind_service",
                       "--bounding-set=-all,+net_bind_service", "--"]
    server.start()
    expect_no_rights(server)
    expect_service(server)
    assert not server.log_lines("<4>")


@needs_root
def test_without_the_capability_the_port_is_named(as_user):
    server = as_user(file_zone())
    server.launcher = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
                       "--bounding-set=-all", "--"]
    server.start(wait=False)
    assert server.wait_end() == 1
    assert server.log_lines(f"127.0.0.1:{server.port}", "needs CAP_NET_BIND_SERVICE")


@needs_root
def test_what_only_root_can_read_is_told_at_the_start(as_user):
    server = as_user(file_zone(f'user = "{USER}"\ncookie-secret-file = "secret"'))
    secret = server.folder / "secret"
    secret.write_text("00112233445566778899aabbccddeeff\n")
    secret.chmod(0o600)
    server.start(wait=False)
    assert server.wait_end() == 1
    assert server.log_lines("cookie-secret-file", str(secret), "Permission denied")
    os.chown(secret, UID, UID)
    server.config_path.chmod(0o600)
    server.start()
    assert server.log_lines("cannot be read any more", "rollcall.conf")
    server.reload()
    wait_until(lambda: server.log_lines("reload refused"), 30, "the refusal")
    wait_until(lambda: len(server.weights("web")) == 3, 30, "it goes on")


@needs_root
def test_root_without_a_user_is_warned(as_user):
    server = as_user(file_zone()).start()
    assert server.log_lines("<4>", "runs as root")


@pytest.mark.parametrize("user, told", [
    ("no-such-user", "there is no such user"), ("root", "has to be somebody else")])
def test_a_user_who_cannot_be_is_refused(tmp_path, user, told):
    server = Rollcall(tmp_path, file_zone(f'user = "{user}"'))
    line = server.config_path.read_text().splitlines().index(f'user = "{user}"') + 1
    checked = server.verb("check")
    assert checked.returncode == 1
    assert f"rollcall.conf:{line}: user {user}: " in checked.stderr and told in checked.stderr
    server.start(wait=False)
    assert server.wait_end() == 1
    assert server.log_lines("cannot start", f"user {user}", told)


def test_a_reload_says_that_the_user_waits_for_a_restart(start_rollcall):
    server = start_rollcall(file_zone(), wait=False)
    fleet_write(server.folder, 1)
    server.wait_ready()
    server.write_config(file_zone('user = "daemon"'))
    server.reload()
    wait_until(lambda: server.log_lines("user changes at the next restart only"), 30, "the warning")


# ---- what gets out of it ----

def has_sanitizer():
    return re.search(rb"__(asan|tsan)_init", PROGRAM.read_bytes()) is not None


@needs_root
@pytest.mark.skipif(has_sanitizer(), reason="sanitizers look at the process from outside")
def test_no_memory_gets_into_a_core_dump_or_to_another_process(as_user):
    """As a crash would have it. Whose memory is closed, root owns the files in /proc of."""
    server = as_user(file_zone(f'user = "{USER}"')).start()
    process = pathlib.Path(f"/proc/{server.process.pid}")
    limit = re.search(r"Max core file size\s+(\S+)\s+(\S+)", (process / "limits").read_text())
    assert limit.groups() == ("0", "0")
    assert (process / "environ").stat().st_uid == 0 and statuses(server)[0]["Uid"].split()[0] == str(UID)
    spy = subprocess.run(["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups",
                          "head", "-c1", str(process / "environ")], capture_output=True, check=False)
    assert spy.returncode != 0 and b"Permission denied" in spy.stderr
    server.process.send_signal(signal.SIGSEGV)
    assert server.wait_end() == -signal.SIGSEGV
    assert not list(server.folder.glob("core*"))


def test_a_flood_of_events_is_cut_and_counted(start_rollcall):
    """Promise of the log: ten lines a second of a kind after a first hundred, the rest counted."""
    members = 1500
    begun = time.monotonic()
    server = start_rollcall(file_zone(), wait=False)
    fleet_write(server.folder, members)
    server.wait_ready()

    def counted():
        told = sum(int(re.search(r"count=(\d+)", line)[1])
                   for line in server.log_lines("left out", 'of="member added"'))
        return told + len(server.log_lines('event="member added"')) == members

    wait_until(counted, 30, "each line is written or counted")
    lines_max = 2 * LOG_BURST + LOG_RATE * (time.monotonic() - begun)
    assert len(server.log_lines('event="member added"')) <= lines_max
    assert len(server.log_lines("event=listening")) == 1, "another kind loses nothing"


HOSTILE = ["a\nb", "a\r\nb", "\x1b[2J", "\x00", "\x7f", "\u202eabc", "\u2028", "\ufeff", '"', "\\",
           "a b=c", "event=x", "<3>event=forged", "\u0085", "%s%n", "'; rm -rf /", "x" * 4000,
           "日本", "\U0001f600" * 300]


def test_no_value_from_outside_forges_a_line(start_rollcall):
    server = start_rollcall('log-level = "debug"\n' + file_zone(), wait=False)
    for value in HOSTILE:
        for document in (
                {"groups": [{"name": value, "members": []}]},
                {"groups": [{"name": "web", "members": [
                    {"id": value, "address": "10.0.0.1", "weight": 1},
                    {"id": "i-1", "address": value}, {"id": "i-2", "weight": value},
                    {"id": "i-3", "address": "10.0.0.3", "hold": value}]}]},
                {value: 1}, value):
            fresh = server.folder / "fleet.json.new"
            fresh.write_text(json.dumps(document))
            fresh.rename(server.folder / "fleet.json")
            server.verb("refresh")
    server.write_config(file_zone() + '\nnsid = "\x01\x1b[2J"\nuser = "a\\nb"\n"bad\nkey" = 1\n')
    server.verb("reload")
    wait_until(lambda: server.log_lines("reload refused"), 30, "the refusal")
    lines = server.log_path.read_bytes().decode("utf-8", "strict").split("\n")
    assert len(lines) > 10 and lines[-1] == ""
    for line in lines[:-1]:
        assert line.isprintable() and len(line.encode()) < 2048 + 3, ascii(line)
        assert LOG_LINE.fullmatch(line), line
        assert "forged" not in line.split(" ")[0]


# ---- whether it adds up ----

def junk(generator):
    return generator.randbytes(generator.randrange(0, 600))


def soa(generator):
    wire = bytearray(dns.message.make_query(ZONE, "SOA", use_edns=0).to_wire())
    if generator.random() < 0.3:
        wire[generator.randrange(2, len(wire))] ^= 1 << generator.randrange(8)
    return bytes(wire)


def throw_udp(server, generator):
    """Good, mutated, junk, empty, too large; from a friend and from a stranger."""
    for address in ("127.0.0.1", "127.7.7.7"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.bind((address, 0))
            for _ in range(100):
                kind = generator.random()
                message = (soa(generator) if kind < 0.6 else junk(generator) if kind < 0.8 else
                           b"" if kind < 0.9 else generator.randbytes(20_000))
                client.sendto(message, ("127.0.0.1", server.port))


def throw_tcp(server, generator):
    """Questions in a row, half of one, a length of nothing, and ends of every kind."""
    peers = []
    for _ in range(30):
        client = socket.create_connection(("127.0.0.1", server.port), timeout=60)
        frames = b"".join(len(wire).to_bytes(2, "big") + wire
                          for wire in (soa(generator) for _ in range(generator.randrange(40))))
        client.sendall(frames + generator.choice(
            [b"", b"\x00", b"\x00\x20half", b"\x00\x03abc", b"\x00\x00", b"\xff\xff" + junk(generator)]))
        end = generator.randrange(4)
        if end == 0:  # RST, also in the middle of an answer
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        elif end == 1:
            client.shutdown(socket.SHUT_WR)
            peers.append(client)
        elif end == 2:
            client.close()
        else:
            peers.append(client)
    return peers


def unread_answers(server):
    """One that asks for much and takes none of it."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.setblocking(False)
    wire = dns.message.make_query(f"_web._tcp.{ZONE}", "SRV", use_edns=0).to_wire()
    frames = (len(wire).to_bytes(2, "big") + wire) * 500
    try:
        for _ in range(40):
            client.send(frames)
    except BlockingIOError:
        pass
    return client


def fates(samples):
    found = {re.search(r'fate="([^"]*)"', name)[1]: value for name, value in samples.items()
             if name.startswith("rollcall_tcp_connections_total")}
    turned_away = found.pop("shed") + found.pop("client-limit")
    return found.pop("accepted"), sum(found.values()), turned_away


def test_every_query_and_every_connection_is_counted_once(start_rollcall):
    """queries = answers + drops by reason, and accepted = ends, to the last one, at rest."""
    generator = random.Random(20)
    server = start_rollcall(file_zone(zone='allow-query = {"127.0.0.0/16"}'), wait=False)
    fleet_write(server.folder, 200)
    server.wait_ready()
    wait_until(lambda: len(server.weights("web")) == 200, 30, "the members are served")
    peers = []
    connections = 0
    for _ in range(5):
        throw_udp(server, generator)
        peers += throw_tcp(server, generator) + [unread_answers(server)]
        connections += 31
        server.reload()
    # More at once than one address may have.
    for _ in range(200):
        peers.append(socket.create_connection(("127.0.0.1", server.port), timeout=60))
        connections += 1
    # From zero on: a worker may count one of before only now.
    connections += server.asked["tcp"]
    wait_until(lambda: sum(fates(metrics(server))[::2]) == connections, 60,
               "each connection is accepted or turned away")
    for peer in peers:
        peer.close()

    def is_at_rest():
        accepted, ended, _ = fates(metrics(server))
        return accepted == ended

    wait_until(is_at_rest, 60, "each connection that was accepted has one fate")
    expect_balance(server)
    samples = metrics(server)
    reasons = {name for name, value in samples.items()
               if name.startswith("rollcall_drops_total") and value > 0}
    for reason in ("no-query", "oversize", "rate-limit"):
        assert any(f'"{reason}"' in name for name in reasons), reason
    assert fates(samples)[2] > 0, "some were turned away"


# ---- how it is started ----

@pytest.fixture(name="unit")
def unit_with_a_program_that_is_there(tmp_path):
    text = (ROOT / "server" / "rollcall.service").read_text()
    path = tmp_path / "rollcall.service"
    path.write_text(text.replace("/usr/bin/rollcall", str(PROGRAM)))
    return path


needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None,
                                   reason="systemd is not installed")


@needs_systemd
def test_systemd_understands_every_line_of_the_unit(unit):
    run = subprocess.run(["systemd-analyze", "verify", "--man=no", str(unit)],
                         capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0 and str(unit) not in run.stderr, run.stderr


@needs_systemd
def test_the_unit_exposes_little(unit):
    run = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                          f"--threshold={EXPOSURE_MAX}", str(unit)],
                         capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout[-2000:]


def test_the_unit_has_what_the_promises_name():
    lines = (ROOT / "server" / "rollcall.service").read_text().splitlines()
    for line in ("CapabilityBoundingSet=CAP_NET_BIND_SERVICE", "NoNewPrivileges=yes",
                 "AmbientCapabilities=CAP_NET_BIND_SERVICE", "MemoryDenyWriteExecute=yes",
                 "ProtectSystem=strict", "StateDirectory=rollcall", "RuntimeDirectory=rollcall",
                 "LimitCORE=0", "DynamicUser=yes", "SystemCallFilter=@system-service"):
        assert line in lines, line
