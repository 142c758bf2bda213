#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The demo: a fake AWS with a small changing fleet, rollcall, and a real HAProxy.

Starts everything, prints what to try, and stays until Ctrl-C. Each instance of the fleet is a
real HTTP server on its own loopback address. With --only-aws it runs the fake AWS and the fleet
alone, for the compose file, where rollcall and HAProxy are containers of their own.

Exit: 0 ended by you, 1 something ended by itself or did not start.
"""

import argparse
import http.server
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from fakeaws import client  # noqa: E402  (the path is set just above)

GROUPS = {"prod-web-asg": "127.0.10", "prod-api-asg": "127.0.20"}
FIRST_SIZE = 3
LARGEST_SIZE = 6
BACKEND_PORT = 8081
LISTEN_ADDRESS = "127.0.0.1"
PROGRAM = "build/release/rollcall"
CONFIG = "docker/demo/rollcall.conf"
CHANGE_INTERVAL_S = 20
START_LIMIT_S = 10


class Backend(http.server.BaseHTTPRequestHandler):
    """One instance's web server: says who it is."""

    def do_GET(self):
        body = f"hello from {self.server.server_address[0]}\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class BackendServer(http.server.ThreadingHTTPServer):
    """Does not mind that HAProxy's health checks hang up as soon as they know enough."""

    def handle_error(self, *_):
        pass


class Fleet:
    """Instances of the fake AWS, each with a backend that answers."""

    def __init__(self, aws):
        self.aws = aws
        self.members = {group: {} for group in GROUPS}  # group -> id -> (address, server)
        self.next_host = {group: 1 for group in GROUPS}
        self.shown = None  # the instance that the hints name: it stays
        self.shown_address = None

    def launch(self, group):
        address = f"{GROUPS[group]}.{self.next_host[group]}"
        self.next_host[group] = self.next_host[group] % 250 + 1
        server = BackendServer((address, BACKEND_PORT), Backend)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (instance,) = self.aws.launch(group, count=1, addresses=[address])
        self.members[group][instance] = (address, server)
        if self.shown is None:
            self.shown, self.shown_address = instance, address
        return f"launched {instance} ({address}) in {group}"

    def terminate(self, group):
        instance = random.choice(sorted(set(self.members[group]) - {self.shown}))
        address, server = self.members[group].pop(instance)
        self.aws.terminate([instance])
        # The backend goes on for a moment, as a draining instance does.
        threading.Timer(5, lambda: (server.shutdown(), server.server_close())).start()
        return f"terminated {instance} ({address}) in {group}"

    def change(self):
        """One random step, between FIRST_SIZE - 1 and LARGEST_SIZE members."""
        group = random.choice(sorted(GROUPS))
        size = len(self.members[group])
        grow = size < FIRST_SIZE or (size < LARGEST_SIZE and random.random() < 0.5)
        return self.launch(group) if grow else self.terminate(group)


def say(text):
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def wait_for_answer(dns_port):
    """Until rollcall answers for the web cluster; dig is the judge.

    It asks for addresses: whoever asks for SRV records counts as a load balancer for a while.
    """
    deadline = time.monotonic() + START_LIMIT_S
    question = ["dig", "+short", "+time=1", "+tries=1", "@127.0.0.1", "-p", str(dns_port),
                "A", "web.sd.example.com"]
    while time.monotonic() < deadline:
        found = subprocess.run(question, capture_output=True, text=True, check=False)
        if found.returncode == 0 and found.stdout.strip():
            return True
        time.sleep(0.1)
    return False


def print_hints(fleet, commands):
    """`commands` says how rollcall's own verbs are called here."""
    print(f"""
The main job is running. Try, in another terminal:

  the answer that HAProxy gets    dig @127.0.0.1 -p 5300 SRV _web._tcp.sd.example.com
  all addresses of a cluster      dig @127.0.0.1 -p 5300 +short A web.sd.example.com
  who a target is                 dig @127.0.0.1 -p 5300 +short TXT ip-{fleet.shown_address.replace(".", "-")}.sd.example.com
  the load balancer               curl http://127.0.0.1:8080/       (backend web)
                                  curl http://127.0.0.1:8080/api    (backend api)
  HAProxy's statistics page       http://127.0.0.1:8404/

{commands.format(instance=fleet.shown)}

The fleet changes every {CHANGE_INTERVAL_S} seconds; what happens is printed here. Ctrl-C ends all of it.
""", flush=True)


