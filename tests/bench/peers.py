# SPDX-License-Identifier: MIT
"""The packaged peers, each set up to be as fast as it can be on one core and to answer all it can.

No logging, no rate limits, full additional sections, the largest UDP answers that each allows. All
files lie in the bench's own folder; nothing in /etc or /var is read or written.
"""

import pathlib
import shutil
import subprocess

from servers import Server, free_port


def zones_write(folder, data_sets):
    for data in data_sets:
        (folder / f"{data.zone}.zone").write_text(data.zone_text())


def nsd_start(folder, cores, data_sets):
    port = free_port()
    text = f"""server:
    ip-address: 127.0.0.1@{port}
    do-ip6: no
    server-count: 1
    username: ""
    zonesdir: "{folder}"
    database: ""
    pidfile: "{folder}/nsd.pid"
    xfrdfile: "{folder}/xfrd.state"
    xfrdir: "{folder}"
    zonelistfile: "{folder}/zone.list"
    ipv4-edns-size: 65535
    tcp-count: 100
    minimal-responses: no
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
"""
    for data in data_sets:
        text += f'zone:\n    name: "{data.zone}"\n    zonefile: "{data.zone}.zone"\n'
    (folder / "nsd.conf").write_text(text)
    return Server("nsd", ["/usr/sbin/nsd", "-d", "-c", folder / "nsd.conf"], folder, cores, port)


def knot_start(folder, cores, data_sets):
    port = free_port()
    text = f"""server:
    rundir: "{folder}"
    listen: 127.0.0.1@{port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
    udp-max-payload: 4096
control:
    listen: "{folder}/knot.sock"
log:
  - target: stderr
    any: error
database:
    storage: "{folder}"
template:
  - id: default
    storage: "{folder}"
    semantic-checks: off
    journal-content: none
    zonefile-load: whole
    zonefile-sync: -1
zone:
"""
    for data in data_sets:
        text += f'  - domain: {data.zone}\n    file: "{data.zone}.zone"\n'
    (folder / "knot.conf").write_text(text)
    return Server("knot", ["/usr/sbin/knotd", "-c", folder / "knot.conf"], folder, cores, port)


def pdns_start(folder, cores, data_sets):
    port = free_port()
    (folder / "pdns.conf").write_text(f"""launch=bind
bind-config={folder}/named-pdns.conf
local-address=127.0.0.1
local-port={port}
socket-dir={folder}
daemon=no
guardian=no
receiver-threads=1
distributor-threads=1
cache-ttl=3600
query-cache-ttl=3600
udp-truncation-threshold=65535
max-tcp-connections=100
security-poll-suffix=
loglevel=3
""")
    (folder / "named-pdns.conf").write_text("".join(
        f'zone "{data.zone}" {{ type master; file "{folder}/{data.zone}.zone"; }};\n'
        for data in data_sets))
    return Server("pdns", ["/usr/sbin/pdns_server", f"--config-dir={folder}"], folder, cores, port)


def named_start(folder, cores, data_sets):
    port = free_port()
    options = f"""    directory "{folder}";
    pid-file "{folder}/named.pid";
    lock-file none;
    session-keyfile none;
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    recursion no;
    notify no;
    dnssec-validation no;
    minimal-responses no-auth;
    max-udp-size 4096;
    edns-udp-size 4096;
"""
    zones = "".join(f'zone "{data.zone}" {{ type primary; file "{data.zone}.zone"; }};\n'
                    for data in data_sets)
    path = folder / "named.conf"
    # Since 9.18.28 BIND refuses more than 100 records of a type; before, the option is unknown.
    for limits in ("    max-records-per-type 0;\n    max-types-per-name 0;\n", ""):
        path.write_text(f"options {{\n{options}{limits}}};\ncontrols {{ }};\n{zones}")
        if subprocess.run(["/usr/bin/named-checkconf", path], check=False,
                          stdout=subprocess.DEVNULL).returncode == 0:
            break
    return Server("named", ["/usr/sbin/named", "-g", "-4", "-n", "1", "-c", path], folder, cores,
                  port)


# name: (program, start, whether rollcall is measured against it)
PEERS = {
    "nsd": ("/usr/sbin/nsd", nsd_start, True),
    "knot": ("/usr/sbin/knotd", knot_start, True),
    "pdns": ("/usr/sbin/pdns_server", pdns_start, True),
    "named": ("/usr/sbin/named", named_start, False),
}


def peer_is_installed(name):
    return shutil.which(PEERS[name][0]) is not None


def peer_start(name, folder, cores, data_sets):
    """Start peer `name` with a folder of its own below `folder`."""
    own = pathlib.Path(folder) / name
    own.mkdir()
    zones_write(own, data_sets)
    return PEERS[name][1](own, cores, data_sets)
