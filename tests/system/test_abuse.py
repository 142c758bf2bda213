# SPDX-License-Identifier: MIT
"""Strangers, forgers and floods, as real packets on loopback."""

import multiprocessing
import re
import socket
import struct
import subprocess
import time

import dns.edns
import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from system.support.rollcall import PROGRAM, ZONE
from system.support.waiting import holds_for, median_of, wait_until
from system.test_control import metrics

pytestmark = pytest.mark.sanitizers

ALLOWED = "127.0.0.1"
RATE = 50
COOKIE = 10  # EDNS option, RFC 7873
CHUNK = 100  # datagrams that fit into anybody's receive buffer
UDP_QUERIES = 'rollcall_queries_total{transport="udp"}'
REFLECTOR_PORTS = (7, 13, 17, 19, 37, 69, 123)

CONFIGURATION = """
workers = 2
{root}
zone "sd.example.com" {{
    nameservers = {{"ns1.sd.example.com"}}
    allow-query = {{"127.0.0.0/16"}}
}}
"""


def query(name=ZONE, kind="SOA", **options):
    return dns.message.make_query(name, kind, use_edns=0, **options)


@pytest.fixture
def server(start_rollcall):
    return start_rollcall(CONFIGURATION.format(root=""))


def udp_client(address, port=0):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    client.bind((address, port))
    return client


def total(samples, metric):
    return sum(value for name, value in samples.items()
               if name.split("{")[0] == f"rollcall_{metric}")


def expect_balance(server, queries=None):
    """Each query is an answer or a drop with a reason, exactly; `queries` of them came over UDP."""
    def is_balanced():
        samples = metrics(server)
        came = total(samples, "queries_total")
        ends = total(samples, "answers_total") + total(samples, "drops_total")
        assert came == ends, f"{came} queries, {ends} answers and drops"
        assert queries in (None, samples[UDP_QUERIES]), f"{samples[UDP_QUERIES]} came"
        return True
    wait_until(is_balanced, 30, "the counters balance")


def drops(server, reason):
    return metrics(server)[f'rollcall_drops_total{{reason="{reason}"}}']


def datagrams(server):
    return metrics(server)[UDP_QUERIES]


def at_rest(server):
    """The datagrams that have come, when each question so far is counted: a worker counts an answer
    after it has left."""
    wait_until(lambda: datagrams(server) == server.asked["udp"], 30, "all questions are counted")
    return server.asked["udp"]


def burst(server, address, count, sources=8):
    """`count` questions from `address` as fast as they are taken; every answer to them."""
    wire = query().to_wire()
    clients = [udp_client(address) for _ in range(sources)]
    before = at_rest(server)
    answers = []
    for sent in range(count):
        clients[sent % sources].sendto(wire, ("127.0.0.1", server.port))
        if (sent + 1) % CHUNK == 0 or sent + 1 == count:
            expect_balance(server, before + sent + 1)
    server.asked["udp"] += count
    for client in clients:
        client.setblocking(False)
        try:
            while True:
                answers.append(dns.message.from_wire(client.recv(65535)))
        except BlockingIOError:
            client.close()
    return answers


def test_a_stranger_is_limited_and_others_are_not(server):
    begun = time.monotonic()
    answers = burst(server, "127.1.2.3", 1000)
    elapsed = time.monotonic() - begun
    slipped = [answer for answer in answers if answer.flags & dns.flags.TC]
    whole = len(answers) - len(slipped)
    assert {dns.rcode.to_text(answer.rcode()) for answer in answers} == {"REFUSED"}
    assert not any(answer.answer or answer.authority for answer in answers)
    assert 0 < whole <= RATE + RATE * elapsed
    assert abs(len(slipped) - (1000 - whole) / 2) <= 2, "every second one, on each worker"
    assert metrics(server)["rollcall_answers_slipped_total"] == len(slipped)
    assert drops(server, "rate-limit") == 1000 - len(answers)
    assert len(burst(server, "127.7.7.7", 20)) == 20, "another network has a limit of its own"
    assert len(burst(server, ALLOWED, 1000)) == 1000
    expect_balance(server)


