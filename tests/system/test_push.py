# SPDX-License-Identifier: MIT
"""A queue whose messages mean "look now": acceptance group 31, and how soon a change is served."""

import re
import time

import pytest

from fakeaws.client import hook
from system.conftest import configuration
from system.support import silence
from system.support.waiting import median_of, wait_until

LIMIT_S = 30
SLOW_POLL_S = 30  # so long that what is quick came by a message
TRIALS = 20
LONG_POLL_S = 20
CANNOT_BE_READ = "queue cannot be read, polling goes on"


def push_configuration(url, poll_s=SLOW_POLL_S):
    return configuration(ec2=f'events {{ queue-url = "{url}" }}', poll_s=poll_s)


def start_pushed(aws, start_rollcall, poll_s=SLOW_POLL_S):
    """A server of two instances that waits at the queue; the server and the instances' ids."""
    ids = aws.launch("web", 2)
    server = start_rollcall(push_configuration(aws.create_queue(), poll_s), aws)
    is_served(server)
    aws.wait_for_queue(lambda queue: queue["waiting"] == 1, timeout_s=LIMIT_S)
    return server, ids


def is_served(server, count=2):
    wait_until(lambda: len(server.weights("web")) == count, LIMIT_S, f"{count} are served")


def change_time(server, aws, ids, weight, limit_s=LIMIT_S):
    """Seconds from a change of a tag to the answer that has it. Each `weight` of a test is less than
    the one before: a quick change to more traffic would wait for the flap rule."""
    start = time.monotonic()
    aws.tag(ids, {"srv_weight": str(weight)})
    wait_until(lambda: set(server.weights("web").values()) == {weight}, limit_s,
               f"weight {weight} is served")
    return time.monotonic() - start


def is_empty(queue):
    return queue["visible"] + queue["in_flight"] + queue["delayed"] == 0


@pytest.mark.sanitizers
def test_with_push_a_change_of_a_tag_is_served_within_a_second(fakeaws, start_rollcall):
    server, ids = start_pushed(fakeaws, start_rollcall)
    fakeaws.events(kinds=["tags"])
    median_of(1, lambda trial: change_time(server, fakeaws, ids, 1000 - trial,
                                           limit_s=SLOW_POLL_S / 2), TRIALS)


def test_without_push_a_change_of_a_tag_is_served_within_a_poll_and_half_a_second(
        fakeaws, start_rollcall):
    poll_s = 2
    ids = fakeaws.launch("web", 2)
    server = start_rollcall(configuration(poll_s=poll_s), fakeaws)
    is_served(server)

    def time_after_a_look(trial):  # the worst moment
        fakeaws.wait_for_requests("DescribeInstances", timeout_s=LIMIT_S)
        return change_time(server, fakeaws, ids, 1000 - trial)

    median_of(poll_s + 0.5, time_after_a_look)


SHAPES = ["lifecycle", "state-change", "tag-change", "asg-direct", "sns", "test-notification",
          "garbage"]


@pytest.fixture(name="held")
def fixture_held(fakeaws):
    """The id of an instance that waits at a hook, which some shapes tell of."""
    fakeaws.create_asg("held", 1, [hook("up", "launching")])
    group = fakeaws.wait_for_asg("held", lambda shown: [
        each["state"] for each in shown["instances"]] == ["Pending:Wait"])
    return group["instances"][0]["id"]


def assert_pokes(aws, send, count, why):
    """What `send` sends is followed by a look, and deleted."""
    looks, deleted = aws.count("DescribeInstances"), aws.queue()["deleted"]
    send()
    wait_until(lambda: aws.count("DescribeInstances") > looks, LIMIT_S, f"a look after {why}")
    gone = aws.wait_for_queue(is_empty, timeout_s=LIMIT_S)
    assert gone["deleted"] == deleted + count, why


def test_a_message_of_any_shape_means_look_now_and_is_deleted(fakeaws, start_rollcall, held):
    server, _ = start_pushed(fakeaws, start_rollcall)
    for shape in SHAPES:
        assert_pokes(fakeaws, lambda kind=shape: fakeaws.send_events(
            kind, id=held), 1, shape)
    for body in ["", "{}", "null", "[[[", "\ud7ff\t\r\n", "x" * 200_000, '"' * 50_000]:
        assert_pokes(fakeaws, lambda text=body: fakeaws.send_message(text), 1, repr(body[:20]))
    assert not server.log_lines("queue")


