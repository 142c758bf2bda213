# SPDX-License-Identifier: MIT
"""SQS of the fake AWS on the wire, and the events that it can send itself."""

import http.client
import json
import urllib.parse

import pytest

from fakeaws.client import FakeAwsError, hook
from system.support.json_client import post_json

PATH = "/123456789012/events"


@pytest.fixture
def url(fakeaws):
    return fakeaws.create_queue()


def bodies(fakeaws, count):
    """The bodies of the queue once there are so many, in the order in which they came."""
    return [parsed(each) for each in fakeaws.wait_for_queue(
        lambda queue: queue["visible"] >= count)["bodies"]]


def parsed(body):
    try:
        return json.loads(body)
    except ValueError:
        return body


def replace_target(request):
    del request.headers["X-Amz-Target"]
    request.headers["X-Amz-Target"] = "AmazonSQS.PurgeQueue"


def replace_body(request):
    request.data = json.dumps({"QueueUrl": "http://127.0.0.1/123456789012/other"})


def drop_authorization(request):
    del request.headers["Authorization"]


# -- the protocol

def test_an_empty_answer_is_an_empty_object_and_a_delete_answers_nothing(fakeaws, url):
    status, headers, found = post_json(fakeaws, "ReceiveMessage", {"QueueUrl": url})
    assert (status, found) == (200, {})
    assert headers["Content-Type"] == "application/x-amz-json-1.0"
    assert post_json(fakeaws, "PurgeQueue", {"QueueUrl": url})[::2] == (200, None)


def test_a_queue_is_reached_by_its_own_path_and_by_its_path_alone(fakeaws, url):
    fakeaws.send_message("hello")
    found = post_json(fakeaws, "ReceiveMessage", {"QueueUrl": "http://sqs.example" + PATH},
                      path=PATH)[2]
    assert found["Messages"][0]["Body"] == "hello"
    assert set(found["Messages"][0]) == {"MessageId", "ReceiptHandle", "MD5OfBody", "Body"}