def test_a_limited_stranger_is_served_over_tcp(server):
    burst(server, "127.1.2.3", 500)
    for _ in range(100):
        answer = dns.query.tcp(query(), "127.0.0.1", port=server.port, timeout=60,
                               source="127.1.2.3")
        assert answer.rcode() == dns.rcode.REFUSED and not answer.flags & dns.flags.TC


def test_a_stranger_that_shows_a_cookie_is_not_limited(server):
    client_cookie = bytes(range(8))

    def ask(cookie):
        wire = query(options=[dns.edns.GenericOption(COOKIE, cookie)])
        answer = dns.query.udp(wire, "127.0.0.1", port=server.port, timeout=60,
                               source="127.1.2.3", raise_on_truncation=False)
        server.asked["udp"] += 1
        return next(option for option in answer.options if option.otype == COOKIE).data

    cookie = ask(client_cookie)
    assert cookie.startswith(client_cookie) and len(cookie) == 24
    burst(server, "127.1.2.3", 500)
    at_rest(server)
    before = drops(server, "rate-limit")
    for _ in range(4 * RATE):
        ask(cookie)
    at_rest(server)
    assert drops(server, "rate-limit") == before > 0
    expect_balance(server)


def test_the_limit_is_told_once_a_minute_and_changes_with_a_reload(server):
    first_at = time.monotonic()
    burst(server, "127.1.2.3", 500)
    wait_until(lambda: server.log_lines("limited", "responses="), 30, "a line in the log")
    burst(server, "127.1.2.3", 500)
    server.write_config(CONFIGURATION.format(root="rate-limit = 100000\nrate-limit-slip = 0"))
    server.reload()
    wait_until(lambda: server.log_lines("reloaded"), 30, "the reload")
    assert len(burst(server, "127.1.2.3", 500)) == 500
    server.write_config(CONFIGURATION.format(root="rate-limit = 1\nrate-limit-slip = 0"))
    server.reload()
    wait_until(lambda: len(server.log_lines("reloaded")) == 2, 30, "the reload")
    begun = time.monotonic()
    answers = burst(server, "127.9.2.3", 500)
    assert 1 <= len(answers) <= 4 + (time.monotonic() - begun)
    assert not any(answer.flags & dns.flags.TC for answer in answers)
    minutes = int((time.monotonic() - first_at) / 60)
    assert 1 <= len(server.log_lines("limited", "responses=")) <= 1 + minutes
    expect_balance(server)


def test_a_rate_of_0_limits_nobody(start_rollcall):
    server = start_rollcall(CONFIGURATION.format(root="rate-limit = 0"))
    assert len(burst(server, "127.1.2.3", 500)) == 500


def privileged(make):
    try:
        return make()
    except PermissionError:
        pytest.skip("needs the right to use any source port")


@pytest.mark.parametrize("port", REFLECTOR_PORTS)
def test_reflectors_get_no_answer(server, port):
    client = privileged(lambda: udp_client("127.0.0.77", port))
    with client:
        client.sendto(query().to_wire(), ("127.0.0.1", server.port))
        wait_until(lambda: drops(server, "source-port") == 1, 30, "the datagram was counted")
        client.settimeout(0)
        with pytest.raises(BlockingIOError):
            client.recv(65535)
    expect_balance(server)


def test_a_resolver_that_asks_from_port_53_is_answered(server):
    with privileged(lambda: udp_client("127.0.0.77", 53)) as client:
        client.settimeout(30)
        client.sendto(query().to_wire(), ("127.0.0.1", server.port))
        assert dns.message.from_wire(client.recv(65535)).flags & dns.flags.QR


def forge(source_port, port, payload):
    """A datagram from 127.0.0.1:source_port, whoever has that port."""
    raw = privileged(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP))
    with raw:
        raw.sendto(struct.pack("!HHHH", source_port, port, 8 + len(payload), 0) + payload,
                   ("127.0.0.1", 0))


