# SPDX-License-Identifier: MIT
"""The goals, and what was measured of each: a ratio of figures of the same round, then the median.

Throughput and CPU are told by a server's own CPU time (answers in a second of it), so that whatever
else runs on the machine does not count; a server that was at its limit has the same figure by the
clock.
"""

import operator
import statistics

from measure import spread
from throughput import is_rival

MET = "met"
MISSED = "NOT met"
NOT_MEASURED = "not measured"

COMPARISONS = {">=": operator.ge, "<=": operator.le}


class Goal:
    """`ratio NAME VALUE goal GOAL VERDICT`, and the spread behind it."""

    def __init__(self, name, comparison, limit, values, why_not=""):
        self.name = name
        self.comparison = comparison
        self.limit = limit
        self.values = values
        self.why_not = why_not

    @property
    def verdict(self):
        if not self.values:
            return NOT_MEASURED
        value = statistics.median(self.values)
        return MET if COMPARISONS[self.comparison](value, self.limit) else MISSED

    def line(self):
        start = f"goal {self.comparison}{self.limit:.2f} {self.verdict}"
        if not self.values:
            return f"ratio {self.name} - {start}: {self.why_not}"
        median, least, most = spread(self.values)
        line = f"ratio {self.name} {median:.2f} {start}"
        if len(self.values) > 1:
            line += f" ({least:.2f} to {most:.2f})"
        return line


class Figures:
    """The rows of all parts, to look up by round."""

    def __init__(self, rows):
        self.rows = rows

    def select(self, **wanted):
        return [row for row in self.rows
                if all(row.get(key) == value for key, value in wanted.items())]

    def by_round(self, key, **wanted):
        return {row["round"]: row[key] for row in self.select(**wanted)}

    def ratios(self, key, over, under):
        """One for each round that has both; `over` and `under` select rows."""
        upper = self.by_round(key, **over)
        lower = self.by_round(key, **under)
        return [upper[number] / lower[number] for number in sorted(upper)
                if lower.get(number)]

    def rivals(self, size, names):
        """Those of `names` that answer all records of a size over UDP."""
        return sorted({row["server"] for row in self.select(part="throughput", set=size,
                                                            transport="udp")
                       if row["server"] in names and is_rival(row["server"], row["verdict"])})

    def best_rival_ratios(self, size, names):
        """Ours against the one that is best over all rounds."""
        best = []
        for rival in self.rivals(size, names):
            ratios = self.ratios("core_kqps", cell(size, "udp", "rollcall"),
                                 cell(size, "udp", rival))
            if not best or statistics.median(ratios) < statistics.median(best):
                best = ratios
        return best


def cell(size, transport, server):
    return {"part": "throughput", "set": size, "transport": transport, "server": server}


def growth_ratios(figures, over, under):
    return figures.ratios("cpu_us", {"part": "growth", "set": over},
                          {"part": "growth", "set": under})


def throughput_goals(figures, core_count):
    not_chosen = "the data set was not chosen"
    for size, limit in (("S", 0.80), ("M", 0.80), ("L", 0.80), ("XL", 0.75)):
        yield Goal(f"udp-{size}-of-raw", ">=", limit,
                   figures.ratios("core_kqps", cell(size, "udp", "rollcall"),
                                  cell(size, "udp", "raw")), not_chosen)
    one = {"part": "cores", "workers": 1}
    two = {"part": "cores", "workers": 2}
    yield Goal("udp-two-cores-of-one", ">=", 1.7, figures.ratios("qps", two, one),
               f"two for the workers and two for the load are needed, this machine has {core_count}")
    for size, names, limit in (("S", ("nsd", "knot"), 1.0), ("M", ("nsd", "knot"), 2.0),
                               ("L", ("pdns",), 1.5), ("XL", ("pdns",), 1.5)):
        yield Goal(f"udp-{size}-of-{'-or-'.join(names)}", ">=", limit,
                   figures.best_rival_ratios(size, names),
                   "none of them ran, or answered all records of this size")
    for size, limit in (("L", 0.65), ("XL", 0.75)):
        yield Goal(f"tcp-{size}-of-raw", ">=", limit,
                   figures.ratios("core_kqps", cell(size, "tcp", "rollcall"),
                                  cell(size, "tcp", "raw")), not_chosen)
    yield Goal("cpu-of-100-members-to-3", "<=", 1.3,
               growth_ratios(figures, "members-100", "members-3"))
    yield Goal("cpu-of-800-members-to-3", "<=", 2.0,
               growth_ratios(figures, "members-800", "members-3"))
    yield Goal("cpu-of-10000-clusters-to-10", "<=", 1.25,
               growth_ratios(figures, "clusters-10000", "clusters-10"))


def swap_p99_ratios(figures):
    rows = figures.select(part="swap")
    with_changes = {row["round"]: row["p99_us"] for row in rows if row["changes"] > 0}
    without = {row["round"]: row["p99_us"] for row in rows if row["changes"] == 0}
    return [with_changes[number] / without[number] for number in sorted(with_changes)]


def update_goals(figures, members):
    not_chosen = "the data set H was not chosen"
    updates = figures.select(part="rebuild")
    rebuilds = figures.select(part="rebuild", changed="all")
    single = figures.select(part="rebuild", changed="one")
    swaps = figures.select(part="swap")
    memory = {row["what"]: row["octets"] for row in figures.select(part="memory")}
    grown = [memory["steady"] - memory["base"]] if memory else []
    yield Goal("rebuild-cpu-ms", "<=", 50, [row["build_cpu_ms"] for row in rebuilds], not_chosen)
    yield Goal("one-cluster-visible-ms", "<=", 2, [row["visible_ms"] for row in single], not_chosen)
    yield Goal("swap-queries-lost", "<=", 0,
               [sum(row["lost"] + row["bad"] + row["truncated"] for row in swaps)] if swaps else [],
               not_chosen)
    yield Goal("swap-p99-to-quiet", "<=", 2, swap_p99_ratios(figures), not_chosen)
    yield Goal("memory-table-octets-per-member", "<=", 150,
               # All that the builds have left on the heap; the last one changed one cluster.
               [sum(row["heap_octets"] for row in updates) / members] if updates else [],
               not_chosen)
    yield Goal("memory-process-octets-per-member", "<=", 150,
               [octets / members for octets in grown], not_chosen)
    yield Goal("memory-peak-to-steady", "<=", 2.2,
               [(memory["peak"] - memory["base"]) / octets for octets in grown], not_chosen)
    yield Goal("memory-base-mb", "<=", 10, [memory["base"] / 1e6] if memory else [], not_chosen)


def latency_goals(figures):
    for size in ("S", "M"):
        yield Goal(f"p50-{size}-at-20-kqps-to-raw", "<=", 1.2,
                   figures.ratios("p50_us", {"part": "latency", "set": size, "server": "rollcall"},
                                  {"part": "latency", "set": size, "server": "raw"}),
                   "the data set was not chosen")


def goals_judge(rows, core_count, huge_members):
    figures = Figures(rows)
    return [*throughput_goals(figures, core_count), *update_goals(figures, huge_members),
            *latency_goals(figures)]
