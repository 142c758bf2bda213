# SPDX-License-Identifier: MIT
"""SQS in its JSON protocol (application/x-amz-json-1.0). Names are those of the service's model."""

import json
import re
import time

from .errors import AwsError
from .refusals import signature_errors
from .service import Action, Service
from .sqs_errors import error_headers, render_error

VERSION = "2012-11-05"
BATCH_MAX = 10
WAIT_MAX_S = 20
VISIBILITY_MAX_S = 12 * 3600
DELAY_MAX_S = 900
MESSAGE_MAX_OCTETS = 256 << 10
LOOK_S = 0.02  # how often a waiting poll lets the changes happen that events would tell of
LEFT_LOOK_S = 0.1  # how often it looks whether its client is still there
ATTRIBUTES = {"VisibilityTimeout": ("visibility_s", VISIBILITY_MAX_S),
              "ReceiveMessageWaitTimeSeconds": ("wait_s", WAIT_MAX_S),
              "DelaySeconds": ("delay_s", DELAY_MAX_S)}


# -- members of a request

def member(call, name, kind, default=None):
    value = call.arguments.get(name)
    if value is None:
        return default
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise AwsError("SerializationException", f"{name} is not of type {kind.__name__}")
    return value


def required(call, name, kind=str):
    value = member(call, name, kind)
    if value is None or value == "":
        raise AwsError("MissingParameter", f"The request must contain the parameter {name}.")
    return value


def number(call, name, lowest, highest, default=None):
    value = member(call, name, int, default)
    if value is not None and not lowest <= value <= highest:
        raise AwsError("InvalidParameterValue",
                       f"Value {value} for parameter {name} is invalid. Reason: Must be between "
                       f"{lowest} and {highest}, if provided.")
    return value


def missing_queue():
    return AwsError("QueueDoesNotExist", "The specified queue does not exist.")


def find_queue(call):
    """The queue of QueueUrl, of which only the path counts."""
    url = required(call, "QueueUrl")
    match = re.fullmatch(r"(?:https?://[^/]+)?/(\d{12})/([A-Za-z0-9_-]{1,80})/?", url)
    if match is None:
        raise AwsError("InvalidAddress", f"The address {url} is not valid for this endpoint.", 404)
    owner = call.world.cloud.world(call.world.region, match[1])
    queue = owner.queues.find(match[2])
    if queue is None:
        raise missing_queue()
    if owner is not call.world:
        raise AwsError(
            "AccessDenied", f"User: {call.credential.arn} is not authorized to perform: "
            f"sqs:{call.action.lower()} on resource: {arn(owner, match[2])} because no "
            f"resource-based policy allows the sqs:{call.action.lower()} action", 403)
    return queue


def url(call, name):
    return f"http://{call.host}/{call.world.account}/{name}"


def arn(world, name):
    return f"arn:aws:sqs:{world.region}:{world.account}:{name}"


# -- queues

def create_queue(call):
    name = required(call, "QueueName")
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", name):
        raise AwsError("InvalidParameterValue", "Can only include alphanumeric characters, "
                       "hyphens, or underscores. 1 to 80 in length")
    attributes = {}
    for key, value in member(call, "Attributes", dict, {}).items():
        field, highest = ATTRIBUTES.get(key, (None, 0))
        if field is None:
            raise AwsError("InvalidAttributeName", f"Unknown Attribute {key}.")
        if not str(value).isdigit() or int(value) > highest:
            raise AwsError("InvalidAttributeValue", f"Invalid value for the parameter {key}.")
        attributes[field] = int(value)
    queues = call.world.queues
    known = queues.find(name)
    if known and any(getattr(known, field) != value for field, value in attributes.items()):
        raise AwsError("QueueNameExists", "A queue already exists with the same name and a "
                                          "different value for an attribute")
    if known is None:
        queues.create(name, **attributes)
    return {"QueueUrl": url(call, name)}


