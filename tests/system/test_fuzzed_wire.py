# SPDX-License-Identifier: MIT
"""Mutated packets over UDP and TCP, and among them questions that all have to be answered.

The long run, of ten million packets:

    ROLLCALL_BUILD=build/asan ROLLCALL_FUZZED_PACKETS=10000000 \\
        /usr/bin/python3 -m pytest -s tests/system/test_fuzzed_wire.py
"""

import json
import os
import subprocess

import pytest

from system.support.rollcall import BUILD, ROOT, ZONE
from system.support.waiting import wait_until

PACKETS = int(os.environ.get("ROLLCALL_FUZZED_PACKETS", "100000"))
SECONDS_A_PACKET = 0.002  # many times what a sanitizer build on a busy machine takes
MEMBERS = 40
SERVED_LIMIT_S = 60

CONFIGURATION = """
workers = 2
zone "sd.example.com" { nameservers = {"ns1.sd.example.com"} }
file "fleet" { zone = "sd.example.com"  path = "fleet.json" }
"""


def fleet_write(folder):
    members = [{"id": f"db-{index}", "address": f"10.0.3.{index}"} for index in range(MEMBERS)]
    (folder / "fleet.json").write_text(
        json.dumps({"groups": [{"name": "web", "members": members}]}))


@pytest.mark.sanitizers
def test_mutated_packets_hold_up_no_question(start_rollcall):
    """And the server ends in order afterwards: no sanitizer has found anything."""
    server = start_rollcall(CONFIGURATION, wait=False)
    fleet_write(server.folder)
    server.wait_ready()
    wait_until(lambda: len(server.weights("web")) == MEMBERS, SERVED_LIMIT_S, "all are served")
    # From disk both workers have them before the first query.
    server.stop()
    server.start()

    run = subprocess.run(
        [str(BUILD / "tests" / "fuzz_wire"), "--port", str(server.port),
         "--name", f"_web._tcp.{ZONE}", "--packets", str(PACKETS),
         str(ROOT / "tests" / "fuzz" / "corpus" / "respond")],
        capture_output=True, text=True, timeout=120 + PACKETS * SECONDS_A_PACKET, check=False)
    print(run.stdout)
    assert run.returncode == 0, run.stdout + run.stderr
    assert len(server.weights("web")) == MEMBERS