def test_an_error_says_its_type_and_the_name_of_the_older_protocol(fakeaws):
    status, headers, found = post_json(fakeaws, "ReceiveMessage",
                                       {"QueueUrl": "http://sqs.example/123456789012/missing"})
    assert (status, found) == (400, {"__type": "com.amazonaws.sqs#QueueDoesNotExist",
                                     "message": "The specified queue does not exist."})
    assert headers["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"


@pytest.mark.parametrize("change, type_", [
    (replace_target, "InvalidSignatureException"), (replace_body, "InvalidSignatureException"),
    (drop_authorization, "MissingAuthenticationTokenException")])
def test_what_differs_from_what_was_signed_is_refused(fakeaws, url, change, type_):
    """Acceptance group 2: an independent and strict check of signatures."""
    status, _, found = post_json(fakeaws, "ReceiveMessage", {"QueueUrl": url}, change=change)
    assert (status, found["__type"]) == (403, "com.amazon.coral.service#" + type_)
    assert "Message" in found and "message" not in found


def test_a_scope_for_another_service_is_refused(fakeaws, url):
    status, _, found = post_json(fakeaws, "ReceiveMessage", {"QueueUrl": url}, service="ec2")
    assert (status, found["__type"].partition("#")[2]) == (403, "InvalidSignatureException")


@pytest.mark.parametrize("action, document, options, type_", [
    ("ReceiveMessage", "[]", {}, "SerializationException"),
    ("ReceiveMessage", "{", {}, "SerializationException"),
    ("ReceiveMessage", {"MaxNumberOfMessages": "10"}, {}, "SerializationException"),
    ("ReceiveMessage", {"MaxNumberOfMessages": 10}, {"content_type": "application/json"},
     "SerializationException"),
    ("ReceiveMessage", {"Colour": "red"}, {}, "UnknownParameter"),
    ("ReceiveMessage", {"QueueUrl": None}, {}, "MissingRequiredParameterException"),
    ("DeleteMessageBatch", {"Entries": [{"Id": "a"}]}, {}, "SerializationException"),
    ("SendMessage", {"MessageBody": "x" * (256 * 1024 + 1)}, {}, "InvalidParameterValueException"),
    ("Dance", {}, {}, "UnknownOperationException")])
def test_a_request_that_no_model_allows_is_refused(fakeaws, url, action, document, options, type_):
    if isinstance(document, dict):
        document = {"QueueUrl": url, **document}
    status, _, found = post_json(fakeaws, action, document, **options)
    assert (status, found["__type"]) == (400, "com.amazon.coral.service#" + type_)


def test_a_client_that_hangs_up_takes_no_message_with_it(fakeaws, url):
    """Its long poll ends, so what is sent afterwards is there for the next."""
    connections = []

    def send_and_leave_open(request):
        place = urllib.parse.urlsplit(request.url)
        connection = http.client.HTTPConnection(place.netloc)
        connection.request("POST", place.path, request.data, dict(request.headers))
        connections.append(connection)
        request.url += "nowhere"  # what post_json itself sends then

    post_json(fakeaws, "ReceiveMessage", {"QueueUrl": url, "WaitTimeSeconds": 20},
              change=send_and_leave_open)
    fakeaws.wait_for_queue(lambda queue: queue["waiting"] == 1)
    connections[0].close()
    fakeaws.wait_for_queue(lambda queue: queue["waiting"] == 0)
    fakeaws.send_message("still here")
    assert fakeaws.queue()["visible"] == 1


# -- faults

def test_faults_hit_queues_by_action(fakeaws, url):
    fakeaws.send_message("kept")
    fakeaws.fault("error", "ReceiveMessage", code="InternalError", status=500)
    assert post_json(fakeaws, "ReceiveMessage", {"QueueUrl": url})[0] == 500
    fakeaws.fault("empty", "ReceiveMessage")
    assert post_json(fakeaws, "ReceiveMessage", {"QueueUrl": url})[2] == {}
    fakeaws.fault("drop", "ReceiveMessage")
    with pytest.raises(http.client.RemoteDisconnected):
        post_json(fakeaws, "ReceiveMessage", {"QueueUrl": url})
    assert len(post_json(fakeaws, "ReceiveMessage", {"QueueUrl": url})[2]["Messages"]) == 1
    assert [(each["status"], each["code"], each["fault"])
            for each in fakeaws.recent("ReceiveMessage")] == [
        (500, "InternalError", "error"), (200, None, "empty"), (0, None, "drop"),
        (200, None, None)]


def test_a_queue_that_is_gone_can_come_back_empty(fakeaws, url):
    fakeaws.send_message("lost")
    fakeaws.delete_queue()
    assert post_json(fakeaws, "ReceiveMessage", {"QueueUrl": url})[0] == 400
    assert fakeaws.create_queue() == url
    assert post_json(fakeaws, "ReceiveMessage", {"QueueUrl": url})[2] == {}


# -- events

def test_a_change_of_tags_or_state_is_told_as_eventbridge_does(fakeaws, url):
    (id_,) = fakeaws.launch("web")
    fakeaws.events(delay_ms=0)
    fakeaws.tag(id_, srv_weight="0", ip_address=None)
    fakeaws.terminate(id_)
    fakeaws.boto3_client().describe_instances()
    tags, state = bodies(fakeaws, 2)[:2]
    assert (tags["source"], tags["detail-type"]) == ("aws.tag", "Tag Change on Resource")
    assert tags["resources"] == [f"arn:aws:ec2:eu-west-1:123456789012:instance/{id_}"]
    assert tags["detail"]["changed-tag-keys"] == ["srv_weight", "ip_address"]
    assert tags["detail"]["tags"] == {"aws:autoscaling:groupName": "web", "srv_weight": "0"}
    assert (state["source"], state["detail"]) == (
        "aws.ec2", {"instance-id": id_, "state": "shutting-down"})


def test_what_changes_nothing_is_not_told_and_events_can_be_stopped(fakeaws, url):
    (id_,) = fakeaws.launch("web")
    fakeaws.events(delay_ms=0)
    fakeaws.tag(id_, srv_weight="65535", absent=None)
    assert fakeaws.queue()["sent"] == 0
    fakeaws.stop_events()
    fakeaws.tag(id_, srv_weight="1")
    assert fakeaws.queue()["sent"] == 0


def test_a_long_poll_sees_states_walk(fakeaws, url):
    """Nobody else looks at the fleet, and yet what comes due by itself is told."""
    fakeaws.events(delay_ms=0, kinds=["states"])
    fakeaws.launch("web", state="pending")
    states = []
    while len(states) < 2:
        found = post_json(fakeaws, "ReceiveMessage", {"QueueUrl": url, "WaitTimeSeconds": 20})[2]
        states += [json.loads(each["Body"])["detail"]["state"] for each in found["Messages"]]
    assert states == ["pending", "running"]


@pytest.mark.parametrize("shape", ["eventbridge", "sns", "asg-direct"])
def test_a_lifecycle_action_is_told_in_each_shape(fakeaws, url, shape):
    fakeaws.events(delay_ms=0, kinds=["lifecycle"], shape=shape)
    fakeaws.create_asg("web", desired=1, hooks=[hook("srvCreation", "launching")])
    group = fakeaws.wait_for_asg("web", lambda found: found["instances"][0]["waiting"])
    (instance,) = group["instances"]
    (event,) = bodies(fakeaws, 1)
    if shape == "sns":
        assert event["Type"] == "Notification"
        event = json.loads(event["Message"])
    if shape != "asg-direct":
        assert (event["source"], event["detail-type"]) == (
            "aws.autoscaling", "EC2 Instance-launch Lifecycle Action")
        event = event["detail"]
    assert (event["EC2InstanceId"], event["LifecycleActionToken"], event["LifecycleHookName"]) == (
        instance["id"], instance["waiting"][0]["token"], "srvCreation")
    assert (event["LifecycleTransition"], event["Origin"], event["Destination"]) == (
        "autoscaling:EC2_INSTANCE_LAUNCHING", "EC2", "AutoScalingGroup")
    assert ("Service" in event) == (shape == "asg-direct")


def test_any_shape_comes_on_request_repeated_and_reversed(fakeaws, url):
    """Acceptance group 31: what a queue may hold."""
    (id_,) = fakeaws.launch("web")
    fakeaws.send_events("test-notification", "garbage", "state-change", "tag-change", id=id_,
                        copies=2, reverse=True)
    found = bodies(fakeaws, 8)
    assert found[0::2] == found[1::2]
    tag, state, garbage, test = found[0::2]
    assert (tag["source"], state["source"]) == ("aws.tag", "aws.ec2")
    assert isinstance(garbage, str)
    assert test["Event"] == "autoscaling:TEST_NOTIFICATION"
    with pytest.raises(FakeAwsError, match="no shape"):
        fakeaws.send_events("round", id=id_)


def test_events_can_come_in_another_order_and_twice(fakeaws, url):
    (id_,) = fakeaws.launch("web")
    fakeaws.events(delay_ms=100, reorder=True, copies=2)
    for weight in ("1", "2"):
        fakeaws.tag(id_, srv_weight=weight)
    fakeaws.wait_for_queue(lambda queue: queue["visible"] == 4)
    weights = []
    for _ in range(4):
        (message,) = post_json(fakeaws, "ReceiveMessage", {"QueueUrl": url})[2]["Messages"]
        weights.append(json.loads(message["Body"])["detail"]["tags"]["srv_weight"])
    assert weights == ["2", "2", "1", "1"]
