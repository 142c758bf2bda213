# SPDX-License-Identifier: MIT
"""Latency at a rate that a server is far from being busy with: rollcall against the raw limit."""

from measure import measure

RATE_QPS = 20000
SIZES = ("S", "M")


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
