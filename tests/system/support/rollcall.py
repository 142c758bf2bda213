# SPDX-License-Identifier: MIT
"""The real binary as a process: its configuration, its log, and questions to it."""

import os
import pathlib
import random
import re
import signal
import socket
import subprocess

import dns.flags
import dns.message
import dns.query
import dns.rdatatype

from .service_manager import ServiceManager
from .silence import expect_silence, remains, testimony
from .waiting import wait_until

ROOT = pathlib.Path(__file__).resolve().parents[3]
BUILD = ROOT / os.environ.get("ROLLCALL_BUILD", "build/release")
PROGRAM = BUILD / "rollcall"
ZONE = "sd.example.com"
START_LIMIT_S = 60  # generous for sanitizer builds
END_LIMIT_S = 60
ANSWER_LIMIT_S = 20
PORTS_FROM = 10000  # up to where the kernel's own choice begins
EPHEMERAL = pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range")
SHARES = 16  # of the ports, one for each worker of pytest-xdist
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw15")[2:]) % SHARES
given_ports = set()


def is_free(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, socket.socket() as tcp:
        try:
            udp.bind(("127.0.0.1", port))
            tcp.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def own_ports(first, end):
    """Those of a range that are this worker's, in any order: no two tests that run side by side get
    the same one."""
    ports = [port for port in range(first, end) if port % SHARES == WORKER]
    return random.sample(ports, len(ports))


def free_port():
    """A port that is free for UDP and TCP on 127.0.0.1, and stays so until it is used: it is below
    those that the kernel gives to clients, and nobody else is given it."""
    end = int(EPHEMERAL.read_text().split()[0])
    for port in own_ports(PORTS_FROM, end if end > PORTS_FROM + 1000 else 65536):
        if port not in given_ports and is_free(port):
            given_ports.add(port)
            return port
    raise AssertionError("no free port")


class Answer:
    """One response, as a test wants to look at it."""

    def __init__(self, message):
        self.message = message
        self.rcode = dns.rcode.to_text(message.rcode())
        self.wire_length = len(message.to_wire())

    def flag(self, flag):
        return bool(self.message.flags & flag)

    @property
    def truncated(self):
        return self.flag(dns.flags.TC)

    def records(self, section="answer"):
        """(owner, type, rdata text) of each record."""
        return [(rrset.name.to_text(), dns.rdatatype.to_text(rrset.rdtype), rdata.to_text())
                for rrset in getattr(self.message, section) for rdata in rrset]

    def weights(self):
        """target -> SRV weight."""
        return {rdata.target.to_text(): rdata.weight for rrset in self.message.answer
                if rrset.rdtype == dns.rdatatype.SRV for rdata in rrset}

    def addresses(self):
        """Addresses of the glue, in order."""
        return [text for _, kind, text in self.records("additional") if kind in ("A", "AAAA")]


class Rollcall:
    """Start with `Rollcall(folder, configuration)`, end with stop()."""

    def __init__(self, folder, configuration, environment=None, port=None, address="127.0.0.1"):
        self.folder = pathlib.Path(folder)
        self.port = port or free_port()
        self.address = address
        self.config_path = self.folder / "rollcall.conf"
        self.log_path = self.folder / "rollcall.log"
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith("AWS_")}
        self.environment.setdefault("TSAN_OPTIONS", f"suppressions={ROOT}/tests/tsan.supp")
        self.environment.update(environment or {})
        self.process = None
        self.manager = None  # of the start that is not known to be ready yet
        self.asked = {"udp": 0, "tcp": 0}  # questions since its start, all of them answered
        self.launcher = []  # what starts it, as in `setpriv ... rollcall serve`
        self.write_config(configuration)

    def write_config(self, configuration):
        """What it does not say is the test's own: a port, files of the folder, and one worker. Of
        several each comes to a change in its own time, and one may still answer as before when
        another has shown that the change is there."""
        start = f'listen = {{"{self.address}:{self.port}"}}\n'
        if not re.search(r"^\s*control\s*=", configuration, re.MULTILINE):
            start += 'control = "control.sock"\n'
        if not re.search(r"^\s*workers\s*=", configuration, re.MULTILINE):
            start += "workers = 1\n"
        if not re.search(r"^\s*state-dir\s*=", configuration, re.MULTILINE):
            start += 'state-dir = "state"\n'
        self.config_path.write_text(start + configuration)

    def start(self, wait=True, **options):
        """`options` are those of Popen()."""
        self.asked = dict.fromkeys(self.asked, 0)
        self.manager = ServiceManager()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [*self.launcher, str(PROGRAM), "serve", "-c", str(self.config_path)],
                env=self.environment | self.manager.environment(), **{"stderr": log} | options)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self):
        """It answers, the verbs reach it, and whatever its start has to log is logged."""
        def is_ready():
            status = self.process.poll()
            if status is not None:
                raise RuntimeError(f"rollcall ended with {status}: {self.log()}")
            return self.manager.is_ready()
        wait_until(is_ready, START_LIMIT_S, "rollcall is ready")

    def wait_end(self):
        """The exit status of one that ends by itself, or was told to."""
        status = self.process.wait(END_LIMIT_S)
        self.process = None
        self.manager.close()
        return status

    def reachable_address(self):
        return "127.0.0.1" if self.address == "0.0.0.0" else self.address

    def verb(self, *arguments, timeout_s=60):
        """What a verb with this server's configuration prints and how it ends."""
        run = subprocess.run([str(PROGRAM), *arguments, "-c", str(self.config_path)],
                             env=self.environment, capture_output=True, text=True,
                             timeout=timeout_s, check=False)
        expect_silence({f"the output of {arguments}": run.stdout + run.stderr},
                       self.environment)
        return run

    def stop(self):
        """SIGTERM; the exit status must be 0, which sanitizers would change, and no secret told."""
        if self.process is None:
            return
        said = testimony(self)
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.wait_end()
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"rollcall did not end on SIGTERM: {self.log()}") from None
        assert status == 0, f"rollcall ended with {status}: {self.log()}"
        expect_silence(said | remains(self), self.environment)

    def kill(self):
        self.process.kill()
        self.wait_end()
        expect_silence(remains(self), self.environment)

    def reload(self):
        self.process.send_signal(signal.SIGHUP)

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_lines(self, *words):
        """Lines that hold all of `words`."""
        return [line for line in self.log().splitlines() if all(word in line for word in words)]

    def ask(self, name, kind, tcp=False, payload=8192, timeout_s=ANSWER_LIMIT_S,
            edns=True):
        query = dns.message.make_query(name, kind, use_edns=0 if edns else False,
                                       payload=payload if edns else None)
        send = dns.query.tcp if tcp else dns.query.udp
        answer = send(query, self.reachable_address(), port=self.port, timeout=timeout_s)
        self.asked["tcp" if tcp else "udp"] += 1
        return Answer(answer)

    def srv(self, cluster, **options):
        return self.ask(f"_{cluster}._tcp.{ZONE}", "SRV", **options)

    def weights(self, cluster):
        return self.srv(cluster, tcp=True).weights()

    def serial(self):
        answer = self.ask(ZONE, "SOA")
        assert answer.rcode == "NOERROR", answer.rcode
        return answer.message.answer[0][0].serial
