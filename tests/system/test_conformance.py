# SPDX-License-Identifier: MIT
"""The message layer as dig sees it: EDNS options, cookies, extended errors, odd questions."""

import os
import re
import subprocess

import dns.flags
import pytest

from system.conftest import configuration
from system.support.haproxy import HAProxy
from system.support.rollcall import PROGRAM, ZONE, free_port
from system.support.waiting import wait_until

CLUSTER = f"_web._tcp.{ZONE}"
CLIENT_COOKIE = "0123456789abcdef"
FIRST_SECRET = "5ca1ab1e" * 4
SECOND_SECRET = "c0ffee00" * 4
MEMBERS = 3

FILE_SOURCE = """
nsid = "site-a"
{keys}
zone "sd.example.com" {{
    nameservers = {{"ns1.sd.example.com"}}
    {zone}
}}
file "on-prem" {{ zone = "sd.example.com"  path = "{path}" }}
"""

FLEET = """{"groups":[{"name":"web","members":[
  {"id":"web-1","address":"10.0.3.1","port":80,"weight":1},
  {"id":"web-2","address":"10.0.3.2","port":80,"weight":1},
  {"id":"web-3","address":"10.0.3.3","port":80,"weight":1}]}]}"""


def secret_write(path, *secrets):
    """As a whole: a reload may come at any moment."""
    fresh = path.with_suffix(".new")
    fresh.write_text("".join(f"{secret}\n" for secret in secrets))
    os.chmod(fresh, 0o600)
    os.replace(fresh, path)


@pytest.fixture
def start(tmp_path, start_rollcall):
    """A function that starts a server with the cluster `web` and further keys."""
    path = tmp_path / "fleet.json"
    path.write_text(FLEET)

    def start_server(keys="", zone='allow-query = {"127.0.0.0/30"}', **options):
        server = start_rollcall(FILE_SOURCE.format(path=path, keys=keys, zone=zone), **options)
        wait_until(lambda: len(server.weights("web")) == MEMBERS, 30, "the first load")
        return server

    return start_server


