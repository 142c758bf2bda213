# SPDX-License-Identifier: MIT
"""A real HAProxy from Debian's package, seen through its stats socket."""

import csv
import pathlib
import re
import shutil
import socket
import subprocess

from .waiting import wait_until

PROGRAM = shutil.which("haproxy") or "/usr/sbin/haproxy"

CONFIGURATION = """
global
    stats socket {socket} mode 600 level admin
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
resolvers rollcall
    nameserver local {nameserver}
    accepted_payload_size {payload}
    resolve_retries 3
    timeout resolve 1s
    timeout retry 1s
    hold obsolete {hold_obsolete}
    hold nx 10s
    hold timeout 24h
    hold refused 24h
    hold other 24h
"""

BACKEND = """
backend {name}
    balance roundrobin
    server-template {name} {slots} _{name}._tcp.{zone} resolvers rollcall resolve-prefer ipv4 init-addr none
"""


class HAProxy:
    def __init__(self, folder, nameserver, backends, zone, payload=8192, hold_obsolete="0s"):
        """`backends` maps each cluster's name to its number of slots."""
        self.folder = pathlib.Path(folder)
        self.socket_path = self.folder / "haproxy.sock"
        self.config_path = self.folder / "haproxy.cfg"
        self.process = None
        text = CONFIGURATION.format(socket=self.socket_path, nameserver=nameserver,
                                    payload=payload, hold_obsolete=hold_obsolete)
        for name, slots in backends.items():
            text += BACKEND.format(name=name, slots=slots, zone=zone)
        self.config_path.write_text(text)

    def start(self):
        with open(self.folder / "haproxy.log", "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "-db", "-f", str(self.config_path)],
                                            stdout=log, stderr=log)
        wait_until(self.is_up, 30, "HAProxy's stats socket answers")
        return self

    def is_up(self):
        assert self.process.poll() is None, (self.folder / "haproxy.log").read_text()
        try:
            return bool(self.command("show info"))
        except OSError:
            return False

    def stop(self):
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)
            self.process = None

    def command(self, text):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(20)
            client.connect(str(self.socket_path))
            client.sendall(text.encode() + b"\n")
            chunks = []
            while chunk := client.recv(65536):
                chunks.append(chunk)
        return b"".join(chunks).decode()

    def servers(self, backend):
        """name -> row of `show stat` for each slot of a backend."""
        rows = csv.DictReader(self.command("show stat").lstrip("# ").splitlines())
        return {row["svname"]: row for row in rows
                if row["pxname"] == backend and row["svname"] not in ("BACKEND", "FRONTEND")}

    def addressed(self, backend):
        """address -> HAProxy weight of the slots that have an address and are not in MAINT."""
        return {row["addr"].rsplit(":", 1)[0]: int(row["weight"])
                for row in self.servers(backend).values()
                if row["addr"] and "MAINT" not in row["status"]}

    def resolver_counters(self):
        """counter -> number, of `show resolvers`."""
        text = self.command("show resolvers rollcall")
        return {name: int(number) for name, number in re.findall(r"^\s+(\w+):\s+(\d+)$", text, re.M)}
