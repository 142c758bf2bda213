# SPDX-License-Identifier: MIT
"""rollcall, NSD, Knot and BIND side by side, all serving the same zone as they come from Debian.

What is set up is only what lets them run here: a port, folders, a zone; that BIND takes large sets
and gives no transfers, as the others do by default; that NSD and BIND say no more than they must,
as Knot and rollcall do; that Knot has a name, as NSD and BIND always do: its default is the
machine's DNS name, which not every machine has; and that nobody limits the rate of a test.
"""

import contextlib
import json
import pathlib
import shutil
import subprocess
import warnings

from .exchange import Dead, exchange
from .packets import SOA, Response, header, question
from .rollcall import ZONE, Rollcall, free_port
from .waiting import wait_until

START_LIMIT_S = 60
STOP_LIMIT_S = 20
WEB, BIG = 3, 300  # members of the two clusters

# Records of the zone beside the clusters; every server reads this text.
STATIC = r"""
ns1        60 IN A     192.0.2.53
note       60 IN TXT   "hello"
alias      60 IN CNAME ns1
a\000b     60 IN TXT   "a label with an octet of 0"
a\.b       60 IN TXT   "a label with a dot"
\200\255   60 IN TXT   "a label that is no text"
old        60 IN TYPE65280 \# 2 0102
deep.er.e  60 IN TXT   "below names without records"
"""

ROLLCALL = """
nsid = "site-a"
zone "sd.example.com" {
    ttl = 60s
    negative-ttl = 60s
    nameservers = {"ns1.sd.example.com"}
    target-names = instance
    records = "static.zone"
}
file "fleet" { zone = "sd.example.com"  path = "fleet.json" }
"""

NSD = """server:
    ip-address: 127.0.0.1@{port}
    server-count: 1
    username: ""
    zonesdir: "{folder}"
    database: ""
    pidfile: "{folder}/nsd.pid"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    minimal-responses: yes
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
zone:
    name: "{zone}"
    zonefile: "zone"
"""

KNOT = """server:
    rundir: "{folder}"
    identity: "peer"
    nsid: "peer"
    listen: 127.0.0.1@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
control:
    listen: "{folder}/knot.sock"
log:
  - target: stderr
    any: error
database:
    storage: "{folder}"
zone:
  - domain: {zone}
    storage: "{folder}"
    file: "zone"
    journal-content: none
    zonefile-sync: -1
"""

BIND = """options {{
    directory "{folder}";
    pid-file "{folder}/named.pid";
    lock-file none;
    session-keyfile none;
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    recursion no;
    notify no;
    dnssec-validation no;
    allow-transfer {{ none; }};
    max-records-per-type 0;
    minimal-responses yes;
}};
controls {{ }};
zone "{zone}" {{ type primary; file "zone"; }};
"""

PEERS = {
    "nsd": ("/usr/sbin/nsd", NSD, ("-d", "-c")),
    "knot": ("/usr/sbin/knotd", KNOT, ("-c",)),
    "bind": ("/usr/sbin/named", BIND, ("-g", "-4", "-n", "1", "-c")),
}


def clusters():
    """cluster -> the targets' labels and addresses"""
    return {"web": [(f"web-{index}", f"10.0.3.{index}") for index in range(1, WEB + 1)],
            "big": [(f"big-{index:03}", f"10.1.{index // 250}.{1 + index % 250}")
                    for index in range(BIG)]}


def fleet_text():
    return json.dumps({"groups": [
        {"name": cluster, "members": [{"id": label, "address": address, "port": 80}
                                      for label, address in members]}
        for cluster, members in clusters().items()]})


def zone_text(static):
    """The zone as rollcall makes it, for servers that read zone files."""
    lines = [f"$ORIGIN {ZONE}.",
             "@ 60 IN SOA ns1 hostmaster 1 3600 600 1209600 60", "@ 60 IN NS ns1"]
    for cluster, members in clusters().items():
        for label, address in members:
            lines += [f"_{cluster}._tcp 60 IN SRV 0 1 80 {label}", f"{label} 60 IN A {address}",
                      f'{label} 60 IN TXT "{cluster}"', f"{cluster} 60 IN A {address}"]
    return "\n".join(lines) + "\n" + static


class Peer:
    """One of the other servers as a process."""

    def __init__(self, name, folder, static):
        program, text, arguments = PEERS[name]
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.log_path = self.folder / "log"
        (self.folder / "zone").write_text(zone_text(static))
        config = self.folder / f"{name}.conf"
        config.write_text(text.format(port=self.port, folder=self.folder, zone=ZONE))
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([program, *arguments, str(config)], cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def serves_the_zone(server):
    request = header(1) + question(ZONE, SOA)
    try:
        seen = exchange(server.port, request, ZONE)
    except (Dead, OSError):
        return False
    return isinstance(seen, Response) and seen.words() == "NOERROR aa q an1"


def wait_for_zone(name, server):
    def is_there():
        status = server.process.poll()
        assert status is None, f"{name} ended with {status}: {server.log_path.read_text()[-2000:]}"
        return serves_the_zone(server)
    wait_until(is_there, START_LIMIT_S, f"{name} serves the zone")


@contextlib.contextmanager
def name_servers(folder, static=STATIC, peers=("nsd", "knot", "bind")):
    """name -> a running server: "rollcall", and those of `peers` that are installed. At the end all
    of them must still run."""
    own = pathlib.Path(folder) / "rollcall"
    own.mkdir()
    (own / "fleet.json").write_text(fleet_text())
    (own / "static.zone").write_text(static)
    rollcall = Rollcall(own, ROLLCALL)
    running = {"rollcall": rollcall}
    with contextlib.ExitStack() as stack:
        stack.callback(rollcall.stop)
        rollcall.start(wait=False)
        for name in peers:
            if shutil.which(PEERS[name][0]) is None:
                warnings.warn(f"{name} is not installed: what is claimed of it is not checked")
            else:
                (pathlib.Path(folder) / name).mkdir()
                running[name] = Peer(name, pathlib.Path(folder) / name, static)
                stack.callback(running[name].stop)
        for name, server in running.items():
            wait_for_zone(name, server)
        wait_until(lambda: len(rollcall.weights("big")) == BIG, START_LIMIT_S, "all are served")
        yield running
        ended = [name for name, server in running.items() if server.process.poll() is not None]
        assert not ended, f"{ended} ended on their own"
