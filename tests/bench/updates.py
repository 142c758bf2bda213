# SPDX-License-Identifier: MIT
"""What a change of 1000 clusters of 100 members costs: CPU, time, and queries meanwhile."""

import json
import os
import subprocess
import threading
import time

import dns.exception
import dns.message
import dns.query

import datasets
from measure import Load
from servers import BenchError, rollcall_start, thread_cpu_seconds

RATE_QPS = 5000
CHANGE_EVERY_S = 1.0
VISIBLE_LIMIT_S = 20
SETTLED_S = 4.0  # a file source reads a changed file once more, 2 s later


class ChangingFleet:
    """A rollcall whose fleet file can be exchanged for one with other weights."""

    def __init__(self, bench, label, data):
        self.data = data
        self.server = bench.add(rollcall_start(bench.build, bench.folder,
                                               bench.cores.server | bench.cores.updater, label,
                                               [data]))
        self.folder = self.server.folder
        self.server.wait_ready([data.owner(data.cluster_count - 1)])
        self.weight = datasets.WEIGHT
        self.text = data.fleet_text()
        self.server.pin(bench.cores.server, bench.cores.updater)

    def change(self):
        """Every weight at once, as an editor would: a new file takes the place of the old. Ever less
        weight: more, so soon after a change, would have to settle for a TTL first."""
        self.weight -= 1
        new = self.folder / "new.json"
        new.write_text(self.text.replace(f'"weight":{datasets.WEIGHT}',
                                         f'"weight":{self.weight}'))
        os.replace(new, self.folder / f"{self.data.zone}.json")

    def wait_visible(self):
        """Until the newest weight is answered; returns the seconds that took."""
        begun = time.monotonic()
        query = dns.message.make_query(self.data.owner(self.data.cluster_count - 1), "SRV",
                                       use_edns=0, payload=65535)
        while time.monotonic() - begun < VISIBLE_LIMIT_S:
            try:
                answer = dns.query.udp(query, "127.0.0.1", port=self.server.port, timeout=1)
                if answer.answer and answer.answer[0][0].weight == self.weight:
                    return time.monotonic() - begun
            except dns.exception.DNSException:
                pass
            time.sleep(0.005)
        self.server.fail("never answered with a new weight")

    def main_thread_cpu_s(self):
        return thread_cpu_seconds(self.server.pid, self.server.pid)


class Changer(threading.Thread):
    """Changes the fleet again and again."""

    def __init__(self, fleet, cores):
        super().__init__(daemon=True)
        self.fleet = fleet
        self.cores = cores
        self.is_over = threading.Event()
        self.count = 0

    def run(self):
        os.sched_setaffinity(0, self.cores)  # of this thread: the worker's core is not ours to use
        while not self.is_over.wait(CHANGE_EVERY_S / 2):
            self.fleet.change()
            self.count += 1
            self.is_over.wait(CHANGE_EVERY_S / 2)

    def end(self):
        self.is_over.set()
        self.join()


def swaps_run(bench):
    """The same load with and without changes of everything, in turn."""
    fleet = bench.fleet
    names = datasets.HUGE.write_names(bench.folder)
    seconds = 2.0 if bench.is_quick else 3.0
    figures = []
    bench.progress.begin("swaps", bench.rounds * 2)
    for round_number in range(bench.rounds):
        for is_changing in (False, True):
            changer = Changer(fleet, bench.cores.updater)
            load = Load(bench.build, bench.cores.update_load, fleet.server.port, names, seconds,
                        rate=RATE_QPS, realtime=True, random_seed=round_number + 1)
            if is_changing:
                changer.start()
            row = load.finish()
            if is_changing:
                changer.end()
                fleet.wait_visible()
                time.sleep(SETTLED_S)  # nothing of this round may disturb the next
            figures.append({"round": round_number, "part": "swap", "is_changing": is_changing,
                            "changes": changer.count, **row})
            bench.progress.step(f"round {round_number + 1}/{bench.rounds} "
                                f"{changer.count} changes, {row['lost']} lost, "
                                f"p99 {row['p99_us']:.0f} us")
    return figures


def rebuild_run(bench):
    """From a source's text to answers inside one process, without the waiting in between."""
    bench.progress.begin("rebuild", 1)
    huge = datasets.HUGE
    done = subprocess.run([bench.build / "tests/bench_update", str(huge.cluster_count),
                           str(huge.member_count), str(bench.rounds)],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"bench_update failed: {done.stderr.strip()}")
    figures = []
    for number, line in enumerate(done.stdout.splitlines()):
        row = json.loads(line)
        figures.append({"part": "table" if row.pop("what") == "table" else "rebuild",
                        "round": number, **row})
    bench.progress.step(f"{len(figures) - 1} changes")
    return figures