def dig(server, *words, expected=0):
    found = subprocess.run(
        ["dig", "@127.0.0.1", "-p", str(server.port), "+time=20", "+tries=1", "+qr", *words],
        capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == expected, found.stdout + found.stderr
    # +qr prints the query as well; a response is what follows it.
    text = found.stdout.split(";; Got answer:")[-1]
    assert "malformed" not in text and ";; Warning" not in text, text
    return text


def status(text):
    return re.search(r"status: (\w+)", text)[1]


def flags(text):
    return re.search(r"flags: ([a-z ]*);", text)[1].split()


def cookie(text):
    found = re.search(r"; COOKIE: ([0-9a-f]+)(?: \((\w+)\))?", text)
    return found and found[1]


def error(text):
    found = re.search(r"; EDE: (\d+)", text)
    return found and int(found[1])


@pytest.mark.sanitizers
def test_nsid_and_keepalive_come_back_to_those_who_ask(start):
    """RFC 5001, and RFC 7828 over TCP alone."""
    server = start()
    assert "NSID" not in dig(server, CLUSTER, "SRV")
    assert '("site-a")' in dig(server, "+nsid", CLUSTER, "SRV")
    assert "TCP-KEEPALIVE: 10.0 secs" in dig(server, "+tcp", "+keepalive", CLUSTER, "SRV").replace(
        "TCP KEEPALIVE", "TCP-KEEPALIVE")
    assert "KEEPALIVE" not in dig(server, "+keepalive", CLUSTER, "SRV")
    assert "KEEPALIVE" not in dig(server, "+tcp", CLUSTER, "SRV")
    assert status(dig(server, "+tcp", "+ednsopt=11:0064", CLUSTER, "SRV")) == "NOERROR"
    assert status(dig(server, "+ednsopt=11:0064", CLUSTER, "SRV")) == "NOERROR"


@pytest.mark.sanitizers
def test_a_client_learns_a_cookie_and_it_is_good(start):
    """RFC 7873 and RFC 9018."""
    server = start()
    assert cookie(dig(server, "+nocookie", CLUSTER, "SRV")) is None
    text = dig(server, f"+cookie={CLIENT_COOKIE}", CLUSTER, "SRV")
    learnt = cookie(text)
    assert status(text) == "NOERROR" and "(good)" in text
    assert re.fullmatch(CLIENT_COOKIE + "01000000[0-9a-f]{24}", learnt)
    # The same one comes back while it is fresh, and is confirmed without a question.
    assert cookie(dig(server, f"+cookie={learnt}", CLUSTER, "SRV")) == learnt
    assert status(dig(server, "+header-only", f"+cookie={learnt}")) == "NOERROR"
    wrong = learnt[:-1] + ("0" if learnt[-1] != "0" else "1")
    text = dig(server, "+header-only", "+nobadcookie", f"+cookie={wrong}")
    assert status(text) == "BADCOOKIE" and cookie(text) not in (None, wrong)
    # With a question a wrong cookie costs nothing: a restart makes all of them wrong.
    assert status(dig(server, "+nobadcookie", f"+cookie={wrong}", CLUSTER, "SRV")) == "NOERROR"
    for octets in (1, 7, 9, 15, 41):
        assert status(dig(server, "+nocookie", f"+ednsopt=10:{'ab' * octets}", CLUSTER,
                          "SRV")) == "FORMERR", octets


def test_every_worker_takes_the_cookie_of_any(start):
    server = start("workers = 4")
    learnt = cookie(dig(server, f"+cookie={CLIENT_COOKIE}", CLUSTER, "SRV"))
    for _ in range(20):  # each comes from a port of its own, and that decides who answers
        text = dig(server, "+header-only", "+nobadcookie", f"+cookie={learnt}")
        assert status(text) == "NOERROR"


def test_servers_of_one_secret_take_each_others_cookies(start, tmp_path):
    path = tmp_path / "cookie.secret"
    secret_write(path, FIRST_SECRET)
    keys = f'cookie-secret-file = "{path}"'
    one, other, lonely = start(keys), start(keys), start()

    def is_good(server, sent):
        text = dig(server, "+header-only", "+nobadcookie", f"+cookie={sent}")
        return {"NOERROR": True, "BADCOOKIE": False}[status(text)]

    learnt = cookie(dig(one, f"+cookie={CLIENT_COOKIE}", CLUSTER, "SRV"))
    assert is_good(one, learnt) and is_good(other, learnt) and not is_good(lonely, learnt)
    # The secret is rolled over: what is out there stays good, and new ones are of the new secret.
    secret_write(path, SECOND_SECRET, FIRST_SECRET)
    one.reload()
    wait_until(lambda: cookie(dig(one, f"+cookie={learnt}", CLUSTER, "SRV")) != learnt, 30,
               "the new secret makes cookies")
    assert is_good(one, learnt)
    renewed = cookie(dig(one, f"+cookie={learnt}", CLUSTER, "SRV"))
    assert not is_good(other, renewed)
    # Without the old one its cookies are worth nothing.
    secret_write(path, SECOND_SECRET)
    one.reload()
    wait_until(lambda: not is_good(one, learnt), 30, "the old secret is forgotten")
    assert is_good(one, renewed)
    # A bad file changes nothing.
    path.write_text("nonsense\n")
    one.reload()
    wait_until(lambda: one.log_lines("reload refused"), 30, "the reload is refused")
    assert one.log_lines("cookie-secret-file", "line 1: is not 32 hexadecimal digits")
    assert is_good(one, renewed)
    secret_write(path, SECOND_SECRET)
    for server in (one, other):
        for secret in (FIRST_SECRET, SECOND_SECRET):
            assert secret not in server.log()
    # Our own secret survives a reload.
    learnt = cookie(dig(lonely, f"+cookie={CLIENT_COOKIE}", CLUSTER, "SRV"))
    lonely.reload()
    wait_until(lambda: lonely.log_lines("reloaded"), 30, "the reload")
    assert is_good(lonely, learnt)


@pytest.mark.parametrize("text, mode, complaint", [
    (None, 0, "No such file or directory"),
    ("", 0o600, "is empty"),
    ("abc\n", 0o600, "line 1: is not 32 hexadecimal digits"),
    (f"{FIRST_SECRET}\n{SECOND_SECRET}\n{FIRST_SECRET}\n", 0o600, "at most 2 secrets"),
    (f"{FIRST_SECRET}\n", 0o644, "everybody may read it"),
])
def test_a_bad_secret_file_is_told_by_check_and_by_serve(tmp_path, text, mode, complaint):
    path = tmp_path / "cookie.secret"
    if text is not None:
        path.write_text(text)
        os.chmod(path, mode)
    (tmp_path / "fleet.json").write_text(FLEET)
    config = tmp_path / "rollcall.conf"
    config.write_text(f'listen = {{"127.0.0.1:{free_port()}"}}\n'
                      'control = "control.sock"\nstate-dir = "state"\n' +
                      FILE_SOURCE.format(path="fleet.json", zone="",
                                         keys='cookie-secret-file = "cookie.secret"'))
    for verb in ("check", "serve"):
        run = subprocess.run([str(PROGRAM), verb, "-c", str(config)], capture_output=True,
                             text=True, timeout=60, check=False)
        assert run.returncode == 1, run
        assert "cookie-secret-file" in run.stderr + run.stdout
        assert f"{path}: " in run.stderr + run.stdout and complaint in run.stderr + run.stdout
        assert FIRST_SECRET not in run.stderr + run.stdout
    assert f"{config}:" in subprocess.run([str(PROGRAM), "check", "-c", str(config)],
                                          capture_output=True, text=True, timeout=60,
                                          check=False).stderr


def test_a_name_that_is_too_long_is_refused(tmp_path):
    config = tmp_path / "rollcall.conf"
    config.write_text(f'listen = {{"127.0.0.1:{free_port()}"}}\n' +
                      FILE_SOURCE.format(path="fleet.json", zone="", keys="").replace(
                          "site-a", "n" * 65))
    run = subprocess.run([str(PROGRAM), "check", "-c", str(config)], capture_output=True,
                         text=True, timeout=60, check=False)
    assert run.returncode == 1 and "nsid: has 65 octets, and may have 64" in run.stderr + run.stdout


@pytest.mark.sanitizers
def test_versions_options_and_flags_surprise_nobody(start):
    """RFC 6891 and RFC 8906: the questions of the public compliance probes."""
    server = start()
    text = dig(server, "+edns=1", "+noednsnegotiation", "+ednsopt=100", CLUSTER, "SRV")
    assert status(text) == "BADVERS" and "version: 0" in text and "OPT=100" not in text
    assert "ANSWER: 0" in text
    text = dig(server, "+ednsopt=100:ff", "+subnet=192.0.2.0/24", "+padding=64", CLUSTER, "SRV")
    assert status(text) == "NOERROR" and "OPT=100" not in text and "CLIENT-SUBNET" not in text
    assert "PAD" not in text
    text = dig(server, "+ednsflags=0x80", CLUSTER, "SRV")
    assert status(text) == "NOERROR" and "MBZ" not in text
    assert "flags: do;" in dig(server, "+dnssec", CLUSTER, "SRV")
    text = dig(server, "+zflag", "+adflag", "+cdflag", "+tcflag", "+aaflag", "+raflag", CLUSTER,
               "SRV")
    assert flags(text) == ["qr", "aa", "rd", "cd"] and "MBZ" not in text
    assert "recursion requested" in dig(server, "+rec", CLUSTER, "SRV")
    for opcode in (1, 2, 3, 4, 5, 6, 15):
        assert status(dig(server, f"+opcode={opcode}", CLUSTER, "SRV")) == "NOTIMP", opcode
    for kind in (0, 10, 41, 62, 99, 128, 249, 250, 253, 254, 256, 1000, 65280, 65535):
        text = dig(server, "-t", f"TYPE{kind}", ZONE)
        assert status(text) == "NOERROR" and "ANSWER: 0, AUTHORITY: 1" in text, kind
    text = dig(server, "-t", "ANY", f"{CLUSTER}")
    assert status(text) == "NOERROR" and "ANSWER: 3, AUTHORITY: 0" in text
    assert status(dig(server, "-c", "CH", "-t", "TXT", "version.bind")) == "REFUSED"
    assert server.ask(ZONE, "AXFR").rcode == "NOTIMP"  # RFC 5936 section 4.2
    assert server.ask(ZONE, "AXFR", tcp=True).rcode == "REFUSED"
    assert server.ask(ZONE, "IXFR").rcode == "REFUSED"


def test_a_signed_question_is_told_that_there_is_no_key(start):
    server = start()
    key = "hmac-sha256:operator:c2VjcmV0IG9mIG5vYm9keQ=="
    text = dig(server, "-y", key, CLUSTER, "SRV", "+noedns")
    assert status(text) == "NOTAUTH" and "BADKEY" in text
    text = dig(server, "-y", key, CLUSTER, "SRV")
    assert status(text) == "NOTAUTH" and "BADKEY" in text and "EDNS: version: 0" in text


@pytest.mark.sanitizers
def test_who_is_refused_is_told_why(start):
    """RFC 8914: Prohibited and Not Authoritative. A cookie opens nothing."""
    server = start(zone='allow-query = {"127.0.0.0/30"}')
    text = dig(server, "-b", "127.0.0.4", CLUSTER, "SRV", f"+cookie={CLIENT_COOKIE}")
    assert status(text) == "REFUSED" and error(text) == 18
    text = dig(server, "-b", "127.0.0.4", CLUSTER, "SRV", f"+cookie={cookie(text)}")
    assert status(text) == "REFUSED" and error(text) == 18 and "ANSWER: 0" in text
    text = dig(server, "-b", "127.0.0.2", "www.example.org")
    assert status(text) == "REFUSED" and error(text) == 20
    assert error(dig(server, "-b", "127.0.0.2", CLUSTER, "SRV")) is None


def test_who_asks_too_early_is_told_so(fakeaws, start_rollcall):
    """RFC 8914: Not Ready."""
    fakeaws.launch("web", count=MEMBERS, network="10.0.1.0/24")
    fakeaws.fault(kind="error", action="*", status=503, code="ServiceUnavailable", message="away",
                  times=-1)
    server = start_rollcall(configuration(), aws=fakeaws)
    text = dig(server, CLUSTER, "SRV")
    assert status(text) == "SERVFAIL" and error(text) == 14
    assert error(dig(server, CLUSTER, "SRV", "+noedns")) is None


@pytest.mark.sanitizers
def test_what_comes_from_disk_is_told_to_be_stale(fakeaws, start_rollcall, tmp_path):
    """RFC 8914: Stale Answer; status and metrics say the same. HAProxy takes such answers."""
    fakeaws.launch("web", count=MEMBERS, network="10.0.1.0/24")
    server = start_rollcall(configuration(), aws=fakeaws)
    wait_until(lambda: len(server.weights("web")) == MEMBERS, 30, "the first load")
    wait_until(lambda: list((server.folder / "state").glob("table.state")), 30, "the writing")
    assert error(dig(server, CLUSTER, "SRV")) is None
    assert '"stale":false' in server.verb("status", "-o", "json").stdout.replace(" ", "")
    server.stop()
    fakeaws.fault(kind="error", action="*", status=503, code="ServiceUnavailable", message="away",
                  times=-1)
    server.start()
    text = dig(server, CLUSTER, "SRV")
    assert status(text) == "NOERROR" and error(text) == 3 and "ANSWER: 3" in text
    text = dig(server, f"nobody.{ZONE}", "A")
    assert status(text) == "NXDOMAIN" and error(text) == 19
    assert error(dig(server, "+noedns", CLUSTER, "SRV")) is None
    assert '"stale":true' in server.verb("status", "-o", "json").stdout.replace(" ", "")
    haproxy = HAProxy(tmp_path, f"127.0.0.1:{server.port}", {"web": 6}, ZONE)
    try:
        haproxy.start()
        wait_until(lambda: len(haproxy.addressed("web")) == MEMBERS, 30,
                   "HAProxy has all members of a stale answer")
    finally:
        haproxy.stop()
    fakeaws.clear_faults()
    wait_until(lambda: error(dig(server, CLUSTER, "SRV")) is None, 30, "a look has confirmed it")
    assert '"stale":false' in server.verb("status", "-o", "json").stdout.replace(" ", "")


def test_flags_of_a_plain_answer(start):
    server = start()
    answer = server.srv("web")
    assert answer.flag(dns.flags.AA) and not answer.flag(dns.flags.RA)
    assert not answer.flag(dns.flags.AD) and len(answer.message.options) == 0
