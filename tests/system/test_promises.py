# SPDX-License-Identifier: MIT
"""What is promised about AWS's API, where no other file of tests has its place for it. The whole
list is in tests/ACCEPTANCE.md."""

import http.server
import re
import threading
import urllib.parse

import pytest

from fakeaws import canary
from fakeaws.client import boto3_session, hook
from system.conftest import configuration
from system.support.silence import get
from system.support.waiting import holds_for, wait_until

LIMIT_S = 30
GROUP_TAG = "aws:autoscaling:groupName"


def metric(server, name, **labels):
    """The value of one sample, 0 when it is not there."""
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    found = re.search(rf"^rollcall_{name}\{{{re.escape(inner)}\}} (\S+)$",
                      get(server.folder / "control.sock", "/metrics"), re.MULTILINE)
    return float(found[1]) if found else 0


# ---- group 3: what is sent ----

PAGE = ("<DescribeInstancesResponse><requestId>1</requestId><reservationSet/>"
        "<nextToken>{token}</nextToken></DescribeInstancesResponse>")
TOKEN = "a+b/c=d e&f"


class Recorder(http.server.BaseHTTPRequestHandler):
    """Takes any request for the second page of a listing that ends there."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requests.append((body, self.headers["Content-Type"], self.path))
        token = "" if b"NextToken" in body else TOKEN.replace("&", "&amp;")
        answer = PAGE.format(token=token).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def recorder():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.requests = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def sent_by_boto3(recorder, **arguments):
    url = f"http://127.0.0.1:{recorder.server_port}"
    client = boto3_session().client("ec2", endpoint_url=url, region_name="eu-west-1",
                                    aws_access_key_id="A",
                                    aws_secret_access_key=canary.secret("SecretKey"))
    client.describe_instances(**arguments)
    body, content_type, path = recorder.requests.pop()
    # A blank has two right forms; which one is taken is nobody's business.
    return body.replace(b"+", b"%20"), content_type, path


def test_the_requests_are_octet_by_octet_those_of_boto3(recorder, start_rollcall):
    """Acceptance group 3."""
    server = start_rollcall(
        configuration(ec2='filters = {"vpc-id=vpc-1", "vpc-id=vpc-2", "tag:team=a=b & c/ü*?~"}'),
        environment={"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": canary.secret("SecretKey"),
                     "AWS_ENDPOINT_URL": f"http://127.0.0.1:{recorder.server_port}",
                     "AWS_EC2_METADATA_DISABLED": "true"})
    wait_until(lambda: len(recorder.requests) >= 2, LIMIT_S, "two pages are asked for")
    server.stop()
    ours, recorder.requests[:] = recorder.requests[:2], []
    filters = [{"Name": "tag-key", "Values": [GROUP_TAG]},
               {"Name": "vpc-id", "Values": ["vpc-1", "vpc-2"]},
               {"Name": "tag:team", "Values": ["a=b & c/ü*?~"]}]
    assert ours[0] == sent_by_boto3(recorder, MaxResults=1000, Filters=filters)
    assert ours[1] == sent_by_boto3(recorder, MaxResults=1000, Filters=filters, NextToken=TOKEN)
    assert dict(urllib.parse.parse_qsl(ours[1][0].decode()))["NextToken"] == TOKEN


# ---- groups 4 and 6: tags and addresses of every form ----

def test_tags_of_every_form_come_through_to_the_answer(fakeaws, start_rollcall):
    """Acceptance group 4, through the whole program: entities and CDATA are but ways to write."""
    ids = fakeaws.launch("web", 4, network="10.0.1.0/24")
    fakeaws.change_instance(ids[0], tags={"srv_weight": {"raw_xml": "&#x31;&#48;0"}})
    fakeaws.change_instance(ids[1], tags={"srv_weight": {"raw_xml": "<![CDATA[200]]>"}})
    fakeaws.change_instance(ids[2], tags={"srv_weight": {"raw_xml": "3<!-- and -->00"},
                                          "Name": "漢" * 256, "a & b <c>": "\"q\" 'x' é +/=%"})
    server = start_rollcall(configuration(poll_s=0.2), fakeaws)
    wait_until(lambda: sorted(server.weights("web").values()) == [100, 200, 300, 65535], LIMIT_S,
               "all four are served")


def test_only_the_primary_address_is_served_and_nobody_without_one(fakeaws, start_rollcall):
    """Acceptance group 6."""
    many, six, none = fakeaws.launch("web", 3, network="10.0.1.0/24",
                                     tags={"ip_address": None})
    fakeaws.change_instance(many, private_address="10.0.1.5",
                            secondary_addresses=["10.0.1.6", "10.0.1.7"],
                            extra_interfaces=["10.0.2.5", "10.0.3.5"])
    fakeaws.change_instance(six, private_address=None, ipv6_addresses=["fd00::6"])
    fakeaws.change_instance(none, private_address=None)
    server = start_rollcall(configuration(poll_s=0.2), fakeaws)
    wait_until(lambda: set(server.srv("web", tcp=True).addresses()) == {"10.0.1.5", "fd00::6"},
               LIMIT_S, "one address of each that has one")
    assert server.log_lines("bad value", none, "no-address")


# ---- group 13: rights ----

@pytest.mark.sanitizers
def test_a_right_to_write_that_is_missing_does_not_touch_what_is_read(fakeaws, start_rollcall):
    """Acceptance group 13."""
    fakeaws.fault("error", "CreateTags", times=-1, status=403, code="UnauthorizedOperation",
                  message="You are not authorized to perform this operation.")
    fakeaws.launch("api", 2, network="10.0.2.0/24")
    server = start_rollcall(configuration(
        poll_s=0.2, ec2='lifecycle { launch-hook = "srvCreation" '
                        'terminate-hook = "srvTermination" }'), fakeaws)
    fakeaws.create_asg("web", 1, (hook("srvCreation", "launching"),), network="10.0.0.0/16")
    wait_until(lambda: metric(server, "aws_failures_total", source="ec2 main",
                              action="CreateTags") == 1, LIMIT_S, "the refusal is counted")
    assert server.log_lines("UnauthorizedOperation")
    fakeaws.launch("api", 1, network="10.0.2.0/24")
    wait_until(lambda: len(server.weights("api")) == 3, LIMIT_S, "what is read goes on")
    assert metric(server, "aws_failures_total", source="ec2 main", action="DescribeInstances") == 0


def test_the_api_budget_is_told_by_source_and_action(fakeaws, start_rollcall):
    """Acceptance groups 9 and 13: calls, throttles and refusals are metrics."""
    fakeaws.launch("web", 1)
    server = start_rollcall(configuration(poll_s=0.2), fakeaws)

    def count(what):
        return metric(server, f"aws_{what}_total", source="ec2 main", action="DescribeInstances")

    wait_until(lambda: count("calls") >= 3, LIMIT_S, "calls are counted")
    assert count("throttles") == count("failures") == 0
    fakeaws.fault("error", "DescribeInstances", times=2, status=503, code="RequestLimitExceeded")
    wait_until(lambda: count("throttles") == 2, LIMIT_S, "throttles are counted")
    fakeaws.fault("error", "DescribeInstances", times=1, status=403, code="UnauthorizedOperation")
    wait_until(lambda: count("failures") == 1, LIMIT_S, "refusals are counted")
    # What AWS has heard before and after: polls go on between the looks. One may be under way.
    heard = fakeaws.count("DescribeInstances")
    counted = count("calls")
    assert heard - 1 <= counted <= fakeaws.count("DescribeInstances") + 1


# ---- P6, P8: losing AWS ----

@pytest.mark.sanitizers
def test_losing_aws_never_stops_answers_and_its_age_is_told(fakeaws, start_rollcall):
    """Promises P6 and P8: nothing but the age of what is known tells of it."""
    fakeaws.launch("web", 3, network="10.0.1.0/24")
    server = start_rollcall(configuration(poll_s=0.2), environment={
        "AWS_ENDPOINT_URL": fakeaws.endpoint, "HOME": "/nonexistent",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": fakeaws.imds_endpoint})
    wait_until(lambda: len(server.weights("web")) == 3, LIMIT_S, "the first load")
    socket_path = server.folder / "control.sock"
    wanted = server.weights("web")
    fakeaws.stop()
    wait_until(lambda: server.log_lines("look failed"), LIMIT_S, "the loss is told")
    holds_for(lambda: server.srv("web").rcode == "NOERROR" and server.weights("web") == wanted, 2,
              "everybody is served, over UDP and TCP")
    assert metric(server, "source_age_seconds", source="ec2 main") >= 2
    assert '"alive"' in get(socket_path, "/health")
    assert '"ready": true' in get(socket_path, "/ready").replace('":true', '": true')
    assert "rollcall_queries_total" in get(socket_path, "/metrics")


# ---- P10, P11: what nobody knows, and what comes twice ----

def test_unknown_elements_and_states_are_ignored_and_counted(fakeaws, start_rollcall):
    """Promise P10."""
    ids = fakeaws.launch("web", 3, network="10.0.1.0/24")
    fakeaws.change_instance(ids[0], raw_xml='<newThing odd="1"><item><instanceId>i-no</instanceId>'
                                            "<srv_weight/></item></newThing><another/>")
    server = start_rollcall(configuration(poll_s=0.2), fakeaws)
    wait_until(lambda: len(server.weights("web")) == 3, LIMIT_S, "the first load")
    fakeaws.change_instance(ids[1], state="quarantined", state_code=112)
    wait_until(lambda: metric(server, "source_problem_instances", source="ec2 main",
                              reason="state-unknown") == 1, LIMIT_S, "it is counted")
    assert len(server.weights("web")) == 3, "a member of an unknown state stays"
    fakeaws.change_instance(ids[1], state="running", state_code=16)
    wait_until(lambda: metric(server, "source_problem_instances", source="ec2 main",
                              reason="state-unknown") == 0, LIMIT_S, "and not any more")


def test_instances_that_are_listed_many_times_are_one(fakeaws, start_rollcall):
    """Promise P11."""
    ids = fakeaws.launch("web", 3, network="10.0.1.0/24")
    server = start_rollcall(configuration(poll_s=0.2), fakeaws)
    wait_until(lambda: len(server.weights("web")) == 3, LIMIT_S, "the first load")
    serial = server.serial()
    for each in ids:
        fakeaws.change_instance(each, duplicates=50)
    fakeaws.wait_for_requests("DescribeInstances", 5, 30)
    assert len(server.weights("web")) == 3
    assert len(server.srv("web", tcp=True).records()) == 3
    assert server.serial() == serial, "not even the serial knows of it"
