# SPDX-License-Identifier: MIT
"""10,000 instances in ten pages: what both the test and the measurement need of them."""

from .waiting import wait_until

INSTANCES = 10_000
GROUPS = 20
SIZE = INSTANCES // GROUPS
PAGES = 10
CONFIGURATION = """
zone "sd.example.com" {{ nameservers = {{"ns1.sd.example.com"}} }}
ec2 "main" {{ region = "eu-west-1"  zone = "sd.example.com"  poll = {poll_ms}ms }}
"""
LOAD_LIMIT_S = 60


def launch(fakeaws):
    """{group: its instances' ids}"""
    return {f"g{number:02}": fakeaws.launch(f"g{number:02}", SIZE,
                                            network=f"10.{number + 1}.0.0/16")
            for number in range(GROUPS)}


def wait_for_load(server):
    """Until each group is served whole."""
    for number in range(GROUPS):
        wait_until(lambda: len(server.weights(f"g{number:02}")) == SIZE, LOAD_LIMIT_S,
                   f"group {number} is served whole")


def wait_for_polls(fakeaws, server, polls):
    """Until so many further polls have been asked for to the end."""
    goal = fakeaws.count("DescribeInstances") + polls * PAGES
    wait_until(lambda: fakeaws.count("DescribeInstances") >= goal, LOAD_LIMIT_S + 5 * polls,
               f"{polls} further polls")
    assert not server.log_lines("look failed")