def test_duplicates_and_messages_out_of_order_are_deleted_and_do_no_harm(
        fakeaws, start_rollcall, held):
    server, ids = start_pushed(fakeaws, start_rollcall)
    assert_pokes(fakeaws, lambda: fakeaws.send_events(
        *SHAPES, id=held, copies=3, reverse=True), 3 * len(SHAPES), "many")
    fakeaws.events(kinds=["tags"], copies=2, reorder=True)
    for weight in (9, 8, 7):
        change_time(server, fakeaws, ids, weight)
    fakeaws.wait_for_queue(is_empty, timeout_s=LIMIT_S)
    assert set(server.weights("web").values()) == {7}


def test_a_flood_of_messages_is_two_looks_a_second_and_the_last_one_counts(
        fakeaws, start_rollcall):
    server, ids = start_pushed(fakeaws, start_rollcall)
    # The clock starts before the count and stops after it.
    start = time.monotonic()
    looks = fakeaws.count("DescribeInstances")
    for _ in range(10):
        fakeaws.send_message("flood", copies=100)
    fakeaws.events(kinds=["tags"])
    change_time(server, fakeaws, ids, 77)
    drained = fakeaws.wait_for_queue(is_empty, timeout_s=60)
    looks = fakeaws.count("DescribeInstances") - looks
    assert looks <= 2 * (time.monotonic() - start) + 2
    assert drained["deleted"] >= 1000


def test_without_a_queue_polling_goes_on_until_the_queue_appears(fakeaws, start_rollcall):
    url = fakeaws.create_queue("late")
    fakeaws.delete_queue("late")
    ids = fakeaws.launch("web", 2)
    server = start_rollcall(push_configuration(url, poll_s=0.5), fakeaws)
    is_served(server)
    wait_until(lambda: server.log_lines(CANNOT_BE_READ), LIMIT_S, "the missing queue is told")
    change_time(server, fakeaws, ids, 55)
    wait_until(lambda: fakeaws.count("ReceiveMessage") >= 3, 30, "it is asked again and again")
    assert len(server.log_lines(CANNOT_BE_READ, "QueueDoesNotExist")) == 1
    fakeaws.create_queue("late")
    fakeaws.send_message("hello", queue="late")
    fakeaws.wait_for_queue(is_empty, "late", timeout_s=60)
    wait_until(lambda: server.log_lines("queue is read again"), LIMIT_S, "the queue's return")


def test_a_forbidden_queue_is_told_once_and_polling_goes_on(fakeaws, start_rollcall):
    fakeaws.fault("error", "ReceiveMessage", status=403, code="AccessDenied", times=-1,
                  message="User is not authorized to perform: sqs:receivemessage")
    ids = fakeaws.launch("web", 2)
    server = start_rollcall(push_configuration(fakeaws.create_queue(), poll_s=0.5), fakeaws)
    is_served(server)
    wait_until(lambda: fakeaws.count("ReceiveMessage") >= 3, 30, "it is asked again and again")
    assert len(server.log_lines(CANNOT_BE_READ, "AccessDenied")) == 1
    change_time(server, fakeaws, ids, 55)
    fakeaws.clear_faults()
    fakeaws.send_message("hello")
    fakeaws.wait_for_queue(is_empty, timeout_s=60)
    wait_until(lambda: server.log_lines("queue is read again"), LIMIT_S, "the queue's return")


def test_what_sqs_does_not_delete_of_a_batch_is_tried_again(fakeaws, start_rollcall):
    server, _ = start_pushed(fakeaws, start_rollcall)
    fakeaws.fault("failed-entries", "DeleteMessageBatch", entries=2)
    fakeaws.send_message("one", "two", "three", "four")
    fakeaws.wait_for_queue(lambda queue: queue["deleted"] == 4, timeout_s=LIMIT_S)
    assert fakeaws.queue()["received"] == 4  # none of them had to come again
    assert len(server.log_lines("messages were not deleted from the queue")) == 1


@pytest.mark.parametrize("fault", [
    {"kind": "drop"},
    {"kind": "error", "status": 503, "code": "ServiceUnavailable"},
    {"kind": "raw", "status": 200, "body": "<html>It works!</html>"},
])
def test_without_sqs_everything_else_goes_its_way(fakeaws, start_rollcall, fault):
    for action in ("ReceiveMessage", "DeleteMessageBatch"):
        fakeaws.fault(action=action, times=-1, **fault)
    ids = fakeaws.launch("web", 2)
    url = fakeaws.create_queue()
    fakeaws.send_message("never to be read")
    start = time.monotonic()
    server = start_rollcall(push_configuration(url, poll_s=0.5), fakeaws)
    is_served(server)
    wait_until(lambda: server.log_lines(CANNOT_BE_READ), LIMIT_S, "the failure is told")
    for weight in (8, 7, 6, 5):
        fakeaws.wait_for_requests("DescribeInstances")
        change_time(server, fakeaws, ids, weight)
    more = fakeaws.launch("web", 2)
    is_served(server, 4)
    fakeaws.terminate(*more)
    is_served(server, 2)
    # Waits of 1, 2, 4 s ... with jitter: no storm.
    asked = fakeaws.count("ReceiveMessage")
    assert asked <= 6 + (time.monotonic() - start)
    assert len(server.log_lines(CANNOT_BE_READ)) == 1


