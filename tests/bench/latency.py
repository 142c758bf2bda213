# SPDX-License-Identifier: MIT
"""Latency at a rate that a server is far from being busy with: rollcall against the raw limit, and
against itself while one client asks for large answers over TCP without end."""

import datasets
from measure import Load, measure
from servers import BenchError

RATE_QPS = 20000
SIZES = ("S", "M")

# As many as load balancers ask, and a pipeline that is never empty.
BESIDE_RATE_QPS = 5000
GREEDY_WINDOW = 1024
GREEDY_LONGER_S = (1, 10, 60)  # than the queries over UDP, which may begin late on a busy machine


def latency_run(bench):
    sizes = [data for data in bench.sizes if data.label in SIZES]
    figures = []
    bench.progress.begin("latency", bench.rounds * len(sizes) * 2)
    for round_number in range(bench.rounds):
        for data in sizes:
            names = data.write_names(bench.folder)
            for label, server in (("raw", bench.raws[data.label]), ("rollcall", bench.rollcall)):
                row = measure(bench.build, bench.cores.load, server, names, bench.seconds,
                              rate=RATE_QPS, spin=True)
                figures.append({"round": round_number, "part": "latency", "set": data.label,
                                "transport": "udp", "server": label, **row})
                bench.progress.step(f"round {round_number + 1}/{bench.rounds} {data.label} {label} "
                                    f"p50 {row['p50_us']:.1f} us p99 {row['p99_us']:.1f} us")
    return figures


def udp_figures(bench, names):
    return Load(bench.build, bench.cores.load, bench.rollcall.port, names, bench.seconds,
                rate=BESIDE_RATE_QPS, realtime=True).finish()


def beside_figures(bench, small, large):
    """The figures of queries for `small` over UDP while `large` is asked for over TCP, from before the
    first of them until after the last; and TCP's answers a second."""
    for longer_s in GREEDY_LONGER_S:
        greedy = Load(bench.build, bench.cores.load, bench.rollcall.port, large,
                      bench.seconds + longer_s, tcp=True, sockets=1, window=GREEDY_WINDOW)
        try:
            row = udp_figures(bench, small)
            was_beside = greedy.process.poll() is None
        finally:
            tcp = greedy.finish()
        if was_beside and tcp["handled"] > 0:
            return row, tcp["qps"]
    raise BenchError("the client that pipelines over TCP was not there all the time")


def beside_run(bench):
    """Small answers over UDP from the only worker, with and without one greedy TCP client of it."""
    small = datasets.GROWTH[3].write_names(bench.folder)
    large = datasets.GROWTH[800].write_names(bench.folder)
    figures = []
    for server in (bench.rollcall, bench.rollcall_few, bench.rollcall_many):
        # A look at the fleet files would take the core of a worker that is never idle for a slice.
        server.pin(bench.cores.server, bench.cores.updater)
    bench.progress.begin("beside TCP", 2 * bench.rounds)
    for round_number in range(bench.rounds):
        for is_beside in (False, True):
            row, tcp_qps = (beside_figures(bench, small, large) if is_beside
                            else (udp_figures(bench, small), 0))
            figures.append({"round": round_number, "part": "beside", "set": "members-3",
                            "transport": "udp", "server": "rollcall", "is_beside": is_beside,
                            "tcp_qps": tcp_qps, **row})
            bench.progress.step(f"round {round_number + 1}/{bench.rounds} "
                                f"{tcp_qps:.0f} answers a second over TCP, UDP p99 "
                                f"{row['p99_us']:.0f} us, {row['lost']} lost")
    return figures
