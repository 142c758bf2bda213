#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Entry point: start the AWS endpoint, the instance metadata service and the endpoint of the
containers' credentials, say where they are."""

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

# This file has the package's name, so its own folder must not be where imports are looked up.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from fakeaws.container import Container  # noqa: E402
from fakeaws.gateway import Gateway  # noqa: E402
from fakeaws.httpd import HttpServer  # noqa: E402
from fakeaws.imds import Imds  # noqa: E402
from fakeaws.world import Cloud  # noqa: E402


def parse_arguments():
    parser = argparse.ArgumentParser(description="Fake AWS on the loopback: EC2, Auto Scaling, "
                                                 "SQS, STS, IMDSv2.")
    parser.add_argument("--listen", default="127.0.0.1", help="IPv4 address to listen on")
    parser.add_argument("--port", type=int, default=0, help="AWS endpoint; 0 picks a free one")
    parser.add_argument("--imds-port", type=int, default=0, help="metadata; 0 picks a free one")
    parser.add_argument("--container-port", type=int, default=0,
                        help="containers' credentials; 0 picks a free one")
    parser.add_argument("--region", action="append", dest="regions",
                        help="eu-west-1; may be given several times, the first is home")
    parser.add_argument("--access-key", default="AKIDEXAMPLE")
    parser.add_argument("--secret-key", default="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    parser.add_argument("--state-walk-ms", type=int, default=300,
                        help="time in pending, shutting-down and stopping")
    parser.add_argument("--stdin-lifeline", action="store_true",
                        help="end when standard input closes, so no run outlives its test")
    parser.add_argument("--verbose", action="store_true", help="log requests to standard error")
    return parser.parse_args()


def await_end_of_input(ended):
    """By the descriptor: a thread that sits in sys.stdin's own lock would spoil the exit."""
    while os.read(0, 4096):
        pass
    ended.set()


def main():
    arguments = parse_arguments()
    regions = arguments.regions or ["eu-west-1"]
    cloud = Cloud(regions, arguments.access_key, arguments.secret_key, arguments.state_walk_ms)
    endpoint, imds, container = (
        HttpServer(arguments.listen, port, application(cloud), arguments.verbose)
        for port, application in ((arguments.port, Gateway), (arguments.imds_port, Imds),
                                  (arguments.container_port, Container)))

    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    if arguments.stdin_lifeline:
        threading.Thread(target=await_end_of_input, args=(ended,), daemon=True).start()
    for server in (endpoint, imds, container):
        threading.Thread(target=server.serve_forever, daemon=True).start()

    print(json.dumps({"endpoint": endpoint.url, "imds": imds.url, "container": container.url,
                      "access_key": arguments.access_key, "secret_key": arguments.secret_key,
                      "region": regions[0]}), flush=True)
    ended.wait()
    # The servers' threads wait for requests that will not come; leave without them.
    os._exit(0)


if __name__ == "__main__":
    main()