def delete_queue(call):
    call.world.queues.delete(find_queue(call).name)
    return None


def get_queue_url(call):
    name = required(call, "QueueName")
    owner = member(call, "QueueOwnerAWSAccountId", str, call.world.account)
    if owner != call.world.account or call.world.queues.find(name) is None:
        raise missing_queue()
    return {"QueueUrl": url(call, name)}


def list_queues(call):
    prefix = member(call, "QueueNamePrefix", str, "")
    found = [url(call, each) for each in call.world.queues.names() if each.startswith(prefix)]
    return {"QueueUrls": found} if found else {}


def get_queue_attributes(call):
    queue = find_queue(call)
    visible, in_flight, delayed = queue.counts()
    known = {"ApproximateNumberOfMessages": visible,
             "ApproximateNumberOfMessagesNotVisible": in_flight,
             "ApproximateNumberOfMessagesDelayed": delayed,
             "CreatedTimestamp": int(queue.created_s), "QueueArn": arn(call.world, queue.name),
             **{key: getattr(queue, field) for key, (field, _) in ATTRIBUTES.items()}}
    asked = member(call, "AttributeNames", list, [])
    unknown = set(asked) - known.keys() - {"All"}
    if unknown:
        raise AwsError("InvalidAttributeName", f"Unknown Attribute {min(unknown)}.")
    chosen = known if "All" in asked else {key: known[key] for key in asked}
    return {"Attributes": {key: str(value) for key, value in chosen.items()}} if chosen else {}


def purge_queue(call):
    find_queue(call).purge()
    return None


# -- messages

def send_message(call):
    queue, body = find_queue(call), required(call, "MessageBody")
    if len(body.encode()) > MESSAGE_MAX_OCTETS:
        raise AwsError("InvalidParameterValue", "One or more parameters are invalid. Reason: "
                       f"Message must be shorter than {MESSAGE_MAX_OCTETS} bytes.")
    message = queue.send(body, number(call, "DelaySeconds", 0, DELAY_MAX_S))
    return {"MD5OfMessageBody": message.md5, "MessageId": message.id}


def receive_message(call):
    """Answers with the first messages that there are, and waits for them as long as asked."""
    queue = find_queue(call)
    most = number(call, "MaxNumberOfMessages", 1, BATCH_MAX, 1)
    wait_s = number(call, "WaitTimeSeconds", 0, WAIT_MAX_S, queue.wait_s)
    visibility_s = number(call, "VisibilityTimeout", 0, VISIBILITY_MAX_S)
    names = set(member(call, "AttributeNames", list, [])) | set(
        member(call, "MessageSystemAttributeNames", list, []))
    if call.fault_is("empty"):
        return {}
    found = wait_for_messages(call, queue, wait_s, lambda: queue.receive(most, visibility_s))
    return {"Messages": [show(call, each, names) for each in found]} if found else {}


def wait_for_messages(call, queue, wait_s, receive):
    """Others have the lock while this waits."""
    end = time.monotonic() + wait_s
    queue.waiting += 1
    try:
        while not call.is_gone():  # a client that has left must not take messages with it
            found, left = receive(), end - time.monotonic()
            if found or left <= 0:
                return found
            call.world.cloud.changed.wait(min(left, next_look_s(call.world, queue)))
            if queue.is_deleted or call.world.is_retired:
                raise missing_queue()
            if call.world.events.order:
                call.world.advance()
    finally:
        queue.waiting -= 1
    return []


def next_look_s(world, queue):
    due_s = queue.next_visible_s()
    look_s = LOOK_S if world.events.order else LEFT_LOOK_S
    return look_s if due_s is None else min(look_s, due_s)


