# SPDX-License-Identifier: MIT
"""The fake AWS judged by the AWS SDK for JavaScript, the one client here that speaks SQS in JSON.

Acceptance group 2: what it signs is accepted, for every service, with lasting and temporary keys.
"""

import time

import pytest

from fakeaws.client import hook
from system.support import javascript

MISSING = "http://127.0.0.1/123456789012/missing"


@pytest.fixture(scope="session")
def sdk():
    running = javascript.JavaScriptSdk(javascript.install())
    yield running
    running.close()


@pytest.fixture
def client(sdk, fakeaws):
    """A function that makes a client of a service of this test's fake AWS."""
    def make(service, aws=fakeaws, **overrides):
        return javascript.JavaScriptClient(sdk, aws, service, **overrides)
    return make


@pytest.fixture
def sqs(client):
    return client("sqs")


@pytest.fixture
def url(sqs):
    return sqs("CreateQueue", QueueName="events")["QueueUrl"]


def refusal(call, *words, **arguments):
    with pytest.raises(javascript.SdkError) as caught:
        call(*words, **arguments)
    return caught.value.error


def temporary_keys(issued):
    return {"accessKeyId": issued["AccessKeyId"], "secretAccessKey": issued["SecretAccessKey"],
            "sessionToken": issued["SessionToken"]}


# -- queues

def test_a_queue_is_found_by_name_and_in_the_list(sqs, url):
    assert sqs("GetQueueUrl", QueueName="events")["QueueUrl"] == url
    assert sqs("CreateQueue", QueueName="events")["QueueUrl"] == url
    sqs("CreateQueue", QueueName="other", Attributes={"VisibilityTimeout": "7"})
    assert len(sqs("ListQueues")["QueueUrls"]) == 2
    assert sqs("ListQueues", QueueNamePrefix="eve")["QueueUrls"] == [url]
    other = sqs("GetQueueUrl", QueueName="other")["QueueUrl"]
    assert sqs("GetQueueAttributes", QueueUrl=other, AttributeNames=["All"])["Attributes"][
        "VisibilityTimeout"] == "7"
    assert refusal(sqs, "CreateQueue", QueueName="other",
                   Attributes={"VisibilityTimeout": "8"})["name"] == "QueueNameExists"
    sqs("DeleteQueue", QueueUrl=other)
    assert sqs("ListQueues")["QueueUrls"] == [url]


# The SDK compares the MD5 of what it sent and got with what it was told: no wrong one passes here.
@pytest.mark.parametrize("body", ["plain", "é 漢 \U0001f600 \"<&>\\ \n", "x" * 200_000],
                         ids=["ASCII", "other characters", "long"])
