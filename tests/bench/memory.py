# SPDX-License-Identifier: MIT
"""What 1000 clusters of 100 members take of the machine: PSS of the whole process, ours and the
peers', and our peak while all of them change."""

import pathlib
import time

import datasets
from peers import peer_start
from servers import rollcall_start, smaps_octets
from updates import SETTLED_S, ChangingFleet

CHANGES_BEFORE_STEADY = 2
PEERS = ("knot", "nsd")  # those that hold a table, too
ONE = datasets.DataSet("one", datasets.HUGE.zone, 1, 1)


def row(server, what, octets):
    return {"part": "memory", "server": server, "what": what, "octets": octets}


def peer_rows(bench, name):
    """A peer with one member, and with all; each ends as soon as it was looked at."""
    for what, data in (("base", ONE), ("steady", datasets.HUGE)):
        folder = bench.folder / f"memory-{what}"
        folder.mkdir(exist_ok=True)
        server = bench.add(peer_start(name, folder, bench.cores.server, [data]))
        server.wait_ready([data.owner(data.cluster_count - 1)])
        octets = sum(smaps_octets(pid, "Pss") for pid in server.pids())
        server.stop()
        bench.progress.step(f"{name} {data.members} members {octets / 1e6:.1f} MB")
        yield row(name, what, octets)


def memory_run(bench):
    """Our PSS with one member, with all, and the peak during a change. The process with all stays
    as `bench.fleet`."""
    names = [name for name in PEERS if name in bench.peer_names]
    bench.progress.begin("memory", 3 + 2 * len(names))
    base = bench.add(rollcall_start(bench.build, bench.folder, bench.cores.server,
                                    "rollcall-1-member", [ONE]))
    base.wait_ready([ONE.owner(0)])
    rows = [row("rollcall", "base", smaps_octets(base.pid, "Pss"))]
    bench.progress.step(f"1 member {rows[0]['octets'] / 1e6:.1f} MB")
    base.stop()
    for name in names:
        rows += peer_rows(bench, name)

    fleet = ChangingFleet(bench, "rollcall-H", datasets.HUGE)
    pid = fleet.server.pid
    for _ in range(CHANGES_BEFORE_STEADY):
        fleet.change()
        fleet.wait_visible()
        time.sleep(SETTLED_S)
    steady = smaps_octets(pid, "Pss")
    rows.append(row("rollcall", "steady", steady))
    bench.progress.step(f"{datasets.HUGE.members} members {steady / 1e6:.1f} MB")

    shared = smaps_octets(pid, "Rss") - smaps_octets(pid, "Pss")
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak begins from here
    cpu_s = fleet.main_thread_cpu_s()
    fleet.change()
    visible_s = fleet.wait_visible()
    time.sleep(SETTLED_S)
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) * 1024 - shared
    rows.append(row("rollcall", "peak", peak))
    rows.append({"part": "file-change", "cpu_ms": (fleet.main_thread_cpu_s() - cpu_s) * 1000,
                 "visible_ms": visible_s * 1000})
    bench.progress.step(f"peak {peak / 1e6:.1f} MB")
    bench.fleet = fleet
    return rows
