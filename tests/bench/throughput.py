# SPDX-License-Identifier: MIT
"""How many answers a second of one core, by size and transport, rollcall and peers against the raw
limit, in interleaved rounds; and what a query costs by members and by clusters."""

import compare
import datasets
from measure import Load, measure
from peers import PEERS, peer_start
from servers import BenchError, raw_start, rollcall_start

TCP_SIZES = ("M", "L", "XL")


class Cell:
    """One figure to measure each round: a server, a list of names, a transport."""

    def __init__(self, part, label, transport, server_label, server, names, data, verdict):
        self.part = part
        self.label = label
        self.transport = transport
        self.server_label = server_label
        self.server = server
        self.names = names
        self.data = data
        self.verdict = verdict

    def run(self, bench, round_number):
        figures = measure(bench.build, bench.cores.load, self.server, self.names, bench.seconds,
                          tcp=self.transport == "tcp")
        if self.server_label == "rollcall":
            self.check_records(figures)
        return {"round": round_number, "part": self.part, "set": self.label,
                "transport": self.transport, "server": self.server_label,
                "members": self.data.member_count, "verdict": self.verdict, **figures}

    def check_records(self, figures):
        """Nothing may be fast because it answers less: all SRVs, all glue and OPT, every time."""
        wanted = self.data.member_count
        for key, least in (("answers_min", wanted), ("additional_min", wanted + 1)):
            if figures[key] != least or figures["truncated"] or figures["bad"]:
                raise BenchError(f"rollcall answered {key} {figures[key]} instead of {least} "
                                 f"in set {self.label}, {figures['truncated']} truncated, "
                                 f"{figures['bad']} bad")


def servers_start(bench):
    """Everything that the rounds need, started and ready."""
    sizes = bench.sizes
    growth = list(datasets.GROWTH.values())
    bench.rollcall = bench.add(rollcall_start(bench.build, bench.folder, bench.cores.server,
                                              "rollcall", sizes + growth))
    bench.few = datasets.many_clusters(1)
    bench.many = datasets.many_clusters(1000)
    bench.rollcall_few = bench.add(rollcall_start(bench.build, bench.folder, bench.cores.server,
                                                  "rollcall-10-clusters", bench.few))
    bench.rollcall_many = bench.add(rollcall_start(
        bench.build, bench.folder, bench.cores.server, "rollcall-10000-clusters", bench.many))
    bench.peers = {name: bench.add(peer_start(name, bench.folder, bench.cores.server, sizes))
                   for name in bench.peer_names}
    bench.rollcall.wait_ready([data.owner(0) for data in sizes + growth])
    bench.rollcall_few.wait_ready([data.owner(0) for data in bench.few])
    bench.rollcall_many.wait_ready([data.owner(0) for data in bench.many])
    # As large as our answers over TCP: whole ones, and over UDP those of the chosen sizes are, too.
    bench.raws = {data.label: bench.add(raw_start(
        bench.build, bench.folder, bench.cores.server,
        compare.answer_octets(data, bench.rollcall.port))) for data in sizes}
    for peer in bench.peers.values():
        peer.wait_ready([data.owner(0) for data in sizes])


def cells_of_set(bench, data, transport):
    names = data.write_names(bench.folder)
    yield Cell("throughput", data.label, transport, "raw", bench.raws[data.label], names, data,
               "-")
    for label, server in [("rollcall", bench.rollcall), *bench.peers.items()]:
        verdict = compare.server_verdict(data, server.port, transport == "tcp")
        if label == "rollcall" and verdict != compare.FULL:
            raise BenchError(f"rollcall's answers of set {data.label} over {transport} are "
                             f"{verdict}")
        cell = Cell("throughput", data.label, transport, label, server, names, data, verdict)
        if verdict in (compare.TRUNCATED, compare.WRONG):
            bench.left_out.append(cell)
        else:
            yield cell


def cells_of_growth(bench):
    for data in datasets.GROWTH.values():
        if compare.server_verdict(data, bench.rollcall.port, False) != compare.FULL:
            raise BenchError(f"rollcall does not answer {data.member_count} members in full")
        yield Cell("growth", data.label, "udp", "rollcall", bench.rollcall,
                   data.write_names(bench.folder), data, compare.FULL)
    for label, zones, server in (("clusters-10", bench.few, bench.rollcall_few),
                                 ("clusters-10000", bench.many, bench.rollcall_many)):
        path = bench.folder / f"{label}.names"
        lists = [[data.owner(number) for number in range(data.cluster_count)] for data in zones]
        path.write_text("".join(f"{name}\n" for group in zip(*lists) for name in group))
        yield Cell("growth", label, "udp", "rollcall", server, path, zones[0], compare.FULL)


def rounds_run(bench):
    """Returns the figures; in every round each cell once, beginning with another one each time."""
    cells = []
    for data in bench.sizes:
        for transport in ("udp", "tcp"):
            if transport == "udp" or data.label in TCP_SIZES:
                cells += cells_of_set(bench, data, transport)
    growth = list(cells_of_growth(bench))
    figures = []
    bench.progress.begin("throughput", bench.rounds * (len(cells) + len(growth)))
    for round_number in range(bench.rounds):
        for group in (cells, growth):
            shift = round_number * 3 % len(group)
            for cell in group[shift:] + group[:shift]:
                row = cell.run(bench, round_number)
                figures.append(row)
                bench.progress.step(f"round {round_number + 1}/{bench.rounds} {row['set']} "
                                    f"{row['transport']} {row['server']} "
                                    f"{row['core_kqps']:.1f} kqps a core")
    return figures


def two_cores_run(bench):
    """One worker on one core against two workers on two, with the same two generators. Nothing on
    machines with fewer than four cores."""
    data = datasets.GROWTH[3]
    if not bench.cores.pair_load:
        return []
    names = data.write_names(bench.folder)
    servers = {}
    for workers, cores in ((1, bench.cores.server), (2, bench.cores.pair)):
        servers[workers] = bench.add(rollcall_start(bench.build, bench.folder, cores,
                                                    f"rollcall-{workers}-workers", [data],
                                                    workers))
        servers[workers].wait_ready([data.owner(0)])
    figures = []
    bench.progress.begin("two cores", 2 * bench.rounds)
    for round_number in range(bench.rounds):
        for workers, server in servers.items():
            loads = [Load(bench.build, cores, server.port, names, bench.seconds)
                     for cores in bench.cores.pair_load]
            qps = sum(load.finish()["qps"] for load in loads)
            figures.append({"round": round_number, "part": "cores", "set": data.label,
                            "transport": "udp", "server": "rollcall", "workers": workers,
                            "qps": qps})
            bench.progress.step(f"{workers} workers {qps / 1000:.1f} kqps")
    return figures


def is_rival(label, verdict):
    """A peer counts in a ratio where it answers the same records."""
    return label in PEERS and PEERS[label][2] and verdict == compare.FULL