def test_a_message_comes_as_it_was_sent_and_is_gone_once_deleted(sqs, url, body):
    sent = sqs("SendMessage", QueueUrl=url, MessageBody=body)
    (message,) = sqs("ReceiveMessage", QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert (message["Body"], message["MessageId"]) == (body, sent["MessageId"])
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert "Messages" not in sqs("ReceiveMessage", QueueUrl=url)
    sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    found = sqs("GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (found["ApproximateNumberOfMessages"],
            found["ApproximateNumberOfMessagesNotVisible"]) == ("0", "0")


def test_what_is_not_deleted_comes_again_and_its_old_receipt_deletes_nothing(sqs, url):
    sqs("SendMessage", QueueUrl=url, MessageBody="again")
    (first,) = sqs("ReceiveMessage", QueueUrl=url, VisibilityTimeout=0)["Messages"]
    (second,) = sqs("ReceiveMessage", QueueUrl=url, VisibilityTimeout=0,
                    AttributeNames=["ApproximateReceiveCount"])["Messages"]
    assert second["MessageId"] == first["MessageId"]
    assert second["Attributes"] == {"ApproximateReceiveCount": "2"}
    sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
    (third,) = sqs("ReceiveMessage", QueueUrl=url)["Messages"]
    sqs("DeleteMessage", QueueUrl=url, ReceiptHandle=third["ReceiptHandle"])
    assert "Messages" not in sqs("ReceiveMessage", QueueUrl=url)


def test_a_batch_tells_of_each_entry_by_itself(fakeaws, sqs, url):
    fakeaws.send_message(*[f"number {each}" for each in range(3)])
    messages = sqs("ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert [each["Body"] for each in messages] == ["number 0", "number 1", "number 2"]
    entries = [{"Id": str(index), "ReceiptHandle": each["ReceiptHandle"]}
               for index, each in enumerate(messages)]
    wrong = {"Id": "wrong", "ReceiptHandle": "no such"}
    fakeaws.fault("failed-entries", "DeleteMessageBatch", entries=1)
    found = sqs("DeleteMessageBatch", QueueUrl=url, Entries=[*entries, wrong])
    assert [each["Id"] for each in found["Successful"]] == ["1", "2"]
    assert [(each["Id"], each["Code"], each["SenderFault"]) for each in found["Failed"]] == [
        ("0", "InternalError", False), ("wrong", "ReceiptHandleIsInvalid", True)]
    again = sqs("DeleteMessageBatch", QueueUrl=url, Entries=entries[:1])
    assert [each["Id"] for each in again["Successful"]] == ["0"] and "Failed" not in again
    assert fakeaws.queue()["deleted"] == 3


def test_a_long_poll_waits_for_a_message_and_holds_up_nobody(fakeaws, sqs, client, url):
    begun = time.monotonic()
    poll = sqs.begin("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20)
    fakeaws.wait_for_queue(lambda queue: queue["waiting"] == 1)
    assert client("ec2")("DescribeInstances")["Reservations"] == []
    fakeaws.send_message("now")
    (message,) = poll()["Messages"]
    assert message["Body"] == "now"
    assert time.monotonic() - begun < 18


def test_a_long_poll_without_messages_ends_with_none(sqs, url):
    begun = time.monotonic()
    assert "Messages" not in sqs("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=1)
    assert 0.9 <= time.monotonic() - begun < 18


def test_a_long_poll_ends_when_its_queue_is_deleted(fakeaws, sqs, url):
    poll = sqs.begin("ReceiveMessage", QueueUrl=url, WaitTimeSeconds=20)
    fakeaws.wait_for_queue(lambda queue: queue["waiting"] == 1)
    fakeaws.delete_queue()
    assert refusal(poll)["name"] == "QueueDoesNotExist"


def test_a_purged_queue_is_empty(fakeaws, sqs, url):
    fakeaws.send_message("a", "b", copies=3)
    assert fakeaws.queue()["visible"] == 6
    sqs("PurgeQueue", QueueUrl=url)
    assert fakeaws.queue()["visible"] == 0


# The SDK prefers the name of the older protocol where its model does not have the error's type.
@pytest.mark.parametrize("command, arguments, name, status", [
    ("ReceiveMessage", {"QueueUrl": MISSING}, "QueueDoesNotExist", 400),
    ("DeleteMessageBatch", {"QueueUrl": MISSING, "Entries": [{"Id": "a", "ReceiptHandle": "b"}]},
     "QueueDoesNotExist", 400),
    ("GetQueueUrl", {"QueueName": "missing"}, "QueueDoesNotExist", 400),
    ("ReceiveMessage", {"MaxNumberOfMessages": 11}, "InvalidParameterValue", 400),
    ("ReceiveMessage", {"WaitTimeSeconds": 21}, "InvalidParameterValue", 400),
    ("DeleteMessageBatch", {"Entries": []}, "EmptyBatchRequest", 400),
    ("DeleteMessageBatch", {"Entries": [{"Id": str(each), "ReceiptHandle": "b"}
                                        for each in range(11)]},
     "TooManyEntriesInBatchRequest", 400),
    ("DeleteMessageBatch", {"Entries": [{"Id": "same", "ReceiptHandle": "b"}] * 2},
     "BatchEntryIdsNotDistinct", 400),
    ("DeleteMessageBatch", {"Entries": [{"Id": "not this", "ReceiptHandle": "b"}]},
     "InvalidBatchEntryId", 400),
    ("DeleteMessage", {"ReceiptHandle": "none"}, "ReceiptHandleIsInvalid", 404),
])
def test_a_wrong_request_is_refused_by_name(sqs, url, command, arguments, name, status):
    place = {} if "QueueName" in arguments else {"QueueUrl": url}
    error = refusal(sqs, command, **{**place, **arguments})
    assert (error["name"], error["status"]) == (name, status)


def test_the_name_of_the_older_protocol_comes_along(sqs):
    error = refusal(sqs, "ReceiveMessage", QueueUrl=MISSING)
    assert (error["queryCode"], error["fault"]) == (
        "AWS.SimpleQueueService.NonExistentQueue", "client")


@pytest.mark.parametrize("code, status, name", [
    ("AccessDenied", 403, "AccessDenied"), ("RequestThrottled", 400, "RequestThrottled"),
    ("InternalError", 500, "InternalError")])
def test_ordered_errors_reach_the_client(fakeaws, sqs, url, code, status, name):
    fakeaws.fault("error", "ReceiveMessage", code=code, status=status)
    error = refusal(sqs, "ReceiveMessage", QueueUrl=url)
    assert (error["name"], error["status"]) == (name, status)
    assert "Messages" not in sqs("ReceiveMessage", QueueUrl=url)


@pytest.mark.parametrize("overrides, name", [
    ({"region": "eu-north-1"}, "SignatureDoesNotMatch"),
    ({"credentials": {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "wrong"}},
     "SignatureDoesNotMatch"),
    ({"credentials": {"accessKeyId": "AKIDNOBODY", "secretAccessKey": "wrong"}},
     "InvalidClientTokenId")])
def test_a_wrong_signature_is_refused(client, url, overrides, name):
    error = refusal(client("sqs", **overrides), "ReceiveMessage", QueueUrl=url)
    assert (error["name"], error["status"]) == (name, 403)


def test_a_queue_of_another_account_is_closed(fakeaws, client, url):
    theirs = fakeaws.in_world(account="210987654321")
    error = refusal(client("sqs", theirs), "ReceiveMessage", QueueUrl=url)
    assert (error["name"], error["status"]) == ("AccessDenied", 403)


# -- the other services

def test_instances_come_in_pages_and_take_tags(fakeaws, client):
    ids = fakeaws.launch("web", count=12)
    ec2 = client("ec2")
    pages = ec2.pages("DescribeInstances", 5)
    assert [sum(len(each["Instances"]) for each in page["Reservations"]) for page in pages] == [
        5, 5, 2]
    ec2("CreateTags", Resources=ids[:2], Tags=[{"Key": "srv_weight", "Value": "é & <7>"}])
    found = ec2("DescribeInstances", Filters=[{"Name": "tag:srv_weight", "Values": ["é & <7>"]}])
    assert {each["InstanceId"] for reservation in found["Reservations"]
            for each in reservation["Instances"]} == set(ids[:2])
    assert refusal(ec2, "DescribeInstances", MaxResults=4)["name"] == "InvalidParameterValue"


def test_a_lifecycle_action_is_seen_and_completed(fakeaws, client):
    fakeaws.create_asg("web", desired=1, hooks=[hook("srvCreation", "launching")])
    fakeaws.wait_for_asg("web", lambda group: group["instances"]
                         and group["instances"][0]["state"] == "Pending:Wait")
    autoscaling = client("auto-scaling")
    (group,) = autoscaling("DescribeAutoScalingGroups")["AutoScalingGroups"]
    (instance,) = group["Instances"]
    assert instance["LifecycleState"] == "Pending:Wait"
    arguments = dict(AutoScalingGroupName="web", LifecycleHookName="srvCreation",
                     InstanceId=instance["InstanceId"], LifecycleActionResult="CONTINUE")
    autoscaling("CompleteLifecycleAction", **arguments)
    fakeaws.wait_for_asg("web", lambda group: group["instances"][0]["state"] == "InService")
    error = refusal(autoscaling, "CompleteLifecycleAction", **arguments)
    assert error["name"] == "ValidationError"
    assert "No active Lifecycle Action found" in error["message"]


def test_the_keys_of_an_assumed_role_sign_for_every_service(fakeaws, client, url):
    theirs = fakeaws.in_world(account="210987654321")
    theirs.launch("api", count=2)
    arn = theirs.role("reader", external_id="letmein")
    sts = client("sts")
    asked = dict(RoleArn=arn, RoleSessionName="rollcall")
    assert refusal(sts, "AssumeRole", **asked)["name"] == "AccessDenied"
    found = sts("AssumeRole", ExternalId="letmein", **asked)
    keys = temporary_keys(found["Credentials"])
    who = client("sts", credentials=keys)("GetCallerIdentity")
    assert (who["Account"], who["Arn"]) == (
        "210987654321", "arn:aws:sts::210987654321:assumed-role/reader/rollcall")
    (reservation,) = client("ec2", credentials=keys)("DescribeInstances")["Reservations"]
    assert len(reservation["Instances"]) == 2
    assert "QueueUrls" not in client("sqs", credentials=keys)("ListQueues")
    assert client("sqs")("ListQueues")["QueueUrls"] == [url]


def test_a_web_identity_is_exchanged_for_keys(fakeaws, client):
    arn = fakeaws.role("pod")
    fakeaws.web_identity("token-one")
    fakeaws.web_identity("token-old", expired=True)
    sts = client("sts")
    asked = dict(RoleArn=arn, RoleSessionName="rollcall")
    found = sts("AssumeRoleWithWebIdentity", WebIdentityToken="token-one", **asked)
    keys = temporary_keys(found["Credentials"])
    assert client("ec2", credentials=keys)("DescribeInstances")["Reservations"] == []
    for token, name in (("token-old", "ExpiredTokenException"),
                        ("token-unknown", "InvalidIdentityTokenException")):
        error = refusal(sts, "AssumeRoleWithWebIdentity", WebIdentityToken=token, **asked)
        assert (error["name"], error["status"]) == (name, 400)
    fakeaws.fault("error", "AssumeRoleWithWebIdentity", code="IDPCommunicationError", status=400)
    error = refusal(sts, "AssumeRoleWithWebIdentity", WebIdentityToken="token-one", **asked)
    assert error["name"] == "IDPCommunicationErrorException"
