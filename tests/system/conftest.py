# SPDX-License-Identifier: MIT
"""Fixtures: the real binary, the fake AWS, and a real HAProxy; all on 127.0.0.1."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from fakeaws.fixture import fakeaws  # noqa: E402,F401  pylint: disable=unused-import
from system.support.haproxy import HAProxy  # noqa: E402
from system.support.rollcall import ZONE, Rollcall  # noqa: E402

POLL_S = 0.5

CONFIGURATION = """
zone "sd.example.com" {{
    nameservers = {{"ns1.sd.example.com"}}
    {zone}
}}
ec2 "main" {{
    region = "eu-west-1"
    zone   = "sd.example.com"
    poll   = {poll_ms}ms
    {ec2}
}}
{more}
"""


def configuration(zone="", ec2="", more="", poll_s=POLL_S):
    """A configuration with one zone fed by one ec2 source."""
    return CONFIGURATION.format(zone=zone, ec2=ec2, more=more, poll_ms=int(poll_s * 1000))


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "sanitizers: worth running again on the sanitizer builds")


def aws_environment(aws):
    """What rollcall finds in its environment to reach the fake AWS."""
    return {"AWS_ACCESS_KEY_ID": aws.access_key, "AWS_SECRET_ACCESS_KEY": aws.secret_key,
            "AWS_ENDPOINT_URL": aws.endpoint, "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture
def start_rollcall(tmp_path, request):
    """A function that starts rollcall on a configuration; every instance ends with the test."""
    started = []

    def start(text, aws=None, environment=None, wait=True, **options):
        folder = tmp_path / f"rollcall{len(started)}"
        folder.mkdir()
        values = dict(aws_environment(aws) if aws else {}, **(environment or {}))
        server = Rollcall(folder, text, values, **options)
        started.append(server)
        return server.start(wait=wait)

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def start_haproxy(tmp_path):
    """A function that starts HAProxy on the zone of a rollcall."""
    started = []

    def start(server, backends, **options):
        folder = tmp_path / f"haproxy{len(started)}"
        folder.mkdir()
        haproxy = HAProxy(folder, f"127.0.0.1:{server.port}", backends, ZONE, **options)
        started.append(haproxy)
        return haproxy.start()

    yield start
    for haproxy in started:
        haproxy.stop()
