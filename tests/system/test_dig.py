# SPDX-License-Identifier: MIT
"""What a person sees with dig."""

import re
import subprocess

import pytest

from system.conftest import configuration
from system.support.waiting import wait_until

RECORDS = """
ns1      IN A     192.0.2.53
gateway  IN CNAME ns1
mail     IN MX    10 ns1
"""


@pytest.fixture
def server(fakeaws, tmp_path, start_rollcall):
    records = tmp_path / "static.zone"
    records.write_text(RECORDS)
    fakeaws.launch("web", count=20, network="10.0.1.0/24", az="eu-west-1a")
    server = start_rollcall(configuration(zone=f'records = "{records}"'), aws=fakeaws)
    wait_until(lambda: len(server.weights("web")) == 20, 30, "the first load")
    return server


def dig(server, *words):
    found = subprocess.run(
        ["dig", "@127.0.0.1", "-p", str(server.port), "+time=20", "+tries=1", *words],
        capture_output=True, text=True, timeout=60, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert ";; Warning" not in found.stdout and "malformed" not in found.stdout, found.stdout
    return found.stdout


def status(text):
    return re.search(r"status: (\w+)", text)[1]


def flags(text):
    return re.search(r"flags: ([a-z ]*);", text)[1].split()


def counts(text):
    found = re.search(r"QUERY: (\d+), ANSWER: (\d+), AUTHORITY: (\d+), ADDITIONAL: (\d+)", text)
    return tuple(int(number) for number in found.groups())


def test_srv_of_a_cluster(server):
    text = dig(server, "SRV", "_web._tcp.sd.example.com")
    assert status(text) == "NOERROR"
    assert flags(text) == ["qr", "aa", "rd"]
    # 20 SRV, nothing in Authority, 20 A and OPT: the shape that HAProxy wants
    # (dig asks with 1232 octets, which is enough for these with compressed targets).
    assert counts(text) == (1, 20, 0, 21)
    assert re.search(r"^_web\._tcp\.sd\.example\.com\. 10 IN SRV 0 65535 443 "
                     r"ip-10-0-1-\d+\.sd\.example\.com\.$", text.replace("\t", " "), re.M)


def test_srv_over_tcp(server):
    text = dig(server, "+tcp", "SRV", "_web._tcp.sd.example.com")
    assert status(text) == "NOERROR" and counts(text) == (1, 20, 0, 21)


def test_small_buffer_drops_glue_before_it_truncates(server):
    text = dig(server, "+bufsize=800", "+ignore", "SRV", "_web._tcp.sd.example.com")
    question, srv, authority, additional = counts(text)
    assert (question, srv, authority) == (1, 20, 0) and 1 < additional < 21
    assert "tc" not in flags(text)


def test_smallest_buffer_truncates_whole_records(server):
    text = dig(server, "+bufsize=512", "+ignore", "SRV", "_web._tcp.sd.example.com")
    _, srv, authority, additional = counts(text)
    assert 0 < srv < 20 and (authority, additional) == (0, 1)
    assert "tc" in flags(text)
    assert int(re.search(r"MSG SIZE\s+rcvd: (\d+)", text)[1]) <= 512


def test_dig_falls_back_to_tcp_by_itself(server):
    text = dig(server, "+bufsize=512", "SRV", "_web._tcp.sd.example.com")
    assert counts(text) == (1, 20, 0, 21)


def test_address_and_text_of_a_target(server):
    target = sorted(server.weights("web"))[0]
    address = dig(server, "+short", "A", target).strip()
    assert target.startswith("ip-" + address.replace(".", "-") + ".")
    text = dig(server, "+short", "TXT", target)
    assert re.fullmatch(r'"instance=i-[0-9a-f]+" "zone=eu-west-1a" "weight=65535" "hold=none"\n',
                        text)


def test_addresses_of_the_plain_cluster_name(server):
    found = dig(server, "+short", "A", "web.sd.example.com").split()
    assert len(found) == 20 and all(address.startswith("10.0.1.") for address in found)


def test_soa_and_ns_at_the_apex(server):
    soa = dig(server, "+short", "SOA", "sd.example.com").split()
    assert soa[:2] == ["ns1.sd.example.com.", "hostmaster.sd.example.com."]
    assert soa[6] == "2"  # negative-ttl
    text = dig(server, "NS", "sd.example.com")
    assert re.search(r"NS\s+ns1\.sd\.example\.com\.", text)
    assert re.search(r"ns1\.sd\.example\.com\.\s+\d+\s+IN\s+A\s+192\.0\.2\.53", text)


def test_static_records_are_served_beside_the_clusters(server):
    assert dig(server, "+short", "MX", "mail.sd.example.com").strip() == "10 ns1.sd.example.com."
    assert dig(server, "+short", "A", "gateway.sd.example.com").split() == [
        "ns1.sd.example.com.", "192.0.2.53"]


@pytest.mark.parametrize("name, kind, rcode", [
    ("_none._tcp.sd.example.com", "SRV", "NXDOMAIN"),
    ("nobody.sd.example.com", "A", "NXDOMAIN"),
    ("_web._tcp.sd.example.com", "A", "NOERROR"),   # NODATA
    ("web.sd.example.com", "AAAA", "NOERROR"),      # NODATA
    ("_tcp.sd.example.com", "SRV", "NOERROR"),      # empty non-terminal: NODATA
])
def test_negative_answers_carry_the_soa(server, name, kind, rcode):
    text = dig(server, kind, name)
    assert status(text) == rcode
    assert "aa" in flags(text)
    assert counts(text) == (1, 0, 1, 1)
    assert re.search(r"^sd\.example\.com\.\s+2\s+IN\s+SOA", text, re.M)


def test_outside_the_zone_is_refused(server):
    text = dig(server, "A", "www.example.org")
    assert status(text) == "REFUSED"
    assert "aa" not in flags(text) and counts(text) == (1, 0, 0, 1)


def test_the_question_keeps_its_letter_case(server):
    text = dig(server, "SRV", "_wEb._TcP.sd.EXAMPLE.com")
    assert counts(text) == (1, 20, 0, 21)
    assert ";_wEb._TcP.sd.EXAMPLE.com." in text


def test_serial_grows_only_with_content(fakeaws, server):
    serial = server.serial()
    polls = fakeaws.requests()["counts"]["DescribeInstances"]
    wait_until(lambda: fakeaws.requests()["counts"]["DescribeInstances"] >= polls + 3, 30,
               "three more polls")
    assert server.serial() == serial
    fakeaws.launch("web", count=1, addresses=["10.0.1.250"])
    wait_until(lambda: len(server.weights("web")) == 21, 30, "the new member")
    assert server.serial() > serial
