# SPDX-License-Identifier: MIT
"""Progress while it runs; afterwards one table, one line a goal, and the raw figures as files."""

import csv
import json
import sys
import time

import compare
from measure import IDLE_SHARE, spread

COLUMNS = f"{'set':<16}{'proto':<6}{'server':<10}{'kqps a core':>12}{'least':>8}{'most':>8}" \
          f"{'of raw':>8}{'us/query':>10}{'octets':>8}  note"


class Progress:
    """One line on a terminal, one line a tenth elsewhere."""

    def __init__(self, stream=sys.stderr):
        self.stream = stream
        self.is_terminal = stream.isatty()
        self.begun = time.monotonic()
        self.part = ""
        self.done = self.total = self.told = 0

    def begin(self, part, total):
        self.part, self.total, self.done, self.told = part, total, 0, 0
        self.show("")

    def show(self, what):
        text = f"{time.monotonic() - self.begun:5.0f} s  {self.part} {self.done}/{self.total} {what}"
        if self.is_terminal:
            self.stream.write(f"\r\033[K{text[:110]}")
        else:
            self.stream.write(text + "\n")
        self.stream.flush()

    def step(self, what):
        self.done += 1
        tenth = self.done * 10 // self.total
        if self.is_terminal or tenth != self.told or self.total <= 10:
            self.told = tenth
            self.show(what)

    def end(self):
        if self.is_terminal:
            self.stream.write("\r\033[K")
            self.stream.flush()


def group(rows):
    """The rounds of each set, transport and server, in the order in which they came up first."""
    groups = {}
    for row in rows:
        if row["part"] in ("throughput", "growth"):
            groups.setdefault((row["set"], row["transport"], row["server"]), []).append(row)
    return groups


def notes(rows):
    found = [] if rows[0]["verdict"] in ("-", compare.FULL) else [rows[0]["verdict"]]
    lost = sum(row["lost"] for row in rows)
    if lost:
        found.append(f"{lost} lost")
    idle = spread([1 - row["busy"] - row["waiting"] for row in rows])[0]
    if idle > IDLE_SHARE:
        found.append(f"{idle:.0%} idle")
    return ", ".join(found)


def table_lines(rows, left_out):
    groups = group(rows)
    yield COLUMNS
    for (label, transport, server), found in groups.items():
        kqps, least, most = spread([row["core_kqps"] for row in found])
        cpu_us = spread([row["cpu_us"] for row in found])[0]
        raw = {row["round"]: row["core_kqps"] for row in groups.get((label, transport, "raw"), [])}
        share = spread([row["core_kqps"] / raw[row["round"]] for row in found])[0] if raw else None
        yield (f"{label:<16}{transport:<6}{server:<10}{kqps:>12.1f}{least:>8.1f}{most:>8.1f}"
               f"{'' if share is None else format(share, '.0%'):>8}{cpu_us:>10.2f}"
               f"{found[0]['octets_max']:>8}  {notes(found)}".rstrip())
    for cell in left_out:
        yield (f"{cell.label:<16}{cell.transport:<6}{cell.server_label:<10}{'-':>12}"
               f"{'':>42}  {cell.verdict}: not measured")


def other_lines(rows):
    """Figures without a goal of their own."""
    waiting = [row["waiting"] for row in rows if row["part"] == "throughput"]
    if waiting:
        yield (f"figure core-taken {spread(waiting)[0]:.0%} of the time, up to {max(waiting):.0%}: "
               "by other programs of this machine, from servers that had queries")
    swaps = [row for row in rows if row["part"] == "swap"]
    for name, key in (("quiet", False), ("changing", True)):
        found = [row for row in swaps if (row["changes"] > 0) == key]
        if found:
            p50, p99 = (spread([row[quantile] for row in found])[0]
                        for quantile in ("p50_us", "p99_us"))
            yield (f"figure swap-latency-{name}-us p50 {p50:.0f} p99 {p99:.0f} max "
                   f"{max(row['max_us'] for row in found):.0f}")
    for row in rows:
        if row["part"] == "file-change":
            yield (f"figure file-change main thread {row['cpu_ms']:.0f} ms CPU for two looks, "
                   f"answered {row['visible_ms']:.0f} ms after the rename")
    for changed in ("all", "one"):
        found = [row for row in rows if row["part"] == "rebuild" and row["changed"] == changed]
        if found:
            parts = (f"{name} {spread([row[key] for row in found])[0]:.1f}" for name, key in
                     (("parse", "parse_cpu_ms"), ("apply", "apply_cpu_ms"),
                      ("build", "build_cpu_ms"), ("visible", "visible_ms")))
            yield f"figure change-of-{changed}-ms {' '.join(parts)}"
    for row in rows:
        if row["part"] == "memory":
            yield f"figure memory-{row['what']} {row['octets'] / 1e6:.1f} MB PSS"
        if row["part"] == "latency" and row["round"] == 0:
            found = [other for other in rows if other["part"] == "latency"
                     and (other["set"], other["server"]) == (row["set"], row["server"])]
            p50, p99 = (spread([other[key] for other in found])[0] for key in ("p50_us", "p99_us"))
            yield f"figure latency-{row['set']}-{row['server']}-us p50 {p50:.1f} p99 {p99:.1f}"


def files_write(folder, rows, about):
    """figures.json has everything; throughput.csv the rounds of the table."""
    (folder / "figures.json").write_text(json.dumps({"about": about, "rows": rows}, indent=1) + "\n")
    found = [row for row in rows if row["part"] in ("throughput", "growth")]
    if found:
        with open(folder / "throughput.csv", "w", newline="", encoding="ascii") as file:
            writer = csv.DictWriter(file, list(found[0]), extrasaction="ignore",
                                    lineterminator="\n")
            writer.writeheader()
            writer.writerows(found)