def commands_here(aws):
    return f"""For rollcall's own commands, and for the AWS CLI, first say where this AWS is:

  export AWS_ENDPOINT_URL={aws.endpoint} AWS_REGION={aws.region}
  export AWS_ACCESS_KEY_ID={aws.access_key} AWS_SECRET_ACCESS_KEY={aws.secret_key}

  what is served, and to whom     {PROGRAM} status -c {CONFIG}
  why a server is in the answer   {PROGRAM} explain -c {CONFIG} {{instance}}
  drain a server, with proof      {PROGRAM} drain -c {CONFIG} {{instance}} --wait
  put it back                     {PROGRAM} ready -c {CONFIG} {{instance}}"""


COMMANDS_IN_COMPOSE = """  what is served, and to whom     docker compose -f docker/compose.yaml exec rollcall rollcall status
  why a server is in the answer   docker compose -f docker/compose.yaml exec rollcall rollcall explain {instance}
  drain a server, with proof      docker compose -f docker/compose.yaml exec rollcall rollcall drain {instance} --wait
  put it back                     docker compose -f docker/compose.yaml exec rollcall rollcall ready {instance}"""


def start_rollcall(program, aws, folder, children):
    environment = dict(aws.environment(), DEMO_DIR=folder, DEMO_ADDRESS=LISTEN_ADDRESS)
    children["rollcall"] = subprocess.Popen(
        [program, "serve", "-c", str(HERE / "rollcall.conf")], env=environment)
    if not wait_for_answer(5300):
        say("rollcall gave no answer on 127.0.0.1:5300")
        return False
    return True


def start_haproxy(folder, children):
    environment = dict(os.environ, DEMO_DIR=folder, DEMO_ADDRESS=LISTEN_ADDRESS)
    program = shutil.which("haproxy") or "/usr/sbin/haproxy"
    children["haproxy"] = subprocess.Popen(
        [program, "-db", "-q", "-f", str(HERE / "haproxy.cfg")], env=environment)


def run(arguments, aws, folder):
    children = {}
    fleet = Fleet(aws)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        for group in GROUPS:
            for _ in range(FIRST_SIZE):
                say(fleet.launch(group))
        if not arguments.only_aws:
            if not start_rollcall(arguments.rollcall, aws, folder, children):
                return 1
            start_haproxy(folder, children)
        print_hints(fleet, COMMANDS_IN_COMPOSE if arguments.only_aws else commands_here(aws))
        next_change = time.monotonic() + CHANGE_INTERVAL_S
        while not ended.wait(0.5):
            for name, child in children.items():
                if child.poll() is not None:
                    say(f"{name} ended by itself with status {child.returncode}")
                    return 1
            if time.monotonic() >= next_change:
                next_change += CHANGE_INTERVAL_S
                say(fleet.change())
        return 0
    finally:
        for child in children.values():
            child.terminate()
        for child in children.values():
            child.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rollcall", help="the program to run")
    parser.add_argument("--only-aws", action="store_true",
                        help="run the fake AWS and its fleet alone")
    parser.add_argument("--port", type=int, default=0, help="of the fake AWS; 0: any")
    arguments = parser.parse_args()
    if not arguments.only_aws and not arguments.rollcall:
        parser.error("--rollcall PROGRAM is wanted")
    with tempfile.TemporaryDirectory(prefix="rollcall-demo-") as folder:
        aws = client.start(port=arguments.port)
        try:
            return run(arguments, aws, folder)
        finally:
            aws.stop()


if __name__ == "__main__":
    sys.exit(main())
