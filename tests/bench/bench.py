# SPDX-License-Identifier: MIT
"""The bench as a whole; tests/bench/run.sh builds and calls it. See --help."""

import argparse
import os
import pathlib
import platform
import shutil
import signal
import sys
import tempfile

import datasets
import goals
import inside
import latency
import memory
import peers
import plot
import report
import throughput
import updates
from measure import Cores
from servers import BenchError

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXIT_MEASURED, EXIT_FAILED, EXIT_USAGE, EXIT_MISSED = range(4)


class Bench:
    """What the parts share: settings, the running servers, the progress display."""

    def __init__(self, options, folder):
        self.build = options.build
        self.folder = pathlib.Path(folder)
        self.cores = Cores()
        self.is_quick = options.quick
        self.rounds = options.rounds or (2 if options.quick else 5)
        self.seconds = 0.3 if options.quick else 1.5
        self.sizes = [datasets.SIZES[label] for label in options.data
                      if label in datasets.SIZES]
        self.has_updates = "H" in options.data
        self.has_polls = "P" in options.data
        self.peer_names = options.peers
        self.progress = report.Progress()
        self.servers = []
        self.left_out = []  # cells that were not worth measuring

    def add(self, server):
        self.servers.append(server)
        return server

    def stop(self):
        for server in self.servers:
            server.stop()
        self.servers = []

    def run(self):
        rows = inside.micro_run(self)
        if self.sizes:
            self.progress.begin("start", 1)
            throughput.servers_start(self)
            self.progress.step("servers answer")
            rows += throughput.rounds_run(self)
            rows += latency.latency_run(self)
            rows += latency.beside_run(self)
            self.stop()
            rows += throughput.two_cores_run(self)
            self.stop()
        if self.has_updates:
            rows += memory.memory_run(self)
            rows += updates.swaps_run(self)
            self.stop()
            rows += updates.rebuild_run(self)
        if self.has_polls:
            rows += inside.polls_run(self)
        self.progress.end()
        return rows


def list_of(known):
    def read(text):
        chosen = [item for item in text.split(",") if item]
        for item in chosen:
            if item not in known:
                raise argparse.ArgumentTypeError(f"{item!r} is none of {', '.join(known)}")
        return chosen
    return read


def options_read():
    parser = argparse.ArgumentParser(
        prog="run.sh", formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Measures rollcall against the raw limit of sockets and against packaged "
                    "servers.",
        epilog="exit: 0 measured, 1 it could not be measured, or a query allocates memory,\n"
               "      2 wrong usage, 3 with --strict: measured, and some goal is missed")
    sizes = [*datasets.SIZES, "H", "P"]
    parser.add_argument("--quick", action="store_true",
                        help="under two minutes: fewer and shorter rounds")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds; default 5, quick 2")
    parser.add_argument("--data", type=list_of(sizes), default=sizes, metavar="LIST",
                        help=f"data sets, of {','.join(sizes)} (the default); H: updates and "
                             "memory, P: polls of 10,000 instances")
    parser.add_argument("--peers", type=list_of(list(peers.PEERS)), metavar="LIST",
                        default=list(peers.PEERS),
                        help=f"peers, of {','.join(peers.PEERS)} (the default); '' for none")
    parser.add_argument("--strict", action="store_true", help="exit with 3 when a goal is missed")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/release", metavar="DIR",
                        help="measure what is built there, and build nothing")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "build/bench", metavar="DIR",
                        help="where figures and drawings go; default build/bench")
    options = parser.parse_args()
    if options.rounds is not None and options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    options.build = options.build.resolve()
    for program in ("rollcall", "tests/bench_load", "tests/bench_raw", "tests/bench_update",
                    "tests/bench_micro"):
        if not (options.build / program).exists():
            parser.error(f"{options.build / program} is not built")
    return options


def machine_describe(bench):
    return {"machine": platform.platform(), "cores": bench.cores.count,
            "load_average": os.getloadavg()[0], "rounds": bench.rounds,
            "seconds": bench.seconds, "pinning": bench.cores.describe()}


def terminate(*_):
    raise SystemExit(EXIT_FAILED)  # through every finally, which ends the servers


def main():
    options = options_read()
    signal.signal(signal.SIGTERM, terminate)
    folder = tempfile.mkdtemp(prefix="rollcall-bench-")
    bench = Bench(options, folder)
    about = machine_describe(bench)
    notes = list(bench.cores.notes())
    for name in [name for name in bench.peer_names if not peers.peer_is_installed(name)]:
        notes.append(f"{name} is not installed, so it is not measured")
        bench.peer_names.remove(name)
    try:
        rows = bench.run()
    except BenchError as error:
        bench.progress.end()
        print(f"bench: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_FAILED
    finally:
        bench.stop()
        shutil.rmtree(folder, ignore_errors=True)

    options.results.mkdir(parents=True, exist_ok=True)
    judged = goals.goals_judge(rows, bench.cores.count)
    lines = [f"{about['pinning']}; {bench.rounds} rounds of {bench.seconds} s; load average "
             f"{about['load_average']:.2f} before, {os.getloadavg()[0]:.2f} after",
             *(f"note: {note}" for note in notes), "",
             *report.table_lines(rows, bench.left_out), "", *report.other_lines(rows), "",
             *(goal.line() for goal in judged), "", report.verdicts_line(judged)]
    print("\n".join(lines))
    (options.results / "report.txt").write_text("\n".join(lines) + "\n")
    report.files_write(options.results, rows, about)
    drawings = plot.drawings_write(options.results, rows)
    print(f"\nfigures and {len(drawings)} drawings are in {options.results}")
    has_missed = any(goal.verdict == goals.MISSED for goal in judged)
    return EXIT_MISSED if has_missed and options.strict else EXIT_MEASURED


if __name__ == "__main__":
    sys.exit(main())