def show(call, message, names):
    shown = {"MessageId": message.id, "ReceiptHandle": message.receipt,
             "MD5OfBody": message.md5, "Body": message.body}
    known = {"ApproximateReceiveCount": message.receives,
             "SentTimestamp": int(message.sent_s * 1000),
             "ApproximateFirstReceiveTimestamp": int(message.first_received_s * 1000),
             "SenderId": call.credential.user_id}
    chosen = {key: str(value) for key, value in known.items() if names & {key, "All"}}
    return shown | ({"Attributes": chosen} if chosen else {})


def delete_message(call):
    if not find_queue(call).delete(required(call, "ReceiptHandle")):
        raise AwsError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.", 404)
    return None


def batch_entries(call):
    entries = required(call, "Entries", list)
    if not entries:
        raise AwsError("EmptyBatchRequest",
                       "There should be at least one DeleteMessageBatchRequestEntry in the "
                       "request.")
    if len(entries) > BATCH_MAX:
        raise AwsError("TooManyEntriesInBatchRequest", f"Maximum number of entries per request "
                                                       f"are {BATCH_MAX}. You have sent "
                                                       f"{len(entries)}.")
    for each in entries:
        if not isinstance(each, dict) or each.keys() != {"Id", "ReceiptHandle"} or not all(
                isinstance(value, str) for value in each.values()):
            raise AwsError("SerializationException", "Entries must have an Id and a ReceiptHandle")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", each["Id"]):
            raise AwsError("InvalidBatchEntryId", "A batch entry id can only contain alphanumeric "
                           "characters, hyphens and underscores. It can be at most 80 letters "
                           "long.")
    if len({each["Id"] for each in entries}) != len(entries):
        raise AwsError("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have "
                                                   "the same Id.")
    return entries


def delete_message_batch(call):
    """200 whatever becomes of the entries; each is told of by itself."""
    queue, entries = find_queue(call), batch_entries(call)
    failing = 0
    if call.fault_is("failed-entries"):
        failing = len(entries) if call.fault.entries is None else call.fault.entries
    successful, failed = [], []
    for index, each in enumerate(entries):
        if index < failing:
            failed.append({"Id": each["Id"], "SenderFault": False, "Code": "InternalError",
                           "Message": "We encountered an internal error. Please try again."})
        elif queue.delete(each["ReceiptHandle"]):
            successful.append({"Id": each["Id"]})
        else:
            failed.append({"Id": each["Id"], "SenderFault": True, "Code": "ReceiptHandleIsInvalid",
                           "Message": "The input receipt handle is invalid."})
    return {key: value for key, value in (("Successful", successful), ("Failed", failed)) if value}


def action(run, parameters):
    def rendered(call):
        found = run(call)
        return "" if found is None else json.dumps(found)
    return Action(rendered, frozenset(parameters.split()))


SERVICE = Service(
    name="sqs",
    version=VERSION,
    target="AmazonSQS",
    content_type="application/x-amz-json-1.0",
    render_error=render_error,
    error_headers=error_headers,
    actions={
        "CreateQueue": action(create_queue, "QueueName Attributes tags"),
        "DeleteQueue": action(delete_queue, "QueueUrl"),
        "GetQueueUrl": action(get_queue_url, "QueueName QueueOwnerAWSAccountId"),
        "ListQueues": action(list_queues, "QueueNamePrefix MaxResults NextToken"),
        "GetQueueAttributes": action(get_queue_attributes, "QueueUrl AttributeNames"),
        "PurgeQueue": action(purge_queue, "QueueUrl"),
        "SendMessage": action(send_message, "QueueUrl MessageBody DelaySeconds"),
        "ReceiveMessage": action(
            receive_message, "QueueUrl MaxNumberOfMessages WaitTimeSeconds VisibilityTimeout "
            "AttributeNames MessageSystemAttributeNames MessageAttributeNames "
            "ReceiveRequestAttemptId"),
        "DeleteMessage": action(delete_message, "QueueUrl ReceiptHandle"),
        "DeleteMessageBatch": action(delete_message_batch, "QueueUrl Entries"),
    },
    signature_errors=signature_errors("sqs", malformed_status=403))
