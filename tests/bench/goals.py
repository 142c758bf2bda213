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
MISSED = "missed"
NOT_MEASURED = "not measured"

NOT_CHOSEN = "the data set was not chosen"
NO_SIZES = "no data set of S, M, L and XL was chosen"
NO_UPDATES = "the data set H was not chosen"
NO_POLLS = "P was not chosen"

POLL_LIMITS = {"poll-10000-cpu-ms": 150, "poll-10000-growth-mb": 10}

COMPARISONS = {">=": operator.ge, "<=": operator.le}


class Goal:
    """`ratio NAME VALUE goal GOAL VERDICT` and the spread behind it, or `not measured NAME: why`."""

    def __init__(self, name, comparison, limit, values, why_not):
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
        if not self.values:
            return f"{NOT_MEASURED} {self.name}: {self.why_not}"
        median, least, most = spread(self.values)
        line = (f"ratio {self.name} {median:.2f} goal {self.comparison}{self.limit:.2f} "
                f"{self.verdict}")
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

    def micro(self, name):
        return [row["value"] for row in self.select(part="micro", name=name)]

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
    for size, limit in (("S", 0.80), ("M", 0.80), ("L", 0.80), ("XL", 0.75)):
        yield Goal(f"udp-{size}-of-raw", ">=", limit,
                   figures.ratios("core_kqps", cell(size, "udp", "rollcall"),
                                  cell(size, "udp", "raw")), NOT_CHOSEN)
    one = {"part": "cores", "workers": 1}
    two = {"part": "cores", "workers": 2}
    yield Goal("udp-two-cores-of-one", ">=", 1.7, figures.ratios("qps", two, one),
               f"two cores for the workers and two for the load are needed, this machine has "
               f"{core_count}" if core_count < 4 else NO_SIZES)
    for size, names, limit in (("S", ("nsd", "knot"), 1.0), ("M", ("nsd", "knot"), 2.0),
                               ("L", ("pdns",), 1.5), ("XL", ("pdns",), 1.5)):
        yield Goal(f"udp-{size}-of-{'-or-'.join(names)}", ">=", limit,
                   figures.best_rival_ratios(size, names),
                   "none of them ran, or answered all records of this size")
    for size, limit in (("L", 0.65), ("XL", 0.75)):
        yield Goal(f"tcp-{size}-of-raw", ">=", limit,
                   figures.ratios("core_kqps", cell(size, "tcp", "rollcall"),
                                  cell(size, "tcp", "raw")), NOT_CHOSEN)
    yield Goal("cpu-of-100-members-to-3", "<=", 1.3,
               growth_ratios(figures, "members-100", "members-3"), NO_SIZES)
    yield Goal("cpu-of-800-members-to-3", "<=", 2.0,
               growth_ratios(figures, "members-800", "members-3"), NO_SIZES)
    yield Goal("cpu-of-10000-clusters-to-10", "<=", 1.25,
               growth_ratios(figures, "clusters-10000", "clusters-10"), NO_SIZES)


def swap_p99_ratios(figures):
    return figures.ratios("p99_us", {"part": "swap", "is_changing": True},
                          {"part": "swap", "is_changing": False})


def update_goals(figures):
    """A rebuild is everything from an accepted poll to the worker's mailbox."""
    rebuilds = figures.select(part="rebuild", changed="all", is_split=False)
    single = figures.select(part="rebuild", changed="one", is_split=False)
    swaps = figures.select(part="swap")
    yield Goal("rebuild-cpu-ms", "<=", 50,
               [row["publish_cpu_ms"] + row["hand_over_cpu_ms"] for row in rebuilds], NO_UPDATES)
    yield Goal("one-cluster-visible-ms", "<=", 2, [row["visible_ms"] for row in single], NO_UPDATES)
    yield Goal("swap-queries-lost", "<=", 0,
               [sum(row["lost"] + row["bad"] + row["truncated"] for row in swaps)] if swaps else [],
               NO_UPDATES)
    yield Goal("swap-p99-to-quiet", "<=", 2, swap_p99_ratios(figures), NO_UPDATES)


def memory_goals(figures):
    """What a member takes in the table, and while one table takes the place of another, is told by
    the heap; the whole process is held against Knot, of which only the whole process is seen."""
    ours = memory_of(figures, "rollcall")
    knots = memory_of(figures, "knot")
    tables = figures.select(part="table")
    yield Goal("memory-table-octets-per-member", "<=", 150,
               [row["table_octets"] / row["members"] for row in tables if row["table_octets"] > 0],
               "another allocator than glibc's is linked in" if tables else NO_UPDATES)
    yield Goal("memory-table-peak-to-steady", "<=", 2.2,
               figures.micro("heap-peak-of-a-swap"), "another allocator than glibc's is linked in")
    yield Goal("memory-process-of-knot", "<=", 1.0,
               [grown(ours) / grown(knots)] if ours and knots and grown(knots) > 0 else [],
               "knot did not run" if ours else NO_UPDATES)
    yield Goal("memory-base-mb", "<=", 10, [ours["base"] / 1e6] if ours else [], NO_UPDATES)


def memory_of(figures, server):
    """{"base": octets, "steady": ..., "peak": ...} of one server's whole process"""
    return {row["what"]: row["octets"] for row in figures.select(part="memory", server=server)}


def grown(memory, what="steady"):
    """What came with the members."""
    return memory[what] - memory["base"]


def latency_goals(figures):
    for size in ("S", "M"):
        yield Goal(f"p50-{size}-at-20-kqps-to-raw", "<=", 1.2,
                   figures.ratios("p50_us", {"part": "latency", "set": size, "server": "rollcall"},
                                  {"part": "latency", "set": size, "server": "raw"}), NOT_CHOSEN)
    yield Goal("udp-p99-beside-pipelining-tcp", "<=", 1.5,
               figures.ratios("p99_us", {"part": "beside", "is_beside": True},
                              {"part": "beside", "is_beside": False}), NO_SIZES)


def other_goals(figures):
    yield Goal("mallocs-of-all-queries", "<=", 0, figures.micro("mallocs"),
               "another allocator than glibc's is linked in")
    polls = {row["name"]: row["value"] for row in figures.select(part="poll")}
    for name, limit in POLL_LIMITS.items():
        yield Goal(name, "<=", limit, [polls[name]] if name in polls else [], NO_POLLS)


def goals_judge(rows, core_count):
    figures = Figures(rows)
    return [*throughput_goals(figures, core_count), *update_goals(figures),
            *memory_goals(figures), *latency_goals(figures), *other_goals(figures)]
