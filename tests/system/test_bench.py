# SPDX-License-Identifier: MIT
"""The bench itself: what its generator counts, what it calls complete, how it judges. No test here
says how fast anything is."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import xml.dom.minidom

import dns.flags
import dns.message
import dns.rrset

from support.rollcall import BUILD, ROOT

sys.path.insert(0, str(ROOT / "tests" / "bench"))

import compare  # noqa: E402
import datasets  # noqa: E402
import goals  # noqa: E402

RUN = ROOT / "tests" / "bench" / "run.sh"
LOAD = BUILD / "tests" / "bench_load"


class Responder(threading.Thread):
    """Answers over UDP; `treat(number, request)` gives the response or None."""

    def __init__(self, treat):
        super().__init__(daemon=True)
        self.treat = treat
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.count = 0

    def run(self):
        while True:
            try:
                request, peer = self.socket.recvfrom(512)
            except OSError:
                return
            response = self.treat(self.count, request)
            self.count += 1
            if response is not None:
                self.socket.sendto(response, peer)


def load(tmp_path, port, *options):
    names = tmp_path / "names"
    names.write_text("_a._tcp.sd.example.com.\n_b._tcp.sd.example.com\n")
    done = subprocess.run([LOAD, "--port", str(port), "--names", names, "--warmup", "0", *options],
                          capture_output=True, check=True, timeout=30)
    return json.loads(done.stdout)


def header(request, flags=0x8400, answers=3, additional=4):
    counts = b"\0\1" + answers.to_bytes(2, "big") + b"\0\0" + additional.to_bytes(2, "big")
    return request[:2] + flags.to_bytes(2, "big") + counts


def test_lost_bad_truncated_and_smaller_answers_are_counted(tmp_path):
    def treat(number, request):
        if number % 5 == 0:
            return None
        if number % 5 == 1:
            return header(request, 0x8402) + bytes(50)
        if number % 5 == 2:
            return header(request, 0x8600) + bytes(100)
        return header(request, answers=2 if number % 5 == 3 else 3) + bytes(200)

    responder = Responder(treat)
    responder.start()
    figures = load(tmp_path, responder.port, "--rate", "400", "--seconds", "0.5")
    responder.socket.close()
    asked = responder.count
    assert figures["sent"] == asked > 100
    assert figures["lost"] == (asked + 4) // 5
    assert figures["handled"] == asked - figures["lost"]
    # Answers that came in the very last moment are handled, but no longer measured.
    assert figures["handled"] - 3 <= figures["received"] <= figures["handled"]
    assert figures["bad"] in range(asked // 5 - 1, asked // 5 + 2)
    assert figures["truncated"] in range(asked // 5 - 1, asked // 5 + 2)
    assert (figures["octets_min"], figures["octets_max"]) == (62, 212)
    assert (figures["answers_min"], figures["answers_max"]) == (2, 3)
    assert (figures["additional_min"], figures["additional_max"]) == (4, 4)


def test_latency_counts_from_when_a_query_was_due(tmp_path):
    """A server that stalls once delays all that was due meanwhile; none of it may look quick."""
    def treat(number, request):
        if number == 50:
            time.sleep(0.3)
        return header(request)

    responder = Responder(treat)
    responder.start()
    figures = load(tmp_path, responder.port, "--rate", "500", "--seconds", "0.6")
    responder.socket.close()
    assert figures["lost"] == 0
    assert figures["max_us"] >= 299_000
    # 150 queries fell due in the stall; a third of all that came waited 100 ms or longer.
    assert figures["p90_us"] >= 100_000


def answer_of(data, cluster_number=0, glue=None, services=None, flags=dns.flags.QR):
    message = dns.message.Message(1)
    message.flags = flags
    expected_services, expected_addresses = compare.expected_records(data, cluster_number)
    for owner, ttl, text in expected_services[:services]:
        message.answer.append(dns.rrset.from_text(owner, ttl, "IN", "SRV", text))
    for owner, ttl, text in expected_addresses[:glue]:
        message.additional.append(dns.rrset.from_text(owner, ttl, "IN", "A", text))
    return message


def test_answers_are_judged_record_by_record():
    data = datasets.DataSet("T", "st.example.com", 2, 5)
    cases = [
        ("every record is there", answer_of(data), compare.FULL),
        ("no address at all", answer_of(data, glue=0), compare.NO_GLUE),
        ("one address is missing", answer_of(data, glue=4), compare.PART_GLUE),
        ("one SRV is missing", answer_of(data, services=4), compare.WRONG),
        ("another cluster's records", answer_of(data, 1), compare.WRONG),
        ("TC is set", answer_of(data, flags=dns.flags.QR | dns.flags.TC), compare.TRUNCATED),
    ]
    for why, answer, verdict in cases:
        assert compare.answer_verdict(data, 0, answer) == verdict, why


def throughput_row(number, server, core_kqps, verdict):
    return {"round": number, "part": "throughput", "set": "M", "transport": "udp",
            "server": server, "core_kqps": core_kqps, "verdict": verdict}


def test_a_rival_that_leaves_records_out_is_no_rival():
    rows = [row for number, ours in enumerate((100.0, 90.0, 110.0)) for row in (
        throughput_row(number, "rollcall", ours, compare.FULL),
        throughput_row(number, "raw", 125.0, "-"),
        throughput_row(number, "knot", ours / 2.5, compare.FULL),
        throughput_row(number, "nsd", 500.0, compare.NO_GLUE))]
    lines = {goal.name: goal.line() for goal in goals.goals_judge(rows, 2, 100000)}
    assert lines["udp-M-of-nsd-or-knot"].startswith(
        "ratio udp-M-of-nsd-or-knot 2.50 goal >=2.00 met")
    assert lines["udp-M-of-raw"] == "ratio udp-M-of-raw 0.80 goal >=0.80 met (0.72 to 0.88)"
    assert " not measured" in lines["udp-S-of-raw"]


def test_a_figure_on_the_wrong_side_of_its_goal_is_missed():
    for comparison, values, verdict in ((">=", [0.79], goals.MISSED), (">=", [0.80], goals.MET),
                                        ("<=", [0.81], goals.MISSED), ("<=", [0.80], goals.MET),
                                        ("<=", [], goals.NOT_MEASURED)):
        assert goals.Goal("x", comparison, 0.8, values).verdict == verdict, (comparison, values)


def test_one_command_gives_table_goals_figures_and_drawings(tmp_path):
    results = tmp_path / "results"
    done = subprocess.run([RUN, "--quick", "--rounds", "1", "--data", "S", "--peers", "",
                           "--build", BUILD, "--results", results],
                          capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode in (0, 3), done.stderr  # how fast it is, is not this test's matter
    assert "S               udp   rollcall" in done.stdout
    ratios = [line for line in done.stdout.splitlines() if line.startswith("ratio ")]
    assert len(ratios) == len(goals.goals_judge([], 2, 1))
    rows = json.loads((results / "figures.json").read_text())["rows"]
    assert {row["server"] for row in rows if row["part"] == "throughput"} == {"raw", "rollcall"}
    assert (results / "throughput.csv").read_text().count("\n") > 2
    for name in ("throughput-udp.svg", "cpu-by-members.svg"):
        assert xml.dom.minidom.parse(str(results / name)).documentElement.tagName == "svg"


def test_wrong_usage_is_told(tmp_path):
    for arguments in (["--data", "Q"], ["--peers", "dnsmasq"], ["--rounds", "0"],
                      ["--build", os.fspath(tmp_path)]):
        done = subprocess.run([RUN, "--build", BUILD, *arguments], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 2, arguments
        assert arguments[1] in done.stderr or "--rounds" in done.stderr
