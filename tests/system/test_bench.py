# SPDX-License-Identifier: MIT
"""The bench itself: what its generator counts, what it calls complete, how it judges. No test here
says how fast anything is."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
import xml.dom.minidom

import dns.flags
import dns.message
import dns.rrset
import pytest

from support.rollcall import BUILD, ROOT
from support.waiting import wait_until

sys.path.insert(0, str(ROOT / "tests" / "bench"))

import compare  # noqa: E402
import datasets  # noqa: E402
import goals  # noqa: E402
import inside  # noqa: E402
import plot  # noqa: E402
import report  # noqa: E402
from servers import BenchError  # noqa: E402

RUN = ROOT / "tests" / "bench" / "run.sh"
LOAD = BUILD / "tests" / "bench_load"
LIMIT_S = 30  # a wrong count is wrong each time


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
                          capture_output=True, check=True, timeout=60)
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

    def are_counted():
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
        return True

    wait_until(are_counted, LIMIT_S, "a run in which the responder here does not lag")


def test_latency_counts_from_when_a_query_was_due(tmp_path):
    """A server that stalls once delays all that was due meanwhile; none of it may look quick."""
    def treat(number, request):
        if number == 50:
            time.sleep(0.3)
        return header(request)

    def are_late():
        responder = Responder(treat)
        responder.start()
        figures = load(tmp_path, responder.port, "--rate", "500", "--seconds", "0.6")
        responder.socket.close()
        assert figures["lost"] == 0
        assert figures["max_us"] >= 299_000
        # 150 queries fell due in the stall; a third of all that came waited 100 ms or longer.
        assert figures["p90_us"] >= 100_000
        return True

    wait_until(are_late, LIMIT_S, "a run in which the responder here does not lag otherwise")


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
    lines = {goal.name: goal.line() for goal in goals.goals_judge(rows, 2)}
    assert lines["udp-M-of-nsd-or-knot"].startswith(
        "ratio udp-M-of-nsd-or-knot 2.50 goal >=2.00 met")
    assert lines["udp-M-of-raw"] == "ratio udp-M-of-raw 0.80 goal >=0.80 met (0.72 to 0.88)"
    assert lines["udp-S-of-raw"] == "not measured udp-S-of-raw: the data set was not chosen"


# What the project has set itself, in the order of the report.
GOALS = """udp-S-of-raw udp-M-of-raw udp-L-of-raw udp-XL-of-raw udp-two-cores-of-one
    udp-S-of-nsd-or-knot udp-M-of-nsd-or-knot udp-L-of-pdns udp-XL-of-pdns tcp-L-of-raw tcp-XL-of-raw
    cpu-of-100-members-to-3 cpu-of-800-members-to-3 cpu-of-10000-clusters-to-10
    rebuild-cpu-ms one-cluster-visible-ms swap-queries-lost swap-p99-to-quiet
    memory-table-octets-per-member memory-table-peak-to-steady memory-process-of-knot memory-base-mb
    p50-S-at-20-kqps-to-raw p50-M-at-20-kqps-to-raw udp-p99-beside-pipelining-tcp
    mallocs-of-all-queries poll-10000-cpu-ms poll-10000-growth-mb""".split()


@pytest.mark.parametrize("core_count", [1, 2, 8])
def test_every_goal_has_one_line_and_one_that_was_not_measured_says_why(core_count):
    judged = goals.goals_judge([], core_count)
    assert [goal.name for goal in judged] == GOALS
    for goal in judged:
        start = f"not measured {goal.name}: "
        assert goal.line().startswith(start) and len(goal.line()) > len(start) + 10, goal.name
    assert report.verdicts_line(judged) == (
        f"{len(GOALS)} goals: 0 met, 0 missed, {len(GOALS)} not measured")


def memory_rows(server, base, steady, **more):
    return [{"part": "memory", "server": server, "what": what, "octets": octets}
            for what, octets in {"base": base, "steady": steady, **more}.items()]


def test_the_table_is_held_against_150_octets_and_the_process_against_knot():
    table = {"part": "table", "round": 9, "members": 1000, "table_octets": 140_000,
             "counted_octets": 139_000, "known_octets": 500_000}
    rows = [table, *memory_rows("rollcall", 8_000_000, 8_800_000, peak=9_600_000),
            *memory_rows("knot", 6_000_000, 6_500_000),
            *inside.micro_rows("micro heap-peak-of-a-swap 2.03 times\n")]
    lines = [goal.line() for goal in goals.goals_judge(rows, 2) if goal.name.startswith("memory")]
    assert lines == ["ratio memory-table-octets-per-member 140.00 goal <=150.00 met",
                     "ratio memory-table-peak-to-steady 2.03 goal <=2.20 met",
                     "ratio memory-process-of-knot 1.60 goal <=1.00 missed",
                     "ratio memory-base-mb 8.00 goal <=10.00 met"]
    assert list(report.memory_lines(rows)) == [
        "figure memory-heap-octets-per-member table 140.0, which says of itself 139.0, what else is "
        "known 500.0",
        "figure memory-process-rollcall steady 800.0, peak 1600.0 octets a member beyond 8.0 MB (PSS)",
        "figure memory-process-knot steady 500.0 octets a member beyond 6.0 MB (PSS)"]


def change_row(number, is_split, **steps):
    parts = dict.fromkeys(("parse_cpu", "apply_cpu", "clusters_cpu", "publish_cpu", "hand_over_cpu",
                           "answer", "visible"), 1.0)
    return {"part": "rebuild", "round": number, "changed": "one", "is_split": is_split,
            **{f"{name}_ms": steps.get(name, value) for name, value in parts.items()}}


def test_a_change_is_told_step_by_step_and_a_split_round_is_no_measure_of_the_whole():
    rows = [change_row(0, False, publish_cpu=5.0, visible=8.0),
            change_row(1, True, clusters_cpu=3.0, publish_cpu=90.0, visible=99.0)]
    assert list(report.step_lines(rows)) == [
        "figure steps-of-a-change-of-one-ms parse 1.00 apply 1.00 clusters 3.00 build 2.00 "
        "hand-over 1.00 (CPU), first answer 1.00, visible 8.00 after the parse (wall)"]
    lines = {goal.name: goal.line() for goal in goals.goals_judge(rows, 2)}
    assert lines["one-cluster-visible-ms"] == (
        "ratio one-cluster-visible-ms 8.00 goal <=2.00 missed")


def test_figures_of_other_programs_become_rows():
    rows = inside.micro_rows("micro lookup-10x3 49.5 ns\nmicro mallocs 0 in all queries\nelse 1\n")
    assert rows == [{"part": "micro", "name": "lookup-10x3", "value": 49.5, "unit": "ns"},
                    {"part": "micro", "name": "mallocs", "value": 0.0, "unit": "in all queries"}]
    rows = inside.poll_rows("resident after the first load: 32.3 MiB\n"
                            "ratio poll-10000-cpu-ms 140 goal 150\n"
                            "ratio poll-10000-changed-cpu-ms 160 goal 150\n"
                            "ratio poll-10000-rss-growth-mib 5.0 goal 10\n")
    lines = {goal.name: goal.line() for goal in goals.goals_judge(rows, 2)}
    assert lines["poll-10000-cpu-ms"] == "ratio poll-10000-cpu-ms 160.00 goal <=150.00 missed"
    assert lines["poll-10000-growth-mb"] == "ratio poll-10000-growth-mb 5.24 goal <=10.00 met"
    with pytest.raises(BenchError, match="poll-10000"):
        inside.poll_rows("Traceback: nothing was measured\n")


def fake_program(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


def test_a_query_that_allocates_ends_the_bench_with_a_failure(tmp_path):
    for name in ("rollcall", "tests/bench_load", "tests/bench_raw", "tests/bench_update"):
        fake_program(tmp_path / name, "exit 9")
    fake_program(tmp_path / "tests/bench_micro", "echo 'micro mallocs 3 in all queries'; exit 1")
    done = subprocess.run([RUN, "--quick", "--build", tmp_path, "--results", tmp_path / "results"],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "queries allocated memory 3 times" in done.stderr


def drawing_rows(raw_kqps):
    return [{**throughput_row(number, server, raw_kqps * share, verdict), "set": label,
             "octets_max": octets, "members": members, "cpu_us": 1000 / (raw_kqps * share)}
            for number in range(2)
            for label, octets, members in (("S", 235, 3), ("XL", 52345, 800))
            for server, share, verdict in (("raw", 1.0, "-"), ("rollcall", 0.9, compare.FULL),
                                           ("nsd", 0.5, compare.NO_GLUE))]


def test_drawings_are_ratios_and_the_same_figures_give_the_same_octets(tmp_path):
    """Twice as fast a machine draws the same, to the octet: no absolute figures and no dates."""
    texts = []
    for name, raw_kqps in (("slow", 100.0), ("fast", 200.0)):
        (tmp_path / name).mkdir()
        paths = plot.drawings_write(tmp_path / name, drawing_rows(raw_kqps))
        assert [path.name for path in paths] == ["throughput-udp.svg", "cpu-by-members.svg"]
        texts.append([path.read_text() for path in paths])
    assert texts[0] == texts[1]
    for text in texts[0]:
        drawing = xml.dom.minidom.parseString(text)
        assert drawing.getElementsByTagName("title")[0].firstChild.data
        words = {node.firstChild.data for node in drawing.getElementsByTagName("text")}
        assert {"raw limit", "rollcall", "NSD", "not all glue"} <= words
        assert any("raw limit" in word and word != "raw limit" for word in words)  # the axis
        assert "prefers-color-scheme:dark" in text


def test_the_readme_shows_drawings_that_are_there():
    shown = re.findall(r"!\[[^\]]+\]\(([^)]+\.svg)\)", (ROOT / "README.md").read_text())
    assert [os.path.basename(path) for path in shown] == ["throughput-udp.svg",
                                                          "cpu-by-members.svg"]
    for path in shown:
        assert xml.dom.minidom.parse(str(ROOT / path)).documentElement.tagName == "svg"


def test_a_figure_on_the_wrong_side_of_its_goal_is_missed():
    for comparison, values, verdict in ((">=", [0.79], goals.MISSED), (">=", [0.80], goals.MET),
                                        ("<=", [0.81], goals.MISSED), ("<=", [0.80], goals.MET),
                                        ("<=", [], goals.NOT_MEASURED)):
        assert goals.Goal("x", comparison, 0.8, values, "").verdict == verdict, (comparison, values)


def test_one_command_gives_table_goals_figures_and_drawings(tmp_path):
    results = tmp_path / "results"
    done = subprocess.run([RUN, "--quick", "--rounds", "1", "--data", "S", "--peers", "",
                           "--build", BUILD, "--results", results],
                          capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stderr  # how fast it is, is not this test's matter
    assert "S               udp   rollcall" in done.stdout
    lines = done.stdout.splitlines()
    measured = [line.split()[1] for line in lines if line.startswith("ratio ")]
    not_measured = [line.split()[2].rstrip(":") for line in lines
                    if line.startswith("not measured ")]
    assert sorted(measured + not_measured) == sorted(GOALS)
    assert {"udp-S-of-raw", "cpu-of-100-members-to-3"} <= set(measured)
    assert {"tcp-XL-of-raw", "udp-S-of-nsd-or-knot", "rebuild-cpu-ms",
            "poll-10000-cpu-ms"} <= set(not_measured)
    assert any(line.startswith("micro respond-100x100 ") for line in lines)
    rows = json.loads((results / "figures.json").read_text())["rows"]
    assert {"micro", "throughput", "growth", "latency", "beside"} <= {row["part"] for row in rows}
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