def test_a_long_poll_holds_up_neither_the_end_nor_a_reload(fakeaws, start_rollcall):
    server, _ = start_pushed(fakeaws, start_rollcall)
    server.write_config(configuration(poll_s=SLOW_POLL_S))
    server.reload()
    fakeaws.wait_for_queue(lambda queue: queue["waiting"] == 0, timeout_s=LIMIT_S)
    server.write_config(push_configuration(fakeaws.create_queue()))
    server.reload()
    fakeaws.wait_for_queue(lambda queue: queue["waiting"] == 1, timeout_s=LIMIT_S)
    start = time.monotonic()
    server.stop()
    assert time.monotonic() - start < LONG_POLL_S - 5


def queue_counts(server):
    """(messages, failures) of the source's queue, as the metrics tell them."""
    text = silence.get(server.folder / "control.sock", "/metrics")
    return tuple(int(re.search(rf'^rollcall_queue_{name}_total{{source="ec2 main"}} (\d+)$', text,
                               re.MULTILINE)[1]) for name in ("messages", "failures"))


def wait_for_counts(server, *expected):
    """SQS knows that a message is deleted before rollcall hears of it."""
    wait_until(lambda: queue_counts(server) == expected, LIMIT_S, f"{expected} are counted")


def test_the_metrics_count_messages_and_failures_also_over_a_reload(fakeaws, start_rollcall):
    server, _ = start_pushed(fakeaws, start_rollcall)
    fakeaws.send_message("one", "two")
    fakeaws.wait_for_queue(is_empty, timeout_s=LIMIT_S)
    wait_for_counts(server, 2, 0)
    fakeaws.fault("failed-entries", "DeleteMessageBatch", entries=1)
    fakeaws.send_message("three")
    fakeaws.wait_for_queue(is_empty, timeout_s=LIMIT_S)
    wait_for_counts(server, 3, 1)
    server.reload()
    wait_until(lambda: server.log_lines("reloaded"), LIMIT_S, "the reload")
    fakeaws.send_message("four")
    fakeaws.wait_for_queue(is_empty, timeout_s=LIMIT_S)
    wait_for_counts(server, 4, 1)


def test_looks_queue_and_lifecycle_share_one_identity(fakeaws, start_rollcall):
    """The role's keys are fetched from the instance once, not once for each that uses them."""
    fakeaws.launch("web", 1)
    ec2 = (f'events {{ queue-url = "{fakeaws.create_queue()}" }}\n'
           'lifecycle { launch-hook = "up" }')
    server = start_rollcall(configuration(ec2=ec2), environment={
        "AWS_ENDPOINT_URL": fakeaws.endpoint, "HOME": "/nonexistent",
        "AWS_EC2_METADATA_SERVICE_ENDPOINT": fakeaws.imds_endpoint})
    is_served(server, 1)
    fakeaws.wait_for_queue(lambda queue: queue["waiting"] == 1, timeout_s=LIMIT_S)
    wait_until(lambda: fakeaws.count("DescribeAutoScalingGroups") > 1, LIMIT_S, "a second round")
    keys = [each for each in fakeaws.recent("IMDS")
            if "security-credentials/" in str(each["params"]) + str(each.get("page"))]
    assert 1 <= len(keys) <= 2, keys  # the role's name, and its keys


def first_look_times(aws, server, restarts):
    """For each restart the seconds to the first look."""
    times = []
    for _ in range(restarts):
        server.stop()
        looks = aws.count("DescribeInstances")
        start = time.monotonic()
        server.start()
        wait_until(lambda before=looks: aws.count("DescribeInstances") > before, LIMIT_S, "a look")
        times.append(time.monotonic() - start)
    return times


def test_servers_that_start_again_with_what_they_knew_do_not_look_all_at_once(
        fakeaws, start_rollcall):
    """Promise P12. What is on disk is served meanwhile."""
    fakeaws.launch("web", 2)
    server = start_rollcall(configuration(poll_s=SLOW_POLL_S), fakeaws)
    is_served(server)
    times = first_look_times(fakeaws, server, 8)
    assert max(times) - min(times) > 0.15, times
    assert sorted(times)[len(times) // 2] < 3 and max(times) < SLOW_POLL_S, times
    assert len(server.weights("web")) == 2
