# SPDX-License-Identifier: MIT
"""Progress while it runs; afterwards one table, one line a goal, and the raw figures as files."""

import csv
import json
import sys
import time

import compare
import goals
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
    """Figures without a goal of their own, and where those with a goal come from."""
    waiting = [row["waiting"] for row in rows if row["part"] == "throughput"]
    if waiting:
        yield (f"figure core-taken {spread(waiting)[0]:.0%} of the time, up to {max(waiting):.0%}: "
               "by other programs of this machine, from servers that had queries")
    yield from latency_lines(rows)
    yield from step_lines(rows)
    yield from memory_lines(rows)
    for row in rows:
        if row["part"] == "file-change":
            yield (f"figure file-change main thread {row['cpu_ms']:.0f} ms CPU for two looks, "
                   f"answered {row['visible_ms']:.0f} ms after the rename")
        if row["part"] == "poll" and row["name"] not in goals.POLL_LIMITS:
            yield f"figure {row['name']} {row['value']:.1f}"
        if row["part"] == "micro":
            yield f"micro {row['name']} {row['value']:g} {row['unit']}"


def latency_lines(rows):
    kinds = {}
    for row in rows:
        if row["part"] == "latency":
            kinds.setdefault(f"latency-{row['set']}-{row['server']}", []).append(row)
        if row["part"] == "swap":
            kinds.setdefault("swap-latency-" + ("changing" if row["is_changing"] else "quiet"),
                             []).append(row)
        if row["part"] == "beside":
            kinds.setdefault("udp-latency-" + ("beside-tcp" if row["is_beside"] else "alone"),
                             []).append(row)
    for name, found in kinds.items():
        p50, p99 = (spread([row[key] for row in found])[0] for key in ("p50_us", "p99_us"))
        yield (f"figure {name}-us p50 {p50:.1f} p99 {p99:.1f} "
               f"max {max(row['max_us'] for row in found):.0f}, "
               f"{sum(row['lost'] for row in found)} lost")


def step_lines(rows):
    """Where the time between a source's text and the first answer goes."""
    for changed in ("all", "one"):
        whole, split = ([row for row in rows if row["part"] == "rebuild" and
                         (row["changed"], row["is_split"]) == (changed, is_split)]
                        for is_split in (False, True))
        if not whole or not split:
            continue
        clusters_ms = spread([row["clusters_cpu_ms"] for row in split])[0]
        steps = {key: spread([row[f"{key}_ms"] for row in whole])[0] for key in
                 ("parse_cpu", "apply_cpu", "publish_cpu", "hand_over_cpu", "answer", "visible")}
        build_ms = max(0.0, steps["publish_cpu"] - clusters_ms)
        yield (f"figure steps-of-a-change-of-{changed}-ms parse {steps['parse_cpu']:.2f} apply "
               f"{steps['apply_cpu']:.2f} clusters {clusters_ms:.2f} build {build_ms:.2f} hand-over "
               f"{steps['hand_over_cpu']:.2f} (CPU), first answer {steps['answer']:.2f}, visible "
               f"{steps['visible']:.2f} after the parse (wall)")


def memory_lines(rows):
    """What each member takes, from the table alone to the whole process."""
    figures = goals.Figures(rows)
    for table in figures.select(part="table"):
        parts = (f"{what} {table[key] / table['members']:.1f}" for what, key in
                 (("table", "table_octets"), ("which says of itself", "counted_octets"),
                  ("what else is known", "known_octets")))
        yield f"figure memory-heap-octets-per-member {', '.join(parts)}"
        for server in ("rollcall", "knot", "nsd"):
            memory = goals.memory_of(figures, server)
            if memory:
                parts = (f"{what} {goals.grown(memory, what) / table['members']:.1f}"
                         for what in memory if what != "base")
                yield (f"figure memory-process-{server} {', '.join(parts)} octets a member beyond "
                       f"{memory['base'] / 1e6:.1f} MB (PSS)")


def verdicts_line(judged):
    counts = (f"{sum(goal.verdict == verdict for goal in judged)} {verdict}"
              for verdict in (goals.MET, goals.MISSED, goals.NOT_MEASURED))
    return f"{len(judged)} goals: {', '.join(counts)}"


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
