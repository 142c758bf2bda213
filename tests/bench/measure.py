# SPDX-License-Identifier: MIT
"""One run of the load generator against one server, and what it cost that server."""

import json
import os
import statistics
import subprocess
import time

from servers import BenchError

LOAD_GRACE_S = 30
IDLE_SHARE = 0.1  # a server that was idle for longer was not at its limit: the load was


class Cores:
    """Who runs where: servers on core 0, the load on the others, so far as there are any."""

    def __init__(self):
        available = sorted(os.sched_getaffinity(0))
        self.count = len(available)
        self.server = {available[0]}
        self.load = set(available[1:]) or self.server
        # Updates need a core for the main thread beside the worker's.
        self.updater = {available[1]} if self.count > 1 else self.server
        self.update_load = set(available[2:]) or self.load
        self.pair = set(available[:2])
        self.pair_load = [{available[2]}, {available[3]}] if self.count >= 4 else []

    def notes(self):
        """What this machine cannot tell, or only with a grain of salt."""
        if self.count < 2:
            yield "one core only: the load takes time from the servers"
        elif self.count < 3:
            yield ("two cores only: while a table changes, the main thread that changes it shares "
                   "the load's core, and so does a client that pipelines over TCP")

    def describe(self):
        return (f"servers on core {min(self.server)}, load on "
                f"{', '.join(str(core) for core in sorted(self.load))}")


def process_prepare(cores, is_realtime):
    """What the load's process does before it runs: its cores; real time, where that is allowed,
    when it has to share its core with the updates of the server."""
    os.sched_setaffinity(0, cores)
    if is_realtime:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
        except OSError:
            pass


class Load:
    """Starts the generator; finish() gives its figures."""

    def __init__(self, build, cores, port, names, seconds, *, tcp=False, rate=None, spin=False,
                 realtime=False, random_seed=None, sockets=None, window=None):
        command = [build / "tests/bench_load", "--port", str(port), "--names", names,
                   "--seconds", str(seconds)]
        command += ["--tcp"] if tcp else []
        command += ["--rate", str(rate)] if rate else []
        command += ["--spin"] if spin else []
        command += ["--random", str(random_seed)] if random_seed else []
        command += ["--sockets", str(sockets)] if sockets else []
        command += ["--window", str(window)] if window else []
        self.limit_s = seconds + LOAD_GRACE_S
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=lambda: process_prepare(cores, realtime))

    def finish(self):
        try:
            out, err = self.process.communicate(timeout=self.limit_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise BenchError("bench_load did not end") from None
        if self.process.returncode != 0:
            raise BenchError(f"bench_load failed: {err.decode().strip()}")
        return json.loads(out)


def measure(build, cores, server, names, seconds, **options):
    """The generator's figures plus what one query cost: "cpu_us" per answer; "core_kqps", thousands
    of answers in a second of the server's CPU; the shares of the time in which it was "busy", and
    "waiting" while something else had its core."""
    before_s = server.cpu_seconds()
    waited_s = server.waiting_seconds()
    begun_s = time.monotonic()
    figures = Load(build, cores, server.port, names, seconds, **options).finish()
    wall_s = time.monotonic() - begun_s
    if server.process.poll() is not None:
        server.fail(f"ended with status {server.process.returncode} under load")
    cpu_s = server.cpu_seconds() - before_s
    waited_s = server.waiting_seconds() - waited_s
    if figures["handled"] == 0 or cpu_s <= 0:
        raise BenchError(f"{server.label} answered nothing")
    figures["cpu_us"] = cpu_s * 1e6 / figures["handled"]
    figures["core_kqps"] = figures["handled"] / cpu_s / 1000
    figures["busy"] = min(1.0, cpu_s * figures["qps"] / figures["handled"])
    # A process of several threads waits for itself, too: no more than there was time for.
    figures["waiting"] = min(1.0 - figures["busy"], max(0.0, waited_s / wall_s))
    return figures


def spread(values):
    """(median, least, most)"""
    return statistics.median(values), min(values), max(values)
