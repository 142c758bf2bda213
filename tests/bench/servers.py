# SPDX-License-Identifier: MIT
"""Servers as processes on loopback ports: started by hand, pinned, measured, ended by their pid."""

import os
import pathlib
import signal
import socket
import subprocess
import time

import dns.exception
import dns.message
import dns.query
import dns.rcode

START_LIMIT_S = 60  # named and pdns read 52 KB answers' zones in well under that
STOP_LIMIT_S = 10
WORKER_THREAD_NAME = "worker"  # server/worker.h


class BenchError(Exception):
    """What was to be measured could not be."""


def free_port():
    """A port that is free for UDP and TCP on 127.0.0.1 right now."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
            udp.bind(("127.0.0.1", 0))
            port = udp.getsockname()[1]
            try:
                tcp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise BenchError("no free port on 127.0.0.1")


def process_cpu_seconds(pid):
    """CPU time of a process and its ended threads: its clock as clock_getcpuclockid(3) makes it."""
    return time.clock_gettime((~pid << 3) | 2)


def thread_cpu_seconds(pid, tid):
    """CPU time of one thread of any process."""
    return int(pathlib.Path(f"/proc/{pid}/task/{tid}/schedstat").read_text().split()[0]) / 1e9


def smaps_octets(pid, key):
    """A sum of /proc/PID/smaps_rollup ("Pss", "Rss"), in octets."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024
    raise BenchError(f"/proc/{pid}/smaps_rollup has no {key}")


class Server:
    """One process under measurement. `names` maps each data set's label to its list of names."""

    def __init__(self, label, command, folder, cores, port):
        self.label = label
        self.folder = pathlib.Path(folder)
        self.port = port
        self.log_path = self.folder / f"{label}.log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log,
                cwd=self.folder, preexec_fn=lambda: os.sched_setaffinity(0, cores))

    @property
    def pid(self):
        return self.process.pid

    def pids(self):
        """The process and its children: NSD answers from one."""
        found = [self.pid]
        for pid in found:
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                try:
                    found += [int(child) for child in (task / "children").read_text().split()]
                except OSError:
                    pass
        return found

    def cpu_seconds(self):
        total = 0.0
        for pid in self.pids():
            try:
                total += process_cpu_seconds(pid)
            except OSError:
                pass
        return total

    def pin(self, worker_cores, other_cores):
        """The workers where they are measured; the main thread, and those that write for it, beside."""
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            is_worker = (task / "comm").read_text().strip() == WORKER_THREAD_NAME
            os.sched_setaffinity(int(task.name), worker_cores if is_worker else other_cores)

    def waiting_seconds(self):
        """How long its threads could have run, but had to wait for their core."""
        total = 0
        for pid in self.pids():
            for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                try:
                    total += int((task / "schedstat").read_text().split()[1])
                except OSError:
                    pass
        return total / 1e9

    def fail(self, why):
        log = self.log_path.read_text(errors="replace").strip().splitlines()
        raise BenchError("\n".join([f"{self.label} {why}; its last words:"] + log[-15:]))

    def wait_ready(self, names):
        """Until every one of `names` is answered with NOERROR and at least one record."""
        deadline = time.monotonic() + START_LIMIT_S
        for name in names:
            query = dns.message.make_query(name, "SRV", use_edns=0, payload=1232)
            while True:
                if self.process.poll() is not None:
                    self.fail(f"ended with status {self.process.returncode}")
                try:
                    answer = dns.query.udp(query, "127.0.0.1", port=self.port, timeout=0.2)
                    if answer.rcode() == dns.rcode.NOERROR and (
                            answer.answer or answer.flags & dns.flags.TC):
                        break
                except (dns.exception.DNSException, OSError):
                    pass
                if time.monotonic() > deadline:
                    self.fail(f"did not answer for {name} in {START_LIMIT_S} s")
                time.sleep(0.05)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_LIMIT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()


def raw_start(build, folder, cores, octets):
    """The raw limit for answers of `octets`."""
    server = Server(f"raw-{octets}", [build / "tests/bench_raw", str(octets)], folder, cores, 0)
    line = server.process.stdout.readline().split()
    if len(line) != 2 or line[0] != b"ready":
        server.fail("did not start")
    server.port = int(line[1])
    return server


def rollcall_start(build, folder, cores, label, data_sets, workers=1):
    """The program as it is shipped, with one file source for each data set."""
    folder = pathlib.Path(folder) / label
    folder.mkdir()
    port = free_port()
    text = [f'listen = {{"127.0.0.1:{port}"}}', f"workers = {workers}",
            'control = "control.sock"', 'state-dir = "state"', "log-level = error"]
    for data in data_sets:
        (folder / f"{data.zone}.json").write_text(data.fleet_text())
        text += [f'zone "{data.zone}" {{', "    ttl = 60s", f'    nameservers = {{"ns1.{data.zone}"}}',
                 "    target-names = instance", "    udp-size = 65535", "}",
                 f'file "{data.zone}" {{ zone = "{data.zone}" path = "{data.zone}.json" }}']
    (folder / "rollcall.conf").write_text("\n".join(text) + "\n")
    return Server(label, [build / "rollcall", "serve", "-c", "rollcall.conf"], folder, cores, port)
