# SPDX-License-Identifier: MIT
"""Proxies, and networks that spoil answers. Acceptance groups 14 and 32."""

import os

import pytest

from system.conftest import aws_environment, configuration
from system.support.gate import Gate
from system.support.waiting import wait_until

SIZE = 4
HOST = "http://aws.test"  # nobody resolves it: only a proxy can reach it


@pytest.fixture
def gate(fakeaws):
    gate = Gate(fakeaws.endpoint)
    yield gate
    gate.close()


@pytest.fixture
def server(fakeaws, gate, start_rollcall):
    """One that reaches the fake AWS through the gate."""
    fakeaws.launch("web", count=SIZE, network="10.0.1.0/24")
    server = start_rollcall(configuration(poll_s=0.2), environment=dict(
        aws_environment(fakeaws), AWS_ENDPOINT_URL=gate.url))
    wait_until(lambda: len(server.weights("web")) == SIZE, 30, "the first load")
    return server


def expect_recovery(fakeaws, server):
    fakeaws.launch("web", count=1, addresses=["10.0.9.1"])
    wait_until(lambda: len(server.weights("web")) == SIZE + 1, 60, "a change after the fault")


@pytest.mark.parametrize("mode", ["reset", "refuse"])
def test_spoiled_answers_cost_no_member(fakeaws, gate, server, mode):
    wanted = server.weights("web")
    gate.mode = mode
    wait_until(lambda: len(server.log_lines("look failed")) >= 2, 30, "two failed looks")
    assert server.weights("web") == wanted
    gate.mode = "pass"
    expect_recovery(fakeaws, server)


@pytest.mark.parametrize("mode", ["drip", "silent"])
def test_answers_that_do_not_end_cost_no_member(fakeaws, gate, server, mode):
    wanted = server.weights("web")
    before = len(gate.request_lines)
    gate.mode = mode
    wait_until(lambda: len(gate.request_lines) > before, 30, "a look is under way")
    for _ in range(20):
        assert server.weights("web") == wanted
    gate.mode = "pass"
    expect_recovery(fakeaws, server)


def test_a_refused_connection_costs_no_member(gate, server):
    wanted = server.weights("web")
    gate.mode = "reset"  # ends the connection that is kept open
    gate.close()
    wait_until(lambda: server.log_lines("look failed", "onnect"), 30, "a refused connection")
    assert server.weights("web") == wanted


def test_a_host_that_is_not_found_is_told(start_rollcall):
    # A label of 64 octets is no name: nobody has to be asked.
    server = start_rollcall(configuration(poll_s=0.2), environment={
        "AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S",
        "AWS_ENDPOINT_URL": "http://" + "a" * 64 + ".test"})
    wait_until(lambda: server.log_lines("look failed", "resolve"), 30, "the name is told")
    assert server.srv("web").rcode == "SERVFAIL"


def test_a_configured_proxy_is_used_and_that_of_the_environment_is_not(fakeaws, gate,
                                                                      start_rollcall):
    fakeaws.launch("web", count=SIZE, network="10.0.1.0/24")
    environment = dict(aws_environment(fakeaws), AWS_ENDPOINT_URL=HOST, no_proxy="*",
                       http_proxy="http://127.0.0.1:1", HTTPS_PROXY="http://127.0.0.1:1")
    server = start_rollcall(configuration(ec2=f'proxy = "{gate.url}"'), environment=environment)
    wait_until(lambda: len(server.weights("web")) == SIZE, 30, "the first load")
    assert set(gate.request_lines) == {"POST http://aws.test/ HTTP/1.1"}


def test_neither_this_machine_nor_its_metadata_is_asked_through_the_proxy(fakeaws, gate,
                                                                         start_rollcall):
    fakeaws.launch("web", count=SIZE, network="10.0.1.0/24")
    server = start_rollcall(configuration(ec2=f'proxy = "{gate.url}"'), environment={
        "AWS_ENDPOINT_URL": fakeaws.endpoint, "HOME": os.devnull,
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": fakeaws.imds_endpoint})
    wait_until(lambda: len(server.weights("web")) == SIZE, 30, "the first load")
    assert not gate.request_lines