def test_two_servers_do_not_keep_each_other_busy(start_rollcall):
    first = start_rollcall(CONFIGURATION.format(root=""))
    second = start_rollcall(CONFIGURATION.format(root=""))
    payloads = [query().to_wire(), query("example.org").to_wire(), bytes(12), b"\x00" * 11,
                query().to_wire() + b"junk", query().to_wire()[:20]]
    before = at_rest(first), at_rest(second)
    for payload in payloads:
        forge(second.port, first.port, payload)
    wait_until(lambda: datagrams(first) == before[0] + len(payloads), 30, "all have arrived")
    answered = len(payloads) - 1  # not what is shorter than a header
    wait_until(lambda: drops(second, "no-query") == answered, 30, "the answers have arrived")
    holds_for(lambda: (datagrams(first), datagrams(second)) ==
              (before[0] + len(payloads), before[1] + answered), 0.5, "silence")
    forge(first.port, first.port, payloads[0])
    wait_until(lambda: drops(first, "own-address") == 1, 30, "from itself: dropped")
    expect_balance(first)
    expect_balance(second)


def test_requests_that_are_too_long_are_dropped_and_counted(server):
    with udp_client(ALLOWED) as client:
        client.settimeout(30)
        for size in (4097, 9000, 65507):
            client.sendto(bytes(size), ("127.0.0.1", server.port))
        client.sendto(query().to_wire(), ("127.0.0.1", server.port))
        assert dns.message.from_wire(client.recv(65535)).rcode() in (0, 2)
    wait_until(lambda: drops(server, "oversize") == 3, 30, "three drops")
    expect_balance(server)


def flood(port, ended):
    wire = query().to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", port))
        while not ended.is_set():
            for _ in range(200):
                try:
                    client.send(wire)
                except OSError:
                    pass


def test_a_flood_over_udp_does_not_keep_tcp_waiting(server):
    ended = multiprocessing.Event()
    floods = [multiprocessing.Process(target=flood, args=(server.port, ended)) for _ in range(2)]
    for process in floods:
        process.start()
    try:
        before = datagrams(server)
        wait_until(lambda: datagrams(server) > before + 10000, 60, "the flood is on")

        def time_over_tcp(_):
            begun = time.monotonic()
            answer = dns.query.tcp(query(), "127.0.0.1", port=server.port, timeout=60)
            assert answer.flags & dns.flags.QR
            return time.monotonic() - begun

        median_of(1, time_over_tcp, trials=50)
    finally:
        ended.set()
        for process in floods:
            process.join(60)
    expect_balance(server)


@pytest.mark.parametrize("address,kind", [("0.0.0.0", "wildcard"), ("203.0.113.5", "public"),
                                          ("[::]", "wildcard"), ("[2001:db8::5]", "public")])
@pytest.mark.parametrize("verb", ["serve", "check"])
def test_an_address_for_strangers_needs_to_be_told_who_may_ask(tmp_path, verb, address, kind):
    path = tmp_path / "rollcall.conf"
    path.write_text(f'listen = "{address}:5399"\nstate-dir = "state"\ncontrol = "control.sock"\n'
                    f'zone "a.example" {{ nameservers = "x" }}\n')
    run = subprocess.run([str(PROGRAM), verb, "-c", str(path)], capture_output=True, text=True,
                         timeout=60, check=False)
    assert run.returncode == 1
    assert (f"{path}:4: zone a.example: allow-query must be set when listen has a {kind} address "
            f"({address}:5399)") in run.stderr


def test_large_answers_to_everybody_are_warned_of(start_rollcall):
    server = start_rollcall('zone "sd.example.com" { nameservers = {"ns1.sd.example.com"}\n'
                            '    allow-query = {"0.0.0.0/0"}\n    udp-size = 4096 }\n')
    assert server.log_lines("<4>", "udp-size is 4096 and allow-query has 0.0.0.0/0")
    run = server.verb("check")
    assert run.returncode == 0
    assert re.search(re.escape(str(server.config_path)) +
                     r":\d+: warning: zone sd.example.com: udp-size is 4096", run.stderr)
