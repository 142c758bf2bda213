# SPDX-License-Identifier: MIT
"""What the fake AWS does wrong on demand, and what tests can make of its model."""

import concurrent.futures
import http.client

import botocore.exceptions
import pytest

from system.support.ec2_client import DESCRIBE, described, instances_of, post, refusal


@pytest.fixture
def ec2(fakeaws):
    return fakeaws.boto3_client()


def test_a_fault_is_used_up(fakeaws, ec2):
    fakeaws.fault("error", "DescribeInstances", times=2, status=503, code="RequestLimitExceeded")
    for _ in range(2):
        assert refusal(ec2.describe_instances) == ("RequestLimitExceeded", 503)
    assert described(ec2) == []
    fakeaws.fault("error", times=-1, status=500, code="InternalError")
    assert refusal(ec2.describe_instances) == ("InternalError", 500)
    fakeaws.clear_faults()
    assert described(ec2) == []


def test_a_client_that_retries_gets_past_a_throttle(fakeaws):
    fakeaws.fault("error", "DescribeInstances")
    assert described(fakeaws.boto3_client(attempts=2)) == []
    assert [(each["status"], each["code"]) for each in fakeaws.recent("DescribeInstances")] == [
        (503, "RequestLimitExceeded"), (200, None)]


def test_a_fault_hits_the_page_it_is_bound_to(fakeaws, ec2):
    ids = fakeaws.launch("web", count=12)
    paginator = ec2.get_paginator("describe_instances")
    five = {"PageSize": 5}
    fakeaws.fault("error", "DescribeInstances", page=2)
    with pytest.raises(botocore.exceptions.ClientError):
        list(paginator.paginate(PaginationConfig=five))
    fakeaws.fault("empty-page", "DescribeInstances", page=2)
    pages = list(paginator.paginate(PaginationConfig=five))
    assert [len(instances_of(page)) for page in pages] == [5, 0, 5, 2]
    assert [each["InstanceId"] for page in pages for each in instances_of(page)] == ids
    fakeaws.fault("repeat-token", "DescribeInstances", page=2)
    with pytest.raises(botocore.exceptions.PaginationError):
        list(paginator.paginate(PaginationConfig=five))


@pytest.mark.parametrize("fault, status, body", [
    ({"kind": "raw", "body": "<html>", "content_type": "text/html"}, 200, "<html>"),
    ({"kind": "raw", "status": 502}, 502, ""),
    ({"kind": "cut", "cut_at": 5, "whole_http": True}, 200, "<?xml"),
    ({"kind": "delay", "delay_ms": 1}, 200, None),
])
def test_an_answer_can_be_replaced_cut_or_late(fakeaws, fault, status, body):
    fakeaws.fault(action="DescribeInstances", **fault)
    found = post(fakeaws, DESCRIBE)
    assert found[0] == status
    assert found[1].startswith("<?xml") if body is None else found[1] == body


@pytest.mark.parametrize("members", [1, 100])
@pytest.mark.parametrize("fault, error", [
    ({"kind": "cut"}, http.client.IncompleteRead),
    ({"kind": "cut", "cut_at": -1}, http.client.IncompleteRead),
    ({"kind": "drop"}, http.client.RemoteDisconnected)])
def test_a_connection_can_end_before_its_answer(fakeaws, fault, error, members):
    fakeaws.launch("web", count=members)
    fakeaws.fault(action="DescribeInstances", **fault)
    with pytest.raises(error):
        post(fakeaws, DESCRIBE)


def test_an_empty_success_is_no_error(fakeaws, ec2):
    fakeaws.launch("web", count=3)
    fakeaws.fault("empty", "DescribeInstances")
    assert described(ec2) == []
    assert len(described(ec2)) == 3


@pytest.mark.parametrize("value, seen", [
    ("]]><x>&amp;", "]]><x>&amp;"), ("a\r\nb\t", "a\r\nb\t"), ("\u202egnol", "\u202egnol"),
    ("x" * 4096, "x" * 4096), ("nul\0bell\a", "nul\ufffdbell\ufffd"), ("\ud800", "\ufffd"),
    ({"raw_xml": "6&#53;5<![CDATA[3]]>&#x35;"}, "65535")])
def test_any_value_can_be_put_into_the_model(fakeaws, ec2, value, seen):
    (id_,) = fakeaws.launch("web")
    fakeaws.change_instance(id_, private_address=value, tags={"srv_weight": value})
    (found,) = described(ec2)
    assert found["PrivateIpAddress"] == seen
    assert {"Key": "srv_weight", "Value": seen} in found["Tags"]


def test_the_model_can_be_made_to_contradict_itself(fakeaws, ec2):
    (id_,) = fakeaws.launch("web")
    fakeaws.change_instance(id_, state="rebooting", state_code=272, private_address=None,
                            duplicates=1, raw_xml="<future><item/></future>", tags={"a": None})
    first, second = described(ec2)
    assert first == second
    assert first["State"] == {"Code": 272, "Name": "rebooting"}
    assert "PrivateIpAddress" not in first
    fakeaws.change_instance(id_, forget=True)
    assert described(ec2) == []


def test_many_clients_at_once_see_and_leave_whole_answers(fakeaws):
    ids = fakeaws.launch("web", count=64)

    def tag_and_list(worker):
        client = clients[worker]
        for id_ in ids[worker::len(clients)]:
            client.create_tags(Resources=[id_], Tags=[{"Key": "srv_weight", "Value": str(worker)}])
            assert [each["InstanceId"] for each in described(client)] == ids

    clients = [fakeaws.boto3_client() for _ in range(4)]
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(tag_and_list, range(len(clients))))
    assert [each["tags"]["srv_weight"] for each in fakeaws.instances()] == ["0", "1", "2", "3"] * 16


@pytest.mark.parametrize("end", [lambda process: process.terminate(),
                                 lambda process: process.stdin.close()])
def test_the_process_ends_when_told_or_when_its_test_is_gone(fakeaws, end):
    end(fakeaws.process)
    assert fakeaws.process.wait(10) == 0


def test_reset_leaves_nothing_behind(fakeaws, ec2):
    fakeaws.launch("web", count=3)
    fakeaws.fault("drop", times=-1)
    fakeaws.clock(7200)
    fakeaws.reset()
    assert fakeaws.requests() == {"counts": {}, "recent": []}
    assert described(ec2) == []
