# SPDX-License-Identifier: MIT
"""The parts that other programs measure: steps of a query without sockets (bench_micro), polls of
10,000 instances against the fake AWS (large_fleet.py). Their lines become rows here."""

import pathlib
import re
import subprocess
import sys

from servers import BenchError

LARGE_FLEET = pathlib.Path(__file__).with_name("large_fleet.py")
MIB = 1024 * 1024


def micro_rows(text):
    """`micro NAME VALUE UNIT`, a line each."""
    return [{"part": "micro", "name": name, "value": float(value), "unit": unit}
            for name, value, unit in re.findall(r"^micro (\S+) ([0-9.]+) (.+)$", text, re.MULTILINE)]


def micro_run(bench):
    bench.progress.begin("micro", 1)
    done = subprocess.run([bench.build / "tests/bench_micro", "2" if bench.is_quick else "7"],
                          capture_output=True, text=True, check=False)
    rows = micro_rows(done.stdout)
    mallocs = [row["value"] for row in rows if row["name"] == "mallocs"]
    if any(mallocs):
        raise BenchError(f"queries allocated memory {mallocs[0]:.0f} times; none may")
    if done.returncode != 0 or not rows:
        raise BenchError(f"bench_micro failed: {done.stderr.strip()}")
    bench.progress.step(f"{len(rows)} figures")
    return rows


def poll_rows(text):
    """The two goals, and the polls that change nothing. A poll that ends in a new table is the one
    that is judged."""
    found = dict(re.findall(r"^ratio (\S+) ([0-9.]+) goal", text, re.MULTILINE))
    try:
        values = {"poll-10000-cpu-ms": float(found["poll-10000-changed-cpu-ms"]),
                  "poll-10000-unchanged-cpu-ms": float(found["poll-10000-cpu-ms"]),
                  "poll-10000-growth-mb": float(found["poll-10000-rss-growth-mib"]) * MIB / 1e6}
    except KeyError as missing:
        raise BenchError(f"large_fleet.py told no {missing}") from None
    return [{"part": "poll", "name": name, "value": value} for name, value in values.items()]


def polls_run(bench):
    bench.progress.begin("polls", 1)
    command = [sys.executable, LARGE_FLEET, "--build", bench.build]
    done = subprocess.run([*command, "--quick"] if bench.is_quick else command,
                          capture_output=True, text=True, check=False)
    if "ratio " not in done.stdout:
        raise BenchError(f"large_fleet.py failed: {done.stderr.strip()[-2000:]}")
    rows = poll_rows(done.stdout)
    bench.progress.step(f"{rows[0]['value']:.0f} ms CPU each")
    return rows
